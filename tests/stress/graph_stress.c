/* Random graphs under random delays: each task runs once, after all its predecessors, failures and cancels
 * stop a run and nothing else, and everything comes back.
 *
 * ctest runs a few hundred; WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED make it longer or repeat one.
 * It must never depend on how fast the machine is: the oracle is a sequential walk of the same
 * graph, and the asserts of the test build of the engine. */
#include "dag_support.h"

#include "stress/dag_stress.h"

static void make_some(dag *d, weir_engine *engine, uint64_t *random)
{
    dag_make(d, random, some_size(random));
    d->engine = engine;
    d->delay_one_in = draw(random, 2) == 0 ? 1 + draw(random, 100) : 0;
}

static void random_graphs_run_each_task_once_in_order(void **state)
{
    (void)state;
    stress_runs(make_some, NULL);
}

static void a_cancel_at_any_moment_leaves_graph_and_engine_clean(void **state)
{
    (void)state;
    stress_cancels(make_some);
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
            make_some(&inner[i], engine, &random);
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

static void tasks_with_bodies_end_as_they_must(void **state)
{
    static repeated r[LOOPS];
    uint64_t seed = 4000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 4 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        note_seed(seed);
        weir_engine *engine = open_some_engine(&random);
        weir_graph *graph = make_loops(r, 0, engine, &random);
        repeated *one = &r[draw(&random, LOOPS)];
        const bool turns = one->times > 0; /* or its body can do nothing wrong */
        weir__testing_seed(mix(seed, 4));
        assert_int_equal(run_loops(r, engine, graph, NULL, NULL, &random), WEIR_OK);
        assert_int_equal(run_loops(r, engine, graph, &one->body, NULL, &random),
                         turns ? WEIR_EOP : WEIR_OK);
        if (turns)
            assert_contains(weir_last_error()->where, "loop[0]/");
        assert_int_equal(run_loops(r, engine, graph, NULL, &one->body, &random),
                         turns ? WEIR_ECANCEL : WEIR_OK);
        assert_int_equal(run_loops(r, engine, graph, NULL, NULL, &random), WEIR_OK);
        weir__testing_seed(0);
        free_loops(r, graph);
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
