/* Makes a plan of a division: finds what has to be waited for, and what it takes; see divide.h.
 *
 * Tasks are gone through in the order in which they begin. It is known of each lane how many tasks of the
 * others have surely ended (a vector clock).  A wait is made where a predecessor is not among them, and
 * where no other wait of the same task brings it along.  Where there are so many lanes that the clocks would
 * take much more memory than the graph, what waits bring along is not known. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "graph/divide.h"

/* Tasks that are looked at beyond one that waits, at most; and for each task, over all. */
enum { AHEAD_MOST = 128, AHEAD_EACH = 2 };
#define CALL_NS 20000.0 /* most of a family's call: between calls others are heard */

/* Before the task at a place so many tasks of another lane have to end. */
typedef struct need {
    uint32_t place, lane, tasks;
} need;

typedef struct maker {
    const weir__division *d;
    weir__plan *plan;
    uint32_t base[WEIR_LANES_MOST + 1]; /* where each lane begins in the row of all places, */
    uint32_t *row;                      /* and the ranks in that row */
    bool *begins;                       /* by place: a clump does */
    need *need;
    uint32_t needs;
    uint32_t *clock; /* [lanes] of each; the first is all zeros */
    uint32_t clocks;
    bool transitive;                   /* clocks are kept, so that others can look at them */
    uint32_t now[WEIR_LANES_MOST];     /* the clock of each lane */
    uint32_t *clock_at;                /* by place; while waits are found */
    uint32_t *clump_at;                /* by place, from then on: the same memory */
    double *end_ns;                    /* by clump */
    uint32_t reached[WEIR_LANES_MOST]; /* tasks of each lane that waits were found for */
    uint64_t may_look;                 /* so many tasks beyond those that wait */
    uint64_t needed;                   /* lanes that the task waits for, */
    uint32_t tasks[WEIR_LANES_MOST];   /* and for how much of them */
} maker;

static uint32_t place_of(const maker *m, uint32_t r)
{
    return m->base[m->d->lane[r]] + m->d->place[r];
}

static weir_task task_at(const maker *m, uint32_t place)
{
    return m->d->order[m->row[place]];
}

static const uint32_t *clock_of(const maker *m, uint32_t clock)
{
    return &m->clock[(size_t)clock * m->d->lanes];
}

/* ---- waits ---- */

static void find_base(maker *m)
{
    const weir__division *d = m->d;
    uint32_t tasks[WEIR_LANES_MOST] = {0};
    for (uint32_t r = 0; r < d->n; r++)
        tasks[d->lane[r]]++;
    for (unsigned l = 0; l < d->lanes; l++)
        m->base[l + 1] = m->base[l] + tasks[l];
}

static bool has_others(const weir__division *d, uint32_t r)
{
    for (uint64_t i = d->preds_at[r]; i < d->preds_at[r + 1]; i++)
        if (d->lane[d->pred[i]] != d->lane[r])
            return true;
    return false;
}

static bool take_memory(maker *m)
{
    const weir__division *d = m->d;
    size_t others = 0, edges = 0;
    for (uint32_t r = 0; d->lanes > 1 && r < d->n; r++)
        if (has_others(d, r)) {
            others++;
            edges += d->preds_at[r + 1] - d->preds_at[r];
        }
    const size_t most = others * (d->lanes - 1);
    m->transitive = others * d->lanes <= 8 * ((size_t)d->n + d->graph->edges);
    const size_t clocks = m->transitive ? others + 1 : d->lanes;
    m->row = weir__memory_alloc((d->n + (size_t)1) * sizeof *m->row);
    m->begins = weir__memory_alloc_zero((d->n + (size_t)1) * sizeof *m->begins);
    m->need = weir__memory_alloc(((edges < most ? edges : most) + 1) * sizeof *m->need);
    m->clock = weir__memory_alloc_zero(clocks * d->lanes * sizeof *m->clock);
    m->clock_at = weir__memory_alloc((d->n + (size_t)1) * sizeof *m->clock_at);
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
    return clock_of(m, m->clock_at[m->base[lane] + m->tasks[lane] - 1]);
}

