/* Plans for tests of how plans are followed: random ones, which are right and nothing else.
 *
 * Test programs with internal headers include it beside dag_support.h.  It must never ask the engine's own
 * planner, which makes few kinds of plans. */
#ifndef WEIR_TESTS_LANE_SUPPORT_H
#define WEIR_TESTS_LANE_SUPPORT_H

#include "base/memory.h"
#include "graph/execution.h"
#include "graph/lane.h"
#include "graph/plan.h"

/* A plan in the making: tasks come in an order that the edges allow, and each goes behind all that its lane
 * has. A clump is closed once somebody waits for it, so it was closed before that one began. */
typedef struct planned {
    const weir_graph *graph;
    uint32_t lanes;
    uint32_t *before_at, *before; /* predecessors, as a CSR */
    uint32_t *lane_of, *clump_of; /* by task, */
    weir_task *next;              /* and the one behind it in its lane */
    weir_task *first, *last;      /* by lane: tasks */
    uint32_t *clumps;             /* that it has, */
    bool *open;                   /* and whether more may go into the last */
    uint32_t *waited;             /* by lane, and then by lane: for how many clumps by now */
    uint32_t *wait;               /* by lane, clump and lane: for how many that clump waits */
} planned;

static inline uint32_t *wait_of(const planned *p, uint32_t lane, uint32_t clump)
{
    return &p->wait[((size_t)lane * p->graph->n + clump) * p->lanes];
}

static inline void planned_open(planned *p, const weir_graph *graph, uint32_t lanes)
{
    const uint32_t n = graph->n;
    *p = (planned){.graph = graph, .lanes = lanes};
    p->before_at = test_calloc(n + 2, sizeof *p->before_at);
    p->before = test_calloc(graph->edges + 1, sizeof *p->before);
    p->lane_of = test_calloc(n, sizeof *p->lane_of);
    p->clump_of = test_calloc(n, sizeof *p->clump_of);
    p->next = test_calloc(n, sizeof *p->next);
    p->first = test_calloc(lanes, sizeof *p->first);
    p->last = test_calloc(lanes, sizeof *p->last);
    p->clumps = test_calloc(lanes, sizeof *p->clumps);
    p->open = test_calloc(lanes, sizeof *p->open);
    p->waited = test_calloc((size_t)lanes * lanes, sizeof *p->waited);
    p->wait = test_calloc((size_t)lanes * n * lanes, sizeof *p->wait);
    for (weir_task t = 0; t < n; t++)
        p->before_at[t + 2] = p->before_at[t + 1] + graph->fixed[t].predecessors;
    for (weir_task t = 0; t < n; t++)
        for (uint64_t i = graph->task[t].successors; i < graph->task[t + 1].successors; i++)
            p->before[p->before_at[graph->successor[i] + 1]++] = t;
    for (uint32_t i = 0; i < lanes; i++)
        p->first[i] = WEIR_NO_TASK;
}

static inline void planned_close(planned *p)
{
    void *const all[] = {p->before_at, p->before, p->lane_of, p->clump_of, p->next, p->first,
                         p->last,      p->clumps, p->open,    p->waited,   p->wait};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        test_free(all[i]);
}

/* A lane for the task: rather that of its last predecessor. */
static inline uint32_t some_lane(const planned *p, weir_task t, uint64_t *random)
{
    const uint32_t end = p->before_at[t + 1];
    if (end > p->before_at[t] && draw(random, 4) > 0)
        return p->lane_of[p->before[end - 1]];
    return (uint32_t)draw(random, p->lanes);
}

/* What the task's lane is to have waited for; whether that is more than it has. */
static inline bool find_needs(planned *p, weir_task t, uint32_t lane, uint32_t *need)
{
    bool more = false;
    for (uint32_t i = 0; i < p->lanes; i++)
        need[i] = p->waited[lane * p->lanes + i];
    for (uint32_t i = p->before_at[t]; i < p->before_at[t + 1]; i++) {
        const uint32_t other = p->lane_of[p->before[i]], clump = p->clump_of[p->before[i]];
        if (other == lane || need[other] > clump)
            continue;
        need[other] = clump + 1;
        more = true;
        if (clump + 1 == p->clumps[other])
            p->open[other] = false;
    }
    return more;
}

static inline void append_task(planned *p, weir_task t, uint64_t *random)
{
    const uint32_t lane = some_lane(p, t, random);
    uint32_t need[64], *waited = &p->waited[lane * p->lanes];
    if (find_needs(p, t, lane, need) || draw(random, 6) == 0)
        p->open[lane] = false;
    if (!p->open[lane]) {
        for (uint32_t i = 0; i < p->lanes; i++) {
            wait_of(p, lane, p->clumps[lane])[i] = need[i] > waited[i] ? need[i] : 0;
            waited[i] = need[i];
        }
        p->clumps[lane]++;
        p->open[lane] = true;
    }
    p->lane_of[t] = lane;
    p->clump_of[t] = p->clumps[lane] - 1;
    p->next[t] = WEIR_NO_TASK;
    if (p->first[lane] == WEIR_NO_TASK)
        p->first[lane] = t;
    else
        p->next[p->last[lane]] = t;
    p->last[lane] = t;
}

