/* The sparse triangular solve as a graph of tasks: one row each.
 *
 * `weir graph --solve` calls it.  It must never read above the diagonal. */
#ifndef WEIR_SOLVE_H
#define WEIR_SOLVE_H

#include "dag.h"
#include "mtx.h"

/* The graph of L x = b, where L is the lower triangle of the matrix: row i needs row j where L has an
 * entry in row i and column j < i.  The work of a row is one multiplication and one addition for each
 * such entry, and a division.
 *
 * Owns:    the caller frees *d by dag_free().
 * Returns: false and the fault if the matrix is not square, has a diagonal entry that is zero or
 *          missing, has too many rows for a graph, or if there is no memory. */
bool solve_dag(const mtx_matrix *matrix, dag *d, mtx_fault *fault);

#endif
