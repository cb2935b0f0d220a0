/* weir as a contestant: the engine, and the table of problems; see weir_contestant.h. */
#include "weir_contestant.h"

#include <inttypes.h>
#include <stdlib.h>

static weir_engine *engine;
static uint64_t serial_bytes;

void weir_refused(const char *what)
{
    const weir_error *error = weir_last_error();
    fprintf(stderr, "weir: %s: %s %s\n", what, error->text, error->where);
    exit(1);
}

bool contestant_open(const problem *p)
{
    const weir_engine_options options = {.workers = p->workers, .max_bytes = p->max_bytes};
    if (weir_engine_open(&options, &engine) != WEIR_OK)
        weir_refused("open");
    return true;
}

void contestant_close(void)
{
    weir_engine_close(engine);
}

weir_plan *compile_pipeline(const weir_layer *top)
{
    weir_plan *plan;
    if (weir_plan_compile(top, &plan) != WEIR_OK)
        weir_refused("compile");
    serial_bytes = weir_plan_serial_bytes(plan);
    return plan;
}

void run_plan(const weir_plan *plan, const problem *p, const void *in, void *out)
{
    if (weir_run(engine, plan, (void *)(uintptr_t)p, in, out) != WEIR_OK)
        weir_refused("run");
}

void run_pipeline(const weir_layer *top, const problem *p, const void *in, void *out)
{
    weir_plan *plan = compile_pipeline(top);
    run_plan(plan, p, in, out);
    weir_plan_free(plan);
}

void run_graph(weir_graph *graph)
{
    if (weir_graph_run(engine, graph) != WEIR_OK)
        weir_refused("graph run");
}

void get_stats(weir_stats *stats)
{
    weir_engine_stats(engine, stats);
}

void contestant_report(FILE *file)
{
    weir_stats s;
    get_stats(&s);
    fprintf(file,
            " peak=%" PRIu64 " certified=%" PRIu64 " serial=%" PRIu64 " promotions=%" PRIu64
            " gathers=%" PRIu64 " branches=%" PRIu64,
            s.peak_bytes, s.certified_bytes, serial_bytes, s.promotions, s.gathers_promoted,
            s.branches);
    report_handout(file);
}

const char *contestant_about(void)
{
    return "weir " WEIR_BENCH_VERSION ", " WEIR_BENCH_OPENMP ", " __VERSION__;
}

const contest contestant_contests[] = {
#ifdef BENCH_WHILE /* a loop around a graph, and nothing else */
    {"jacobi", run_dag},
#else
#ifndef BENCH_GRAPHS_ALONE
    {"fib", run_fib},
    {"skynet", run_skynet},
    {"tree", run_tree},
    {"chain", run_chain},
    {"nqueens", run_nqueens},
#endif
#if !defined(BENCH_OPS_CALLED) && !defined(BENCH_GRAPHS_ALONE)
/* no layer of these has a loop of its own */
#ifdef BENCH_UTS
    {"uts", run_uts},
#endif
    {"matmul", run_matmul},
    {"blocked", run_blocked},
    {"mergesort", run_mergesort},
    {"sum", run_sum},
    {"stencil", run_stencil},
    {"blocks", run_blocks},
    {"empty", run_empty},
    {"handout", run_handout},
#endif
#ifdef BENCH_LEVELS
    SPARSE_CONTESTS(run_dag),
#elif !defined(BENCH_OPS_CALLED) /* those of graphs are always called */
    {"dag-build", run_dag_build},
    DAG_CONTESTS(run_dag),
#endif
#endif
    {NULL, NULL}};
