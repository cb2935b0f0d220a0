/* Makes a plan of a division: finds what has to be waited for, and what it takes; see divide.h.
 *
 * Units are gone through in the order in which they begin. It is known of each lane how many units of the
 * others have surely ended (a vector clock).  A wait is made where a predecessor is not among them, and
 * where no other wait of the same unit brings it along.  Where there are so many lanes that the clocks would
 * take much more memory than the graph, what waits bring along is not known. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "graph/divide.h"

/* Units that are looked at beyond one that waits, at most; and for each unit, over all. */
enum { AHEAD_MOST = 128, AHEAD_EACH = 2 };
#define CALL_NS 20000.0 /* most of a family's call: between calls others are heard */

/* Before the unit at a place so many units of another lane have to end. */
typedef struct need {
    uint32_t place, lane, units;
} need;

typedef struct maker {
    const weir__division *d;
    uint32_t base[WEIR_LANES_MOST + 1]; /* where each lane begins in the row of all places, */
    uint32_t *row;                      /* and the units in that row */
    bool *begins;                       /* by place: a clump does */
    need *need;
    uint32_t needs;
    uint32_t *clock; /* [lanes] of each; the first is all zeros */
    uint32_t clocks;
    bool transitive;                   /* clocks are kept, so that others can look at them */
    uint32_t now[WEIR_LANES_MOST];     /* the clock of each lane */
    uint32_t *clock_at;                /* by place; while waits are found */
    uint32_t *clump_at;                /* by place, from then on: the same memory */
    double *end_ns;                    /* by place of its last unit: of a clump */
    uint32_t reached[WEIR_LANES_MOST]; /* units of each lane that waits were found for */
    uint64_t may_look;                 /* so many units beyond those that wait */
    uint64_t needed;                   /* lanes that the unit waits for, */
    uint32_t units[WEIR_LANES_MOST];   /* and for how much of them */
} maker;

static uint32_t place_of(const maker *m, uint32_t u)
{
    return m->base[m->d->lane[u]] + m->d->place[u];
}

static const uint32_t *clock_of(const maker *m, uint32_t clock)
{
    return &m->clock[(size_t)clock * m->d->lanes];
}

/* ---- waits ---- */

static void find_base(maker *m)
{
    const weir__division *d = m->d;
    uint32_t units[WEIR_LANES_MOST] = {0};
    for (uint32_t u = 0; u < d->units->n; u++)
        units[d->lane[u]]++;
    for (unsigned l = 0; l < d->lanes; l++)
        m->base[l + 1] = m->base[l] + units[l];
}

static bool has_others(const weir__division *d, uint32_t u)
{
    for (uint32_t i = d->units->pred_at[u]; i < d->units->pred_at[u + 1]; i++)
        if (d->lane[d->units->pred[i]] != d->lane[u])
            return true;
    return false;
}

static bool take_memory(maker *m)
{
    const weir__division *d = m->d;
    const weir__units *units = d->units;
    const size_t n = units->n + (size_t)1;
    size_t others = 0, edges = 0;
    for (uint32_t u = 0; d->lanes > 1 && u < units->n; u++)
        if (has_others(d, u)) {
            others++;
            edges += units->pred_at[u + 1] - units->pred_at[u];
        }
    const size_t most = others * (d->lanes - 1);
    m->transitive = others * d->lanes <= 8 * ((size_t)units->n + units->edges);
    const size_t clocks = m->transitive ? others + 1 : d->lanes;
    m->row = weir__memory_alloc(n * sizeof *m->row);
    m->begins = weir__memory_alloc_zero(n * sizeof *m->begins);
    m->need = weir__memory_alloc(((edges < most ? edges : most) + 1) * sizeof *m->need);
    m->clock = weir__memory_alloc_zero(clocks * d->lanes * sizeof *m->clock);
    m->clock_at = weir__memory_alloc(n * sizeof *m->clock_at);
    m->clump_at = m->clock_at;
    return m->row != NULL && m->begins != NULL && m->need != NULL && m->clock != NULL &&
           m->clock_at != NULL;
}

static void release_memory(maker *m)
{
    weir__memory_free(m->row);
    weir__memory_free(m->begins);
    weir__memory_free(m->need);
    weir__memory_free(m->clock);
    weir__memory_free(m->clock_at);
    weir__memory_free(m->end_ns);
}

static const uint32_t *clock_after(const maker *m, unsigned lane)
{
    return clock_of(m, m->clock_at[m->base[lane] + m->units[lane] - 1]);
}

