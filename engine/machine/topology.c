/* The machine through hwloc: loads it, and makes a flat array of its hardware threads; see
 * topology.h.
 *
 * decide.c, engine.c and users of weir/topology.h come here.  It must never bind a thread, nor have
 * hwloc do so. */
#include "machine/topology.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fork.h"
#include "base/memory.h"
#include "machine/loaded.h"
#include "machine/openmp.h"
#include "machine/quota.h"
#include "machine/synthetic.h"

static weir_status no_memory(const char *what)
{
    return weir__error_set(WEIR_ENOMEM, 0, "topology", "no memory for %s", what);
}

static weir_status describe_synthetic(hwloc_topology_t machine, const char *synthetic)
{
    if (weir__synthetic_is_too_large(synthetic))
        return weir__error_set(WEIR_EINVAL, 0, "synthetic",
                               "\"%.100s\" has more than %d hardware threads", synthetic,
                               WEIR_SYNTHETIC_MOST_PUS);
    errno = 0;
    if (hwloc_topology_set_synthetic(machine, synthetic) == 0)
        return WEIR_OK;
    if (errno == ENOMEM)
        return no_memory("a synthetic machine");
    return weir__error_set(WEIR_EINVAL, 0, "synthetic",
                           "\"%.100s\" is no machine; give a count for each level, from packages "
                           "down to hardware threads, like \"pack:2 core:64 pu:2\"",
                           synthetic);
}

/* Asks hwloc for no more than weir_pu holds. Groups, dies and L2 caches order the cores, so that
 * neighbours share them. DONT_CHANGE_BINDING: else hwloc moves the calling thread over every CPU in
 * turn, to read what Linux has told it already. */
static void set_filters(hwloc_topology_t machine, bool caches)
{
    const enum hwloc_type_filter_e all = HWLOC_TYPE_FILTER_KEEP_ALL;
    const enum hwloc_type_filter_e structure = HWLOC_TYPE_FILTER_KEEP_STRUCTURE;
    hwloc_topology_set_all_types_filter(machine, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_PACKAGE, all);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_CORE, all);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_L3CACHE, all);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_L2CACHE, caches ? all : structure);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_DIE, structure);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_GROUP, structure);
    if (caches)
        hwloc_topology_set_type_filter(machine, HWLOC_OBJ_L1CACHE, all);
}

static weir_status discover(weir_topology *topology, const char *synthetic, bool caches,
                            unsigned long flags)
{
    if (hwloc_topology_init(&topology->machine) != 0) {
        topology->machine = NULL;
        return no_memory("hwloc");
    }
    set_filters(topology->machine, caches);
    hwloc_topology_set_flags(topology->machine, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING | flags);
    if (synthetic != NULL) {
        const weir_status status = describe_synthetic(topology->machine, synthetic);
        if (status != WEIR_OK)
            return status;
    }
    errno = 0;
    if (hwloc_topology_load(topology->machine) != 0) {
        const int code = errno;
        if (code == ENOMEM)
            return no_memory("hwloc");
        return weir__error_set(WEIR_ESYS, code, "topology",
                               "hwloc cannot read this machine (%s); does lstopo work here?",
                               strerror(code));
    }
    return WEIR_OK;
}

/* hwloc takes another machine than this one from the environment, and nothing but a description
 * given to it keeps it from that: so it gets one of as many CPUs as there are, and hears that they
 * are those of this system. */
static weir_status discover_flat(weir_topology *topology)
{
    static const char *const variables[] = {"HWLOC_FSROOT", "HWLOC_SYNTHETIC", "HWLOC_XMLFILE"};
    const long cpus = sysconf(_SC_NPROCESSORS_CONF);
    char description[32];
    hwloc_topology_destroy(topology->machine);
    topology->machine = NULL;
    topology->m.told = "its environment";
    for (size_t i = sizeof variables / sizeof *variables; i-- > 0;)
        if (getenv(variables[i]) != NULL)
            topology->m.told = variables[i];
    snprintf(description, sizeof description, "pu:%ld", cpus > 0 ? cpus : 1);
    return discover(topology, description, false,
                    HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM |
                        HWLOC_TOPOLOGY_FLAG_THISSYSTEM_ALLOWED_RESOURCES);
}

/* The same number for hardware threads that share `group`, which stand next to each other, and the
 * next one for the next group. Begin with a counter of zeros. */
