/* What the tests of graphs share: random graphs whose tasks check that what they need is there.
 *
 * Each task computes a value from those of its predecessors, which is plain data: a wrong order changes
 * it, and the thread sanitizer sees what nothing orders.  It must never assert inside an op. */
#ifndef WEIR_TESTS_DAG_SUPPORT_H
#define WEIR_TESTS_DAG_SUPPORT_H

#include "stream_support.h"

typedef struct dag_node {
    struct dag *dag;
    uint64_t value;
    atomic_uint runs;
} dag_node;

/* A graph and what its tasks know. Nodes are numbered as tasks are. */
typedef struct dag {
    weir_graph *graph;
    weir_engine *engine; /* for ops that cancel */
    uint32_t n, family;  /* tasks, of which the last so many are one family */
    dag_node *node;
    uint32_t *rank;                /* of each: edges go from lower to higher ones */
    uint32_t *before_at, *before;  /* its predecessors, as a CSR */
    uint64_t delay_one_in;         /* 0: no op takes a while */
    atomic_uint begun, wrong;      /* ops; those that found something that cannot be */
    uint32_t fails_at, cancels_at; /* tasks; n: none */
    uint64_t salt;                 /* of this run */
} dag;

static inline int dag_run_node(dag *d, uint32_t t)
{
    dag_node *node = &d->node[t];
    const unsigned runs = atomic_load_explicit(&node->runs, memory_order_relaxed);
    uint64_t value = mix(d->salt, t);
    atomic_fetch_add_explicit(&d->begun, 1, memory_order_relaxed);
    for (uint32_t i = d->before_at[t]; i < d->before_at[t + 1]; i++) {
        const dag_node *before = &d->node[d->before[i]];
        if (atomic_load_explicit(&before->runs, memory_order_relaxed) != runs + 1)
            atomic_fetch_add(&d->wrong, 1);
        value = mix(value, before->value);
    }
    node->value = value;
    if (atomic_fetch_add_explicit(&node->runs, 1, memory_order_relaxed) != runs)
        atomic_fetch_add(&d->wrong, 1);
    if (d->delay_one_in > 0 && (value >> 20) % d->delay_one_in == 0)
        nap((unsigned)(value >> 32) % 200);
    if (t == d->cancels_at)
        weir_engine_cancel(d->engine);
    return t == d->fails_at ? 42 : 0;
}

static inline int dag_op(void *arg)
{
    dag_node *node = arg;
    return dag_run_node(node->dag, (uint32_t)(node - node->dag->node));
}

static inline int dag_family_op(void *arg, const uint32_t *index, uint32_t count)
{
    dag *d = arg;
    for (uint32_t i = 0; i < count; i++) {
        const int code = dag_run_node(d, d->n - d->family + index[i]);
        if (code != 0)
            return weir_failed_child(weir_here(), index[i], code);
    }
    return 0;
}

/* Fills rank with 0 … n - 1: in this order, or shuffled. */
static inline void dag_rank(dag *d, uint64_t *random, bool shuffled)
{
    for (uint32_t i = 0; i < d->n; i++)
        d->rank[i] = i;
    for (uint32_t i = d->n; shuffled && i > 1; i--) {
        const uint32_t k = (uint32_t)draw(random, i), kept = d->rank[i - 1];
        d->rank[i - 1] = d->rank[k];
        d->rank[k] = kept;
    }
}

/* Up to `most` edges into each node, mostly from ones of nearly its rank. */
static inline void dag_draw_edges(dag *d, uint64_t *random, uint32_t most)
{
    uint32_t *of_rank = test_calloc(d->n + 1, sizeof *of_rank);
    uint32_t edges = 0;
    for (uint32_t t = 0; t < d->n; t++)
        of_rank[d->rank[t]] = t;
    d->before_at = test_calloc(d->n + 1, sizeof *d->before_at);
    d->before = test_calloc((size_t)d->n * most + 1, sizeof *d->before);
    for (uint32_t t = 0; t < d->n; t++) {
        const uint32_t rank = d->rank[t];
        const uint32_t wanted = rank == 0 ? 0 : (uint32_t)draw(random, most + 1);
        d->before_at[t] = edges;
        for (uint32_t i = 0; i < wanted; i++) {
            const uint32_t near = draw(random, 4) > 0 && rank > 16 ? 16 : rank;
            d->before[edges++] = of_rank[rank - 1 - (uint32_t)draw(random, near)];
        }
    }
    d->before_at[d->n] = edges;
    test_free(of_rank);
}

static inline void dag_build(dag *d, uint64_t *random, bool hints)
{
    weir_task task;
    assert_ok(weir_graph_create(&d->graph));
    for (uint32_t t = 0; t < d->n - d->family; t++) {
        char name[16];
        snprintf(name, sizeof name, "t%u", t);
        assert_ok(weir_graph_add(d->graph, t % 3 == 0 ? NULL : name, dag_op, &d->node[t], &task));
        assert_int_equal(task, t);
    }
    if (d->family > 0)
        assert_ok(weir_graph_add_many(d->graph, "family", d->family, dag_family_op, d, &task));
    for (uint32_t t = 0; t < d->n; t++) {
        for (uint32_t i = d->before_at[t]; i < d->before_at[t + 1]; i++)
            assert_ok(weir_graph_before(d->graph, d->before[i], t));
        if (hints && draw(random, 3) > 0)
            assert_ok(weir_graph_cost(d->graph, t, (double)draw(random, 60000)));
    }
    assert_ok(weir_graph_compile(d->graph));
}

