/* A new order of rows and columns by which a factorisation fills little and has much to do at once.
 *
 * `weir graph --order dissection` calls it.  It must never take long, whatever the pattern: it stops
 * cutting where cuts no longer help.
 *
 * George, "Nested dissection of a regular finite element mesh", SIAM J. Numer. Anal. 10 (1973), with
 * the cuts of George and Liu, "An automatic nested dissection algorithm for irregular finite element
 * problems", SIAM J. Numer. Anal. 15 (1978). */
#ifndef WEIR_DISSECTION_H
#define WEIR_DISSECTION_H

#include "mtx.h"

/* Cuts the graph of a symmetric pattern, whose lower triangle the matrix is, into halves that share no
 * edge, by taking out few rows, which come last; and so on with the halves.
 *
 * order:   receives rows numbers: order[k] is the row that becomes row k.
 * Returns: false if there is no memory. */
bool dissection_find(const mtx_matrix *lower, uint32_t *order);

#endif
