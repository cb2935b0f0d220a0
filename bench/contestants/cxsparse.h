/* CXSparse of SuiteSparse, which the sparse problems are checked against: Davis, "Direct Methods for
 * Sparse Linear Systems", SIAM, 2006.
 *
 * Loaded when it is first needed, as OpenBLAS is. */
#ifndef WEIR_BENCH_CXSPARSE_H
#define WEIR_BENCH_CXSPARSE_H

#include <stdbool.h>

#include "matrix.h"

/* Of cs.h: a matrix by columns, where nz is -1. */
typedef struct cs_di {
    int nzmax, m, n, *p, *i;
    double *x;
    int nz;
} cs_di;

struct cs_symbolic;

typedef struct cs_numeric {
    cs_di *l; /* the factor; more follows */
} cs_numeric;

/* Invariant: all or none are NULL. */
typedef struct cxsparse {
    int (*lsolve)(const cs_di *l, double *x);
    struct cs_symbolic *(*schol)(int order, const cs_di *a);
    cs_numeric *(*chol)(const cs_di *a, const struct cs_symbolic *symbolic);
    struct cs_symbolic *(*sfree)(struct cs_symbolic *symbolic);
    cs_numeric *(*nfree)(cs_numeric *numeric);
} cxsparse;

extern cxsparse cs; /* read-only once it is loaded */

/* False after saying why not. */
bool cxsparse_load(void);

static inline cs_di cs_of(const by_columns *c)
{
    return (cs_di){c->first[c->columns], c->columns, c->columns, c->first, c->row, c->value, -1};
}

#endif
