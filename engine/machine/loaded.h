/* A topology as it was loaded: what hwloc says of the machine, beside what weir made of it.
 *
 * topology.c fills it, binding.c reads it; nobody else knows hwloc, which is included here alone.
 * It must never change once it is loaded. */
#ifndef WEIR_LOADED_H
#define WEIR_LOADED_H

#include <hwloc.h>

#include "machine/machine.h"

/* Invariant: objects[i] is the hardware thread that m.pus[i] describes, for i < m.count. */
struct weir_topology {
    weir__machine m;
    hwloc_topology_t machine;
    hwloc_obj_t *objects;
    bool knows_memory, knows_caches; /* what a description does not say, hwloc invents */
};

#endif
