/* Random trees of branches, the ops that walk them, and a sequential walk of the same tree.
 *
 * pipeline_stress.c runs them.  The tree is a pure function of keys, so it must never be looked up
 * in anything that a run changes. */
#ifndef WEIR_PIPELINE_TREE_H
#define WEIR_PIPELINE_TREE_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/testing.h"
#include "weir.h"
#include "weir/inline.h"

#define MOST_LAYERS 6
#define MOST_BYTES  200

/* ---- a random tree, as a pure function of keys ---- */

typedef struct branch_in {
    uint64_t key;
    uint32_t level, depth; /* depth: branches of the recursive layer above this one */
} branch_in;

typedef struct branch_out {
    uint64_t value; /* depends on the whole subtree, and on the order of results */
    uint64_t stamp; /* key of the branch: it is complete */
} branch_out;

typedef struct tally {
    uint64_t splits, counts, gathers, leaves;
} tally;

typedef struct pipeline {
    uint64_t seed;
    uint32_t layers;
    weir_layer layer[MOST_LAYERS];
    unsigned delay_one_in; /* 0: no delays */
    uint64_t fails_key;    /* ops of the branch with this key fail; 0: none */
    int fail_code;
    /* Counted by the ops. */
    atomic_uint_least64_t splits, counts, gathers, leaves, wrong;
    atomic_int_least64_t open_bytes, peak_open_bytes;
    /* What ops of this one run on the same engine, one in so many; NULL: nothing. */
    struct pipeline *inner;
    unsigned nest_one_in;
    weir_engine *engine; /* as an inner one: where, */
    weir_plan *plan;
    branch_out right;                 /* what it gives, unless an op of it fails, */
    atomic_uint_least64_t runs_begun; /* and how often it was run */
    bool leaves_early;                /* leaves that see a stop write nothing */
    /* Most sequential branches that the walk may visit. */
    uint64_t budget;
} pipeline;

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9E3779B97F4A7C15u + b + 0x7F4A7C15u;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 32;
    return x == 0 ? 1 : x;
}

static branch_in child_of(const pipeline *p, const branch_in *in, uint32_t i)
{
    const weir_layer *layer = &p->layer[in->level];
    const bool deeper = layer->child == layer;
    return (branch_in){.key = mix(in->key, i + 1),
                       .level = deeper ? in->level : in->level + 1,
                       .depth = deeper ? in->depth + 1 : 0};
}

/* Children of a branch: often all, sometimes fewer, sometimes none. */
static uint32_t children_of(const pipeline *p, const branch_in *in)
{
    const weir_layer *layer = &p->layer[in->level];
    if (layer->fanout == 0)
        return 0;
    if (layer->child == layer && in->depth + 1 >= layer->max_depth)
        return 0;
    if (layer->count == NULL || in->key % 3 == 0)
        return layer->fanout;
    return (uint32_t)((in->key >> 8) % (layer->fanout + 1));
}

static branch_out combine(const branch_in *in, const branch_out *results, uint32_t n, size_t stride)
{
    uint64_t value = mix(in->key, n);
    for (uint32_t i = 0; i < n; i++)
        value = mix(value, ((const branch_out *)((const char *)results + i * stride))->value);
    return (branch_out){value, in->key};
}

static branch_out walk(pipeline *p, const branch_in *in, tally *t)
{
    const weir_layer *layer = &p->layer[in->level];
    const uint32_t n = children_of(p, in);
    branch_out *results = n > 0 ? calloc(n, sizeof *results) : NULL;
    t->counts += layer->count != NULL;
    for (uint32_t i = 0; i < n && p->budget > 0; i++) {
        const branch_in child = child_of(p, in, i);
        p->budget--;
        t->splits += layer->child->leaves == NULL;
        results[i] = walk(p, &child, t);
    }
    if (layer->fanout > 0 && (n > 0 || layer->leaf == NULL))
        t->gathers++;
    else
        t->leaves++;
    const branch_out out = combine(in, results, n, sizeof *results);
    free(results);
    return out;
}

/* ---- the ops ---- */

