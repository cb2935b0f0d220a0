/* The second half of reading a matrix: entries as they were read become those that mtx.h promises.
 *
 * mtx.c calls it after the last line, and whoever renumbers a matrix.  It must never allocate by the number
 * of rows, of which a header may announce more than the file has entries. */
#ifndef WEIR_MTX_ORDER_H
#define WEIR_MTX_ORDER_H

#include "mtx.h"

/* Sorts by (row, column); entries of one place stay in the file's order.
 * Returns: false and the fault where there is no memory. */
bool mtx_sort(mtx_matrix *matrix, mtx_fault *fault);

/* Adds up entries of one place, which must stand side by side, in the order in which they stand.
 * Returns: false and the fault where a sum is not finite. */
bool mtx_join(mtx_matrix *matrix, mtx_fault *fault);

/* Renumbers rows and columns of a symmetric matrix in one way: row order[k] becomes row k.
 * Returns: false and the fault where there is no memory. */
bool mtx_permute(mtx_matrix *matrix, const uint32_t *order, mtx_fault *fault);

#endif
