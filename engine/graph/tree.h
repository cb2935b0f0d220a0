/* The order of a tree with the lowest peak there is.
 *
 * Used by order.c alone, while a graph is compiled. */
#ifndef WEIR_TREE_H
#define WEIR_TREE_H

#include "graph/graph.h"

/* Has each task one successor at most, and each holder one user at most? */
bool weir__tree_is_one(const weir_graph *graph);
/* Writes the tasks in that order. `topological` is any order of theirs; may be the same memory. All
 * needs together are below 2^63. Cost: O(n log n). WEIR_OK or WEIR_ENOMEM. */
weir_status weir__tree_order(const weir_graph *graph, const weir_task *topological,
                             weir_task *order) WEIR_MUST_CHECK;

#endif
