/* The dense factorisations as one call of LAPACK, and the product that most of their tasks are: what
 * limit.c puts beside them. */
#ifndef WEIR_BENCH_DENSE_H
#define WEIR_BENCH_DENSE_H

#include "problem.h"

/* The whole matrix by LAPACK, with one thread. */
void cholesky_by_lapack(const problem *p);
void lu_by_lapack(const problem *p);
/* c -= a b', all of them of n x n doubles. */
void dense_multiply(uint64_t n, const double *a, const double *b, double *c);

#endif
