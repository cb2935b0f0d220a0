/* What `weir graph` says of a graph, as text or JSON.
 *
 * graph.c calls it, on a graph that is open.  It must never run anything. */
#ifndef WEIR_GRAPH_REPORT_H
#define WEIR_GRAPH_REPORT_H

#include "graph_run.h"

void graph_print(const graph_job *job);
void graph_print_advice(const graph_job *job); /* after graph_advise() */
void graph_print_times(const graph_job *job, const graph_times *times);

/* Both in one object; times: NULL where nothing was run. */
void graph_print_json(const graph_job *job, const graph_times *times);

#endif
