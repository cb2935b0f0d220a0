/* What a contestant of the suite provides: one program each, so that nobody's threads or allocator
 * are in another's way, and the peak memory of each is its own.
 *
 * contestant.c has main(): it reads the problem from the command line, makes the data, times the
 * runs and prints one line.  A contestant must never time itself. */
#ifndef WEIR_BENCH_CONTESTANT_H
#define WEIR_BENCH_CONTESTANT_H

#include <stdio.h>

#include "problem.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct contest {
    const char *name;                  /* of the problem; NULL ends the table */
    uint64_t (*run)(const problem *p); /* one whole run; the result as the problem defines it */
} contest;

extern const contest contestant_contests[];

/* Rows of that table, of one function that runs any graph: Task Bench's patterns; with those that the
 * sequential program runs as a graph, too; and all graphs. */
#define DAG_PATTERNS(run)                                                                          \
    {"tb-trivial", run}, {"tb-no_comm", run}, {"tb-stencil_1d", run}, {"tb-fft", run},             \
        {"tb-tree", run}, {"tb-nearest", run}, {"tb-spread", run}, {"tb-random_nearest", run},     \
    {                                                                                              \
        "tb-all_to_all", run                                                                       \
    }
/* The applications on sparse matrices. */
#define SPARSE_CONTESTS(run)                                                                       \
    {"solve", run}, {"solve-factor", run}, {"incomplete", run},                                    \
    {                                                                                              \
        "eliminate", run                                                                           \
    }
#ifdef BENCH_OPENBLAS
#define DAG_SERIAL(run)                                                                            \
    {"dag-tree", run}, {"dag-random", run}, {"cholesky", run}, {"lu", run}, SPARSE_CONTESTS(run),  \
        DAG_PATTERNS(run)
#else
#define DAG_SERIAL(run)                                                                            \
    {"dag-tree", run}, {"dag-random", run}, SPARSE_CONTESTS(run), DAG_PATTERNS(run)
#endif
#define DAG_CONTESTS(run) {"jacobi", run}, {"wavefront", run}, DAG_SERIAL(run)

/* Library and version, compiler's OpenMP runtime and the like: one line. */
const char *contestant_about(void);

/* Starts what needs starting once in a process, with p->workers threads. Returns false after
 * saying why on stderr. */
bool contestant_open(const problem *p);
void contestant_close(void);

/* Called before each run, and after the last one of a problem; neither is timed. A library that can
 * run a graph again makes it here, where it has not been made, and keeps it for the runs to come;
 * or frees what a run of dag-build has made. By default they do nothing. */
void contestant_prepare(const problem *p);
void contestant_finish(const problem *p);
/* Called after each run, before its answer is looked at; not timed. By default it does nothing. */
void contestant_conclude(const problem *p);

/* Appends " key=value" pairs about the last run, or nothing. */
void contestant_report(FILE *file);

#ifdef __cplusplus
}
#endif
#endif
