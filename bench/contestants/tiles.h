/* A dense matrix in square tiles, and the graph of its factorisation: what Cholesky and LU share.
 *
 * cholesky.c and lu.c say which steps there are, in program order, and what each does with BLAS;
 * here are the matrix as it was, the tasks of the steps, and who wrote a tile last.  Nothing here may
 * know which factorisation it is. */
#ifndef WEIR_BENCH_TILES_H
#define WEIR_BENCH_TILES_H

#include "mtx.h"
#include "problem.h"

/* What a task does to tile (i, j) because of row and column k of tiles. */
typedef struct step {
    uint16_t i, j, k;
} step;

/* The matrix is p->size rows of made-up numbers, or the file p->matrix as a dense one.
 * Invariant: (count - 1) x tile < n <= count x tile; a task's step stands under its number. */
typedef struct tiles {
    double *a;       /* by columns of n rows */
    int n;           /* rows */
    int tile, count; /* rows of a tile, of which the last has what is left; tiles in a column */
    bool symmetric;  /* only the lower triangle is there, and is factorised */
    double largest;  /* no element of the matrix as it was has a greater absolute value */
    mtx_matrix file; /* its entries; entry is NULL for the made-up one */
    int *pivot;      /* by row, from 1: with which it changed places; for those who pivot */

    /* While the graph is made, and the steps ever after. */
    dag *graph;
    step *step;
    uint64_t steps_most;
    int64_t *writer; /* of a tile, by columns: the last task that writes it, or TILES_NOBODY */
} tiles;

enum { TILES_NOBODY = -1 };

/* Loads OpenBLAS and makes the matrix; p->bytes are the rows of a tile. NULL after saying why not. */
tiles *tiles_create(const problem *p, bool symmetric);
void tiles_destroy(tiles *t);
/* Makes the matrix anew. */
void tiles_reset(const tiles *t);
/* y = A x of the matrix as it was. */
void tiles_multiply(const tiles *t, const double *x, double *y);
/* n numbers in [-1/2, 1/2), the same ones each time. */
void tiles_draw(const tiles *t, double *x);
/* 1 if y and z are equal but for what rounding can make of a product with A; else 0. */
uint64_t tiles_agree(const tiles *t, const double *y, const double *z);

static inline double *tile_at(const tiles *t, int i, int j)
{
    return t->a + (size_t)j * (size_t)t->tile * (size_t)t->n + (size_t)i * (size_t)t->tile;
}

/* Rows of tiles in row i of tiles, or columns in column i. */
static inline int tile_rows(const tiles *t, int i)
{
    return i < t->count - 1 ? t->tile : t->n - i * t->tile;
}

/* ---- the graph: begun, then step by step, then ended ---- */

/* Room for so many steps; run does one. False without memory, here and below. */
bool tiles_begin(tiles *t, dag *d, uint64_t steps_most, void (*run)(const dag *d, uint32_t task));
/* A step of about so many operations at the speed of a product; it is the task that edges go to. */
bool tiles_step(tiles *t, int i, int j, int k, double operations);
/* The step uses what the last writer of tile (i, j) has left. */
bool tiles_use(tiles *t, int i, int j);
/* The step writes the tile, after those that have been said to be used. */
void tiles_write(tiles *t, int i, int j);
void tiles_end(tiles *t);

#endif
