/* Random graphs under random delays: each task runs once, after all its predecessors, failures and cancels
 * stop a run and nothing else, and everything comes back.
 *
 * ctest runs a few hundred; WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED make it longer or repeat one.
 * It must never depend on how fast the machine is: the oracle is a sequential walk of the same
 * graph, and the asserts of the test build of the engine. */
#include "dag_support.h"

#include "base/testing.h"
#include "stress/dag_stress.h"
#include "stress/rounds.h"

enum { DEFAULT_ROUNDS = 200 };

static uint64_t rounds(void)
{
    return environment_number("WEIR_STRESS_ROUNDS", DEFAULT_ROUNDS / SLOW_BUILD);
}

static weir_engine *open_some_engine(uint64_t *random)
{
    static const unsigned counts[] = {1, 2, 2, 3, 4, 5, 8, 16};
    const unsigned workers = counts[draw(random, 8)];
    return open_engine(workers, draw(random, 4) == 0 ? (size_t)draw(random, 4) + 1 : 0, 0);
}

static uint32_t some_size(uint64_t *random)
{
    const uint64_t most = draw(random, 3) == 0 ? 30 : 600;
    return 1 + (uint32_t)draw(random, most);
}

static void make_some(dag *d, uint64_t *random, weir_engine *engine)
{
    dag_make(d, random, some_size(random));
    d->engine = engine;
    d->delay_one_in = draw(random, 2) == 0 ? 1 + draw(random, 100) : 0;
}

