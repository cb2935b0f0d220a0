/* The machine as weir sees it, and which worker goes where.
 *
 * For reports and for programs that place their own data beside the workers; weir_engine_open()
 * uses the same plan. Nothing here binds a thread. */
#ifndef WEIR_TOPOLOGY_H
#define WEIR_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the workers go.
 *
 * If OpenMP places its threads (OMP_PROC_BIND, OMP_PLACES, GOMP_CPU_AFFINITY, KMP_AFFINITY, as far
 * as the runtime takes them), that wins, and weir binds none. Otherwise WEIR_BIND_AUTO takes the
 * environment variable WEIR_BIND, and without it binds as WEIR_BIND_CORE does where the team fills
 * its part of the machine, with a worker a core at least: a smaller team is left to the operating
 * system, which knows what else is running, and so is every team if OMP_PROC_BIND is "false".
 *
 * Bound engines of one process keep off each other's cores while there are some that are free, and
 * then share them evenly.
 *
 * The calling thread gets its own binding back after each run. It is bound at the start of one if
 * it is alone or not on its core; else, since it is where it should be, not before it first hands
 * out work. The other threads, which belong to OpenMP's pool, stay where they were put until an
 * engine wants them elsewhere, or not bound. */
typedef enum weir_bind {
    WEIR_BIND_AUTO,
    WEIR_BIND_CORE,   /* one worker a core, neighbours first, the fastest kind of core first */
    WEIR_BIND_SPREAD, /* as far apart as the machine allows */
    WEIR_BIND_PU,     /* one worker a hardware thread */
    WEIR_BIND_NONE    /* weir binds nothing */
} weir_bind;

/* One hardware thread (processing unit); numbers count from 0 over the whole machine, neighbours
 * have neighbouring numbers. */
typedef struct weir_pu {
    unsigned os_index; /* the operating system's number of it */
    unsigned core, l3, numa, package;
    unsigned smt;  /* which hardware thread of its core */
    unsigned kind; /* 0: the fastest kind of core of this machine, 1: the next, … */
    /* The operating system's numbers, as numactl and lscpu have them; WEIR_NO_NUMBER if there is
     * none. A hardware thread without a NUMA node of its own has none, and in `numa` the
     * nearest. */
    unsigned os_package, os_numa;
    uint64_t l1_bytes, l2_bytes, l3_bytes; /* of the data caches that serve it; 0: not known */
    uint64_t reserved[4];                  /* 0; see weir.h, "Structs that grow" */
} weir_pu;

#define WEIR_NO_NUMBER (~0u)

/* One NUMA node. */
typedef struct weir_node {
    unsigned os_index; /* as numactl has it */
    unsigned numa;  /* as in weir_pu; WEIR_NO_NUMBER if no hardware thread of the topology has it */
    unsigned pus;   /* hardware threads whose own node it is, also such as the process may not
                          use; 0: the node is memory only */
    uint64_t bytes; /* of memory; 0: none, or not known */
    uint64_t reserved[4]; /* 0 */
} weir_node;

/* What is there, and what is left of it for this process. */
typedef struct weir_machine {
    int here;             /* 1: the machine that the process runs on, 0: another */
    unsigned present;     /* hardware threads that it has */
    unsigned allowed;     /* those of them that the process's cgroup leaves */
    unsigned usable;      /* those of them that its affinity mask leaves, or OpenMP's places: the
                         topology has these */
    double quota;         /* CPUs that its cgroups pay for, like 1.5; 0: there is no quota */
    char note[160];       /* what a user should know, like that hwloc was told of another machine */
    uint64_t reserved[8]; /* 0 */
} weir_machine;

/* What an engine makes of its options: how many workers, and where they run. */
typedef struct weir_placement {
    unsigned workers;       /* what a run asks OpenMP for */
    unsigned threads;       /* the most that OpenMP gives: fewer under OMP_THREAD_LIMIT */
    weir_bind bind;         /* core, spread or pu; none: weir binds no thread */
    int openmp_binds;       /* OpenMP does */
    unsigned share, shares; /* its part of the machine, … */
    unsigned first, pus;    /* … as hardware threads first … first + pus - 1 of the topology … */
    unsigned cores;         /* … on so many cores */
    char workers_why[120], bind_why[160], share_why[120]; /* one line each; empty: nothing to say */
    uint64_t reserved[8];                                 /* 0 */
} weir_placement;

struct weir_engine_options; /* weir/engine.h */

typedef struct weir_topology weir_topology;

