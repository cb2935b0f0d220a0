/* What several test programs share: opening an engine, and a recursive pipeline with a known answer.
 *
 * Test programs include it after nothing else; it brings cmocka and the public headers with it.  It
 * must never assert inside an op: a failed assert jumps, and an op may run on any thread. */
#ifndef WEIR_TESTS_SUPPORT_H
#define WEIR_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "weir.h"

/* Sanitizers make everything slower; loops over schedules are this much shorter there. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SLOW_BUILD 10
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SLOW_BUILD 10
#endif
#endif
#if !defined(SLOW_BUILD)
#define SLOW_BUILD 1
#endif

#define assert_ok(call) assert_status(WEIR_OK, (call))
#define assert_status(expected, call)                                                              \
    do {                                                                                           \
        const weir_status got_ = (call);                                                           \
        if (got_ != (expected))                                                                    \
            fail_msg("%s: %s instead of %s (%s: %s)", #call, weir_status_name(got_),               \
                     weir_status_name(expected), weir_last_error()->where,                         \
                     weir_last_error()->text);                                                     \
    } while (0)

#define assert_contains(text, part)                                                                \
    do {                                                                                           \
        const char *text_ = (text), *part_ = (part);                                               \
        if (strstr(text_, part_) == NULL)                                                          \
            fail_msg("\"%s\" does not say \"%s\"", text_, part_);                                  \
    } while (0)

/* Ops of layers that have nothing to pass on. */
static inline int split_nothing(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in, (void)i, (void)child;
    return 0;
}

static inline int gather_nothing(weir_branch *b, const void *in, const void *results, uint32_t n,
                                 void *out)
{
    (void)b, (void)in, (void)results, (void)n, (void)out;
    return 0;
}

/* An engine with these limits; 0 has the meaning that it has in the options. */
static inline weir_engine *open_engine(unsigned workers, size_t max_in_flight, size_t max_bytes)
{
    const weir_engine_options options = {
        .workers = workers, .max_in_flight = max_in_flight, .max_bytes = max_bytes};
    weir_engine *engine = NULL;
    assert_ok(weir_engine_open(&options, &engine));
    return engine;
}

static inline weir_plan *compile(const weir_layer *top)
{
    weir_plan *plan = NULL;
    assert_ok(weir_plan_compile(top, &plan));
    return plan;
}

/* What must hold of the statistics of every run. */
static inline void assert_stats_hold(const weir_engine *engine, const weir_plan *plan, bool many)
{
    weir_stats s;
    weir_engine_stats(engine, &s);
    const unsigned workers = weir_engine_workers(engine);
    const size_t in_flight = weir_engine_max_in_flight(engine);
    const uint64_t certified = many ? weir_plan_certified_bytes_many(plan, in_flight, workers)
                                    : weir_plan_certified_bytes(plan, in_flight, workers);
    assert_in_range(s.workers, 1, workers);
    assert_true(s.peak_bytes > 0);
    assert_true(s.peak_bytes <= s.certified_bytes);
    assert_true(s.certified_bytes <= certified);
    assert_true(s.certified_bytes <= weir_engine_max_bytes(engine));
    assert_true(s.peak_in_flight <= in_flight);
    assert_true(s.peak_in_flight <= s.promotions);
    assert_true(s.seconds >= 0);
    assert_true((double)s.idle_ns <= s.seconds * 1e9 * s.workers);
    if (s.workers == 1)
        assert_true(s.denied_permits == 0 && s.denied_bytes == 0);
    if (s.workers == 1)
        assert_true(s.promotions == 0 && s.gathers_promoted == 0 && s.peak_in_flight == 0);
}

/* The tree: each node has as many children as its layer's fanout until the height is 0. The fold
 * is neither associative nor commutative, so a wrong order or a lost child changes the answer. */
typedef struct tree_node {
    uint64_t id;
    uint32_t height;
} tree_node;

static inline uint64_t tree_mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9E3779B97F4A7C15u;
    return x ^ x >> 29;
}

static inline uint64_t tree_fold(uint64_t sum, uint64_t result)
{
    return tree_mix(sum * 31 + result);
}

static inline tree_node tree_child(tree_node node, uint32_t fanout, uint32_t i)
{
    return (tree_node){.id = node.id * fanout + i + 1, .height = node.height - 1};
}

/* The answer, by plain recursion. */
static inline uint64_t tree_answer(tree_node node, uint32_t fanout)
{
    if (node.height == 0)
        return tree_mix(node.id);
    uint64_t sum = node.id;
    for (uint32_t i = 0; i < fanout; i++)
        sum = tree_fold(sum, tree_answer(tree_child(node, fanout, i), fanout));
    return sum;
}

/* How many branches it has. */
static inline uint64_t tree_branches(uint32_t height, uint32_t fanout)
{
    uint64_t all = 1, level = 1;
    for (uint32_t i = 0; i < height; i++)
        all += level *= fanout;
    return all;
}

/* The pipeline's context: what its ops need to know. */
typedef struct tree {
    uint32_t fanout;
    unsigned spin; /* rounds of work in a leaf */
} tree;

static inline int tree_count(weir_branch *b, void *in, uint32_t *n)
{
    const tree *t = weir_context(b);
    *n = ((const tree_node *)in)->height == 0 ? 0 : t->fanout;
    return 0;
}

static inline int tree_split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    const tree *t = weir_context(b);
    *(tree_node *)child = tree_child(*(const tree_node *)in, t->fanout, i);
    return 0;
}

static inline int tree_gather(weir_branch *b, const void *in, const void *results, uint32_t n,
                              void *out)
{
    const uint64_t *result = results;
    uint64_t sum = ((const tree_node *)in)->id;
    (void)b;
    for (uint32_t i = 0; i < n; i++)
        sum = tree_fold(sum, result[i]);
    *(uint64_t *)out = sum;
    return 0;
}

static inline int tree_leaf(weir_branch *b, const void *in, void *out)
{
    const tree *t = weir_context(b);
    volatile uint64_t sink = 0;
    for (unsigned i = 0; i < t->spin; i++)
        sink = tree_mix(sink + i);
    *(uint64_t *)out = tree_mix(((const tree_node *)in)->id);
    return 0;
}

/* Describes the tree; `layer` becomes its own child, so it must stay where it is until compile. */
static inline void tree_describe(weir_layer *layer, uint32_t fanout, uint32_t max_height)
{
    *layer = (weir_layer){
        .name = "tree",
        .in_bytes = sizeof(tree_node),
        .out_bytes = sizeof(uint64_t),
        .fanout = fanout,
        .max_depth = max_height + 1,
        .child = layer,
        .count = tree_count,
        .split = tree_split,
        .gather = tree_gather,
        .leaf = tree_leaf,
    };
}

/* Runs a tree on an engine and checks the answer and the statistics. */
static inline void assert_tree_runs(weir_engine *engine, uint32_t fanout, uint32_t height)
{
    weir_layer layer;
    tree_describe(&layer, fanout, height);
    weir_plan *plan = compile(&layer);
    tree context = {.fanout = fanout};
    const tree_node in = {.id = 1, .height = height};
    uint64_t out = 0;
    assert_ok(weir_run(engine, plan, &context, &in, &out));
    assert_true(out == tree_answer(in, fanout));
    assert_stats_hold(engine, plan, false);
    weir_stats s;
    weir_engine_stats(engine, &s);
    assert_true(s.branches == tree_branches(height, fanout));
    weir_plan_free(plan);
}

#endif
