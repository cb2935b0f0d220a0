/* weir as a contestant: what its problems share.
 *
 * weir_contestant.c owns the engine, weir_trees.c and weir_arrays.c describe the problems as
 * pipelines, weir_graphs.c has those that are graphs, weir_costs.c those that only weir has.  A
 * problem must never touch the engine but through these calls. */
#ifndef WEIR_BENCH_WEIR_CONTESTANT_H
#define WEIR_BENCH_WEIR_CONTESTANT_H

#include "contestant.h"
#include "weir.h"
#include "weir/inline.h"

/* The loop of a layer whose ops take some nanoseconds; without it, in weir-called, they are called
 * through pointers. */
#ifdef BENCH_OPS_CALLED
#define LOOP(function) (0 ? (function) : NULL)
#else
#define LOOP(function) (function)
#endif

/* Each ends the program with a message if weir refuses. The problem is the context of all ops. */
weir_plan *compile_pipeline(const weir_layer *top); /* the caller frees it */
void run_plan(const weir_plan *plan, const problem *p, const void *in, void *out);
/* Both, and the end of the plan. */
void run_pipeline(const weir_layer *top, const problem *p, const void *in, void *out);

/* Runs a compiled graph once. */
void run_graph(weir_graph *graph);
/* Ends the program with what weir says, if it refuses. */
_Noreturn void weir_refused(const char *what);

/* Of n results of 64 bits: a gather op. */
static inline int gather_sum(weir_branch *b, const void *in, const void *results, uint32_t n,
                             void *out)
{
    const uint64_t *part = results;
    uint64_t sum = 0;
    (void)b, (void)in;
    for (uint32_t i = 0; i < n; i++)
        sum += part[i];
    *(uint64_t *)out = sum;
    return 0;
}

/* Of the last run. */
void get_stats(weir_stats *stats);

/* Appends what run_handout() has seen, if it ran: the gaps between two leaves of one worker, the
 * parts made in them, and from the last leaf's end to the gather. */
void report_handout(FILE *file);

uint64_t run_empty(const problem *p);
uint64_t run_handout(const problem *p);
uint64_t run_fib(const problem *p);
uint64_t run_skynet(const problem *p);
uint64_t run_tree(const problem *p);
uint64_t run_chain(const problem *p);
uint64_t run_nqueens(const problem *p);
uint64_t run_uts(const problem *p);
uint64_t run_matmul(const problem *p);
uint64_t run_mergesort(const problem *p);
uint64_t run_blocked(const problem *p);
uint64_t run_sum(const problem *p);
uint64_t run_stencil(const problem *p);
uint64_t run_blocks(const problem *p);
uint64_t run_dag(const problem *p);
uint64_t run_dag_build(const problem *p);

#endif