/* What a unit of the lane needs of others, less what is known, as far as that has ended by then. */
static void add_needs(maker *m, uint32_t u, double by_ns)
{
    const weir__division *d = m->d;
    const unsigned own = d->lane[u];
    const uint32_t *known = clock_of(m, m->now[own]);
    for (uint32_t i = d->units->pred_at[u]; i < d->units->pred_at[u + 1]; i++) {
        const uint32_t p = d->units->pred[i], units = d->place[p] + 1;
        const unsigned lane = d->lane[p];
        if (lane == own || units <= known[lane] || units > m->reached[lane] || d->end_ns[p] > by_ns)
            continue;
        if ((m->needed >> lane & 1) == 0 || units > m->units[lane])
            m->units[lane] = units;
        m->needed |= UINT64_C(1) << lane;
    }
}

/* What a unit needs. If it has to wait, its wait is also for what the next units of its lane need and may
 * have by then, so that they do not have to. */
static void find_needs(maker *m, uint32_t u)
{
    const weir__division *d = m->d;
    const uint32_t place = place_of(m, u), end = m->base[d->lane[u] + 1];
    m->needed = 0;
    add_needs(m, u, INFINITY);
    const double by_ns = d->end_ns[u] - (double)d->units->cost[u] - WEIR_PLAN_LATENCY_NS;
    m->may_look += AHEAD_EACH;
    for (uint32_t i = place + 1; m->needed != 0 && m->may_look > 0 && i < end; i++) {
        if (i > place + AHEAD_MOST)
            break;
        add_needs(m, m->row[i], by_ns);
        m->may_look--;
    }
}

/* Less what others of them bring along. */
static void reduce_needs(maker *m)
{
    const uint64_t all = m->needed;
    for (uint64_t by = all; m->transitive && by != 0; by &= by - 1) {
        const uint32_t *theirs = clock_after(m, (unsigned)__builtin_ctzll(by));
        for (uint64_t rest = all; rest != 0; rest &= rest - 1) {
            const unsigned lane = (unsigned)__builtin_ctzll(rest);
            if (theirs[lane] >= m->units[lane])
                m->needed &= ~(UINT64_C(1) << lane);
        }
    }
}

/* The unit's lane has waited for all that is needed. */
static void wait_for_needs(maker *m, uint32_t u)
{
    const unsigned own = m->d->lane[u], lanes = m->d->lanes;
    uint32_t *known = m->clock + (size_t)m->now[own] * lanes;
    if (m->transitive) {
        m->now[own] = ++m->clocks;
        known = memcpy(m->clock + (size_t)m->clocks * lanes, known, lanes * sizeof *known);
    }
    for (uint64_t rest = m->needed; rest != 0; rest &= rest - 1) {
        const unsigned lane = (unsigned)__builtin_ctzll(rest);
        const uint32_t *theirs = clock_after(m, lane);
        for (unsigned l = 0; m->transitive && l < lanes; l++)
            known[l] = theirs[l] > known[l] ? theirs[l] : known[l];
        known[lane] = m->units[lane];
        WEIR_ASSERT(lane != own && m->units[lane] <= m->reached[lane]);
        m->begins[m->base[lane] + m->units[lane]] = true;
        m->need[m->needs++] =
            (need){.place = place_of(m, u), .lane = lane, .units = m->units[lane]};
    }
    m->begins[place_of(m, u)] = true;
}

static void find_waits(maker *m)
{
    const weir__division *d = m->d;
    for (unsigned l = 0; l < d->lanes; l++) {
        m->begins[m->base[l]] = true;
        m->now[l] = m->transitive ? 0 : l;
    }
    for (uint32_t u = 0; u < d->units->n; u++)
        m->row[place_of(m, u)] = u;
    for (uint32_t i = 0; i < d->units->n; i++) {
        const uint32_t u = d->line[i];
        find_needs(m, u);
        if (m->needed != 0) {
            reduce_needs(m);
            wait_for_needs(m, u);
        }
        m->clock_at[place_of(m, u)] = m->now[d->lane[u]];
        m->reached[d->lane[u]]++;
    }
}

/* ---- what it takes ---- */

/* Tasks with the same one can be in one call. */
static uint32_t call_key(const weir_graph *graph, weir_task t)
{
    return graph->task[t].kind == WEIR_TASK_MANY ? graph->fixed[t].label : 0;
}

