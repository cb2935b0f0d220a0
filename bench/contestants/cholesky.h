/* The Cholesky factorisation of a dense matrix by tiles, on OpenBLAS.
 *
 * problem.c makes the matrix and checks the factor, dag.c the graph; a task is one call of BLAS or
 * LAPACK on tiles.  Nothing here may run more than one thread: who runs tasks at once is the
 * contestant.
 *
 * OpenBLAS is loaded when the first such problem is made, so that it is in no other problem's
 * resident set. */
#ifndef WEIR_BENCH_CHOLESKY_H
#define WEIR_BENCH_CHOLESKY_H

#include "problem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills an empty graph: p->size rows, tiles of p->bytes rows, of which they are a multiple. */
bool cholesky_make(dag *d, const problem *p);

/* Loads OpenBLAS, with one thread a call. False after saying why not. */
bool cholesky_load(void);
/* Makes the matrix anew in p->a, by columns, below the diagonal and on it. */
void cholesky_reset(const problem *p);
/* 1 if p->a is the factor: A x and L (L' x) agree for a random x; else 0. */
uint64_t cholesky_check(const problem *p);

/* The whole matrix by LAPACK, with one thread. */
void cholesky_by_lapack(const problem *p);
/* c -= a b', all of them of n x n doubles: what most tasks are. */
void cholesky_multiply(uint64_t n, const double *a, const double *b, double *c);

#ifdef __cplusplus
}
#endif
#endif