typedef struct counter {
    hwloc_obj_t group;
    unsigned seen;
} counter;

static unsigned count_group(counter *c, hwloc_obj_t group)
{
    WEIR_ASSERT(group != NULL);
    if (c->seen == 0 || c->group != group) {
        c->group = group;
        c->seen++;
    }
    return c->seen - 1;
}

static hwloc_obj_t ancestor(hwloc_topology_t machine, hwloc_obj_type_t type, hwloc_obj_t pu,
                            hwloc_obj_t otherwise)
{
    hwloc_obj_t found = hwloc_get_ancestor_obj_by_type(machine, type, pu);
    return found != NULL ? found : otherwise;
}

/* hwloc counts kinds by efficiency from the slowest, weir from the fastest. */
static unsigned kind_of(hwloc_topology_t machine, hwloc_obj_t pu)
{
    const int kinds = hwloc_cpukinds_get_nr(machine, 0);
    const int index = hwloc_cpukinds_get_by_cpuset(machine, pu->cpuset, 0);
    int efficiency = -1;
    if (index < 0 ||
        hwloc_cpukinds_get_info(machine, (unsigned)index, NULL, &efficiency, NULL, NULL, 0) != 0)
        return 0;
    return efficiency < 0 || efficiency >= kinds ? 0 : (unsigned)(kinds - 1 - efficiency);
}

/* Kinds that the process may not use leave gaps in the numbers; closes them. */
static void close_kind_gaps(weir_topology *topology)
{
    const int kinds = hwloc_cpukinds_get_nr(topology->machine, 0);
    unsigned next = 0;
    for (int kind = 0; kind < kinds; kind++) {
        bool present = false;
        for (unsigned i = 0; i < topology->m.count; i++)
            if (topology->m.pus[i].kind == (unsigned)kind) {
                topology->m.pus[i].kind = next;
                present = true;
            }
        next += present;
    }
}

/* The size of the cache of a level that serves the hardware thread. */
static uint64_t cache_bytes(const weir_topology *topology, hwloc_obj_type_t type, hwloc_obj_t pu)
{
    const hwloc_obj_t cache = hwloc_get_ancestor_obj_by_type(topology->machine, type, pu);
    return cache != NULL && topology->knows_caches ? cache->attr->cache.size : 0;
}

static unsigned number_of(const struct hwloc_obj *object)
{
    return object != NULL && object->os_index != HWLOC_UNKNOWN_INDEX ? object->os_index
                                                                     : WEIR_NO_NUMBER;
}

/* The node that a hardware thread takes its memory from: its own, else that of the smallest part of
 * the machine around it that has one. */
static weir_node *node_of(const weir_topology *topology, hwloc_obj_t pu)
{
    while (pu->parent != NULL && hwloc_bitmap_iszero(pu->nodeset))
        pu = pu->parent;
    const int number = hwloc_bitmap_first(pu->nodeset);
    WEIR_ASSERT(topology->m.node_count > 0);
    for (unsigned i = 0; i < topology->m.node_count; i++)
        if (number >= 0 && topology->m.nodes[i].os_index == (unsigned)number)
            return &topology->m.nodes[i];
    return &topology->m.nodes[0]; /* hwloc promises one at least */
}

/* Describes one hardware thread, all but the numbers that depend on those before it. */
static weir_pu describe_pu(const weir_topology *topology, hwloc_obj_t pu)
{
    const hwloc_topology_t machine = topology->machine;
    const bool own = !hwloc_bitmap_iszero(pu->nodeset) && topology->m.told == NULL;
    return (weir_pu){
        .os_index = pu->os_index,
        .kind = kind_of(machine, pu),
        .os_package = number_of(ancestor(machine, HWLOC_OBJ_PACKAGE, pu, NULL)),
        .os_numa = own ? node_of(topology, pu)->os_index : WEIR_NO_NUMBER,
        .l1_bytes = cache_bytes(topology, HWLOC_OBJ_L1CACHE, pu),
        .l2_bytes = cache_bytes(topology, HWLOC_OBJ_L2CACHE, pu),
        .l3_bytes = cache_bytes(topology, HWLOC_OBJ_L3CACHE, pu),
    };
}

/* Numbers the hardware threads that are in `usable`.
 * Where a level does not exist, the one around it takes its place: the package for the L3 cache, the
 * machine for the package; and a hardware thread that hwloc finds in no core is a core of its own. */