/* Is the unit at the place in the same call as the one before it, as far as the ends of both say? */
static bool goes_on_calling(const maker *m, uint32_t place)
{
    const weir__program *p = m->d->program;
    const weir__units *units = m->d->units;
    const uint32_t first = weir__unit_first(units, m->row[place]);
    const uint32_t last = weir__unit_first(units, m->row[place - 1] + 1) - 1;
    return last + 1 == first || call_key(p->graph, weir__program_task(p, last)) ==
                                    call_key(p->graph, weir__program_task(p, first));
}

/* Data of others. */
static double fetch_ns(const weir__division *d, uint32_t u)
{
    const weir__units *units = d->units;
    uint64_t weight = 0;
    for (uint32_t i = units->pred_at[u]; i < units->pred_at[u + 1]; i++)
        if (d->lane[units->pred[i]] != d->lane[u])
            weight += units->pred_weight != NULL ? units->pred_weight[i] : 1;
    return (double)weight * WEIR_PLAN_EDGE_NS;
}

/* Members of a family mostly go through memory in their order. */
static double jump_ns(const weir__division *d, uint32_t u)
{
    const weir_task t = weir__program_task(d->program, weir__unit_first(d->units, u));
    return d->program->graph->task[t].kind == WEIR_TASK_MANY ? WEIR_PLAN_JUMP_NS : 0;
}

/* When the clump that begins with the unit at a place can begin, having waited. */
static double begin_clump(const maker *m, const need *for_what, uint32_t needs, double now_ns)
{
    for (uint32_t i = 0; i < needs; i++) {
        const uint32_t last = m->base[for_what[i].lane] + for_what[i].units - 1;
        const double known_ns = m->end_ns[last] + WEIR_PLAN_LATENCY_NS;
        now_ns = (known_ns > now_ns ? known_ns : now_ns) + WEIR_PLAN_WAIT_NS;
    }
    return now_ns + WEIR_PLAN_CLUMP_NS + WEIR_PLAN_CALL_NS;
}

/* Needs are in the order in which units begin, too. A call within a unit is not seen. */
static double simulate(maker *m)
{
    const weir__division *d = m->d;
    double now_ns[WEIR_LANES_MOST] = {0}, last_ns = 0;
    uint32_t next[WEIR_LANES_MOST] = {0}, met = 0;
    for (uint32_t i = 0; i < d->units->n; i++) {
        const uint32_t u = d->line[i], place = place_of(m, u), from = met;
        double *now = &now_ns[d->lane[u]];
        while (met < m->needs && m->need[met].place == place)
            met++;
        if (m->begins[place])
            *now = begin_clump(m, &m->need[from], met - from, *now);
        else if (!goes_on_calling(m, place))
            *now += WEIR_PLAN_CALL_NS;
        *now += (double)d->units->cost[u] + fetch_ns(d, u) +
                (u != next[d->lane[u]] ? jump_ns(d, u) : 0);
        next[d->lane[u]] = u + 1;
        m->end_ns[place] = *now;
        last_ns = *now > last_ns ? *now : last_ns;
    }
    return last_ns;
}

static bool make(maker *m, const weir__division *d)
{
    *m = (maker){.d = d};
    find_base(m);
    if (take_memory(m)) {
        find_waits(m);
        m->end_ns = weir__memory_alloc((d->units->n + (size_t)1) * sizeof *m->end_ns);
    }
    return m->end_ns != NULL;
}

double weir__waits_predict(const weir__division *d)
{
    maker m;
    const double ns = make(&m, d) ? simulate(&m) : -1;
    release_memory(&m);
    return ns;
}

/* ---- calls ---- */

typedef struct writer {
    const weir__program *program;
    weir__plan *plan; /* NULL: calls are only counted */
    uint32_t calls, entries;
    uint32_t key; /* of the call that is open */
    double ns;    /* that it takes until now */
    bool open;
} writer;

/* Where tasks with the key of the first end, at `end` at the latest. */
static uint32_t end_of_key(const weir__program *p, uint32_t rank, uint32_t end, uint32_t key)
{
    if (key > 0 && p->order == NULL) {
        const weir__label *label = p->graph->label[key];
        return end < label->first + label->n ? end : label->first + label->n;
    }
    do
        rank++;
    while (rank < end && call_key(p->graph, weir__program_task(p, rank)) == key);
    return rank;
}

static void begin_call(writer *w, uint32_t rank, uint32_t key)
{
    if (w->plan != NULL)
        w->plan->call[w->calls].first = weir__program_task(w->program, rank);
    w->calls++;
    w->key = key;
    w->ns = 0;
    w->open = true;
}

