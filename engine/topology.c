/* The machine through hwloc: loads it, makes a flat array of its hardware threads, binds one thread.
 *
 * engine.c, team.c and the public functions of weir/topology.h come here; no other file includes
 * hwloc.h.  It must never bind a thread except in weir__topology_bind() and
 * weir__binding_restore(). */
#include "topology.h"

#include "error.h"
#include "fork.h"
#include "memory.h"
#include "place.h"
#include "quota.h"

#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The largest shared-memory machines have fewer, and hwloc's time grows with the cube of a level's
 * width: a second at this size, minutes at four times as much. */
#define MAX_SYNTHETIC_PUS 4096

/* Read-only once loaded. 0 < cores <= count; pus[i] describes objects[i]. */
struct weir_topology {
    hwloc_topology_t machine;
    weir_pu *pus;
    hwloc_obj_t *objects;
    unsigned count, cores;
    unsigned quota; /* 0: none */
    bool can_bind;
};

struct weir__binding {
    hwloc_bitmap_t set;
    bool saved;
};

static weir_status no_memory(const char *what)
{
    return weir__error_set(WEIR_ENOMEM, 0, "topology", "no memory for %s", what);
}

/* True if the OpenMP runtime has bound the initial thread when the program started, so that its
 * mask says nothing about what the process may use. */
static bool openmp_binds(void)
{
    const char *bind = getenv("OMP_PROC_BIND");
    if (bind != NULL && bind[strspn(bind, " ")] != '\0')
        return strncasecmp(bind + strspn(bind, " "), "false", 5) != 0;
    const char *places = getenv("OMP_PLACES");
    return places != NULL && places[0] != '\0';
}

/* Multiplies the counts of the levels, which are the numbers that do not belong to a name like
 * "l3", outside of brackets. What is wrong otherwise, hwloc finds. */
static bool is_too_large(const char *synthetic)
{
    unsigned long pus = 1;
    for (const char *c = synthetic; *c != '\0';) {
        if (*c == '[' || *c == '(') {
            c += strcspn(c, *c == '[' ? "]" : ")");
            continue;
        }
        const bool begins = c == synthetic || strchr(" :\t\n", c[-1]) != NULL;
        if (!begins || *c < '0' || *c > '9') {
            c++;
            continue;
        }
        char *end;
        const unsigned long count = strtoul(c, &end, 0);
        if (count > MAX_SYNTHETIC_PUS || pus * count > MAX_SYNTHETIC_PUS)
            return true;
        pus *= count;
        c = end;
    }
    return false;
}