/* A random graph of n tasks; d stays where it is until dag_free(). */
static inline void dag_make(dag *d, uint64_t *random, uint32_t n)
{
    *d = (dag){.n = n, .fails_at = n, .cancels_at = n, .salt = 1};
    d->family = n > 0 && draw(random, 2) == 0 ? (uint32_t)draw(random, n + 1) : 0;
    d->node = test_calloc(n + 1, sizeof *d->node);
    d->rank = test_calloc(n + 1, sizeof *d->rank);
    for (uint32_t t = 0; t < n; t++)
        d->node[t].dag = d;
    dag_rank(d, random, draw(random, 3) == 0);
    dag_draw_edges(d, random, 1 + (uint32_t)draw(random, 4));
    dag_build(d, random, draw(random, 3) == 0);
}

static inline void dag_free(dag *d)
{
    weir_graph_destroy(d->graph);
    test_free(d->before);
    test_free(d->before_at);
    test_free(d->rank);
    test_free(d->node);
}

/* Before a run that may stop: no task has run. */
static inline void dag_reset(dag *d)
{
    for (uint32_t t = 0; t < d->n; t++)
        atomic_store(&d->node[t].runs, 0);
    atomic_store(&d->begun, 0);
    atomic_store(&d->wrong, 0);
}

/* After a run that came to its end: each task has run once, with the right values before it. */
static inline void dag_check(dag *d)
{
    uint32_t *at_rank = test_calloc(d->n + 1, sizeof *at_rank);
    uint64_t *value = test_calloc(d->n + 1, sizeof *value);
    for (uint32_t t = 0; t < d->n; t++)
        at_rank[d->rank[t]] = t;
    assert_int_equal(atomic_load(&d->wrong), 0);
    assert_int_equal(atomic_load(&d->begun), d->n);
    for (uint32_t rank = 0; rank < d->n; rank++) {
        const uint32_t t = at_rank[rank];
        value[t] = mix(d->salt, t);
        for (uint32_t i = d->before_at[t]; i < d->before_at[t + 1]; i++)
            value[t] = mix(value[t], value[d->before[i]]);
        assert_int_equal(atomic_load(&d->node[t].runs), 1);
        assert_true(d->node[t].value == value[t]);
    }
    test_free(value);
    test_free(at_rank);
}

/* Runs it to its end. */
static inline void dag_run(dag *d, weir_engine *engine)
{
    dag_reset(d);
    d->salt++;
    assert_ok(weir_graph_run(engine, d->graph));
    dag_check(d);
}

/* After a run that stopped: no task has run twice, or before those that it needs. */
static inline void dag_check_stopped(dag *d)
{
    assert_int_equal(atomic_load(&d->wrong), 0);
    for (uint32_t t = 0; t < d->n; t++)
        assert_true(atomic_load(&d->node[t].runs) <= 1);
}

/* An op that runs a graph whose engine is its own. */
static inline int run_dag(void *arg)
{
    dag *d = arg;
    return weir_graph_run(d->engine, d->graph);
}

/* A stage that runs a graph of such tasks for each item. */
typedef struct dag_stage {
    dag *d;
    weir_graph *graph;
} dag_stage;

static inline int run_for_item(void *stage_state, const void *const *items, weir_yielder *y)
{
    const dag_stage *s = stage_state;
    dag_reset(s->d);
    const weir_status status = weir_graph_run(s->d->engine, s->graph);
    if (status != WEIR_OK)
        return status;
    if (atomic_load(&s->d->begun) != s->d->n || atomic_load(&s->d->wrong) != 0)
        return 1;
    return weir_yield(y, items[0]);
}

/* Runs a graph with the tasks of d, on its engine, in a stage. */
static inline void assert_runs_in_stage(dag *d, weir_graph *graph)
{
    enum { ITEMS = 30 };
    numbers source = {.n = ITEMS};
    dag_stage state = {d, graph};
    weir_stream *s = open_stream(d->engine);
    const weir_stage in = add_numbers(s, "in", 4, &source);
    const weir_stage_options o = stage_of("graph", 1, 4, &state);
    const weir_stage last = add_stage(s, &o, run_for_item, in);
    assert_ok(weir_stream_start(s));
    for (uint64_t i = 0; i < ITEMS; i++)
        expect_number(s, last, i);
    assert_ok(weir_stream_close(s));
}

/* ---- graphs of few tasks ---- */

static inline int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* An op that counts its calls. */
static inline int count_call(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
    return 0;
}

/* A compiled graph of one task. */
static inline weir_graph *make_graph(const char *name, int (*op)(void *arg), void *arg)
{
    weir_graph *graph;
    weir_task task;
    assert_ok(weir_graph_create(&graph));
    assert_ok(weir_graph_add(graph, name, op, arg, &task));
    assert_ok(weir_graph_compile(graph));
    return graph;
}

#endif
