/* What compile has of a graph while it works: the edges, grouped by the task that they end at.
 *
 * freeze.c makes it, and cycle.c and reduce.c read it.  It must never outlive the compile. */
#ifndef WEIR_GRAPH_FREEZE_H
#define WEIR_GRAPH_FREEZE_H

#include "graph/graph.h"

/* In an entry: others imply this edge. */
#define WEIR_REDUNDANT (UINT32_C(1) << 31)
#define WEIR_TASK_BITS (WEIR_TASKS_MOST - 1)

/* Invariant: `at` goes up from 0; with distinct true, no task stands twice among of[at[t] … at[t+1]-1]. */
typedef struct weir__preds {
    uint64_t *at; /* predecessors of task t: of[at[t]] up to of[at[t + 1]], that one not included */
    uint32_t *of; /* task numbers, with flags */
    uint32_t *mark; /* by task: the last one whose predecessor it was seen to be */
} weir__preds;

/* Does the graph have no cycle? Else WEIR_EINVAL with its names. It uses `left` and `predecessors` of the
 * tasks as it likes. */
weir_status weir__cycle_check(const weir_graph *graph, const weir__preds *preds);

#endif