/* All tasks, in a random order that the edges allow. */
static inline void append_all(planned *p, uint64_t *random)
{
    const weir_graph *graph = p->graph;
    weir_task *ready = test_calloc(graph->n, sizeof *ready);
    uint32_t *left = test_calloc(graph->n, sizeof *left);
    uint32_t n = 0;
    for (weir_task t = 0; t < graph->n; t++) {
        left[t] = graph->fixed[t].predecessors;
        if (left[t] == 0)
            ready[n++] = t;
    }
    while (n > 0) {
        const uint32_t at = n > 8 ? n - 1 - (uint32_t)draw(random, 8) : (uint32_t)draw(random, n);
        const weir_task t = ready[at];
        ready[at] = ready[--n];
        append_task(p, t, random);
        for (uint64_t i = graph->task[t].successors; i < graph->task[t + 1].successors; i++)
            if (--left[graph->successor[i]] == 0)
                ready[n++] = graph->successor[i];
    }
    test_free(left);
    test_free(ready);
}

/* Does a call end before this task? */
static inline bool begins_call(const planned *p, weir_task before, weir_task t, uint64_t *random)
{
    const weir__task *a = &p->graph->task[before], *b = &p->graph->task[t];
    const bool family = a->kind == WEIR_TASK_MANY;
    const uint32_t one = p->graph->fixed[before].label, other = p->graph->fixed[t].label;
    return a->kind != b->kind || (family && one != other) || draw(random, 8) == 0;
}

static inline void write_lane(const planned *p, weir__plan *plan, uint32_t lane, uint64_t *random,
                              uint32_t *clumps, uint32_t *calls, uint32_t *waits, uint32_t *entries)
{
    weir_task before = WEIR_NO_TASK;
    plan->lane[lane] = *clumps;
    for (weir_task t = p->first[lane]; t != WEIR_NO_TASK; before = t, t = p->next[t]) {
        const weir__task *task = &p->graph->task[t];
        const bool begins = before == WEIR_NO_TASK || p->clump_of[before] != p->clump_of[t];
        if (begins) {
            const uint32_t *wait = wait_of(p, lane, p->clump_of[t]);
            for (uint32_t i = 0; i < p->lanes; i++)
                if (wait[i] > 0)
                    plan->wait[(*waits)++] = (weir__wait){.lane = i, .clumps = wait[i]};
            ++*clumps;
        }
        if (begins || begins_call(p, before, t, random))
            plan->call[(*calls)++].first = t;
        plan->entry[(*entries)++] =
            task->kind == WEIR_TASK_MANY ? t - weir__graph_label(p->graph, t)->first : t;
        plan->call[*calls - 1].end = *entries;
        plan->clump[*clumps - 1] = (weir__clump){.calls_end = *calls, .waits_end = *waits};
    }
    plan->lane[lane + 1] = *clumps;
}

/* A random plan with so many lanes, of which some may be empty. */
static inline weir__plan *make_random_plan(const weir_graph *graph, uint32_t lanes,
                                           uint64_t *random)
{
    planned p;
    uint32_t clumps = 0, calls = 0, waits = 0, entries = 0;
    weir__plan *plan = weir__memory_alloc_zero(sizeof *plan);
    planned_open(&p, graph, lanes);
    append_all(&p, random);
    plan->lanes = lanes;
    plan->lane = weir__memory_alloc((lanes + 1) * sizeof *plan->lane);
    plan->clump = weir__memory_alloc(graph->n * sizeof *plan->clump);
    plan->call = weir__memory_alloc(graph->n * sizeof *plan->call);
    plan->wait = weir__memory_alloc((size_t)graph->n * lanes * sizeof *plan->wait);
    plan->entry = weir__memory_alloc(graph->n * sizeof *plan->entry);
    for (uint32_t lane = 0; lane < lanes; lane++)
        write_lane(&p, plan, lane, random, &clumps, &calls, &waits, &entries);
    planned_close(&p);
    assert_int_equal(entries, graph->n);
    assert_true(weir__graph_plan_is_valid(plan, graph));
    return plan;
}

/* The graph, which has been run before, follows such a plan from now on. */
static inline void plan_at_random(weir_graph *graph, uint32_t lanes, unsigned workers,
                                  uint64_t *random)
{
    weir__sample *s = &graph->execution->sample;
    weir__sample_drop(s, graph);
    s->lanes = weir__lanes_open(make_random_plan(graph, lanes, random));
    assert_non_null(s->lanes);
    s->settled = true;
    s->workers = workers; /* or it would be forgotten after some runs */
    s->runs = s->of_others = s->drifted = 0;
}

#endif
