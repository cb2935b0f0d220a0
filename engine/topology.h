/* The machine through hwloc: what is there, what this process may use, and binding one thread.
 *
 * topology.c is the only file that includes hwloc.h; the placement itself is place.h, which needs
 * no hwloc. Used by engine.c and team.c.  It must never bind a thread on a synthetic machine. */
#ifndef WEIR_TOPOLOGY_INTERNAL_H
#define WEIR_TOPOLOGY_INTERNAL_H

#include "base.h"
#include "weir/topology.h"

/* As weir_topology_load(); without `restrict_to_binding` the calling thread's own affinity mask is
 * not taken as a limit (OMP_PROC_BIND has already bound the initial thread to one place). */
weir_status weir__topology_load(const char *synthetic, bool restrict_to_binding,
                                weir_topology **topology) WEIR_MUST_CHECK;

/* True if threads can be bound: the topology is that of this machine and the system supports it. */
bool weir__topology_can_bind(const weir_topology *topology);

/* Binds the calling thread to hardware thread `pu`. Returns false, and changes nothing, if the
 * system refuses.  Threads: any number at a time, on one topology. */
bool weir__topology_bind(const weir_topology *topology, unsigned pu);

/* A thread's own binding, to be put back later. Create and destroy on any thread; save and restore
 * are for the thread whose binding it is. */
typedef struct weir__binding weir__binding;
weir__binding *weir__binding_create(void) WEIR_MUST_CHECK; /* NULL: no memory */
void weir__binding_destroy(weir__binding *binding);
bool weir__binding_save(const weir_topology *topology, weir__binding *binding);
void weir__binding_restore(const weir_topology *topology, const weir__binding *binding);
/* True if the calling thread is on that hardware thread just now, bound or not. Not between save
 * and restore. */
bool weir__binding_is_on(const weir_topology *topology, weir__binding *binding, unsigned pu);

#endif
