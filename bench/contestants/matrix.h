/* The sparse matrices of the suite: of a file, or made.
 *
 * The applications on sparse matrices get theirs here; the made ones are Laplacians, the matrices of
 * the five-point stencil in the plane and of the seven-point one in space, in the order of their
 * points.  Nothing here may know what is done with one. */
#ifndef WEIR_BENCH_MATRIX_H
#define WEIR_BENCH_MATRIX_H

#include "mtx.h"

/* Of the file `path`; or, where that is NULL, of side^dimensions points, in 1 to 3 dimensions.
 *
 * Owns:    the caller frees *m by mtx_free().
 * Returns: false after saying why not, as do all functions here that make a matrix. */
bool matrix_create(const char *path, uint64_t side, uint64_t dimensions, mtx_matrix *m);

/* A lower triangle by rows. Invariant: the columns of a row rise and are below it, and no number of the
 * diagonal is 0. */
typedef struct lower {
    uint32_t rows;
    uint64_t *first; /* entries of row i below the diagonal: first[i] … first[i + 1] - 1 */
    uint32_t *column;
    double *value;
    double *diagonal;
} lower;

/* The lower triangle of a matrix. */
bool lower_of(const mtx_matrix *m, lower *l);
/* The Cholesky factor of a matrix, which becomes one that can be factorised: its rows and columns get an
 * order by which few entries fill. */
bool lower_factor_of(mtx_matrix *m, lower *l);
void lower_free(lower *l);

/* The same triangle by columns, from the diagonal on, whose rows rise: what most libraries want. */
typedef struct by_columns {
    int columns;
    int *first, *row;
    double *value;
} by_columns;

bool lower_by_columns(const lower *l, by_columns *c);
void by_columns_free(by_columns *c);

#endif