/* What a task of the lane needs of others, less what is known, as far as that has ended by then. */
static void add_needs(maker *m, uint32_t r, double by_ns)
{
    const weir__division *d = m->d;
    const unsigned own = d->lane[r];
    const uint32_t *known = clock_of(m, m->now[own]);
    for (uint64_t i = d->preds_at[r]; i < d->preds_at[r + 1]; i++) {
        const uint32_t p = d->pred[i], tasks = d->place[p] + 1;
        const unsigned lane = d->lane[p];
        if (lane == own || tasks <= known[lane] || tasks > m->reached[lane] || d->end_ns[p] > by_ns)
            continue;
        if ((m->needed >> lane & 1) == 0 || tasks > m->tasks[lane])
            m->tasks[lane] = tasks;
        m->needed |= UINT64_C(1) << lane;
    }
}

/* What a task needs. If it has to wait, its wait is also for what the next tasks of its lane need and may
 * have by then, so that they do not have to. */
static void find_needs(maker *m, uint32_t r)
{
    const weir__division *d = m->d;
    const uint32_t place = place_of(m, r), end = m->base[d->lane[r] + 1];
    m->needed = 0;
    add_needs(m, r, INFINITY);
    const double by_ns = d->end_ns[r] - (double)d->cost[r] - WEIR_PLAN_LATENCY_NS;
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
            if (theirs[lane] >= m->tasks[lane])
                m->needed &= ~(UINT64_C(1) << lane);
        }
    }
}

/* The task's lane has waited for all that is needed. */
static void wait_for_needs(maker *m, uint32_t r)
{
    const unsigned own = m->d->lane[r], lanes = m->d->lanes;
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
        known[lane] = m->tasks[lane];
        WEIR_ASSERT(lane != own && m->tasks[lane] <= m->reached[lane]);
        m->begins[m->base[lane] + m->tasks[lane]] = true;
        m->need[m->needs++] =
            (need){.place = place_of(m, r), .lane = lane, .tasks = m->tasks[lane]};
    }
    m->begins[place_of(m, r)] = true;
}

static void find_waits(maker *m)
{
    const weir__division *d = m->d;
    for (unsigned l = 0; l < d->lanes; l++) {
        m->begins[m->base[l]] = true;
        m->now[l] = m->transitive ? 0 : l;
    }
    for (uint32_t r = 0; r < d->n; r++)
        m->row[place_of(m, r)] = r;
    for (uint32_t i = 0; i < d->n; i++) {
        const uint32_t r = d->line[i];
        find_needs(m, r);
        if (m->needed != 0) {
            reduce_needs(m);
            wait_for_needs(m, r);
        }
        m->clock_at[place_of(m, r)] = m->now[d->lane[r]];
        m->reached[d->lane[r]]++;
    }
}

/* ---- calls ---- */

/* Where the call that begins at a place ends, at `to` at the latest. */
static uint32_t end_call(const maker *m, uint32_t from, uint32_t to)
{
    const weir__division *d = m->d;
    const weir__task *task = d->graph->task;
    const weir__fixed *fixed = d->graph->fixed;
    const unsigned kind = task[task_at(m, from)].kind;
    const uint32_t label = fixed[task_at(m, from)].label;
    const bool family = kind == WEIR_TASK_MANY;
    double ns = 0;
    uint32_t i = from;
    do {
        ns += (double)d->cost[m->row[i]];
        i++;
    } while (i < to && task[task_at(m, i)].kind == kind &&
             (!family || (fixed[task_at(m, i)].label == label && ns < CALL_NS)));
    return i;
}

static uint32_t count_calls(const maker *m)
{
    const uint32_t n = m->d->n;
    uint32_t calls = 0;
    for (uint32_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && !m->begins[to];)
            to++;
        for (uint32_t i = from; i < to; calls++)
            i = end_call(m, i, to);
    }
    return calls;
}

/* And the entries. */
static void write_calls(maker *m)
{
    weir__plan *plan = m->plan;
    const uint32_t n = m->d->n;
    uint32_t calls = 0;
    for (uint32_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && !m->begins[to];)
            to++;
        for (uint32_t i = from; i < to; calls++) {
            const weir_task t = task_at(m, i);
            const bool family = m->d->graph->task[t].kind == WEIR_TASK_MANY;
            const weir_task base = family ? weir__graph_label(m->d->graph, t)->first : 0;
            plan->call[calls] = (weir__call){.first = t, .end = end_call(m, i, to)};
            for (; i < plan->call[calls].end; i++)
                plan->entry[i] = task_at(m, i) - base;
        }
        plan->clump[m->clump_at[from]].calls_end = calls;
    }
}

/* ---- the plan ---- */

static uint32_t number_clumps(maker *m)
{
    uint32_t clumps = 0;
    for (uint32_t i = 0; i < m->d->n; i++) {
        clumps += m->begins[i];
        m->clump_at[i] = clumps - 1;
    }
    return clumps;
}

