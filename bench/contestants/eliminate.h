/* The sparse Cholesky factorisation by a library, for limit.c. */
#ifndef WEIR_BENCH_ELIMINATE_H
#define WEIR_BENCH_ELIMINATE_H

#include "problem.h"

/* Before what is timed: CXSparse, and what it finds out about the pattern. */
void eliminate_prepare_library(const problem *p);
/* The factor by cs_chol, in place of the tasks' one. */
void eliminate_by_library(const problem *p);

#endif
