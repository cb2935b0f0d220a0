/* What the stress tests of graphs share: random graphs, of which the test makes each, that run, fail and are
 * cancelled under random delays; and bodies that are repeated. */
#ifndef WEIR_TESTS_DAG_STRESS_H
#define WEIR_TESTS_DAG_STRESS_H

#include "dag_support.h"

#include "base/testing.h"
#include "stress/rounds.h"

enum { DEFAULT_ROUNDS = 200 };

static inline uint64_t rounds(void)
{
    return environment_number("WEIR_STRESS_ROUNDS", DEFAULT_ROUNDS / SLOW_BUILD);
}

static inline weir_engine *open_some_engine(uint64_t *random)
{
    static const unsigned counts[] = {1, 2, 2, 3, 4, 5, 8, 16};
    const unsigned workers = counts[draw(random, 8)];
    return open_engine(workers, draw(random, 4) == 0 ? (size_t)draw(random, 4) + 1 : 0, 0);
}

static inline uint32_t some_size(uint64_t *random)
{
    const uint64_t most = draw(random, 3) == 0 ? 30 : 600;
    return 1 + (uint32_t)draw(random, most);
}

/* ---- runs that stop ---- */

static inline void run_and_fail(dag *d, weir_engine *engine, uint64_t *random)
{
    dag_reset(d);
    d->fails_at = (uint32_t)draw(random, d->n);
    assert_status(WEIR_EOP, weir_graph_run(engine, d->graph));
    assert_int_equal(weir_last_error()->code, 42);
    dag_check_stopped(d);
    d->fails_at = d->n;
}

static inline void run_and_cancel(dag *d, weir_engine *engine, uint64_t *random)
{
    canceller c = {engine, (unsigned)draw(random, 1000)};
    pthread_t thread;
    dag_reset(d);
    d->salt++;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
    const weir_status status = weir_graph_run(engine, d->graph);
    pthread_join(thread, NULL);
    if (status == WEIR_OK) {
        dag_check(d);
    } else {
        assert_int_equal(status, WEIR_ECANCEL);
        dag_check_stopped(d);
    }
}

/* ---- rounds ---- */

/* Makes a graph for runs on the engine. */
typedef void dag_maker(dag *d, weir_engine *engine, uint64_t *random);

/* A graph runs, fails, and runs again, maybe on another engine; then `holds`, if it is not NULL, is true. */
static inline void stress_runs(dag_maker *make, bool (*holds)(const dag *d))
{
    uint64_t seed = environment_number("WEIR_STRESS_SEED", 1);
    for (uint64_t round = 0; round < rounds(); round++, seed++) {
        uint64_t random = mix(seed, 3);
        dag d;
        note_seed(seed);
        weir_engine *engine = open_some_engine(&random), *other = open_some_engine(&random);
        make(&d, engine, &random);
        weir__testing_seed(mix(seed, 4));
        for (int i = 0; i < 3; i++)
            dag_run(&d, engine);
        run_and_fail(&d, engine, &random);
        dag_run(&d, draw(&random, 2) == 0 ? engine : other);
        weir__testing_seed(0);
        assert_true(holds == NULL || holds(&d));
        dag_free(&d);
        weir_engine_close(other);
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

/* A cancel comes at any moment, three times; then the graph runs. */
static inline void stress_cancels(dag_maker *make)
{
    uint64_t seed = 1000 + environment_number("WEIR_STRESS_SEED", 1);
    for (uint64_t round = 0; round < rounds() / 2 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        dag d;
        note_seed(seed);
        weir_engine *engine = open_some_engine(&random);
        make(&d, engine, &random);
        weir__testing_seed(mix(seed, 4));
        for (int i = 0; i < 3; i++)
            run_and_cancel(&d, engine, &random);
        dag_run(&d, engine);
        weir__testing_seed(0);
        dag_free(&d);
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

/* ---- bodies ---- */

/* A random graph that a task repeats. */
typedef struct repeated {
    dag body;
    unsigned asked, times;
    bool wrong;
} repeated;

enum { LOOPS = 4 };

static inline int more(void *arg)
{
    repeated *r = arg;
    r->wrong = r->wrong || atomic_load(&r->body.begun) != r->asked * r->body.n;
    return r->asked++ < r->times;
}

/* A graph of LOOPS tasks that repeat a body each, at least so often. */
static inline weir_graph *make_loops(repeated *r, unsigned least, weir_engine *engine,
                                     uint64_t *random)
{
    weir_graph *graph;
    weir_task task;
    assert_ok(weir_graph_create(&graph));
    for (unsigned i = 0; i < LOOPS; i++) {
        r[i] = (repeated){.times = least + (unsigned)draw(random, 20)};
        dag_make(&r[i].body, random, 1 + (uint32_t)draw(random, 60));
        r[i].body.engine = engine;
        assert_ok(weir_graph_while(graph, "loop", more, &r[i], r[i].body.graph, &task));
        if (i > 0 && draw(random, 3) == 0)
            assert_ok(weir_graph_before(graph, (weir_task)draw(random, i), task));
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

static inline void free_loops(repeated *r, weir_graph *graph)
{
    weir_graph_destroy(graph);
    for (unsigned i = 0; i < LOOPS; i++) {
        r[i].body.graph = NULL;
        dag_free(&r[i].body);
    }
}

/* One of the bodies may fail in its first turn, or cancel the run. */
static inline weir_status run_loops(repeated *r, weir_engine *engine, weir_graph *graph, dag *fails,
                                    dag *cancels, uint64_t *random)
{
    for (unsigned i = 0; i < LOOPS; i++) {
        dag_reset(&r[i].body);
        r[i].asked = 0;
    }
    if (fails != NULL)
        fails->fails_at = (uint32_t)draw(random, fails->n);
    if (cancels != NULL)
        cancels->cancels_at = (uint32_t)draw(random, cancels->n);
    const weir_status status = weir_graph_run(engine, graph);
    for (unsigned i = 0; i < LOOPS; i++) {
        r[i].body.fails_at = r[i].body.cancels_at = r[i].body.n;
        assert_false(r[i].wrong);
        assert_int_equal(atomic_load(&r[i].body.wrong), 0);
        if (status == WEIR_OK)
            assert_int_equal(r[i].asked, r[i].times + 1);
    }
    return status;
}

#endif
