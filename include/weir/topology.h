/* The machine as weir sees it, and which worker goes where.
 *
 * For reports and for programs that place their own data beside the workers; weir_engine_open()
 * uses the same plan. Nothing here binds a thread. */
#ifndef WEIR_TOPOLOGY_H
#define WEIR_TOPOLOGY_H

#include "weir/engine.h"
#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One hardware thread (processing unit); numbers count from 0 over the whole machine, neighbours
 * have neighbouring numbers. */
typedef struct weir_pu {
    unsigned os_index; /* the operating system's number of it */
    unsigned core, l3, numa, package;
    unsigned smt;  /* which hardware thread of its core */
    unsigned kind; /* 0: the fastest kind of core of this machine, 1: the next, … */
} weir_pu;

typedef struct weir_topology weir_topology;

/* Loads a topology.
 *
 * synthetic: NULL for this machine, less what cpusets and the affinity mask forbid; else a machine
 *            that is not here, in hwloc's synthetic form, like "pack:2 core:64 pu:2".
 * Owns:      the caller frees it.
 * Returns:   WEIR_OK, WEIR_EINVAL (hwloc does not take the description, or it has more than 4096
 *            hardware threads), WEIR_ENOMEM, or
 *            WEIR_ESYS (hwloc cannot read this machine).
 * Cost:      milliseconds. */
WEIR_API weir_status weir_topology_load(const char *synthetic, weir_topology **topology);
WEIR_API void weir_topology_free(weir_topology *topology);

/* How many hardware threads it has (at least 1), and the array of them in logical order. */
WEIR_API unsigned weir_topology_pus(const weir_topology *topology, const weir_pu **pus);

/* Whole CPUs that the cgroup quota allows this process, rounded up; 0 if there is no quota. */
WEIR_API unsigned weir_topology_quota(const weir_topology *topology);

/* How many workers an engine takes by default here: one a core, and not more than the quota. */
WEIR_API unsigned weir_topology_default_workers(const weir_topology *topology);

/* Which hardware thread each of `workers` workers gets; more workers than cores share them evenly.
 *
 * places:   receives `workers` indices into the array of weir_topology_pus().
 * Returns:  WEIR_OK, or WEIR_EINVAL (bind is WEIR_BIND_NONE, which has no plan, or no such policy;
 *           workers is 0), or WEIR_ENOMEM.
 * Threads:  any; a pure function of its arguments. WEIR_BIND_AUTO counts as WEIR_BIND_CORE. */
WEIR_API weir_status weir_topology_place(const weir_topology *topology, weir_bind bind,
                                         unsigned workers, unsigned *places);

#ifdef __cplusplus
}
#endif
#endif