static weir_status describe_synthetic(hwloc_topology_t machine, const char *synthetic)
{
    if (is_too_large(synthetic))
        return weir__error_set(WEIR_EINVAL, 0, "synthetic",
                               "\"%.100s\" has more than %d hardware threads", synthetic,
                               MAX_SYNTHETIC_PUS);
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

/* Asks hwloc for no more than weir_pu holds. Groups, dies and L2 caches are not in it, but they
 * order the cores, so that neighbours share them. DONT_CHANGE_BINDING: else hwloc moves the calling
 * thread over every CPU in turn, to read what Linux has told it already. */
static weir_status discover(weir_topology *topology, const char *synthetic)
{
    if (hwloc_topology_init(&topology->machine) != 0) {
        topology->machine = NULL;
        return no_memory("hwloc");
    }
    hwloc_topology_t machine = topology->machine;
    hwloc_topology_set_all_types_filter(machine, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_PACKAGE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_L3CACHE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_L2CACHE, HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_DIE, HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_GROUP, HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
    hwloc_topology_set_flags(machine, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING);
    if (synthetic != NULL) {
        const weir_status status = describe_synthetic(machine, synthetic);
        if (status != WEIR_OK)
            return status;
    }
    errno = 0;
    if (hwloc_topology_load(machine) != 0) {
        const int code = errno;
        if (code == ENOMEM)
            return no_memory("hwloc");
        return weir__error_set(WEIR_ESYS, code, "topology",
                               "hwloc cannot read this machine (%s); does lstopo work here?",
                               strerror(code));
    }
    return WEIR_OK;
}

/* The same number for hardware threads that share `group`, which stand next to each other, and the
 * next one for the next group. Begin with a counter of zeros. */
typedef struct counter {
    hwloc_obj_t group;
    unsigned seen;
} counter;

static unsigned count_group(counter *c, hwloc_obj_t group)
{
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
        for (unsigned i = 0; i < topology->count; i++)
            if (topology->pus[i].kind == (unsigned)kind) {
                topology->pus[i].kind = next;
                present = true;
            }
        next += present;
    }
}

/* Numbers the hardware threads that are in `allowed` (NULL: all).
 * Where a level does not exist, the
 * one around it takes its place: the package for the L3 cache, the machine for the package; and a
 * hardware thread that hwloc finds in no core is a core of its own. */
static void number_pus(weir_topology *topology, hwloc_const_bitmap_t allowed)
{
    hwloc_topology_t machine = topology->machine;
    hwloc_obj_t root = hwloc_get_root_obj(machine), pu = NULL;
    counter packages = {0}, numas = {0}, l3s = {0}, cores = {0};
    unsigned smt = 0;
    while ((pu = hwloc_get_next_obj_by_type(machine, HWLOC_OBJ_PU, pu)) != NULL) {
        if (allowed != NULL && !hwloc_bitmap_isset(allowed, pu->os_index))
            continue;
        hwloc_obj_t package = ancestor(machine, HWLOC_OBJ_PACKAGE, pu, root);
        const int node = hwloc_bitmap_first(pu->nodeset);
        hwloc_obj_t numa =
            node < 0 ? NULL : hwloc_get_numanode_obj_by_os_index(machine, (unsigned)node);
        const unsigned known_cores = cores.seen;
        const unsigned core = count_group(&cores, ancestor(machine, HWLOC_OBJ_CORE, pu, pu));
        smt = cores.seen == known_cores ? smt + 1 : 0;
        topology->objects[topology->count] = pu;
        topology->pus[topology->count++] = (weir_pu){
            .os_index = pu->os_index,
            .core = core,
            .l3 = count_group(&l3s, ancestor(machine, HWLOC_OBJ_L3CACHE, pu, package)),
            .numa = count_group(&numas, numa),
            .package = count_group(&packages, package),
            .smt = smt,
            .kind = kind_of(machine, pu),
        };
    }
    topology->cores = cores.seen;
    close_kind_gaps(topology);
}

/* Makes the flat array. The affinity mask is applied here, not with hwloc's RESTRICT_TO_CPUBINDING:
 * hwloc would then read, and put back, only that part of another thread's binding which lies in the
 * mask of the thread that loaded the topology. */
static weir_status flatten(weir_topology *topology, bool restrict_to_binding)
{
    const int all = hwloc_get_nbobjs_by_type(topology->machine, HWLOC_OBJ_PU);
    if (all <= 0)
        return weir__error_set(WEIR_ESYS, 0, "topology", "hwloc finds no hardware thread");
    topology->pus = weir__memory_take((size_t)all * sizeof *topology->pus);
    topology->objects = weir__memory_take((size_t)all * sizeof(hwloc_obj_t));
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    if (topology->pus == NULL || topology->objects == NULL || allowed == NULL) {
        hwloc_bitmap_free(allowed);
        return no_memory("the hardware threads");
    }
    const bool restricted = restrict_to_binding && hwloc_get_cpubind(topology->machine, allowed,
                                                                     HWLOC_CPUBIND_THREAD) == 0;
    number_pus(topology, restricted ? allowed : NULL);
    hwloc_bitmap_free(allowed);
    if (topology->count == 0)
        return weir__error_set(WEIR_ESYS, 0, "topology",
                               "hwloc knows none of the CPUs that the calling thread may use");
    return WEIR_OK;
}

weir_status weir__topology_load(const char *synthetic, bool restrict_to_binding,
                                weir_topology **topology)
{
    *topology = NULL;
    weir_topology *t = weir__memory_take_zero(sizeof *t);
    if (t == NULL)
        return no_memory("a topology");
    weir__fork_hold(); /* hwloc has locks, which would stay locked in the child of a fork */
    weir_status status = discover(t, synthetic);
    weir__fork_release();
    if (status == WEIR_OK) {
        /* The environment can make hwloc read another machine than this one, too. */
        const bool here = synthetic == NULL && hwloc_topology_is_thissystem(t->machine);
        t->can_bind =
            here && hwloc_topology_get_support(t->machine)->cpubind->set_thisthread_cpubind;
        t->quota = here ? weir__quota_cpus("") : 0;
        status = flatten(t, here && restrict_to_binding);
    }
    if (status != WEIR_OK) {
        weir_topology_free(t);
        return status;
    }
    *topology = t;
    return WEIR_OK;
}

weir_status weir_topology_load(const char *synthetic, weir_topology **topology)
{
    if (topology == NULL)
        return weir__error_set(WEIR_EINVAL, 0, "topology", "topology is NULL; it receives it");
    return weir__topology_load(synthetic, !openmp_binds(), topology);
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
    weir__memory_give(topology->objects);
    weir__memory_give(topology->pus);
    weir__memory_give(topology);
}

unsigned weir_topology_pus(const weir_topology *topology, const weir_pu **pus)
{
    if (pus != NULL)
        *pus = topology != NULL ? topology->pus : NULL;
    return topology != NULL ? topology->count : 0;
}

unsigned weir_topology_quota(const weir_topology *topology)
{
    return topology != NULL ? topology->quota : 0;
}

unsigned weir_topology_default_workers(const weir_topology *topology)
{
    if (topology == NULL)
        return 0;
    const unsigned quota = topology->quota;
    return quota > 0 && quota < topology->cores ? quota : topology->cores;
}

weir_status weir_topology_place(const weir_topology *topology, weir_bind bind, unsigned workers,
                                unsigned *places)
{
    if (topology == NULL || places == NULL)
        return weir__error_set(WEIR_EINVAL, 0, topology == NULL ? "topology" : "places",
                               "%s is NULL", topology == NULL ? "topology" : "places");
    unsigned *order = weir__memory_take(topology->count * sizeof *order);
    if (order == NULL)
        return no_memory("a placement");
    const weir_status status =
        weir__place_plan(topology->pus, topology->count, bind, workers, order, places);
    weir__memory_give(order);
    return status;
}

bool weir__topology_can_bind(const weir_topology *topology)
{
    return topology->can_bind;
}

bool weir__topology_bind(const weir_topology *topology, unsigned pu)
{
    WEIR_ASSERT(pu < topology->count);
    return topology->can_bind && hwloc_set_cpubind(topology->machine, topology->objects[pu]->cpuset,
                                                   HWLOC_CPUBIND_THREAD) == 0;
}

weir__binding *weir__binding_create(void)
{
    weir__binding *binding = weir__memory_take_zero(sizeof *binding);
    if (binding == NULL)
        return NULL;
    binding->set = hwloc_bitmap_alloc();
    if (binding->set == NULL) {
        weir__memory_give(binding);
        return NULL;
    }
    return binding;
}

void weir__binding_destroy(weir__binding *binding)
{
    if (binding == NULL)
        return;
    hwloc_bitmap_free(binding->set);
    weir__memory_give(binding);
}

bool weir__binding_save(const weir_topology *topology, weir__binding *binding)
{
    binding->saved = topology->can_bind &&
                     hwloc_get_cpubind(topology->machine, binding->set, HWLOC_CPUBIND_THREAD) == 0;
    return binding->saved;
}

void weir__binding_restore(const weir_topology *topology, const weir__binding *binding)
{
    if (binding->saved)
        hwloc_set_cpubind(topology->machine, binding->set, HWLOC_CPUBIND_THREAD);
}

bool weir__binding_is_on(const weir_topology *topology, weir__binding *binding, unsigned pu)
{
    WEIR_ASSERT(pu < topology->count);
    return hwloc_get_last_cpu_location(topology->machine, binding->set, HWLOC_CPUBIND_THREAD) ==
               0 &&
           hwloc_bitmap_isset(binding->set, topology->pus[pu].os_index);
}
