/* The sparse Cholesky factorisation that `weir graph --eliminate` has, for the suite: column by column
 * along the elimination tree, in an order by which few entries fill.
 *
 * eliminate.c has it as a problem, matrix.c makes factors by it.  Each column comes after its children;
 * the order is found by nested dissection. */
#ifndef WEIR_BENCH_MULTIFRONTAL_H
#define WEIR_BENCH_MULTIFRONTAL_H

#include "mtx.h"

typedef struct multifrontal multifrontal;

/* Renumbers the matrix, which the caller keeps. NULL after saying why not. */
multifrontal *multifrontal_create(mtx_matrix *m);
void multifrontal_destroy(multifrontal *f);

uint32_t multifrontal_columns(const multifrontal *f);
/* Entries of the factor. */
uint64_t multifrontal_entries(const multifrontal *f);
/* The children of column j; returns how many. */
uint32_t multifrontal_children(const multifrontal *f, uint32_t j, const uint32_t **child);
/* About how many operations column j takes. */
double multifrontal_work(const multifrontal *f, uint32_t j);

/* Makes the columns unmade. */
void multifrontal_reset(multifrontal *f);
/* Computes columns, each after its children; false after saying that the matrix is not positive
 * definite, or of no memory. Threads: any. */
bool multifrontal_run(multifrontal *f, const uint32_t *column, uint32_t count);
/* The column of the factor, from the diagonal on; returns how many entries. */
uint32_t multifrontal_column(const multifrontal *f, uint32_t j, const uint32_t **row,
                             const double **value);

#endif
