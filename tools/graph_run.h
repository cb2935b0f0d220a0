/* Running the graph of a matrix with the work that it stands for.
 *
 * graph.c calls it, on a job that is open.  It must never take a result for right that has other bits
 * than the same work done in the order of the rows. */
#ifndef WEIR_GRAPH_RUN_H
#define WEIR_GRAPH_RUN_H

#include "graph_job.h"

/* The best of several runs each, in seconds. */
typedef struct graph_times {
    uint64_t runs;   /* of each kind, at most */
    double serial;   /* one row after another, without the engine */
    double one, all; /* on the engine, with one worker and with all */
    unsigned workers, asked;
    uint64_t promotions, peak_bytes; /* of the last run with all workers */
    double error; /* of a solve with the factor, the greatest of an unknown that is 1 */
} graph_times;

/* Runs each kind `most` times, or for about a second if that is less.
 *
 * Returns: a tool_exit; the reason has been said if it is not TOOL_OK. */
int graph_run(graph_job *job, const weir_engine_options *options, uint64_t most,
              graph_times *times);

#endif
