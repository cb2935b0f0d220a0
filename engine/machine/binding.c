/* Binding one thread to a hardware thread, and giving it back what it had; see topology.h.
 *
 * team.c calls it, each thread for itself.  It must never bind another thread, nor one on a
 * described machine. */
#include "base/memory.h"
#include "machine/loaded.h"
#include "machine/topology.h"

struct weir__binding {
    hwloc_bitmap_t set;
    bool saved;
};

bool weir__topology_bind(const weir_topology *topology, unsigned pu)
{
    WEIR_ASSERT(pu < topology->m.count);
    return topology->m.can_bind &&
           hwloc_set_cpubind(topology->machine, topology->objects[pu]->cpuset,
                             HWLOC_CPUBIND_THREAD) == 0;
}

weir__binding *weir__binding_create(void)
{
    weir__binding *binding = weir__memory_alloc_zero(sizeof *binding);
    if (binding == NULL)
        return NULL;
    binding->set = hwloc_bitmap_alloc();
    if (binding->set == NULL) {
        weir__memory_free(binding);
        return NULL;
    }
    return binding;
}

void weir__binding_destroy(weir__binding *binding)
{
    if (binding == NULL)
        return;
    hwloc_bitmap_free(binding->set);
    weir__memory_free(binding);
}

bool weir__binding_save(const weir_topology *topology, weir__binding *binding)
{
    binding->saved = topology->m.can_bind &&
                     hwloc_get_cpubind(topology->machine, binding->set, HWLOC_CPUBIND_THREAD) == 0;
    return binding->saved;
}

void weir__binding_restore(const weir_topology *topology, const weir__binding *binding)
{
    WEIR_ASSERT(!binding->saved || topology->m.can_bind);
    if (binding->saved)
        hwloc_set_cpubind(topology->machine, binding->set, HWLOC_CPUBIND_THREAD);
}

bool weir__binding_is_on(const weir_topology *topology, weir__binding *binding, unsigned pu)
{
    WEIR_ASSERT(pu < topology->m.count);
    return hwloc_get_last_cpu_location(topology->machine, binding->set, HWLOC_CPUBIND_THREAD) ==
               0 &&
           hwloc_bitmap_isset(binding->set, topology->m.pus[pu].os_index);
}
