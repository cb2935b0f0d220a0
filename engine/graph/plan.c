/* Makes plans; see plan.h. */
#include "graph/plan.h"

#include "base/memory.h"
#include "graph/greedy.h"

#define CALL_NS 20000.0 /* most of a family's call: between calls others are heard */

static float cost_of(const weir_graph *graph, const float *cost, double mean_ns, weir_task t)
{
    if (cost != NULL)
        return cost[t];
    const float hint = graph->cost != NULL ? graph->cost[t] : 0;
    return hint > 0 ? hint : (float)mean_ns;
}

/* ---- calls ---- */

/* Where the call that begins with task sequence[from] ends. */
static uint32_t end_call(const weir_graph *graph, const float *cost, const weir_task *sequence,
                         uint32_t from, uint32_t to)
{
    const weir__task *first = &graph->task[sequence[from]];
    const bool family = first->kind == WEIR_TASK_MANY;
    double sum = 0;
    uint32_t i = from;
    do {
        sum += (double)cost[sequence[i]];
        i++;
    } while (i < to && graph->task[sequence[i]].kind == first->kind &&
             (!family || (graph->task[sequence[i]].label == first->label && sum < CALL_NS)));
    return i;
}

/* Writes a clump's entries, and its calls if there is room for them; returns how many calls. */
static uint32_t write_calls(const weir_graph *graph, const float *cost, const weir_task *sequence,
                            uint32_t from, uint32_t to, weir__call *call, uint32_t *entry)
{
    uint32_t calls = 0;
    for (uint32_t i = from; i < to; calls++) {
        const uint32_t end = end_call(graph, cost, sequence, i, to);
        const weir__task *first = &graph->task[sequence[i]];
        const weir_task from_task = first->kind == WEIR_TASK_MANY ? first->label->first : 0;
        if (call != NULL)
            call[calls] = (weir__call){.first = sequence[i], .end = end};
        for (; i < end; i++)
            entry[i] = sequence[i] - from_task;
    }
    return calls;
}

/* ---- one lane ---- */

/* Program order. */
static bool find_order(const weir_graph *graph, weir_task *order)
{
    weir__greedy greedy;
    if (graph->forward) {
        for (weir_task t = 0; t < graph->n; t++)
            order[t] = t;
        return true;
    }
    if (weir__greedy_open(&greedy, graph) != WEIR_OK)
        return false;
    weir__greedy_order(&greedy, WEIR_GREEDY_PROGRAM, order);
    weir__greedy_close(&greedy);
    return true;
}

static bool fill_serial(weir__plan *plan, const weir_graph *graph, const float *cost,
                        const weir_task *order)
{
    const uint32_t n = graph->n, clumps = n > 0;
    plan->lanes = 1;
    plan->lane = weir__memory_alloc(2 * sizeof *plan->lane);
    plan->clump = weir__memory_alloc(sizeof *plan->clump);
    plan->wait = weir__memory_alloc(sizeof *plan->wait);
    plan->entry = weir__memory_alloc((n + 1) * sizeof *plan->entry);
    if (plan->lane == NULL || plan->clump == NULL || plan->wait == NULL || plan->entry == NULL)
        return false;
    const uint32_t calls = write_calls(graph, cost, order, 0, n, NULL, plan->entry);
    plan->call = weir__memory_alloc((calls + 1) * sizeof *plan->call);
    if (plan->call == NULL)
        return false;
    write_calls(graph, cost, order, 0, n, plan->call, plan->entry);
    plan->lane[0] = 0;
    plan->lane[1] = clumps;
    plan->clump[0] = (weir__clump){.calls_end = calls, .waits_end = 0};
    return true;
}

weir__plan *weir__plan_make(weir_graph *graph, const float *cost, double mean_ns, unsigned workers,
                            bool lanes_allowed)
{
    WEIR_ASSERT(graph->compiled && graph->controls == NULL && workers > 0);
    (void)lanes_allowed;
    weir__plan *plan = weir__memory_alloc_zero(sizeof *plan);
    float *costs = weir__memory_alloc((graph->n + 1) * sizeof *costs);
    weir_task *order = weir__memory_alloc((graph->n + 1) * sizeof *order);
    bool ok = plan != NULL && costs != NULL && order != NULL && find_order(graph, order);
    for (weir_task t = 0; ok && t < graph->n; t++) {
        costs[t] = cost_of(graph, cost, mean_ns, t);
        plan->serial_ns += (double)costs[t];
    }
    ok = ok && fill_serial(plan, graph, costs, order);
    if (ok)
        plan->planned_ns = plan->serial_ns;
    weir__memory_free(order);
    weir__memory_free(costs);
    if (!ok)
        weir__plan_free(plan);
    return ok ? plan : NULL;
}

void weir__plan_free(weir__plan *plan)
{
    if (plan == NULL)
        return;
    weir__memory_free(plan->lane);
    weir__memory_free(plan->clump);
    weir__memory_free(plan->call);
    weir__memory_free(plan->wait);
    weir__memory_free(plan->entry);
    weir__memory_free(plan);
}
