/* What the machine itself can do: multiply-adds in registers, and reading or sweeping memory, each
 * with one OpenMP loop.
 *
 * The suite puts it beside the numeric problems. "flops" returns the number of operations, so that
 * operations by seconds is the rate; "sum" and "stencil" are the contestants' own kernels. And
 * the tasks of graphs as if they had no edges, products of tiles, and LAPACK on a whole matrix. */
#include <omp.h>
#include <stdlib.h>

#include "contestant.h"
#include "dense.h"
#include "eliminate.h"
#include "triangular.h"

static unsigned workers;

#ifdef __AVX512F__
enum { LANES = 8, CHAINS = 16 };
#else
enum { LANES = 4, CHAINS = 10 };
#endif

typedef double vector __attribute__((vector_size(LANES * sizeof(double))));

/* Enough independent chains that the latency of one does not show. */
static double multiply_add(uint64_t turns)
{
    vector chain[CHAINS], factor = {0}, total = {0};
    factor += 0.999999;
    for (int i = 0; i < CHAINS; i++)
        chain[i] = factor * (double)i;
    for (uint64_t t = 0; t < turns; t++) {
#pragma GCC unroll 16
        for (int i = 0; i < CHAINS; i++)
            chain[i] = chain[i] * factor + factor;
    }
    for (int i = 0; i < CHAINS; i++)
        total += chain[i];
    return total[0];
}

static uint64_t run_flops(const problem *p)
{
    double sum = 0;
#pragma omp parallel num_threads(workers) reduction(+ : sum)
    sum += multiply_add(p->size);
    return sum > 0 ? p->size * workers * 2 * LANES * CHAINS : 0;
}

static uint64_t run_sum(const problem *p)
{
    double sum = 0;
    const uint64_t ranges = sum_ranges(p);
#pragma omp parallel for num_threads(workers) schedule(static) reduction(+ : sum)
    for (uint64_t i = 0; i < ranges; i++)
        sum += sum_of_range(p, i);
    return (uint64_t)sum;
}

static uint64_t run_stencil(const problem *p)
{
#pragma omp parallel num_threads(workers)
    for (uint64_t sweep = 0; sweep < p->depth; sweep++) {
#pragma omp for schedule(static)
        for (uint64_t row = 0; row < p->size; row++)
            stencil_row(p, sweep, row);
    }
    return 0;
}

/* The tasks of a graph as if no edges were: each thread has as many. */
static uint64_t run_leaves(const problem *p)
{
    dag *d = p->dag;
#pragma omp parallel for num_threads(workers) schedule(static)
    for (uint32_t i = 0; i < d->tasks; i++)
        dag_work(d, i);
    return 0;
}

#ifdef BENCH_OPENBLAS
static uint64_t run_tile(const problem *p)
{
    const uint64_t n = p->bytes;
#pragma omp parallel num_threads(workers)
    {
        double *a = calloc(3 * n * n, sizeof *a);
        if (a == NULL)
            abort();
        for (uint64_t i = 0; i < n * n; i++)
            a[i] = a[n * n + i] = (double)(i % 8);
        for (uint64_t i = 0; i < p->depth; i++)
            dense_multiply(n, a, a + n * n, a + 2 * n * n);
        free(a);
    }
    return 2 * n * n * n * p->depth * workers;
}

/* By LAPACK, with one thread a call, as the tasks are, and so one thread in all. */
static uint64_t run_cholesky(const problem *p)
{
    cholesky_by_lapack(p);
    return 0;
}

static uint64_t run_lu(const problem *p)
{
    lu_by_lapack(p);
    return 0;
}
#endif

#ifdef BENCH_CXSPARSE
static uint64_t run_solve(const problem *p)
{
    triangular_by_library(p);
    return 0;
}

static uint64_t run_eliminate(const problem *p)
{
    eliminate_by_library(p);
    return 0;
}

void contestant_prepare(const problem *p)
{
    if (strncmp(p->name, "solve", 5) == 0)
        triangular_prepare_library(p);
    if (strcmp(p->name, "eliminate") == 0)
        eliminate_prepare_library(p);
}
#endif

const contest contestant_contests[] = {{"flops", run_flops},
                                       {"sum", run_sum},
                                       {"stencil", run_stencil},
#ifdef BENCH_OPENBLAS
                                       {"tile", run_tile},
                                       {"cholesky", run_cholesky},
                                       {"lu", run_lu},
#endif
#ifdef BENCH_CXSPARSE
                                       {"solve", run_solve},
                                       {"solve-factor", run_solve},
                                       {"eliminate", run_eliminate},
#endif
                                       DAG_PATTERNS(run_leaves),
                                       {NULL, NULL}};

const char *contestant_about(void)
{
    return "OpenMP loops, " WEIR_BENCH_OPENMP ", " __VERSION__;
}

bool contestant_open(const problem *p)
{
    workers = p->workers;
    return true;
}

void contestant_close(void)
{
}
