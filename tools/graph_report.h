/* What `weir graph` says of a graph, as text or JSON.
 *
 * graph.c calls it, on a graph that is open.  It must never run anything. */
#ifndef WEIR_GRAPH_REPORT_H
#define WEIR_GRAPH_REPORT_H

#include "graph_job.h"

void graph_print(const graph_job *job);
void graph_print_json(const graph_job *job);

#endif
