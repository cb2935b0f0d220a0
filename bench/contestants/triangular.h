/* The sparse triangular solve by a library, for limit.c. */
#ifndef WEIR_BENCH_TRIANGULAR_H
#define WEIR_BENCH_TRIANGULAR_H

#include "problem.h"

/* Before what is timed: CXSparse, and the triangle as it wants it. */
void triangular_prepare_library(const problem *p);
/* The whole solve by cs_lsolve. */
void triangular_by_library(const problem *p);

#endif
