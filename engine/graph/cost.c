/* What is known of them, and whether it may be asked for; see cost.h. */
#include "graph/cost.h"

#include "base/error.h"

weir_status weir__costs_check(const weir_graph *graph)
{
    if (!graph->compiled)
        return weir__error_set(WEIR_EINVAL, 0, "graph",
                               "the graph is not compiled; that comes before");
    for (const weir_graph *g = graph; g != NULL; g = g->owner)
        /* GR1 as well: what the last run has found is there. */
        if (load_acquire(&g->running))
            return weir__error_set(WEIR_EBUSY, 0, "graph",
                                   g == graph ? "the graph runs; wait for that run"
                                              : "the graph is a body of one that runs; wait for "
                                                "that run");
    return WEIR_OK;
}

weir__costs weir__costs_of(const weir_graph *graph)
{
    weir__costs costs = {.ns = graph->cost, .mean = 1};
    double sum = 0;
    uint32_t n = 0;
    for (weir_task t = 0; costs.ns != NULL && t < graph->n; t++)
        if (costs.ns[t] > 0) {
            sum += (double)costs.ns[t];
            n++;
        }
    costs.hinted = n > 0;
    if (n > 0 && (float)(sum / n) > 0)
        costs.mean = (float)(sum / n);
    if (!costs.hinted && graph->measured.work_ns > 0)
        costs.found = graph;
    return costs;
}

float weir__cost_found(const weir_graph *graph, weir_task task)
{
    float longest = 0;
    for (uint64_t i = graph->task[task].successors; i < graph->task[task + 1].successors; i++) {
        const float level = graph->task[graph->successor[i]].level;
        longest = level > longest ? level : longest;
    }
    const float ns = graph->task[task].level - longest;
    return ns > 1 ? ns : 1;
}
