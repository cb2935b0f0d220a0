/* The second half of reading a matrix: entries as they were read become those that mtx.h promises.
 *
 * mtx.c calls it, after the last line.  It must never allocate by the number of rows, of which a
 * header may announce more than the file has entries. */
#ifndef WEIR_MTX_ORDER_H
#define WEIR_MTX_ORDER_H

#include "mtx.h"

/* Sorts by (row, column); entries of one place stay in the file's order.
 * Returns: false and the fault where there is no memory. */
bool mtx_sort(mtx_matrix *matrix, mtx_fault *fault);

/* Adds up entries of one place, which must stand side by side, in the order in which they stand.
 * Returns: false and the fault where a sum is not finite. */
bool mtx_join(mtx_matrix *matrix, mtx_fault *fault);

#endif
