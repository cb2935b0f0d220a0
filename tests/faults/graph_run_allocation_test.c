/* Tests that a run of a graph may fail at each of its allocations, losing nothing, and that it makes none
 * once it is warm.
 *
 * Run by ctest with the engine's internal headers, whose allocator fails on request. */
#include "dag_support.h"
#include "testing_support.h"

enum { MOST_ALLOCATIONS = 1000 };

static void a_run_says_no_memory_at_each_allocation_and_loses_nothing(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers += 3) {
        weir_engine *engine = open_engine(workers, 0, 0);
        uint64_t random = workers, nth = 0;
        weir_status status = WEIR_ENOMEM;
        dag d;
        dag_make(&d, &random, 300);
        while (status == WEIR_ENOMEM && nth++ < MOST_ALLOCATIONS) {
            dag_reset(&d);
            weir__testing_fail_allocation(nth);
            status = weir_graph_run(engine, d.graph);
            weir__testing_fail_allocation(0);
            if (status == WEIR_OK)
                break;
            assert_int_equal(status, WEIR_ENOMEM);
            assert_int_equal(weir_last_error()->status, WEIR_ENOMEM);
            assert_int_equal(atomic_load(&d.begun), 0);
        }
        assert_true(nth >= 3);
        dag_check(&d);
        dag_run(&d, engine);
        assert_engine_usable(engine);
        dag_free(&d);
        weir_engine_close(engine);
    }
}

/* Runs of a graph, by itself and in an op, and then `runs` more, in which nobody asks for memory. */
static void check_warm_runs(unsigned workers, unsigned plans, int warm, int runs)
{
    weir_engine *engine = open_engine(workers, 0, 0);
    uint64_t random = 7 + workers;
    weir_graph *outer;
    weir_task task;
    dag d;
    dag_make(&d, &random, 2000);
    d.engine = engine;
    assert_ok(weir_graph_plan(d.graph, plans));
    assert_ok(weir_graph_create(&outer));
    assert_ok(weir_graph_add(outer, "outer", run_dag, &d, &task));
    assert_ok(weir_graph_compile(outer));
    for (int run = 0; run < warm; run++) {
        dag_run(&d, engine);
        dag_reset(&d);
        assert_ok(weir_graph_run(engine, outer)); /* a nested run's record is its worker's */
    }
    const int64_t blocks = weir__testing_live_blocks();
    weir__testing_fail_allocation(1);
    for (int run = 0; run < runs; run++)
        dag_run(&d, engine);
    assert_true(weir__testing_allocation_fails()); /* nobody has asked before */
    assert_int_equal(weir__testing_live_blocks(), blocks);
    weir_graph_destroy(outer);
    dag_free(&d);
    weir_engine_close(engine);
}

static void a_warm_run_allocates_nothing(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++)
        check_warm_runs(workers, 0, 8, 20);
}

/* A plan is chosen by the 36th run at the latest. On a crowded machine all runs may be slower than the first,
 * and a new plan made, but not so soon. */
static void a_warm_run_with_a_plan_allocates_nothing(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++)
        check_warm_runs(workers, WEIR_PLAN_LANES | WEIR_PLAN_SERIAL, 18, 7);
}

/* ---- bodies ---- */

static int once(void *arg)
{
    return (int)((*(unsigned *)arg)++ % 2 == 0);
}

static weir_status build_loop(weir_graph **graph, weir_graph *body, unsigned *asked)
{
    weir_task task;
    weir_status status = weir_graph_create(graph);
    if (status != WEIR_OK)
        return status;
    status = weir_graph_while(*graph, "loop", once, asked, body, &task);
    return status == WEIR_OK ? weir_graph_compile(*graph) : status;
}

static void a_task_with_a_body_may_fail_at_each_allocation(void **state)
{
    weir_engine *engine = open_engine(2, 0, 0);
    uint64_t nth = 0;
    unsigned asked = 0;
    weir_status status = WEIR_ENOMEM;
    weir_graph *graph;
    (void)state;
    while (status == WEIR_ENOMEM && nth++ < MOST_ALLOCATIONS) {
        weir_graph *body;
        weir_task task;
        assert_ok(weir_graph_create(&body)); /* one with bytes, of which the task has a note */
        assert_ok(weir_graph_add(body, "inner", once, &asked, &task));
        assert_ok(weir_graph_hold(body, task, 10));
        assert_ok(weir_graph_compile(body));
        const int64_t blocks = weir__testing_live_blocks();
        weir__testing_fail_allocation(nth);
        status = build_loop(&graph, body, &asked);
        weir__testing_fail_allocation(0);
        const bool took = graph != NULL && weir_graph_run(engine, body) == WEIR_EINVAL;
        if (status == WEIR_OK)
            break;
        weir_graph_destroy(graph);
        if (!took) {
            assert_true(weir__testing_live_blocks() >= blocks);
            weir_graph_destroy(body);
        }
    }
    assert_int_equal(status, WEIR_OK);
    weir_graph_destroy(graph);
    weir_engine_close(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_says_no_memory_at_each_allocation_and_loses_nothing),
        TEST(a_warm_run_allocates_nothing),
        TEST(a_warm_run_with_a_plan_allocates_nothing),
        TEST(a_task_with_a_body_may_fail_at_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