/* Tasks with one key. */
static void write_tasks(writer *w, uint32_t from, uint32_t to, uint32_t key)
{
    const weir__program *p = w->program;
    const weir_task base = key > 0 ? p->graph->label[key]->first : 0;
    for (uint32_t r = from; r < to; r++) {
        if (!w->open || key != w->key || (key > 0 && w->ns >= CALL_NS))
            begin_call(w, r, key);
        w->ns += (double)p->cost[r];
        w->entries++;
        if (w->plan != NULL) {
            w->plan->entry[w->entries - 1] = weir__program_task(p, r) - base;
            w->plan->call[w->calls - 1].end = w->entries;
        }
    }
}

/* Returns how many calls there are. */
static uint32_t write_calls(const maker *m, weir__plan *plan)
{
    const weir__units *units = m->d->units;
    const weir__program *p = m->d->program;
    writer w = {.program = p, .plan = plan};
    for (uint32_t i = 0; i < units->n; i++) {
        const uint32_t end = weir__unit_first(units, m->row[i] + 1);
        w.open = w.open && !m->begins[i];
        for (uint32_t r = weir__unit_first(units, m->row[i]), to; r < end; r = to) {
            const uint32_t key = call_key(p->graph, weir__program_task(p, r));
            to = end_of_key(p, r, end, key);
            write_tasks(&w, r, to, key);
        }
        if (plan != NULL)
            plan->clump[m->clump_at[i]].calls_end = w.calls;
    }
    return w.calls;
}

/* ---- the plan ---- */

static uint32_t number_clumps(maker *m)
{
    uint32_t clumps = 0;
    for (uint32_t i = 0; i < m->d->units->n; i++) {
        clumps += m->begins[i];
        m->clump_at[i] = clumps - 1;
    }
    return clumps;
}

static void write_lanes(const maker *m, weir__plan *plan, uint32_t clumps)
{
    const weir__division *d = m->d;
    plan->lanes = d->lanes;
    for (unsigned l = 0; l <= d->lanes; l++)
        plan->lane[l] = m->base[l] < d->units->n ? m->clump_at[m->base[l]] : clumps;
}

/* They were found in the order in which units begin; here they are in that of lanes. */
static void write_waits(const maker *m, weir__plan *plan, uint32_t clumps)
{
    for (uint32_t c = 0; c < clumps; c++)
        plan->clump[c].waits_end = 0;
    for (uint32_t i = 0; i < m->needs; i++)
        plan->clump[m->clump_at[m->need[i].place]].waits_end++;
    for (uint32_t c = 0, waits = 0; c < clumps; c++) {
        const uint32_t some = plan->clump[c].waits_end;
        plan->clump[c].waits_end = waits; /* for now, where they begin */
        waits += some;
    }
    for (uint32_t i = 0; i < m->needs; i++) {
        const need *n = &m->need[i];
        const uint32_t last = m->clump_at[m->base[n->lane] + n->units - 1];
        plan->wait[plan->clump[m->clump_at[n->place]].waits_end++] =
            (weir__wait){.lane = n->lane, .clumps = last + 1 - plan->lane[n->lane]};
    }
}

static bool write_plan(maker *m, weir__plan *plan)
{
    const size_t n = m->d->program->n;
    const uint32_t calls = write_calls(m, NULL), clumps = number_clumps(m);
    plan->lane = weir__memory_alloc((m->d->lanes + (size_t)1) * sizeof *plan->lane);
    plan->clump = weir__memory_alloc((clumps + (size_t)1) * sizeof *plan->clump);
    plan->call = weir__memory_alloc((calls + (size_t)1) * sizeof *plan->call);
    plan->wait = weir__memory_alloc((m->needs + (size_t)1) * sizeof *plan->wait);
    plan->entry = weir__memory_alloc((n + 1) * sizeof *plan->entry);
    if (plan->lane == NULL || plan->clump == NULL || plan->call == NULL || plan->wait == NULL ||
        plan->entry == NULL)
        return false;
    write_lanes(m, plan, clumps);
    write_waits(m, plan, clumps);
    (void)write_calls(m, plan);
    return true;
}

weir__plan *weir__waits_make_plan(const weir__division *d)
{
    maker m;
    weir__plan *plan = NULL;
    if (make(&m, d)) {
        plan = weir__memory_alloc_zero(sizeof *plan);
        if (plan != NULL) {
            plan->planned_ns = simulate(&m); /* before clumps take the clocks' memory */
            if (!write_plan(&m, plan)) {
                weir__plan_free(plan);
                plan = NULL;
            }
        }
    }
    release_memory(&m);
    return plan;
}
