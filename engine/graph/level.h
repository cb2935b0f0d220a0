/* Levels: how urgent each task of a graph is.
 *
 * The level of a task is the longest way from its start to the end of the graph, along what tasks
 * cost (cost.h).  The first run of a graph finds them. */
#ifndef WEIR_GRAPH_LEVEL_H
#define WEIR_GRAPH_LEVEL_H

#include "graph/graph.h"

/* Finds each task's level, and notes in its flags the quarter that it is in (ready.h), and whether
 * it is known to be short or long. Lists roots so that the most urgent come first, if their levels
 * differ by more than an eighth. False: no memory. */
bool weir__level_find(weir_graph *graph) WEIR_MUST_CHECK;

#endif