static void random_graphs_run_each_task_once_in_order(void **state)
{
    uint64_t seed = environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds(); round++, seed++) {
        uint64_t random = mix(seed, 3);
        dag d;
        note_seed(seed);
        weir_engine *engine = open_some_engine(&random), *other = open_some_engine(&random);
        make_some(&d, &random, engine);
        weir__testing_seed(mix(seed, 4));
        for (int i = 0; i < 3; i++)
            dag_run(&d, engine);
        run_and_fail(&d, engine, &random);
        dag_run(&d, draw(&random, 2) == 0 ? engine : other);
        weir__testing_seed(0);
        dag_free(&d);
        weir_engine_close(other);
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

/* ---- cancels ---- */

static void a_cancel_at_any_moment_leaves_graph_and_engine_clean(void **state)
{
    uint64_t seed = 1000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 2 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        dag d;
        note_seed(seed);
        weir_engine *engine = open_some_engine(&random);
        make_some(&d, &random, engine);
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

/* ---- graphs in tasks ---- */

/* A graph whose tasks run graphs; up to one of those fails. */
static void graphs_in_tasks_of_graphs_end_as_they_must(void **state)
{
    enum { INNER = 5 };
    uint64_t seed = 2000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 4 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        dag inner[INNER];
        weir_graph *outer;
        weir_task task;
        note_seed(seed);
        weir_engine *engine = open_some_engine(&random);
        assert_ok(weir_graph_create(&outer));
        for (unsigned i = 0; i < INNER; i++) {
            make_some(&inner[i], &random, engine);
            assert_ok(weir_graph_add(outer, "inner", run_dag, &inner[i], &task));
            if (i > 0 && draw(&random, 3) == 0)
                assert_ok(weir_graph_before(outer, (weir_task)draw(&random, i), task));
        }
        assert_ok(weir_graph_compile(outer));
        weir__testing_seed(mix(seed, 4));
        for (int run = 0; run < 3; run++) {
            const bool fails = run == 1;
            dag *one = &inner[draw(&random, INNER)];
            for (unsigned i = 0; i < INNER; i++)
                dag_reset(&inner[i]);
            one->fails_at = fails ? (uint32_t)draw(&random, one->n) : one->n;
            const weir_status status = weir_graph_run(engine, outer);
            one->fails_at = one->n;
            assert_int_equal(status, fails ? WEIR_EOP : WEIR_OK);
            if (fails)
                assert_contains(weir_last_error()->where, "inner > ");
            for (unsigned i = 0; i < INNER; i++)
                fails ? dag_check_stopped(&inner[i]) : dag_check(&inner[i]);
        }
        weir__testing_seed(0);
        for (unsigned i = 0; i < INNER; i++)
            dag_free(&inner[i]);
        weir_graph_destroy(outer);
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

/* ---- tasks with bodies ---- */

/* A random graph, of which some tasks repeat random graphs. */
typedef struct repeated {
    dag body;
    unsigned asked, times;
    bool wrong;
} repeated;

static int more(void *arg)
{
    repeated *r = arg;
    r->wrong = r->wrong || atomic_load(&r->body.begun) != r->asked * r->body.n;
    return r->asked++ < r->times;
}

static void tasks_with_bodies_end_as_they_must(void **state)
{
    enum { LOOPS = 4 };
    uint64_t seed = 4000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 4 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        static repeated r[LOOPS];
        weir_graph *graph;
        weir_task task;
        note_seed(seed);
        weir_engine *engine = open_some_engine(&random);
        assert_ok(weir_graph_create(&graph));
        for (unsigned i = 0; i < LOOPS; i++) {
            r[i] = (repeated){.times = (unsigned)draw(&random, 20)};
            dag_make(&r[i].body, &random, 1 + (uint32_t)draw(&random, 60));
            r[i].body.engine = engine;
            assert_ok(weir_graph_while(graph, "loop", more, &r[i], r[i].body.graph, &task));
            if (i > 0 && draw(&random, 3) == 0)
                assert_ok(weir_graph_before(graph, (weir_task)draw(&random, i), task));
        }
        assert_ok(weir_graph_compile(graph));
        weir__testing_seed(mix(seed, 4));
        for (int run = 0; run < 4; run++) {
            repeated *one = &r[draw(&random, LOOPS)];
            const bool fails = run == 1 && one->times > 0;
            for (unsigned i = 0; i < LOOPS; i++) {
                dag_reset(&r[i].body);
                r[i].asked = 0;
            }
            one->body.fails_at = fails ? (uint32_t)draw(&random, one->body.n) : one->body.n;
            one->body.cancels_at = run == 2 ? (uint32_t)draw(&random, one->body.n) : one->body.n;
            const weir_status status = weir_graph_run(engine, graph);
            one->body.fails_at = one->body.cancels_at = one->body.n;
            if (fails)
                assert_contains(weir_last_error()->where, "loop[0]/");
            assert_int_equal(status, fails                        ? WEIR_EOP
                                     : run == 2 && one->times > 0 ? WEIR_ECANCEL
                                                                  : WEIR_OK);
            for (unsigned i = 0; i < LOOPS; i++) {
                assert_false(r[i].wrong);
                assert_int_equal(atomic_load(&r[i].body.wrong), 0);
                if (status == WEIR_OK)
                    assert_int_equal(r[i].asked, r[i].times + 1);
            }
        }
        weir__testing_seed(0);
        weir_graph_destroy(graph);
        for (unsigned i = 0; i < LOOPS; i++) {
            r[i].body.graph = NULL;
            dag_free(&r[i].body);
        }
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

/* ---- long ops ---- */

typedef struct meeting {
    atomic_uint there;
    atomic_bool missed;
} meeting;

/* Waits for another op that does the same. */
static int meet(void *arg)
{
    meeting *m = arg;
    const uint64_t until = clock_ns(CLOCK_MONOTONIC) + 20000000000u;
    atomic_fetch_add(&m->there, 1);
    while (atomic_load(&m->there) % 2 != 0 && clock_ns(CLOCK_MONOTONIC) < until)
        nap(50);
    if (atomic_load(&m->there) % 2 != 0)
        atomic_store(&m->missed, true);
    return 0;
}

/* Also in runs that begin alone. */
static void an_op_that_may_be_long_leaves_what_is_ready_to_others(void **state)
{
    uint64_t seed = 3000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    for (uint64_t round = 0; round < rounds() / 2 + 1; round++, seed++) {
        meeting m = {0};
        weir_graph *graph;
        weir_task task;
        assert_ok(weir_graph_create(&graph));
        assert_ok(weir_graph_add(graph, "a", meet, &m, &task));
        assert_ok(weir_graph_add(graph, "b", meet, &m, &task));
        assert_ok(weir_graph_compile(graph));
        weir__testing_seed(mix(seed, 4));
        for (int i = 0; i < 3; i++)
            assert_ok(weir_graph_run(engine, graph));
        weir__testing_seed(0);
        weir_graph_destroy(graph);
        assert_false(atomic_load(&m.missed));
    }
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs_run_each_task_once_in_order),
        cmocka_unit_test(a_cancel_at_any_moment_leaves_graph_and_engine_clean),
        cmocka_unit_test(graphs_in_tasks_of_graphs_end_as_they_must),
        cmocka_unit_test(tasks_with_bodies_end_as_they_must),
        cmocka_unit_test(an_op_that_may_be_long_leaves_what_is_ready_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
