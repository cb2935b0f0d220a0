/* A graph's tasks in an order in which each comes after its predecessors.
 *
 * What looks at a graph as a whole walks along it: from front to end, or back.  It must never
 * change the graph, so any number of threads may sort one. */
#ifndef WEIR_GRAPH_SORTED_H
#define WEIR_GRAPH_SORTED_H

#include "graph/graph.h"

/* Of a compiled graph. Owns nothing of it.
 * Invariant: task is NULL, and then the order is that of the numbers; or it has each task once. */
typedef struct weir__sorted {
    weir_task *task;
} weir__sorted;

/* False: no memory. */
bool weir__sorted_open(weir__sorted *sorted, const weir_graph *graph) WEIR_MUST_CHECK;
void weir__sorted_close(weir__sorted *sorted);

static inline weir_task weir__sorted_at(const weir__sorted *sorted, uint32_t i)
{
    return sorted->task == NULL ? i : sorted->task[i];
}

#endif