static void number_pus(weir_topology *topology, hwloc_const_bitmap_t usable)
{
    hwloc_topology_t machine = topology->machine;
    hwloc_obj_t root = hwloc_get_root_obj(machine), pu = NULL;
    counter packages = {0}, l3s = {0}, cores = {0};
    unsigned smt = 0, numas = 0;
    while ((pu = hwloc_get_next_obj_by_type(machine, HWLOC_OBJ_PU, pu)) != NULL) {
        weir_node *node = node_of(topology, pu);
        node->pus += !hwloc_bitmap_iszero(pu->nodeset);
        if (!hwloc_bitmap_isset(usable, pu->os_index))
            continue;
        hwloc_obj_t package = ancestor(machine, HWLOC_OBJ_PACKAGE, pu, root);
        const unsigned known_cores = cores.seen;
        weir_pu described = describe_pu(topology, pu);
        described.core = count_group(&cores, ancestor(machine, HWLOC_OBJ_CORE, pu, pu));
        described.l3 = count_group(&l3s, ancestor(machine, HWLOC_OBJ_L3CACHE, pu, package));
        described.package = count_group(&packages, package);
        if (node->numa == WEIR_NO_NUMBER)
            node->numa = numas++;
        described.numa = node->numa;
        described.smt = smt = cores.seen == known_cores ? smt + 1 : 0;
        WEIR_ASSERT(pu->os_index != HWLOC_UNKNOWN_INDEX);
        topology->objects[topology->m.count] = pu;
        topology->m.pus[topology->m.count++] = described;
    }
    topology->m.cores = cores.seen;
    close_kind_gaps(topology);
}

static int by_os_index(const void *a, const void *b)
{
    const unsigned x = ((const weir_node *)a)->os_index, y = ((const weir_node *)b)->os_index;
    return (x > y) - (x < y);
}

static void list_nodes(weir_topology *topology)
{
    hwloc_obj_t node = NULL;
    WEIR_ASSERT(topology->m.node_count == 0);
    while ((node = hwloc_get_next_obj_by_type(topology->machine, HWLOC_OBJ_NUMANODE, node)) != NULL)
        topology->m.nodes[topology->m.node_count++] =
            (weir_node){.os_index = node->os_index,
                        .numa = WEIR_NO_NUMBER,
                        .bytes = topology->knows_memory ? node->attr->numanode.local_memory : 0};
    qsort(topology->m.nodes, topology->m.node_count, sizeof *topology->m.nodes, by_os_index);
}

/* What OpenMP's places have of the machine. A place without a CPU that may be used would end the
 * process: libgomp cannot start a thread there. */
static weir_status add_places(hwloc_bitmap_t usable, const weir__openmp *openmp,
                              hwloc_const_bitmap_t allowed)
{
    hwloc_bitmap_zero(usable);
    WEIR_ASSERT(openmp->places > 0);
    for (unsigned place = 0; place < openmp->places; place++) {
        const unsigned count = weir__openmp_place_cpus(place);
        int *cpus = weir__memory_alloc((count + 1) * sizeof *cpus);
        bool some = false;
        if (cpus == NULL)
            return no_memory("OpenMP's places");
        weir__openmp_read_place(place, cpus);
        for (unsigned i = 0; i < count; i++)
            if (hwloc_bitmap_isset(allowed, (unsigned)cpus[i])) {
                hwloc_bitmap_set(usable, (unsigned)cpus[i]);
                some = true;
            }
        weir__memory_free(cpus);
        if (!some)
            return weir__error_set(WEIR_EINVAL, 0, openmp->variable ? openmp->variable : "OpenMP",
                                   "%s is '%.60s': this process may not use the CPUs of place %u",
                                   openmp->variable ? openmp->variable : "OpenMP",
                                   openmp->value ? openmp->value : "", place);
    }
    return WEIR_OK;
}

/* Finds what the process may use of this machine. The affinity mask is taken here, not with hwloc's
 * RESTRICT_TO_CPUBINDING: hwloc would then read, and put back, only that part of another thread's
 * binding which lies in the mask of the thread that loaded the topology. */
