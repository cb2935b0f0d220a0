/* What the tests of task graphs share: making graphs, and what of a graph comes before what.
 *
 * Test programs with internal headers include it in place of support.h.  It must never ask the library
 * for what it checks the library against. */
#ifndef WEIR_TESTS_GRAPH_SUPPORT_H
#define WEIR_TESTS_GRAPH_SUPPORT_H

#include "support.h"

#include <stdlib.h>

#include "graph/graph.h"
#include "random.h"

static inline int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static inline int do_none_of(void *arg, const uint32_t *index, uint32_t count)
{
    (void)arg, (void)index, (void)count;
    return 0;
}

static inline weir_graph *create_graph(void)
{
    weir_graph *graph = NULL;
    assert_ok(weir_graph_create(&graph));
    return graph;
}

static inline weir_task add_task(weir_graph *graph, const char *name)
{
    weir_task task = UINT32_MAX;
    assert_ok(weir_graph_add(graph, name, do_nothing, NULL, &task));
    return task;
}

/* n tasks without names, one by one. */
static inline weir_graph *create_tasks(uint32_t n)
{
    weir_graph *graph = create_graph();
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(add_task(graph, NULL), i);
    return graph;
}

/* Is there an edge in the compiled graph? */
static inline bool has_edge(const weir_graph *graph, weir_task first, weir_task then)
{
    for (uint64_t i = graph->task[first].successors; i < graph->task[first + 1].successors; i++)
        if (graph->successor[i] == then)
            return true;
    return false;
}

/* Which of n tasks comes before which: bit `then` of row `first`. */
typedef struct order {
    uint32_t n;
    size_t words; /* of a row */
    uint64_t *bit;
} order;

static inline order order_of(uint32_t n)
{
    order o = {.n = n, .words = n / 64 + 1};
    o.bit = calloc(n * o.words, sizeof *o.bit);
    assert_non_null(o.bit);
    return o;
}

static inline void order_set(order *o, uint32_t first, uint32_t then)
{
    o->bit[first * o->words + then / 64] |= UINT64_C(1) << then % 64;
}

static inline bool order_has(const order *o, uint32_t first, uint32_t then)
{
    return (o->bit[first * o->words + then / 64] >> then % 64 & 1) != 0;
}

/* What follows from what is set (Warshall, JACM 9(1), 1962). */
static inline void order_close(order *o)
{
    for (uint32_t k = 0; k < o->n; k++)
        for (uint32_t i = 0; i < o->n; i++)
            if (order_has(o, i, k))
                for (size_t w = 0; w < o->words; w++)
                    o->bit[i * o->words + w] |= o->bit[k * o->words + w];
}

static inline bool order_has_cycle(const order *o)
{
    for (uint32_t i = 0; i < o->n; i++)
        if (order_has(o, i, i))
            return true;
    return false;
}

/* The order that the edges of a compiled graph give. */
static inline order order_of_graph(const weir_graph *graph)
{
    order o = order_of(graph->n);
    for (weir_task t = 0; t < graph->n; t++)
        for (uint64_t i = graph->task[t].successors; i < graph->task[t + 1].successors; i++)
            order_set(&o, t, graph->successor[i]);
    order_close(&o);
    return o;
}

static inline bool order_equal(const order *a, const order *b)
{
    return a->n == b->n && memcmp(a->bit, b->bit, a->n * a->words * sizeof *a->bit) == 0;
}

/* A grid of so many dimensions and that many tasks along each: one after those before it in each. */
static inline weir_graph *create_grid(unsigned dimensions, uint32_t along)
{
    weir_graph *graph = create_graph();
    weir_task first;
    uint32_t n = 1;
    for (unsigned d = 0; d < dimensions; d++)
        n *= along;
    assert_ok(weir_graph_add_many(graph, "row", n, do_none_of, NULL, &first));
    for (uint32_t t = 0; t < n; t++)
        for (uint32_t stride = 1; stride < n; stride *= along)
            if (t / stride % along > 0)
                assert_ok(weir_graph_before(graph, t - stride, t));
    return graph;
}

#endif
