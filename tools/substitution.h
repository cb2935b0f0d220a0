/* The sparse triangular solve itself, row by row, for the tasks of its graph.
 *
 * graph_job.c makes it, and the engine calls it on many threads.  A row must never be computed before
 * those that it needs: the graph sees to that. */
#ifndef WEIR_SUBSTITUTION_H
#define WEIR_SUBSTITUTION_H

#include "dag.h"
#include "mtx.h"

/* Forward substitution of L x = b, where b is 1 in each row. Invariant: the values below the diagonal
 * stand as the edges of the DAG do; no number of the diagonal is 0. */
typedef struct substitution {
    const dag *rows;
    double *below, *diagonal;
    double *x; /* each row's unknown is written by its task alone */
} substitution;

/* L is the lower triangle of the matrix. Where it has no real values, each is -1, and the diagonal one
 * more than there are in its row.
 *
 * d:       the graph of solve_dag(); it must be there for as long as *s is.
 * Owns:    the caller frees *s by substitution_free().
 * Returns: false if there is no memory, and then nothing to free. */
bool substitution_create(const mtx_matrix *matrix, const dag *d, substitution *s);
void substitution_free(substitution *s);

/* Computes rows, as the op of a family; `arg` is the substitution. Returns 0.
 * Threads: any, for rows all of whose predecessors are done. */
int substitution_rows(void *arg, const uint32_t *index, uint32_t count);

/* A number that depends on all bits of the result. */
uint64_t substitution_digest(const substitution *s);

#endif
