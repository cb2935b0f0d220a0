/* How the problems come apart for peers that want them as loops or as whole graphs: the ranges of a
 * sum, the blocks of a matrix, the nodes of a tree by number.
 *
 * Peers in C and in C++ include it.  It must never compute anything that is timed work. */
#ifndef WEIR_BENCH_SHAPES_H
#define WEIR_BENCH_SHAPES_H

#include "problem.h"

/* ---- sum: range i of sum_ranges(p) ---- */

static inline uint64_t sum_ranges(const problem *p)
{
    return (p->size + SUM_RANGE - 1) / SUM_RANGE;
}

static inline double sum_of_range(const problem *p, uint64_t i)
{
    const uint64_t left = p->size - i * SUM_RANGE;
    return sum_range(p->a + i * SUM_RANGE, left < SUM_RANGE ? left : (uint64_t)SUM_RANGE);
}

/* ---- blocked: block i of blocked_side(p) squared, row by row ---- */

static inline uint32_t blocked_side(const problem *p)
{
    return (uint32_t)(p->size / MATMUL_BLOCK);
}

static inline void blocked_block(const problem *p, uint64_t i)
{
    const uint32_t side = blocked_side(p);
    matmul_block(p, (uint32_t)(i / side) * MATMUL_BLOCK, (uint32_t)(i % side) * MATMUL_BLOCK);
}

/* ---- tree: nodes numbered level by level, the root is 0; the last ones, from `inner` on, are the
 *      leaves ---- */

typedef struct tree_shape {
    uint64_t top, inner, nodes; /* children of the root; nodes above the leaves; all nodes */
} tree_shape;

static inline tree_shape tree_shape_of(const problem *p)
{
    tree_shape t = {p->size, 1, 0};
    uint64_t level = p->size;
    for (uint64_t i = 0; i < p->depth; i++, level *= TREE_FANOUT)
        t.inner += level;
    t.nodes = t.inner + level;
    return t;
}

static inline uint64_t tree_children(const tree_shape *t, uint64_t node)
{
    return node == 0 ? t->top : (uint64_t)TREE_FANOUT;
}

static inline uint64_t tree_first_child(const tree_shape *t, uint64_t node)
{
    return node == 0 ? 1 : 1 + t->top + (node - 1) * TREE_FANOUT;
}

#endif
