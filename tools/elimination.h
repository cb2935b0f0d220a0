/* Which column of a sparse Cholesky factorisation needs which, and how many entries each gets.
 *
 * `weir graph --eliminate` calls it.  It must never take more time or memory than the matrix has
 * entries for: the factor itself, which may have many times as many, is nowhere formed.
 *
 * Liu, "The role of elimination trees in sparse factorization", SIAM J. Matrix Anal. Appl. 11 (1990);
 * Gilbert, Ng, Peyton, "An efficient algorithm to compute row and column counts for sparse Cholesky
 * factorization", SIAM J. Matrix Anal. Appl. 15 (1994). */
#ifndef WEIR_ELIMINATION_H
#define WEIR_ELIMINATION_H

#include "dag.h"
#include "mtx.h"

#define ELIMINATION_ROOT UINT32_MAX

/* L is the factor, A = L L', with all the places that may fill. The parent of column j is the row of
 * the first entry of L below the diagonal in column j: all edges of the factorisation's graph follow
 * from those to parents.
 * Invariant: a parent is above its column's number; 1 <= count[j] <= count[parent[j]] + 1. */
typedef struct elimination {
    uint32_t columns;
    uint32_t *parent; /* ELIMINATION_ROOT: none */
    uint32_t *count;  /* entries of the column in L, with the diagonal */
} elimination;

/* Makes a matrix one that can be eliminated: a general one becomes the pattern of A + A', and of values
 * that are not real, or change their sign across the diagonal, the pattern remains.
 *
 * Returns: false and the fault if the matrix is not square, has a row and column without any entry,
 *          has too many rows for a graph, or if there is no memory. */
bool elimination_prepare(mtx_matrix *matrix, mtx_fault *fault);

/* The tree of a matrix that is prepared.
 *
 * Owns:    the caller frees *e by elimination_free().
 * Returns: false and the fault if there is no memory. */
bool elimination_find(const mtx_matrix *matrix, elimination *e, mtx_fault *fault);
void elimination_free(elimination *e);
bool elimination_is_valid(const elimination *e);

/* The tree as a graph: a column after its children.  Its work is that of its step: with c entries in
 * the column one root, c - 1 divisions, and a multiplication and a subtraction for each pair of rows
 * below the diagonal, c * c in all.
 *
 * Owns:    the caller frees *d by dag_free().
 * Returns: false if there is no memory. */
bool elimination_dag(const elimination *e, dag *d);

#endif