/* Loads a topology.
 *
 * synthetic: NULL for this machine, less what cpusets and the calling thread's affinity mask
 *            forbid, or what OpenMP's places leave out, if it binds its threads; else a machine
 *            that is not here, in hwloc's synthetic form, like "pack:2 core:64 pu:2".
 *            Variables that tell hwloc of another machine (HWLOC_SYNTHETIC, HWLOC_XMLFILE) do not
 *            count: this machine is then shown as the operating system has it, a core for each CPU.
 * topology:  receives the topology; NULL after a failure.
 * Owns:      the caller frees it.
 * Returns:   WEIR_OK, or
 *            WEIR_EINVAL  hwloc does not take the description, or it has more than 4096 hardware
 *                         threads, or topology is NULL;
 *            WEIR_ENOMEM  no memory;
 *            WEIR_ESYS    hwloc cannot read this machine.
 * Threads:   any; what it loads for this machine is what is left to the calling thread.
 * Cost:      milliseconds. */
WEIR_API weir_status weir_topology_load(const char *synthetic, weir_topology **topology);

/* Frees a topology; NULL is allowed.
 *
 * Owns:      the topology is gone, and the arrays that it gave.
 * Threads:   any, once. */
WEIR_API void weir_topology_free(weir_topology *topology);

/* A topology does not change once it is loaded: what follows may be called by any number of threads
 * at the same time. What it gives is the topology's, and lives as long. */

/* Its hardware threads.
 *
 * pus:       receives the array of them, in logical order; may be NULL.
 * Returns:   how many, at least 1; 0 for a topology that is NULL.
 * Threads:   any. */
WEIR_API unsigned weir_topology_pus(const weir_topology *topology, const weir_pu **pus);

/* Its NUMA nodes, those with memory only included.
 *
 * nodes:     receives the array of them, ordered by the operating system's numbers; may be NULL.
 * Returns:   how many; 0 for a topology that is NULL.
 * Threads:   any. */
WEIR_API unsigned weir_topology_nodes(const weir_topology *topology, const weir_node **nodes);

/* What is there, and what is left of it.
 *
 * machine:   receives it; all zero for a topology that is NULL.
 * Threads:   any. */
WEIR_API void weir_topology_machine(const weir_topology *topology, weir_machine *machine);

/* The cgroup quota of this process.
 *
 * Returns:   whole CPUs that it pays for, rounded up; 0 if there is no quota.
 * Threads:   any. */
WEIR_API unsigned weir_topology_quota(const weir_topology *topology);

/* How many workers an engine takes here if neither the program nor WEIR_WORKERS says.
 *
 * Returns:   OMP_NUM_THREADS, else one a core of its part, and not more than the quota; 0 for a
 *            topology that is NULL.
 * Threads:   any. */
WEIR_API unsigned weir_topology_default_workers(const weir_topology *topology);

/* What an engine opened with these options would do on this topology; weir_engine_open() asks the
 * same function.
 *
 * options:   NULL for the defaults. A machine that is not here knows neither the environment nor
 *            the OpenMP runtime: there the options are all.
 * placement: receives it.
 * Owns:      nothing is kept after the return.
 * Returns:   WEIR_OK, or WEIR_EINVAL as weir_engine_open(), or for an argument that is NULL.
 * Threads:   any. */
WEIR_API weir_status weir_topology_decide(const weir_topology *topology,
                                          const struct weir_engine_options *options,
                                          weir_placement *placement);

/* Which hardware thread each worker of a placement gets now, beside the engines that are open in
 * this process.
 *
 * placement: of weir_topology_decide() on this topology.
 * places:    receives placement->threads indices into the array of weir_topology_pus().
 * Returns:   WEIR_OK, WEIR_EINVAL (weir binds no thread of it, or NULL), or WEIR_ENOMEM.
 * Threads:   any. Nothing is claimed by it: engines that open meanwhile may take these. */
WEIR_API weir_status weir_topology_places(const weir_topology *topology,
                                          const weir_placement *placement, unsigned *places);

/* The same for any number of workers that have the whole topology for themselves; more workers than
 * cores share them evenly.
 *
 * bind:      WEIR_BIND_AUTO counts as WEIR_BIND_CORE.
 * places:    receives `workers` indices into the array of weir_topology_pus().
 * Returns:   WEIR_OK, or WEIR_EINVAL (bind is WEIR_BIND_NONE, which has no plan, or no such policy;
 *            workers is 0, or an argument NULL), or WEIR_ENOMEM.
 * Threads:   any; a pure function of its arguments. */
WEIR_API weir_status weir_topology_place(const weir_topology *topology, weir_bind bind,
                                         unsigned workers, unsigned *places);

#ifdef __cplusplus
}
#endif
#endif
