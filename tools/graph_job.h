/* The graph of one matrix: from the file to a compiled weir_graph.
 *
 * graph.c opens and closes it, graph_report.c and graph_dot.c show it.  It must never print but why it
 * failed. */
#ifndef WEIR_GRAPH_JOB_H
#define WEIR_GRAPH_JOB_H

#include "dag.h"
#include "elimination.h"
#include "factor.h"
#include "mtx.h"
#include "substitution.h"
#include "weir.h"

#define GRAPH_SPEED 0.95

typedef struct graph_job {
    const char *path;
    bool eliminate; /* factorise, a task for each column; else solve, a task for each row */
    bool dissect;   /* with eliminate: renumber rows and columns first */
    mtx_field field;
    mtx_symmetry symmetry; /* both as the file has them */
    uint64_t file_entries;
    mtx_matrix matrix; /* as the graph sees it: A + A' in place of a general A that is eliminated */
    uint32_t *order;   /* row k of it is row order[k] of the file; NULL: the same */
    elimination tree;  /* where it eliminates */
    dag dag;           /* task t is row or column t of the matrix, from 0 */
    dag_shape shape;
    unsigned workers;  /* of the engine that would run it, and within how many bytes they keep */
    uint64_t enough;   /* GRAPH_SPEED of their speed; of graph_advise() */
    weir_graph *graph; /* the same tasks and edges, compiled; ops are those of one of these: */
    factor factor;
    substitution solve; /* graph_run.c makes them */
} graph_job;

/* Reads the file and makes both graphs; path, eliminate and dissect are there, all else is 0.
 * Returns: a tool_exit; the reason has been said if it is not TOOL_OK.  graph_close() in any case. */
int graph_open(graph_job *job);

/* Finds workers and bytes, for an engine with these options. Cost: see weir_graph_advise().
 * Returns: a tool_exit; the reason has been said if it is not TOOL_OK. */
int graph_advise(graph_job *job, const weir_engine_options *options);
void graph_close(graph_job *job);

#endif
