/* A random graph of stages, and what it must give: a pure function of keys, walked sequentially.
 *
 * The stress test of streams includes it.  It must never run an engine: it is the oracle. */
#ifndef WEIR_TESTS_STREAM_GRAPH_H
#define WEIR_TESTS_STREAM_GRAPH_H

#include "stream_support.h"

enum { MOST_SOURCES = 4, MOST_NODES = 10, MOST_INPUTS = 4, MOST_ITEMS = 2000 };

/* ---- a random graph ---- */

typedef struct node {
    char name[8];
    unsigned inputs; /* 0: a source */
    struct node *input[MOST_INPUTS];
    bool merge, unordered, taken;
    unsigned jobs, buffer, max_yield; /* max_yield as the engine takes it: at least 1 */
    uint64_t seed, n;                 /* a source's items */
    uint64_t fails_key;               /* the call with this key fails; 0: none */
    unsigned delay_one_in;
    weir_stage stage;
    /* Counted by the ops. */
    meter meter;
    atomic_uint_least64_t next, yielded, taken_items, destroyed, wrong;
    atomic_uint_least64_t job[4];
    /* What it must give: keys; `ordered`: in this order. */
    bool ordered;
    uint64_t count, give[MOST_ITEMS];
    bool fails, may_end; /* after these it fails; or perhaps it ends */
} node;

typedef struct graph {
    unsigned sources, nodes;
    node node[MOST_NODES];
} graph;

static inline uint64_t key_of(uint64_t a, uint64_t b)
{
    const uint64_t key = mix(a, b);
    return key == 0 ? 1 : key;
}

static inline uint64_t yields_of(const node *d, uint64_t key)
{
    return d->max_yield == 1 ? 1 : (key >> 7) % (d->max_yield + 1);
}

/* A node that takes from these, all of them free until now. */
static inline node *add_node(graph *g, uint64_t *random, unsigned inputs, node **input)
{
    node *d = &g->node[g->nodes];
    *d = (node){.inputs = inputs, .jobs = 1 + (unsigned)draw(random, 4), .seed = *random};
    snprintf(d->name, sizeof d->name, "N%u", g->nodes++);
    d->ordered = true;
    for (unsigned i = 0; i < inputs; i++) {
        d->input[i] = input[i];
        input[i]->taken = true;
        d->ordered = d->ordered && input[i]->ordered;
    }
    const unsigned most = inputs == 0 ? 1 : (unsigned)draw(random, 4);
    d->max_yield = most == 0 ? 1 : most;
    d->buffer = d->max_yield + (unsigned)draw(random, 21 - d->max_yield);
    d->unordered = draw(random, 4) == 0;
    /* Pairs of what has no order cannot be foretold. */
    d->merge = inputs > 1 && (!d->ordered || draw(random, 3) == 0);
    if (inputs == 0) {
        d->n = draw(random, 120);
        d->jobs = draw(random, 3) == 0 ? d->jobs : 1;
    }
    d->ordered = d->ordered && !d->merge && !d->unordered && (inputs > 0 || d->jobs == 1);
    d->delay_one_in = draw(random, 3) == 0 ? 5 + (unsigned)draw(random, 100) : 0;
    d->meter.max_yield = d->max_yield;
    return d;
}

static inline void make_any_graph(graph *g, uint64_t seed)
{
    uint64_t random = mix(seed, 1);
    node *free_nodes[MOST_NODES];
    unsigned n = 0;
    g->nodes = 0;
    g->sources = 1 + (unsigned)draw(&random, MOST_SOURCES);
    for (unsigned i = 0; i < g->sources; i++)
        free_nodes[n++] = add_node(g, &random, 0, NULL);
    const unsigned stages = 1 + (unsigned)draw(&random, 6);
    for (unsigned i = 0; i < stages; i++) { /* takes the last free ones; the last stage takes all */
        const unsigned inputs = i + 1 == stages ? n : 1 + (unsigned)draw(&random, n);
        n -= inputs;
        free_nodes[n] = add_node(g, &random, inputs, free_nodes + n);
        n++;
    }
}