static void count_one(atomic_uint_least64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void delay(const pipeline *p, uint64_t key)
{
    if (p->delay_one_in == 0 || (key >> 20) % p->delay_one_in != 0)
        return;
    const struct timespec pause = {0, (long)((key >> 32) % 200000)};
    nanosleep(&pause, NULL);
}

/* Runs the inner pipeline, maybe: all that it gives must be right, or the run around must stop. */
static void nest(weir_branch *b, pipeline *p, uint64_t key)
{
    pipeline *inner = p->inner;
    if (inner == NULL || (key >> 12) % p->nest_one_in != 0)
        return;
    char in[MOST_BYTES + 64] = {0}, out[MOST_BYTES + 64] = {0};
    *(branch_in *)in = (branch_in){.key = mix(inner->seed, 2)};
    count_one(&inner->runs_begun);
    const weir_status status = weir_run(inner->engine, inner->plan, inner, in, out);
    const weir_status expected = inner->fails_key != 0 ? WEIR_EOP : WEIR_OK;
    if (status == WEIR_EBUSY && inner->engine != p->engine)
        return; /* another op's run is on it, maybe that around this one */
    if (status == WEIR_ECANCEL ? !weir_stopping(b) : status != expected)
        count_one(&p->wrong);
    if (status == WEIR_OK && memcmp(out, &inner->right, sizeof inner->right) != 0)
        count_one(&p->wrong);
    if (weir_here() != b)
        count_one(&p->wrong);
}

static int fails(const pipeline *p, uint64_t key)
{
    return p->fails_key != 0 && key == p->fails_key ? p->fail_code : 0;
}

static void open_branch(pipeline *p, const weir_layer *layer, int64_t sign)
{
    const int64_t bytes =
        (int64_t)(layer->in_bytes + layer->fanout * layer->child->out_bytes) * sign;
    const int64_t now =
        atomic_fetch_add_explicit(&p->open_bytes, bytes, memory_order_relaxed) + bytes;
    int64_t peak = atomic_load_explicit(&p->peak_open_bytes, memory_order_relaxed);
    while (now > peak &&
           !atomic_compare_exchange_weak_explicit(&p->peak_open_bytes, &peak, now,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

static int op_count(weir_branch *b, void *in, uint32_t *n)
{
    pipeline *p = weir_context(b);
    const branch_in *branch = in;
    count_one(&p->counts);
    nest(b, p, mix(branch->key, 5));
    *n = children_of(p, branch);
    if (*n > 0)
        open_branch(p, &p->layer[branch->level], +1);
    return 0;
}

static int op_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    pipeline *p = weir_context(b);
    const branch_in *branch = in;
    count_one(&p->splits);
    if (i >= children_of(p, branch))
        count_one(&p->wrong);
    *(branch_in *)child_in = child_of(p, branch, i);
    delay(p, mix(branch->key, i));
    nest(b, p, mix(branch->key, i));
    return 0;
}

static int op_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    pipeline *p = weir_context(b);
    const branch_in *branch = in;
    const weir_layer *layer = &p->layer[branch->level];
    const size_t stride = layer->child->out_bytes;
    count_one(&p->gathers);
    if (n != children_of(p, branch))
        count_one(&p->wrong);
    for (uint32_t i = 0; i < n; i++) {
        const branch_out *result = (const branch_out *)((const char *)results + i * stride);
        if (result->stamp != child_of(p, branch, i).key)
            count_one(&p->wrong);
    }
    delay(p, branch->key);
    nest(b, p, branch->key);
    *(branch_out *)out = combine(branch, results, n, stride);
    if (layer->count != NULL && n > 0)
        open_branch(p, layer, -1);
    return fails(p, branch->key);
}

static int op_leaf(weir_branch *b, const void *in, void *out)
{
    pipeline *p = weir_context(b);
    const branch_in *branch = in;
    const size_t scratch = p->layer[branch->level].scratch_bytes;
    count_one(&p->leaves);
    if (scratch > 0)
        memset(weir_scratch(b), (int)weir_worker(b), scratch);
    delay(p, branch->key);
    nest(b, p, branch->key);
    if (p->leaves_early && weir_stopping(b))
        return 0;
    for (size_t i = 0; i < scratch; i++) /* nobody else has written to it meanwhile */
        if (((unsigned char *)weir_scratch(b))[i] != (unsigned char)weir_worker(b))
            count_one(&p->wrong);
    *(branch_out *)out = combine(branch, NULL, 0, 0);
    return fails(p, branch->key);
}

static int op_leaves(weir_branch *b, const void *parent_in, uint32_t first, uint32_t n,
                     void *results)
{
    pipeline *p = weir_context(b);
    const branch_in *parent = parent_in;
    const size_t stride = p->layer[parent->level].child->out_bytes;
    for (uint32_t i = 0; i < n; i++) {
        const branch_in in = child_of(p, parent, first + i);
        const int code = op_leaf(b, &in, (char *)results + i * stride);
        if (code != 0)
            return code;
    }
    return 0;
}

/* ---- loops of the layers' own ---- */

static const weir_layer *looped; /* the layers of the pipeline that was made last */

#define LOOP(level)                                                                                \
    static void loop_##level(weir_loop *loop)                                                      \
    {                                                                                              \
        weir_loop_run(loop, &looped[level], looped[level].child);                                  \
    }
LOOP(0)
LOOP(1)
LOOP(2)
LOOP(3)
LOOP(4)
LOOP(5)
#undef LOOP

static void (*const loops[MOST_LAYERS])(weir_loop *loop) = {loop_0, loop_1, loop_2,
                                                            loop_3, loop_4, loop_5};

#endif