static void write_lanes(maker *m, uint32_t clumps)
{
    const weir__division *d = m->d;
    m->plan->lanes = d->lanes;
    for (unsigned l = 0; l <= d->lanes; l++)
        m->plan->lane[l] = m->base[l] < d->n ? m->clump_at[m->base[l]] : clumps;
}

/* They were found in the order in which tasks begin; here they are in that of lanes. */
static void write_waits(maker *m, uint32_t clumps)
{
    weir__plan *plan = m->plan;
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
        const uint32_t last = m->clump_at[m->base[n->lane] + n->tasks - 1];
        plan->wait[plan->clump[m->clump_at[n->place]].waits_end++] =
            (weir__wait){.lane = n->lane, .clumps = last + 1 - plan->lane[n->lane]};
    }
}

static bool write_plan(maker *m)
{
    weir__plan *plan = m->plan;
    const size_t n = m->d->n;
    const uint32_t calls = count_calls(m), clumps = number_clumps(m);
    plan->lane = weir__memory_alloc((m->d->lanes + (size_t)1) * sizeof *plan->lane);
    plan->clump = weir__memory_alloc((clumps + (size_t)1) * sizeof *plan->clump);
    plan->call = weir__memory_alloc((calls + (size_t)1) * sizeof *plan->call);
    plan->wait = weir__memory_alloc((m->needs + (size_t)1) * sizeof *plan->wait);
    plan->entry = weir__memory_alloc((n + 1) * sizeof *plan->entry);
    m->end_ns = weir__memory_alloc((clumps + (size_t)1) * sizeof *m->end_ns);
    if (plan->lane == NULL || plan->clump == NULL || plan->call == NULL || plan->wait == NULL ||
        plan->entry == NULL || m->end_ns == NULL)
        return false;
    write_lanes(m, clumps);
    write_waits(m, clumps);
    write_calls(m);
    return true;
}

/* ---- what it takes ---- */

/* When the lane can begin a clump, having waited. */
static double begin_clump(const maker *m, uint32_t clump, double now_ns)
{
    const weir__plan *plan = m->plan;
    const uint32_t first = clump > 0 ? plan->clump[clump - 1].waits_end : 0;
    for (uint32_t i = first; i < plan->clump[clump].waits_end; i++) {
        const weir__wait *wait = &plan->wait[i];
        const double known_ns =
            m->end_ns[plan->lane[wait->lane] + wait->clumps - 1] + WEIR_PLAN_LATENCY_NS;
        now_ns = (known_ns > now_ns ? known_ns : now_ns) + WEIR_PLAN_WAIT_NS;
    }
    const uint32_t calls =
        plan->clump[clump].calls_end - (clump > 0 ? plan->clump[clump - 1].calls_end : 0);
    return now_ns + WEIR_PLAN_CLUMP_NS + calls * WEIR_PLAN_CALL_NS;
}

/* Members of a family mostly go through memory in their order. */
static double jump_ns(const weir__division *d, uint32_t r)
{
    return d->graph->task[d->order[r]].kind == WEIR_TASK_MANY ? WEIR_PLAN_JUMP_NS : 0;
}

static double simulate(maker *m)
{
    const weir__division *d = m->d;
    double now_ns[WEIR_LANES_MOST] = {0}, last_ns = 0;
    uint32_t next[WEIR_LANES_MOST] = {0};
    for (uint32_t i = 0; i < d->n; i++) {
        const uint32_t r = d->line[i], place = place_of(m, r), clump = m->clump_at[place];
        double *now = &now_ns[d->lane[r]];
        if (m->begins[place])
            *now = begin_clump(m, clump, *now);
        *now += (double)d->cost[r] + (r != next[d->lane[r]] ? jump_ns(d, r) : 0);
        next[d->lane[r]] = r + 1;
        m->end_ns[clump] = *now; /* until the next of its tasks */
        last_ns = *now > last_ns ? *now : last_ns;
    }
    return last_ns;
}

weir__plan *weir__waits_make_plan(const weir__division *d)
{
    maker m = {.d = d, .plan = weir__memory_alloc_zero(sizeof *m.plan)};
    find_base(&m);
    bool ok = m.plan != NULL && take_memory(&m);
    if (ok) {
        find_waits(&m);
        ok = write_plan(&m);
    }
    if (ok)
        m.plan->planned_ns = simulate(&m);
    release_memory(&m);
    if (!ok)
        weir__plan_free(m.plan);
    return ok ? m.plan : NULL;
}
