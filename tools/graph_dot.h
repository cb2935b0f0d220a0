/* A graph drawn in DOT, the language of Graphviz: whole, or level by level where it is large.
 *
 * graph.c calls it.  It must never write more than some hundred nodes: no layout is readable, nor
 * ready in time, with more. */
#ifndef WEIR_GRAPH_DOT_H
#define WEIR_GRAPH_DOT_H

#include <stdio.h>

#include "dag.h"

enum { GRAPH_DOT_WHOLE = 200, GRAPH_DOT_BANDS = 24 };

typedef struct graph_label {
    const char *task;       /* what a task is called, like "row" or "column" */
    const uint32_t *number; /* of each task, from 0; NULL: its own */
} graph_label;

/* Up to GRAPH_DOT_WHOLE tasks each task is a node, like "row 1", and each edge one; those that follow
 * from others are dotted.  Else a node is a band of levels that follow each other, and an edge says how
 * many edges there are between two of them.
 *
 * d:       measured; it has `levels` levels. */
void graph_dot(const dag *d, uint32_t levels, const graph_label *label, FILE *file);

#endif
