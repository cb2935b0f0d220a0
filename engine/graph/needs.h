/* What bytes a task needs: those that it holds, and those that it works with.
 *
 * Sums that do not fit are UINT64_MAX. */
#ifndef WEIR_NEEDS_H
#define WEIR_NEEDS_H

#include "graph/graph.h"

/* From its start until its last user has finished, or it has, where it has none. */
static inline uint64_t weir__task_held(const weir_graph *graph, weir_task task)
{
    return graph->held != NULL ? graph->held[task] : 0;
}

/* While it runs. */
static inline uint64_t weir__task_work(const weir_graph *graph, weir_task task)
{
    const uint64_t scratch = graph->scratch != NULL ? graph->scratch[task] : 0;
    const uint64_t nested = graph->nested != NULL ? graph->nested[task] : 0;
    return weir__bytes_add(scratch, nested);
}

static inline uint64_t weir__task_need(const weir_graph *graph, weir_task task)
{
    return weir__bytes_add(weir__task_held(graph, task), weir__task_work(graph, task));
}

#endif
