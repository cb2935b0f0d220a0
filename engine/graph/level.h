/* Levels: how urgent each task of a graph is.
 *
 * The level of a task is the longest way from its start to the end of the graph, along what tasks
 * cost: as was hinted, else as runs have found, else as cost.h says. */
#ifndef WEIR_GRAPH_LEVEL_H
#define WEIR_GRAPH_LEVEL_H

#include "graph/graph.h"

/* Finds each task's level, and notes the quarter that it is in (ready.h), and in its flags
 * whether it is known to be short or long. False: no memory.
 *
 * cost: ns of each task, as runs have found them; NULL: there are none, and then roots are listed so
 *       that the most urgent come first, if their levels differ by more than an eighth. What was
 *       measured differs always, and is no reason to leave the program's order. */
bool weir__level_find(weir_graph *graph, const float *cost) WEIR_MUST_CHECK;

/* The highest of them, which is that of the longest way of all. */
float weir__level_highest(const weir_graph *graph);

#endif
