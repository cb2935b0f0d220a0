/* The sparse triangular solve by a library, for limit.c, and what it is made of. */
#ifndef WEIR_BENCH_TRIANGULAR_H
#define WEIR_BENCH_TRIANGULAR_H

#include "problem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The entries of row i below the diagonal are first[i] … first[i + 1] - 1. */
typedef struct triangle {
    uint32_t rows;
    const uint64_t *first;
    const uint32_t *column;
    const double *value, *diagonal, *b;
    double *x;
} triangle;

/* For a contestant that has a way of its own with it. */
triangle triangular_of(const problem *p);

/* Before what is timed: CXSparse, and the triangle as it wants it. */
void triangular_prepare_library(const problem *p);
/* The whole solve by cs_lsolve. */
void triangular_by_library(const problem *p);

#ifdef __cplusplus
}
#endif
#endif
