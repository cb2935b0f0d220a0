/* What compile has of a graph while it works: the edges, grouped by the task that they end at.
 *
 * freeze.c makes it; cycle.c and sift.c work on it.  It must never outlive the compile. */
#ifndef WEIR_GRAPH_FREEZE_H
#define WEIR_GRAPH_FREEZE_H

#include "graph/graph.h"

/* An entry of `of` is a task number and flags: others imply this edge; the end of the edge is not the last
 * successor of its beginning to finish. */
#define WEIR_REDUNDANT (UINT32_C(1) << 31)
#define WEIR_NOT_LAST  (UINT32_C(1) << 30)
#define WEIR_TASK_BITS (WEIR_TASKS_MOST - 1)

/* Of one task, in the place of its weir__task until that is made. */
typedef struct __attribute__((may_alias)) weir__work {
    union {
        uint32_t mark;         /* of the last task that it was seen to be a predecessor of */
        uint32_t predecessors; /* once that is over: how many edges to it are kept for order */
    };
    uint32_t rank;       /* larger than that of each predecessor */
    uint32_t successors; /* how many, over the edges that are kept for order so far */
    uint32_t sketch; /* of the set of its predecessors: a bit for each, several may have the same */
} weir__work;
static_assert(sizeof(weir__work) == sizeof(weir__task), "one is in the place of the other");

/* An entry of `of` is looked at so many entries later. */
#define WEIR_AHEAD 32

/* Predecessors of task t: of[at[t]] up to of[at[t + 1]], that one not included. Behind the last of them are
 * 2 * WEIR_AHEAD numbers of tasks more. */
typedef struct weir__preds {
    uint64_t *at;
    uint32_t *of;
    weir__work *work; /* zeros at first; the graph's */
} weir__preds;

/* Does the graph have no cycle? Else WEIR_EINVAL with its names. Gives each task its rank, and uses the tasks'
 * `predecessors` as it likes. */
weir_status weir__cycle_check(const weir_graph *graph, const weir__preds *preds);

/* Keeps each edge once, and flags those that others imply. Tasks have their ranks, unless all edges go
 * forward. Sets the graph's edges, redundant and unsearched edges, roots and depth. */
void weir__sift_edges(weir_graph *graph, weir__preds *preds);

#endif
