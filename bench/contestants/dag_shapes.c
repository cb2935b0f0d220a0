/* The shapes of graphs: a tree, a random one, and Task Bench's patterns; see dag.h.
 *
 * dag.c asks for one by the name of the problem.  A shape must never depend on anything but the sizes
 * of the problem: all contestants run the same one. */
#include <stdio.h>
#include <string.h>

#include "dag.h"
#include "problem.h"

/* ---- tree: each node before its three children, level by level ---- */

bool dag_make_tree(dag *d, const problem *p)
{
    for (uint32_t i = 0; i < p->size; i++)
        if (!dag_add_task(d) || (i > 0 && !dag_add_edge(d, (i - 1) / DAG_TREE_FANOUT)))
            return false;
    return p->size > 0;
}

bool dag_make_rows(dag *d, uint32_t tasks, const uint64_t *first, const uint32_t *before)
{
    for (uint32_t i = 0; i < tasks; i++) {
        if (!dag_add_task(d))
            return false;
        for (uint64_t e = first[i]; e < first[i + 1]; e++)
            if (!dag_add_edge(d, before[e]))
                return false;
    }
    return tasks > 0;
}

/* ---- random: each task has from 0 to 2 x depth predecessors, all equally likely, among all tasks
 *      before it ---- */

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % below);
}

/* Is there an edge from `task` to the task begun last? */
static bool has_edge(const dag *d, uint32_t task)
{
    for (uint64_t e = d->first[d->tasks - 1]; e < d->edges; e++)
        if (d->before[e] == task)
            return true;
    return false;
}

bool dag_make_random(dag *d, const problem *p)
{
    uint64_t state = 1;
    for (uint32_t i = 0; i < p->size; i++) {
        uint32_t edges = draw(&state, 2 * (uint32_t)p->depth + 1);
        if (!dag_add_task(d))
            return false;
        for (edges = edges < i ? edges : i; edges > 0;) {
            const uint32_t before = draw(&state, i);
            if (has_edge(d, before))
                continue;
            if (!dag_add_edge(d, before))
                return false;
            edges--;
        }
    }
    return p->size > 0;
}

/* ---- Task Bench (Slaughter and others, SC 2020): points in a row, step after step; which points of
 *      the step before a point needs. Sets of edges follow one another in turn where a pattern has
 *      several. Each edge is where Task Bench's own programs have it (bench/peers/task_bench.cpp
 *      looks), those that are drawn included. ---- */

typedef struct point {
    uint32_t width, bits; /* width is 2 to the power of bits */
    uint32_t step, at;
} point;

static bool is_near(const point *q, uint32_t other, uint32_t below, uint32_t above)
{
    return other + below >= q->at && other <= q->at + above;
}

static bool no_edge(const point *q, uint32_t other)
{
    (void)q, (void)other;
    return false;
}

static bool itself(const point *q, uint32_t other)
{
    return other == q->at;
}

static bool stencil(const point *q, uint32_t other)
{
    return is_near(q, other, 1, 1);
}

/* The butterflies' distances, 1, 2, 4, … in turn. */
static bool fft(const point *q, uint32_t other)
{
    const uint32_t distance = q->bits == 0 ? 0 : 1u << (q->step + q->bits - 1) % q->bits;
    return other == q->at || other == q->at + distance || other + distance == q->at;
}

static bool parent(const point *q, uint32_t other)
{
    return other == q->at / 2;
}

static bool nearest(const point *q, uint32_t other)
{
    return is_near(q, other, DAG_RADIX / 2, (DAG_RADIX - 1) / 2);
}

/* Itself, and others at equal distances, which shift by one from set to set; so there may be no more
 * sets than the distance is long. */
static bool spread(const point *q, uint32_t other)
{
    const uint32_t distance = (q->width + DAG_RADIX - 1) / DAG_RADIX;
    const uint32_t set = q->step % (distance < DAG_PERIOD ? distance : DAG_PERIOD);
    for (uint32_t i = 1; i < DAG_RADIX; i++)
        if (other == (q->at + i * q->width / DAG_RADIX + set) % q->width)
            return true;
    return other == q->at;
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void siphash_rounds(uint64_t v[4], unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        v[0] += v[1], v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0], v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32) + v[3], v[2] += v[1];
        v[3] = rotate(v[3], 21) ^ v[0], v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012) of n words, with the key 1, 2, … 15, 0. */
static uint64_t siphash(const uint64_t *words, uint64_t n)
{
    const uint64_t key[2] = {0x0807060504030201, 0x000f0e0d0c0b0a09};
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    for (uint64_t i = 0; i <= n; i++) {
        const uint64_t word = i < n ? words[i] : (n * sizeof *words) << 56;
        v[3] ^= word;
        siphash_rounds(v, 2);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    siphash_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Itself, and each of the nearest with a probability of a quarter. */
static bool random_nearest(const point *q, uint32_t other)
{
    const uint64_t graph = 0, words[] = {graph, DAG_RADIX, q->step % DAG_PERIOD, other, q->at};
    return other == q->at ||
           (nearest(q, other) && siphash(words, sizeof words / sizeof *words) >> 62 == 0);
}

static bool all_to_all(const point *q, uint32_t other)
{
    (void)q, (void)other;
    return true;
}

static const struct pattern {
    const char *name;
    bool (*needs)(const point *q, uint32_t other);
} patterns[] = {{"tb-trivial", no_edge},      {"tb-no_comm", itself},
                {"tb-stencil_1d", stencil},   {"tb-fft", fft},
                {"tb-tree", parent},          {"tb-nearest", nearest},
                {"tb-spread", spread},        {"tb-random_nearest", random_nearest},
                {"tb-all_to_all", all_to_all}};

static const struct pattern *find_pattern(const char *name)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (strcmp(patterns[i].name, name) == 0)
            return &patterns[i];
    return NULL;
}

bool dag_is_pattern(const char *name)
{
    return find_pattern(name) != NULL;
}

/* The tree doubles from one point on until it is as wide as the others. */
static uint32_t width_at(const point *q, bool grows)
{
    return grows && q->step < q->bits ? 1u << q->step : q->width;
}

/* The tasks of a step; those of the step before begin at `before`. */
static bool add_step(dag *d, const struct pattern *kind, point *q, uint32_t width,
                     uint32_t width_before)
{
    const uint32_t before = d->tasks - width_before;
    for (q->at = 0; q->at < width; q->at++) {
        if (!dag_add_task(d))
            return false;
        for (uint32_t other = 0; other < width_before; other++)
            if (kind->needs(q, other) && !dag_add_edge(d, before + other))
                return false;
    }
    return true;
}

bool dag_make_pattern(dag *d, const problem *p)
{
    const struct pattern *kind = find_pattern(p->name);
    const bool grows = kind->needs == parent;
    point q = {.width = (uint32_t)p->size};
    uint32_t width_before = 0;
    while (q.bits < 20 && 1u << q.bits < p->size)
        q.bits++;
    if (1u << q.bits != p->size || p->depth <= q.bits) {
        fprintf(stderr, "%s: --size must be a power of 2, and --depth more than its logarithm\n",
                p->name);
        return false;
    }
    for (q.step = 0; q.step < p->depth; q.step++) {
        const uint32_t width = width_at(&q, grows);
        if (!add_step(d, kind, &q, width, width_before))
            return false;
        width_before = width;
    }
    d->column_bits = q.bits;
    d->rows = (uint32_t)p->depth;
    d->absent = (uint32_t)(p->depth * p->size) - d->tasks;
    return true;
}
