/* What compile has of a graph while it works: the edges, grouped by the task that they end at.
 *
 * freeze.c makes it, and cycle.c and reduce.c read it.  It must never outlive the compile. */
#ifndef WEIR_GRAPH_FREEZE_H
#define WEIR_GRAPH_FREEZE_H

#include "graph/graph.h"

/* An entry of `of` is a task number and flags: others imply this edge; the end of the edge is not the last
 * successor of its beginning to finish. */
#define WEIR_REDUNDANT (UINT32_C(1) << 31)
#define WEIR_NOT_LAST  (UINT32_C(1) << 30)
#define WEIR_TASK_BITS (WEIR_TASKS_MOST - 1)

/* Predecessors of task t: of[at[t]] up to of[at[t + 1]], that one not included.
 * Invariant, once duplicates are dropped: mark[p] is weir__mark_of(t), or one more, only if p is a
 * predecessor of t. */
typedef struct weir__preds {
    uint64_t *at;
    uint32_t *of;
    uint32_t *mark;
    uint32_t *height; /* edges on the longest path to the end of the graph */
} weir__preds;

static inline uint32_t weir__mark_of(weir_task t)
{
    return 2 * (t + 1);
}

/* Does the graph have no cycle? Else WEIR_EINVAL with its names. Computes heights, for which it wants
 * zeros, and uses `left` and `predecessors` of the tasks as it likes. */
weir_status weir__cycle_check(const weir_graph *graph, const weir__preds *preds);

/* Flags redundant edges of a graph with heights, and returns how many there are. */
uint64_t weir__reduce_edges(const weir_graph *graph, const weir__preds *preds);

#endif