static weir_status find_usable(const weir_topology *topology, hwloc_bitmap_t usable)
{
    const hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology->machine);
    WEIR_ASSERT(allowed != NULL); /* it is loaded */
    if (topology->m.here) {
        const weir__openmp openmp = weir__openmp_look();
        if (openmp.places > 0)
            return add_places(usable, &openmp, allowed);
        if (hwloc_get_cpubind(topology->machine, usable, HWLOC_CPUBIND_THREAD) == 0)
            return WEIR_OK;
    }
    hwloc_bitmap_fill(usable);
    return WEIR_OK;
}

/* Makes the flat arrays. */
static weir_status flatten(weir_topology *topology)
{
    const int all = hwloc_get_nbobjs_by_type(topology->machine, HWLOC_OBJ_PU);
    const int nodes = hwloc_get_nbobjs_by_type(topology->machine, HWLOC_OBJ_NUMANODE);
    if (all <= 0 || nodes <= 0)
        return weir__error_set(WEIR_ESYS, 0, "topology", "hwloc finds no hardware thread");
    topology->m.pus = weir__memory_alloc((size_t)all * sizeof *topology->m.pus);
    topology->objects = weir__memory_alloc((size_t)all * sizeof(hwloc_obj_t));
    topology->m.nodes = weir__memory_alloc((size_t)nodes * sizeof *topology->m.nodes);
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();
    weir_status status = WEIR_OK;
    if (topology->m.pus == NULL || topology->objects == NULL || topology->m.nodes == NULL ||
        usable == NULL)
        status = no_memory("the hardware threads");
    if (status == WEIR_OK)
        status = find_usable(topology, usable);
    if (status == WEIR_OK) {
        list_nodes(topology);
        number_pus(topology, usable);
        if (topology->m.count == 0)
            status =
                weir__error_set(WEIR_ESYS, 0, "topology",
                                "hwloc knows none of the CPUs that the calling thread may use");
    }
    hwloc_bitmap_free(usable);
    return status;
}

static unsigned weight(hwloc_const_bitmap_t set)
{
    const int bits = hwloc_bitmap_weight(set);
    return bits > 0 ? (unsigned)bits : 0;
}

weir_status weir__topology_load(const char *synthetic, bool caches, weir_topology **topology)
{
    *topology = NULL;
    weir_topology *t = weir__memory_alloc_zero(sizeof *t);
    if (t == NULL)
        return no_memory("a topology");
    t->m.here = synthetic == NULL;
    weir__fork_hold(); /* hwloc has locks, which would stay locked in the child of a fork */
    weir_status status = discover(t, synthetic, caches, 0);
    if (status == WEIR_OK && t->m.here && !hwloc_topology_is_thissystem(t->machine))
        status = discover_flat(t);
    weir__fork_release();
    if (status == WEIR_OK) {
        t->m.can_bind =
            t->m.here && hwloc_topology_get_support(t->machine)->cpubind->set_thisthread_cpubind;
        t->m.quota = t->m.here ? weir__quota_cpus("") : 0;
        t->knows_memory = t->m.here ? t->m.told == NULL : strstr(synthetic, "memory=") != NULL;
        t->knows_caches = t->m.here || strstr(synthetic, "size=") != NULL;
        t->m.present = weight(hwloc_topology_get_complete_cpuset(t->machine));
        t->m.allowed = weight(hwloc_topology_get_allowed_cpuset(t->machine));
        status = flatten(t);
    }
    if (status != WEIR_OK) {
        weir_topology_free(t);
        return status;
    }
    WEIR_ASSERT_SLOW(weir__machine_is_valid(&t->m));
    *topology = t;
    return WEIR_OK;
}

weir_status weir_topology_load(const char *synthetic, weir_topology **topology)
{
    if (topology == NULL)
        return weir__error_set(WEIR_EINVAL, 0, "topology", "topology is NULL; it receives it");
    return weir__topology_load(synthetic, true, topology);
}

void weir_topology_free(weir_topology *topology)
{
    if (topology == NULL)
        return;
    if (topology->machine != NULL) {
        weir__fork_hold();
        hwloc_topology_destroy(topology->machine);
        weir__fork_release();
    }
    weir__memory_free(topology->objects);
    weir__memory_free(topology->m.nodes);
    weir__memory_free(topology->m.pus);
    weir__memory_free(topology);
}

const weir__machine *weir__topology_machine(const weir_topology *topology)
{
    return &topology->m;
}
