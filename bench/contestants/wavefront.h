/* The best local alignment of two sequences, with gaps that cost 5 to open and 2 a letter, a match
 * 2 and a mismatch -3 (Smith and Waterman, 1981; Gotoh, 1982): a matrix by tiles, each of which needs
 * the one above and the one to its left.
 *
 * An application (application.h) on the first two sequences of p->fasta, or, without one, on two that
 * are generated, of p->size letters; of longer ones so many are used. Tiles have p->bytes rows and
 * columns. The answer is of the best score, where it is first, and all scores of the last row.  Of the
 * matrix only the row and the column before each tile are kept, and nothing is ever traced back. */
#ifndef WEIR_BENCH_WAVEFRONT_H
#define WEIR_BENCH_WAVEFRONT_H

#include "problem.h"

/* The same without tiles, row by row: the sequential program. */
void wavefront_by_rows(const problem *p);

#endif
