/* What the tests of bytes of graphs share: random graphs that count what their tasks hold.
 *
 * It must never assert inside an op: ops note what is too much, and the test looks at it afterwards. */
#ifndef WEIR_TESTS_HOARD_SUPPORT_H
#define WEIR_TESTS_HOARD_SUPPORT_H

#include "dag_support.h"

/* What the ops of several graphs hold together. */
typedef struct bank {
    atomic_int_least64_t now;
    int64_t limit;
} bank;

/* A random graph whose tasks hold and need bytes, as its ops count them. */
typedef struct hoard {
    dag d;
    struct holding {
        struct hoard *of;
        weir_task task;
        size_t held, scratch;
        atomic_uint begun, released;
    } *holding;
    weir_graph *graph;
    bank own, *all; /* what it holds; and with others; or NULL */
    atomic_uint wrong;
} hoard;

static inline void count_bytes(hoard *h, bank *b, int64_t bytes)
{
    if (atomic_fetch_add(&b->now, bytes) + bytes > b->limit)
        atomic_fetch_add(&h->wrong, 1);
}

static inline void change_bytes(hoard *h, int64_t bytes)
{
    count_bytes(h, &h->own, bytes);
    if (h->all != NULL)
        count_bytes(h, h->all, bytes);
}

static inline int hold_bytes(void *arg)
{
    struct holding *h = arg;
    hoard *of = h->of;
    change_bytes(of, (int64_t)(h->held + h->scratch));
    atomic_fetch_add(&h->begun, 1);
    const int code = dag_run_node(&of->d, h->task);
    change_bytes(of, -(int64_t)h->scratch);
    return code;
}

static inline void release_bytes(void *arg)
{
    struct holding *h = arg;
    change_bytes(h->of, -(int64_t)h->held);
    if (atomic_fetch_add(&h->released, 1) + 1 != atomic_load(&h->begun))
        atomic_fetch_add(&h->of->wrong, 1);
}

static inline void make_hoard(hoard *h, uint64_t *random, uint32_t n)
{
    weir_task task;
    dag_make(&h->d, random, n);
    h->holding = test_calloc(n, sizeof *h->holding);
    atomic_store(&h->own.now, 0);
    h->all = NULL;
    atomic_store(&h->wrong, 0);
    assert_ok(weir_graph_create(&h->graph));
    for (uint32_t t = 0; t < n; t++) {
        struct holding *one = &h->holding[t];
        *one = (struct holding){.of = h,
                                .task = t,
                                .held = draw(random, 3) > 0 ? (size_t)draw(random, 100) : 0,
                                .scratch = draw(random, 3) == 0 ? (size_t)draw(random, 50) : 0};
        assert_ok(weir_graph_add(h->graph, NULL, hold_bytes, one, &task));
        assert_ok(weir_graph_hold(h->graph, t, one->held));
        assert_ok(weir_graph_scratch(h->graph, t, one->scratch));
        assert_ok(weir_graph_release(h->graph, t, release_bytes));
    }
    for (uint32_t t = 0; t < n; t++)
        for (uint32_t i = h->d.before_at[t]; i < h->d.before_at[t + 1]; i++)
            assert_ok(weir_graph_before(h->graph, h->d.before[i], t));
    assert_ok(weir_graph_compile(h->graph));
}

static inline void free_hoard(hoard *h)
{
    weir_graph_destroy(h->graph);
    test_free(h->holding);
    dag_free(&h->d);
}

/* After a run: all bytes are back, and each task that has begun was released once. */
static inline void check_hoard(hoard *h)
{
    assert_int_equal(atomic_load(&h->own.now), 0);
    assert_int_equal(atomic_load(&h->wrong), 0);
    for (uint32_t t = 0; t < h->d.n; t++)
        assert_int_equal(atomic_load(&h->holding[t].released), atomic_load(&h->holding[t].begun));
}

static inline void run_hoard(hoard *h, weir_engine *engine)
{
    dag_reset(&h->d);
    h->d.salt++;
    h->own.limit = (int64_t)weir_graph_certified_bytes(h->graph);
    if (weir_engine_max_bytes(engine) < (size_t)h->own.limit)
        h->own.limit = (int64_t)weir_engine_max_bytes(engine);
    assert_ok(weir_graph_run(engine, h->graph));
    dag_check(&h->d);
    check_hoard(h);
    weir_stats s;
    weir_engine_stats(engine, &s);
    assert_true(s.peak_bytes <= s.certified_bytes);
    assert_true(s.certified_bytes <= weir_engine_max_bytes(engine));
}

#endif
