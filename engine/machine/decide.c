/* Decides how many workers there are and where; see decide.h.
 *
 * The public functions of weir/topology.h that tell of it are here too.  It must never look at the
 * machine but through topology.h, openmp.h and launcher.h. */
#include "machine/decide.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "machine/place.h"

/* What a decision is made from, and the decision. */
typedef struct decision {
    const weir__machine *m;
    const weir__openmp *openmp;
    const weir__launcher *launcher;
    const weir_engine_options *given, *resolved;
    bool by_launcher; /* the share is what the launcher said */
    weir_placement *p;
} decision;

#define SAY(text, ...) snprintf(text, sizeof text, __VA_ARGS__)

static unsigned min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void decide_share(decision *d)
{
    const weir__launcher *l = d->launcher;
    weir_placement *p = d->p;
    p->shares = 1;
    if (d->resolved->shares > 0) {
        p->share = d->resolved->share;
        p->shares = d->resolved->shares;
        SAY(p->share_why, "%s", d->given->shares > 0 ? "as asked for" : "WEIR_SHARE");
    } else if (d->m->here && l->ranks > 1 && d->m->count == d->m->allowed) {
        p->share = l->rank;
        p->shares = l->ranks;
        d->by_launcher = true;
        SAY(p->share_why, "local rank of %s", l->name);
    } else if (d->m->here && l->ranks > 1) {
        SAY(p->share_why, "%s has local rank %u of %u, which is on %u of %u CPUs already", l->name,
            l->rank, l->ranks, d->m->count, d->m->allowed);
    }
    weir__place_part(d->m->pus, d->m->count, p->share, p->shares, &p->first, &p->pus);
    p->cores = d->m->pus[p->first + p->pus - 1].core + 1 - d->m->pus[p->first].core;
    WEIR_ASSERT(p->share < p->shares && p->cores > 0 && p->cores <= p->pus);
}

/* Whole CPUs of a quota, rounded up; UINT32_MAX for more. */
static uint32_t whole_cpus(double quota)
{
    if (!(quota < (double)UINT32_MAX))
        return UINT32_MAX;
    WEIR_ASSERT(quota >= 0);
    const uint32_t whole = (uint32_t)quota;
    return whole + (quota > (double)whole);
}

/* Its part of the CPU quota, in whole CPUs, at least one; UINT_MAX without a quota. */
static unsigned quota_of(const weir__machine *m, unsigned share, unsigned shares)
{
    const uint64_t whole = whole_cpus(m->quota);
    if (whole == 0 || whole == UINT32_MAX)
        return UINT32_MAX;
    WEIR_ASSERT(share < shares);
    const uint64_t part = whole * (share + 1) / shares - whole * share / shares;
    return part > 0 ? (unsigned)part : 1;
}

/* One a core; where OpenMP has more places than cores, the user wants one on each. */
static void decide_default_workers(decision *d)
{
    weir_placement *p = d->p;
    const bool one_a_place = d->openmp->binds && p->shares == 1 && d->openmp->places > p->cores;
    const unsigned wanted = one_a_place ? d->openmp->places : p->cores;
    const unsigned quota = quota_of(d->m, p->share, p->shares);
    p->workers = min(min(min(wanted, quota), d->openmp->limit), WEIR_MAX_WORKERS);
    if (p->workers == wanted)
        SAY(p->workers_why, "one a %s", one_a_place ? "place of OpenMP's" : "core");
    else if (p->workers == quota)
        SAY(p->workers_why, "the CPU quota is %.4g", d->m->quota);
    else if (p->workers == d->openmp->limit)
        SAY(p->workers_why, "OMP_THREAD_LIMIT is %u", d->openmp->limit);
    else
        SAY(p->workers_why, "the most that an engine has");
}

static void decide_workers(decision *d)
{
    weir_placement *p = d->p;
    if (d->resolved->workers > 0) {
        p->workers = d->resolved->workers;
        SAY(p->workers_why, "%s", d->given->workers > 0 ? "as asked for" : "WEIR_WORKERS");
    } else if (d->openmp->threads > 0) {
        p->workers = min(d->openmp->threads, WEIR_MAX_WORKERS);
        SAY(p->workers_why, "OMP_NUM_THREADS");
    } else {
        decide_default_workers(d);
    }
    p->threads = min(p->workers, d->openmp->limit);
    WEIR_ASSERT(p->threads > 0 && p->threads <= p->workers && p->workers <= WEIR_MAX_WORKERS);
    const size_t end = strlen(p->workers_why);
    WEIR_ASSERT(end < sizeof p->workers_why);
    if (p->threads < p->workers)
        snprintf(p->workers_why + end, sizeof p->workers_why - end,
                 "; OMP_THREAD_LIMIT leaves %u of them", p->threads);
    else if (d->openmp->dynamic && p->workers > 1)
        snprintf(p->workers_why + end, sizeof p->workers_why - end,
                 "; OMP_DYNAMIC lets OpenMP start fewer");
}