/* ---- the oracle ---- */

static inline uint64_t call_key(const node *d, const uint64_t *keys, unsigned n)
{
    uint64_t key = d->seed;
    for (unsigned i = 0; i < n; i++)
        key = key_of(key, keys[i]);
    return key;
}

static inline bool give_call(node *d, const uint64_t *keys, unsigned n)
{
    const uint64_t key = call_key(d, keys, n);
    if (key == d->fails_key) {
        d->fails = true;
        return false;
    }
    for (uint64_t i = 0; i < yields_of(d, key) && d->count < MOST_ITEMS; i++)
        d->give[d->count++] = key_of(key, i);
    return true;
}

static inline void walk_zip(node *d)
{
    uint64_t keys[MOST_INPUTS];
    for (uint64_t at = 0;; at++) {
        bool ended = false, failed = false, may_end = false;
        for (unsigned i = 0; i < d->inputs; i++) {
            const node *in = d->input[i];
            const bool over = at == in->count;
            keys[i] = over ? 0 : in->give[at];
            failed = failed || (over && in->fails);
            ended = ended || (over && !in->fails);
            may_end = may_end || (over && in->may_end);
        }
        if (failed || ended) { /* with both at once, either may be seen first */
            d->fails = failed;
            d->may_end = (failed && ended) || may_end;
            return;
        }
        if (!give_call(d, keys, d->inputs) && d->ordered)
            return; /* else calls behind it may go well */
    }
}

/* In one of many orders; what fails is in `fails`, and then only some of it comes. */
static inline void walk_merge(node *d)
{
    for (unsigned i = 0; i < d->inputs; i++) {
        d->fails = d->fails || d->input[i]->fails;
        d->may_end = d->may_end || d->input[i]->may_end;
        for (uint64_t at = 0; at < d->input[i]->count; at++)
            give_call(d, &d->input[i]->give[at], 1);
    }
}

static inline void walk(graph *g)
{
    for (unsigned i = 0; i < g->nodes; i++) {
        node *d = &g->node[i];
        d->count = 0;
        d->fails = d->may_end = false;
        for (uint64_t k = 0; d->inputs == 0 && k < d->n; k++) {
            const uint64_t key = key_of(d->seed, k);
            d->fails = d->fails || key == d->fails_key;
            if (d->fails && d->ordered)
                break;
            if (key != d->fails_key)
                d->give[d->count++] = key;
        }
        if (d->inputs > 0 && (d->merge || (d->inputs == 1 && !d->input[0]->ordered)))
            walk_merge(d);
        else if (d->inputs > 0)
            walk_zip(d);
    }
}

/* A graph of a size that a test can afford, with what it must give; moves to the next seed that
 * has one. */
static inline void make_graph(graph *g, uint64_t *seed)
{
    for (bool fits = false; !fits; *seed += !fits) {
        make_any_graph(g, *seed);
        walk(g);
        fits = true;
        for (unsigned i = 0; i < g->nodes; i++)
            fits = fits && g->node[i].count < MOST_ITEMS;
    }
}

/* One call of some node fails, if there is one. */
static inline void fail_somewhere(graph *g, uint64_t *random)
{
    node *d = &g->node[draw(random, g->nodes)];
    uint64_t keys[MOST_INPUTS], least = d->count;
    const unsigned inputs = d->merge ? 1 : d->inputs;
    for (unsigned i = 0; i < inputs; i++)
        if (i == 0 || d->input[i]->count < least)
            least = d->input[i]->count;
    if (least == 0)
        return;
    const uint64_t at = draw(random, least);
    for (unsigned i = 0; i < inputs; i++)
        keys[i] = d->input[i]->give[at];
    d->fails_key = inputs == 0 ? d->give[at] : call_key(d, keys, inputs);
    walk(g);
}

#endif
