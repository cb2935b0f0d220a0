/* The problems of the suite: what is to be computed, and the kernels that every contestant shares.
 *
 * Contestants, in C and in C++, call the kernels from their own recursions; contestant.c makes the
 * data and checks the result.  A kernel must never know who runs it: what differs between two
 * contestants is only who makes the tasks. */
#ifndef WEIR_BENCH_PROBLEM_H
#define WEIR_BENCH_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../leaf.h"
#include "dag.h"

#ifdef __cplusplus
extern "C" {
#endif

struct problem {
    const char *name;
    uint64_t size, depth, steps, bytes; /* what they mean stands with each problem */
    unsigned workers;
    uint64_t max_bytes;    /* weir's limit; 0: none */
    double *a, *b, *c;     /* matmul, blocked, stencil, sum, jacobi */
    uint64_t *keys, *room; /* mergesort */
    struct dag *dag;       /* of those that are graphs; else NULL */
    const char *fasta;     /* a FASTA file for the wavefront; NULL: made up */
    const char *matrix;    /* a Matrix Market file for the problems on matrices; NULL: made up */
    void *data;            /* of the applications */
    bool checked;          /* a graph's tasks check their order */
};
typedef struct problem problem;

/* Makes the data of a problem, with the array pages touched by this thread.
 * Returns: false if there is no such problem or no memory. */
bool problem_create(problem *p);
/* Puts the data back as they were before the first run. */
void problem_reset(problem *p);
/* The answer after a run that returned `result`: for problems on arrays, a checksum of the array
 * that is the same for every order of computing. */
uint64_t problem_answer(const problem *p, uint64_t result);
void problem_destroy(problem *p);

/* ---- fib: size is n.  skynet: size is the number of leaves, a power of 10.  No kernels. ---- */

enum { SKYNET_FANOUT = 10 };

/* ---- tree: `size` branches at the top, each a tree of fan-out 8 and `depth` levels; every leaf
 *      is leaf_work(steps) and yields 1.  chain: `size` links one below the other, each with one
 *      such leaf, run `depth` times. ---- */

enum { TREE_FANOUT = 8 };

/* ---- Graphs, whose tasks are in dag.h; the answer is the number of tasks, or 1 where a result
 *      is checked.
 *
 *      dag-tree: `size` nodes, each before its DAG_TREE_FANOUT children; run again and again.
 *      dag-random: `size` tasks, each with `depth` predecessors on average; run again and again.
 *      dag-build: the same, but what is timed is making the graph, not running it, and the answer
 *      is the number of tasks and edges.
 *      tb-…: Task Bench's patterns of `size` points, a power of 2, and `depth` steps, whose tasks
 *      are leaf_work(steps); run again and again.
 *      cholesky: a dense matrix of `size` rows in tiles of `bytes` rows, below the diagonal;
 *      lu: the same on all tiles, with the pivots in the answer.
 *      jacobi: the stencil below, in blocks of `bytes` rows; the answer is that of the grid.
 *      wavefront: two sequences of `size` letters, in tiles of `bytes` rows and columns.
 *      solve: L x = b for the lower triangle L of a sparse matrix, a task a row: of `matrix`, or of the
 *      Laplacian on a grid of `size` points a side in `depth` dimensions; the answer is its entries.
 *      solve-factor: the same for that matrix's Cholesky factor.
 *      incomplete: that matrix's incomplete Cholesky factorisation without fill, a task a row.
 *      eliminate: its Cholesky factorisation, a task a column.
 *      tile: `depth` products of tiles of `bytes` rows by each worker; of limit alone. ---- */

enum { DAG_TREE_FANOUT = 3, DAG_RADIX = 5, DAG_PERIOD = 3 };

/* ---- empty and handout: weir's alone, see weir_costs.c ---- */

/* ---- nqueens: size is the number of queens, at most 16. A row of `queens` for each column. ---- */

enum { QUEENS_MOST = 16 };

typedef struct queens {
    uint8_t placed;
    uint8_t row[QUEENS_MOST];
} queens;

static inline bool queens_fit(const queens *q, uint32_t row)
{
    for (uint32_t i = 0; i < q->placed; i++) {
        const uint32_t other = q->row[i], apart = q->placed - i;
        if (other == row || other + apart == row || row + apart == other)
            return false;
    }
    return true;
}

static inline queens queens_place(const queens *q, uint32_t row)
{
    queens next = *q;
    next.row[next.placed++] = (uint8_t)row;
    return next;
}

/* ---- uts: the unbalanced trees of Olivier and others (LCPC 2006), size 1 is their T1 (geometric,
 *      4 130 071 nodes), 3 their T3 (binomial, 4 112 897). The answer is the number of nodes. ---- */

enum { UTS_STATE = 20, UTS_ROOT_MOST = 2000, UTS_NODE_MOST = 100 };

typedef struct uts_node {
    uint8_t state[UTS_STATE];
    uint32_t height;
} uts_node;

void uts_root(uint64_t tree, uts_node *root);
uint32_t uts_children(uint64_t tree, const uts_node *node);
void uts_child(const uts_node *node, uint32_t i, uts_node *child);

/* ---- matmul: c += a b, of size x size doubles in rows; size is MATMUL_BLOCK times a power of 2,
 *      split into quadrants of c down to one block.  blocked: the same by rows of blocks and then
 *      blocks. ---- */

enum { MATMUL_BLOCK = 64 };

typedef struct quadrant {
    uint32_t row, column, size;
} quadrant;

static inline quadrant quadrant_of(const quadrant *q, uint32_t i)
{
    const uint32_t half = q->size / 2;
    const quadrant child = {q->row + (i / 2) * half, q->column + (i % 2) * half, half};
    return child;
}

/* One block of c, over the whole inner dimension. */
void matmul_block(const problem *p, uint32_t row, uint32_t column);

/* ---- mergesort: size keys, halves down to SORT_BLOCK. ---- */

enum { SORT_BLOCK = 256 };

void sort_block(uint64_t *keys, uint64_t n);
/* Merges the sorted halves keys[0, n/2) and keys[n/2, n), by way of room[0, n). */
void sort_merge(uint64_t *keys, uint64_t *room, uint64_t n);

/* ---- sum: of `size` doubles, in ranges of SUM_RANGE. ---- */

enum { SUM_RANGE = 4096 };

/* Whole numbers, so that the sum does not depend on the order. */
double sum_range(const double *values, uint64_t n);

static inline uint64_t sum_ranges(const problem *p)
{
    return (p->size + SUM_RANGE - 1) / SUM_RANGE;
}

/* Of range i of sum_ranges(p). */
static inline double sum_of_range(const problem *p, uint64_t i)
{
    const uint64_t left = p->size - i * SUM_RANGE;
    return sum_range(p->a + i * SUM_RANGE, left < SUM_RANGE ? left : (uint64_t)SUM_RANGE);
}

/* ---- stencil: `depth` sweeps of the five-point mean over a grid of size x size doubles, from a to
 *      b and back. ---- */

void stencil_row(const problem *p, uint64_t sweep, uint64_t row);

/* ---- blocks: over-production. `size` blocks of `bytes`, each filled by the branch above and then
 *      summed in BLOCK_PARTS parts `depth` times over. ---- */

enum { BLOCK_PARTS = 16 };

uint64_t *block_create(const problem *p, uint64_t number);
uint64_t block_part(const problem *p, const uint64_t *block, uint32_t part);
void block_destroy(uint64_t *block);

#ifdef __cplusplus
}
#endif
#endif