static void do_not_bind(decision *d)
{
    d->p->bind = WEIR_BIND_NONE;
}

/* WEIR_BIND_AUTO: not a team that is smaller than its part of the machine, since others may be on
 * the same cores while some are free. Not where several processes have a core either; nor where a
 * launcher's rank has more workers than its part has room for, since that part is a guess. */
static void decide_alone(decision *d)
{
    weir_placement *p = d->p;
    do_not_bind(d);
    if (d->openmp->refuses)
        SAY(p->bind_why, "%s is %.60s", d->openmp->variable, d->openmp->value);
    else if (p->threads < p->cores)
        SAY(p->bind_why, "%u of %u cores; --bind core binds", p->threads, p->cores);
    else if (p->shares > d->m->cores)
        SAY(p->bind_why, "%u processes on %u cores; --bind core binds", p->shares, d->m->cores);
    else if (d->by_launcher && p->threads > p->pus)
        SAY(p->bind_why, "more workers than the rank's part has CPUs; --bind core binds");
    else {
        p->bind = WEIR_BIND_CORE;
        SAY(p->bind_why, "%s",
            p->shares > 1 ? "the team fills its share"
                          : "the team fills the cores that it may use");
    }
}

static void decide_bind(decision *d)
{
    weir_placement *p = d->p;
    const weir_bind asked = d->resolved->bind;
    if (d->m->here && d->openmp->binds) {
        do_not_bind(d);
        p->openmp_binds = 1;
        SAY(p->bind_why, "%s is %.60s",
            d->openmp->variable != NULL ? d->openmp->variable : "its own default",
            d->openmp->value != NULL ? d->openmp->value : "to bind");
    } else if (asked != WEIR_BIND_AUTO) {
        p->bind = asked;
        SAY(p->bind_why, "%s", d->given->bind != WEIR_BIND_AUTO ? "as asked for" : "WEIR_BIND");
    } else {
        decide_alone(d);
    }
    if (p->bind != WEIR_BIND_NONE && d->m->here && !d->m->can_bind) {
        do_not_bind(d);
        SAY(p->bind_why, "the system cannot bind threads");
    }
    WEIR_ASSERT(p->bind != WEIR_BIND_AUTO && !(p->openmp_binds && p->bind != WEIR_BIND_NONE));
}

void weir__decide(const weir__machine *machine, const weir__openmp *openmp,
                  const weir__launcher *launcher, const weir_engine_options *given,
                  const weir_engine_options *resolved, weir_placement *placement)
{
    static const weir_engine_options none = {0};
    WEIR_ASSERT(openmp->limit > 0 && launcher->rank < launcher->ranks);
    WEIR_ASSERT_SLOW(weir__machine_is_valid(machine));
    *placement = (weir_placement){0};
    decision d = {.m = machine,
                  .openmp = openmp,
                  .launcher = launcher,
                  .given = given != NULL ? given : &none,
                  .resolved = resolved,
                  .p = placement};
    decide_share(&d);
    decide_workers(&d);
    decide_bind(&d);
}

/* With what the runtime and the launcher say of this machine; of another they say nothing. */
static void look_and_decide(const weir__machine *m, const weir_engine_options *given,
                            const weir_engine_options *resolved, weir_placement *placement)
{
    const weir__openmp openmp = m->here ? weir__openmp_look() : (weir__openmp){.limit = UINT32_MAX};
    const weir__launcher launcher = m->here ? weir__launcher_look() : (weir__launcher){.ranks = 1};
    weir__decide(m, &openmp, &launcher, given, resolved, placement);
}

weir_status weir__decide_here(const weir_topology *topology, const weir_engine_options *given,
                              weir_placement *placement)
{
    const weir__machine *m = weir__topology_machine(topology);
    weir_engine_options resolved;
    const weir_status status = weir__options_resolve(given, m->here, &resolved);
    if (status == WEIR_OK)
        look_and_decide(m, given, &resolved, placement);
    return status;
}

/* Claims the hardware threads of the places; under the lock of the claims. */
static weir__claim *make_claim(const weir_pu *pus, const unsigned *places, unsigned count)
{
    weir__claim *claim = weir__memory_alloc(sizeof *claim + count * sizeof *claim->os_index);
    if (claim == NULL)
        return NULL;
    claim->count = count;
    for (unsigned i = 0; i < count; i++)
        claim->os_index[i] = pus[places[i]].os_index;
    weir__claim_add(claim);
    return claim;
}

