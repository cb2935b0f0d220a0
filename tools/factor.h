/* The sparse Cholesky factorisation itself, column by column along the elimination tree, for the tasks
 * of its graph.
 *
 * graph_job.c makes it, and the engine calls it on many threads.  A column must never be computed
 * before its children: the graph sees to that.
 *
 * The multifrontal method: Duff, Reid, "The multifrontal solution of indefinite sparse symmetric linear
 * equations", ACM TOMS 9 (1983); Liu, "The multifrontal method for sparse matrix solution", SIAM Review
 * 34 (1992). Each column adds up what its children left for the rows below, computes itself, and leaves
 * what is to be subtracted from those above it in the tree. */
#ifndef WEIR_FACTOR_H
#define WEIR_FACTOR_H

#include <stdatomic.h>

#include "elimination.h"

enum { FACTOR_NO_MEMORY = 1, FACTOR_NOT_POSITIVE = 2 };

/* Column j of L is row[first[j]] up to row[first[j + 1]], in rising order and from the diagonal on, with
 * a value each. Invariant: an update is there from when its column is done until its parent has begun. */
typedef struct factor {
    const elimination *tree;
    const dag *columns; /* its predecessors are the children */
    uint64_t *first;
    uint32_t *row;
    double *value;
    uint64_t *given_first; /* the same for A: below the diagonal only */
    uint32_t *given_row;
    double *given, *diagonal;
    double **update; /* of column j: its lower triangle by columns, over the rows of L below j */
    _Atomic uint32_t failing; /* the column that was not positive */
} factor;

/* Bytes that factor_create() takes for the factor of this tree. */
uint64_t factor_bytes(const elimination *tree);

/* Bytes of the update that a column of so many entries leaves. */
uint64_t factor_update_bytes(uint32_t count);

/* A matrix that elimination_prepare() has prepared. Where it is a pattern only, each value is -1, and
 * the diagonal one more than its row and column have.
 *
 * tree, columns: those of the matrix; they must be there for as long as *f is.
 * Owns:    the caller frees *f by factor_free().
 * Returns: false if there is no memory, and then nothing to free. */
bool factor_create(const mtx_matrix *matrix, const elimination *tree, const dag *columns,
                   factor *f);
void factor_free(factor *f);

/* Computes columns, as the op of a family; `arg` is the factor.
 * Returns: 0, FACTOR_NO_MEMORY, or FACTOR_NOT_POSITIVE after writing `failing`.
 * Threads: any, for columns all of whose children are done. */
int factor_columns(void *arg, const uint32_t *index, uint32_t count);

/* Frees the updates that a run which was stopped has left. */
void factor_clear(factor *f);

/* A number that depends on all bits of the result. */
uint64_t factor_digest(const factor *f);

/* Solves A x = b by the factor for the b of an x that is 1 in each row.
 * Returns: how far an element of x is from 1, the greatest; or -1 if there is no memory. */
double factor_error(const factor *f);

#endif
