/* How the problems come apart for peers that want them as loops or as whole graphs: the blocks of
 * a matrix, the nodes of a tree by number.
 *
 * Peers in C and in C++ include it.  It must never compute anything that is timed work. */
#ifndef WEIR_BENCH_SHAPES_H
#define WEIR_BENCH_SHAPES_H

#include "problem.h"

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