static weir_status no_memory(void)
{
    return weir__error_set(WEIR_ENOMEM, 0, "topology", "no memory for a placement");
}

weir_status weir__decide_places(const weir_topology *topology, const weir_placement *placement,
                                unsigned *places, weir__claim **claim)
{
    const weir__machine *m = weir__topology_machine(topology);
    const weir_pu *part = &m->pus[placement->first];
    WEIR_ASSERT(placement->pus > 0 && placement->first + placement->pus <= m->count);
    unsigned *scratch = weir__memory_alloc(3 * (size_t)placement->pus * sizeof *scratch);
    if (scratch == NULL)
        return no_memory();
    weir__claim_lock();
    for (unsigned i = 0; i < placement->pus; i++)
        scratch[i] = m->here ? weir__claim_load(part[i].os_index) : 0;
    weir_status status = weir__place_plan(part, placement->pus, placement->bind, placement->threads,
                                          scratch, places);
    if (status == WEIR_OK && claim != NULL) {
        *claim = make_claim(part, places, placement->threads);
        status = *claim != NULL ? WEIR_OK : no_memory();
    }
    weir__claim_unlock();
    for (unsigned i = 0; status == WEIR_OK && i < placement->threads; i++)
        places[i] += placement->first;
    WEIR_ASSERT(status != WEIR_OK || places[placement->threads - 1] < m->count);
    weir__memory_free(scratch);
    return status;
}

weir_status weir_topology_decide(const weir_topology *topology, const weir_engine_options *options,
                                 weir_placement *placement)
{
    if (topology == NULL || placement == NULL)
        return weir__error_null(topology == NULL ? "topology" : "placement");
    return weir__decide_here(topology, options, placement);
}

weir_status weir_topology_places(const weir_topology *topology, const weir_placement *placement,
                                 unsigned *places)
{
    if (topology == NULL || placement == NULL || places == NULL)
        return weir__error_null(topology == NULL    ? "topology"
                                : placement == NULL ? "placement"
                                                    : "places");
    return weir__decide_places(topology, placement, places, NULL);
}

weir_status weir_topology_place(const weir_topology *topology, weir_bind bind, unsigned workers,
                                unsigned *places)
{
    if (topology == NULL || places == NULL)
        return weir__error_null(topology == NULL ? "topology" : "places");
    const weir__machine *m = weir__topology_machine(topology);
    unsigned *scratch = weir__memory_alloc_zero(3 * (size_t)m->count * sizeof *scratch);
    if (scratch == NULL)
        return no_memory();
    const weir_status status = weir__place_plan(m->pus, m->count, bind, workers, scratch, places);
    weir__memory_free(scratch);
    return status;
}

unsigned weir_topology_pus(const weir_topology *topology, const weir_pu **pus)
{
    if (pus != NULL)
        *pus = topology != NULL ? weir__topology_machine(topology)->pus : NULL;
    return topology != NULL ? weir__topology_machine(topology)->count : 0;
}

unsigned weir_topology_nodes(const weir_topology *topology, const weir_node **nodes)
{
    if (nodes != NULL)
        *nodes = topology != NULL ? weir__topology_machine(topology)->nodes : NULL;
    return topology != NULL ? weir__topology_machine(topology)->node_count : 0;
}

void weir_topology_machine(const weir_topology *topology, weir_machine *machine)
{
    if (machine == NULL)
        return;
    *machine = (weir_machine){0};
    if (topology == NULL)
        return;
    const weir__machine *m = weir__topology_machine(topology);
    machine->here = m->here;
    machine->present = m->present;
    machine->allowed = m->allowed;
    machine->usable = m->count;
    machine->quota = m->quota;
    if (m->told != NULL)
        SAY(machine->note,
            "hwloc is told of another machine by %s; of this one weir sees CPUs only, not cores, "
            "caches and memory",
            m->told);
}

unsigned weir_topology_quota(const weir_topology *topology)
{
    return topology != NULL ? whole_cpus(weir__topology_machine(topology)->quota) : 0;
}

unsigned weir_topology_default_workers(const weir_topology *topology)
{
    if (topology == NULL)
        return 0;
    const weir__machine *m = weir__topology_machine(topology);
    const weir_engine_options nothing = {0};
    weir_engine_options share = {0};
    weir_placement placement;
    /* A wrong variable is weir_engine_open()'s to refuse. */
    if (weir__options_resolve(&nothing, m->here, &share) != WEIR_OK)
        share = nothing;
    share.workers = 0;
    look_and_decide(m, &nothing, &share, &placement);
    return placement.workers;
}
