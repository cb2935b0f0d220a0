/* Sorts tasks by counting down their predecessors (Kahn, CACM 5(11), 1962); see sorted.h. */
#include "graph/sorted.h"

#include "base/memory.h"

static void sort(const weir_graph *graph, weir_task *sorted, uint32_t *left)
{
    uint32_t n = 0;
    for (weir_task t = 0; t < graph->n; t++) {
        left[t] = graph->fixed[t].predecessors;
        if (left[t] == 0)
            sorted[n++] = t;
    }
    for (uint32_t at = 0; at < n; at++) {
        const weir__task *task = &graph->task[sorted[at]];
        for (uint64_t i = task->successors; i < task[1].successors; i++)
            if (--left[graph->successor[i]] == 0)
                sorted[n++] = graph->successor[i];
    }
    WEIR_ASSERT(n == graph->n); /* it has no cycle */
}

bool weir__sorted_open(weir__sorted *sorted, const weir_graph *graph)
{
    *sorted = (weir__sorted){0};
    if (graph->forward || graph->n == 0)
        return true;
    sorted->task = weir__memory_alloc(graph->n * sizeof *sorted->task);
    uint32_t *left = weir__memory_alloc(graph->n * sizeof *left);
    const bool good = sorted->task != NULL && left != NULL;
    if (good)
        sort(graph, sorted->task, left);
    else
        weir__sorted_close(sorted);
    weir__memory_free(left);
    return good;
}

void weir__sorted_close(weir__sorted *sorted)
{
    weir__memory_free(sorted->task);
    sorted->task = NULL;
}
