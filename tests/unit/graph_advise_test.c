/* Tests what is said of a graph before it runs: its shape, the time of simulated runs, and the
 * bytes that are enough for a share of the speed. Cases are small enough to work out by hand.
 *
 * Run by ctest with the engine's internal headers.  It must never look at a clock. */
#include "graph/simulate.h"

#include <math.h>

#include "graph_support.h"

static weir_graph_summary describe(const weir_graph *graph)
{
    weir_graph_summary summary;
    assert_ok(weir_graph_describe(graph, &summary));
    return summary;
}

static uint64_t advise(const weir_graph *graph, unsigned workers, double speed)
{
    uint64_t bytes = 1;
    assert_ok(weir_graph_advise(graph, workers, speed, &bytes));
    return bytes;
}

static double simulate(const weir_graph *graph, uint32_t workers, uint64_t limit)
{
    weir__simulation s;
    assert_true(weir__simulation_open(&s, graph, workers));
    const double ns = weir__simulation_run(&s, limit);
    assert_true(weir__simulation_is_valid(&s));
    assert_true(weir__simulation_run(&s, limit) == ns); /* nothing is left behind */
    weir__simulation_close(&s);
    return ns;
}

static void hold_all(weir_graph *graph, uint64_t bytes)
{
    for (weir_task t = 0; t < graph->n; t++)
        assert_ok(weir_graph_hold(graph, t, bytes));
    assert_ok(weir_graph_compile(graph));
}

/* ---- the shape ---- */

/* 0 -> 1 -> 4, 0 -> 2 -> 4 and 3: where `backward`, with numbers the other way round. */
static weir_graph *create_diamond(bool backward)
{
    static const weir_task first[] = {0, 0, 1, 2}, then[] = {1, 2, 4, 4};
    static const double ns[] = {10, 20, 40, 1000, 5};
    weir_graph *graph = create_tasks(5);
    for (int i = 0; i < 4; i++)
        assert_ok(weir_graph_before(graph, backward ? 4 - first[i] : first[i],
                                    backward ? 4 - then[i] : then[i]));
    for (weir_task t = 0; t < 5; t++)
        if (t != 3)
            assert_ok(weir_graph_cost(graph, backward ? 4 - t : t, ns[t]));
    return graph;
}

static void a_summary_has_the_widest_level_the_work_and_the_span(void **state)
{
    (void)state;
    for (int backward = 0; backward < 2; backward++) {
        weir_graph *graph = create_diamond(backward);
        assert_ok(weir_graph_compile(graph));
        const weir_graph_summary s = describe(graph);
        assert_int_equal(s.depth, 3);
        assert_int_equal(s.widest, 2); /* 0 and 3, or 1 and 2 */
        assert_true(s.work_ns == 75 + 18.75);
        assert_true(s.span_ns == 55);
        weir_graph_destroy(graph);
    }
}

static void without_costs_neither_work_nor_span_is_known(void **state)
{
    weir_graph *graph = create_tasks(7);
    (void)state;
    for (weir_task t = 1; t < 6; t++)
        assert_ok(weir_graph_before(graph, 6, t)); /* task 0 is at the beginning, as 6 is */
    assert_ok(weir_graph_compile(graph));
    const weir_graph_summary s = describe(graph);
    assert_int_equal(s.widest, 5);
    assert_true(s.work_ns == 0 && s.span_ns == 0);
    weir_graph_destroy(graph);
    graph = create_graph();
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(describe(graph).widest, 0);
    weir_graph_destroy(graph);
}

static int spin(void *arg)
{
    volatile unsigned *turns = arg;
    for (unsigned i = 0; i < *turns; i++)
        ;
    return 0;
}

/* A long chain beside tasks that wait for nothing. */
static void after_some_runs_work_and_span_are_what_they_have_found(void **state)
{
    enum { CHAIN = 300, ALONE = 100 };
    unsigned turns = 1000;
    weir_engine *engine = open_engine(2, 0, 0);
    weir_graph *graph = create_graph();
    weir_task t;
    (void)state;
    for (weir_task i = 0; i < CHAIN + ALONE; i++) {
        assert_ok(weir_graph_add(graph, NULL, spin, &turns, &t));
        assert_ok(weir_graph_hold(graph, t, 10));
        if (i > 0 && i < CHAIN)
            assert_ok(weir_graph_before(graph, i - 1, i));
    }
    assert_ok(weir_graph_compile(graph));
    assert_true(describe(graph).work_ns == 0);
    for (int run = 0; run < 6; run++)
        assert_ok(weir_graph_run(engine, graph));
    const weir_graph_summary s = describe(graph);
    assert_true(s.span_ns > (double)CHAIN && s.span_ns < s.work_ns);
    weir__simulation simulation; /* of the same costs */
    assert_true(weir__simulation_open(&simulation, graph, 1));
    const double all = weir__simulation_run(&simulation, UINT64_MAX);
    assert_true(all > 0.99 * s.work_ns && all < 1.01 * s.work_ns);
    weir__simulation_close(&simulation);
    assert_in_range(advise(graph, 2, 0.95), 20, 10 * (CHAIN + ALONE));
    weir_graph_destroy(graph);
    weir_engine_close(engine);
}

/* ---- simulated time ---- */

/* Tasks of 3, 3, 2, 2 and 2 ns on two workers: the longest first, so 7 in place of 6; a chain goes
 * first. */
static void workers_take_the_most_urgent_task_that_may_start(void **state)
{
    static const double ns[] = {2, 3, 2, 3, 2};
    weir_graph *graph = create_tasks(5);
    (void)state;
    for (weir_task t = 0; t < 5; t++)
        assert_ok(weir_graph_cost(graph, t, ns[t]));
    hold_all(graph, 1);
    assert_true(simulate(graph, 1, UINT64_MAX) == 12);
    assert_true(simulate(graph, 2, UINT64_MAX) == 7);
    assert_true(simulate(graph, 5, UINT64_MAX) == 3);
    assert_true(simulate(graph, 50, UINT64_MAX) == 3);
    weir_graph_destroy(graph);
    graph = create_tasks(6); /* 0, 1 and 2, and 3 -> 4 -> 5 */
    assert_ok(weir_graph_before(graph, 3, 4));
    assert_ok(weir_graph_before(graph, 4, 5));
    hold_all(graph, 1);
    assert_true(simulate(graph, 2, UINT64_MAX) == 3);
    weir_graph_destroy(graph);
}

static void what_needs_no_bytes_waits_for_none(void **state)
{
    weir_graph *graph = create_tasks(8);
    (void)state;
    for (weir_task t = 0; t < 8; t += 2)
        assert_ok(weir_graph_scratch(graph, t, 10));
    assert_ok(weir_graph_compile(graph));
    assert_true(simulate(graph, 8, UINT64_MAX) == 1);
    assert_true(simulate(graph, 8, 10) == 4);
    assert_true(simulate(graph, 1, 10) == 8);
    weir_graph_destroy(graph);
}

/* ---- the bytes that are enough ---- */

static void tasks_side_by_side_need_their_bytes_for_each_worker(void **state)
{
    weir_graph *graph = create_tasks(8);
    (void)state;
    hold_all(graph, 10);
    assert_int_equal(advise(graph, 4, 1), 40);   /* two after another on each of four workers */
    assert_int_equal(advise(graph, 4, 0.6), 30); /* three on one of three */
    assert_int_equal(advise(graph, 4, 0.5), 20);
    assert_int_equal(advise(graph, 4, 0.25), 10);
    assert_int_equal(advise(graph, 8, 0.95), 80);
    assert_int_equal(advise(graph, 1000, 0.95), 80);
    assert_int_equal(advise(graph, 1, 1), 10);
    weir_graph_destroy(graph);
}

/* 0 -> 1 and 2 -> 3, each with 10 bytes: a chain needs 20. Within 40 both run side by side, 30 are
 * enough for the beginning of the second beside the first. */
static void chains_need_what_two_of_their_tasks_hold(void **state)
{
    weir_graph *graph = create_tasks(4);
    (void)state;
    assert_ok(weir_graph_before(graph, 0, 1));
    assert_ok(weir_graph_before(graph, 2, 3));
    hold_all(graph, 10);
    assert_true(simulate(graph, 2, 40) == 2);
    assert_true(simulate(graph, 2, 39) == 3);
    assert_true(simulate(graph, 2, 30) == 3);
    assert_true(simulate(graph, 2, 29) == 4);
    assert_int_equal(advise(graph, 2, 0.95), 40);
    assert_int_equal(advise(graph, 2, 0.6), 30);
    assert_int_equal(advise(graph, 2, 0.5), 20);
    weir_graph_destroy(graph);
}

/* Of a long task and many short ones with much scratch, the short ones may come one by one. */
static void costs_decide_what_may_wait(void **state)
{
    (void)state;
    for (int hinted = 0; hinted < 2; hinted++) {
        weir_graph *graph = create_tasks(11);
        for (weir_task t = 0; t < 11; t++) {
            if (hinted)
                assert_ok(weir_graph_cost(graph, t, t == 0 ? 1000 : 1));
            if (t > 0)
                assert_ok(weir_graph_scratch(graph, t, 100));
        }
        assert_ok(weir_graph_compile(graph));
        assert_int_equal(advise(graph, 11, 0.95), hinted ? 100 : 1000);
        weir_graph_destroy(graph);
    }
}

static weir_graph *create_random(uint32_t n)
{
    weir_graph *graph = create_tasks(n);
    for (weir_task t = 0; t < n; t++) {
        for (uint32_t d = next_random() % 4; t > 0 && d > 0; d--)
            assert_ok(weir_graph_before(graph, (weir_task)(next_random() % t), t));
        if (next_random() % 4 > 0)
            assert_ok(weir_graph_hold(graph, t, next_random() % 1000));
        if (next_random() % 2 > 0)
            assert_ok(weir_graph_scratch(graph, t, next_random() % 100));
        if (next_random() % 2 > 0)
            assert_ok(weir_graph_cost(graph, t, (double)(next_random() % 1000)));
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

static void what_is_advised_was_fast_enough_and_a_little_less_was_not(void **state)
{
    (void)state;
    for (uint32_t n = 2; n < 100; n = 3 * n / 2) {
        weir_graph *graph = create_random(n);
        const uint64_t least = weir_graph_serial_bytes(graph);
        for (unsigned workers = 2; least > 0 && workers <= 32; workers *= 4) {
            const uint64_t bytes = advise(graph, workers, 0.95);
            const double most = simulate(graph, workers, UINT64_MAX) / 0.95;
            assert_in_range(bytes, least, weir_graph_certified_bytes(graph));
            assert_true(simulate(graph, workers, bytes) <= most);
            bool less_is_too_little = bytes == least;
            const uint64_t lowest = bytes - bytes / 100 - 1;
            for (uint64_t less = lowest > least ? lowest : least; less < bytes; less++)
                less_is_too_little |= simulate(graph, workers, less) > most;
            assert_true(less_is_too_little);
            assert_int_equal(advise(graph, workers, 0.95), bytes);
        }
        weir_graph_destroy(graph);
    }
}

static void the_least_limit_is_enough_for_any_number_of_simulated_workers(void **state)
{
    (void)state;
    for (uint32_t n = 2; n < 600; n *= 2) {
        weir_graph *graph = create_random(n);
        const uint64_t least = weir_graph_serial_bytes(graph);
        for (uint32_t workers = 1; least > 0 && workers <= 64; workers *= 4)
            assert_true(simulate(graph, workers, least) > 0);
        weir_graph_destroy(graph);
    }
}

static void a_graph_without_bytes_needs_none(void **state)
{
    weir_graph *graph = create_tasks(5);
    (void)state;
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(advise(graph, 8, 0.95), 0);
    weir_graph_destroy(graph);
}

/* More than are simulated: then what is always enough. */
static void a_very_large_graph_is_not_simulated(void **state)
{
    enum { MANY = (1 << 22) + 1 };
    weir_graph *graph = create_graph();
    weir_task first;
    (void)state;
    assert_ok(weir_graph_add_many(graph, "t", MANY, do_none_of, NULL, &first));
    assert_ok(weir_graph_hold(graph, 7, 10));
    assert_ok(weir_graph_hold(graph, 8, 10));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(advise(graph, 2, 0.5), 20);
    assert_int_equal(advise(graph, 1, 0.5), 10);
    weir_graph_destroy(graph);
}

static void wrong_arguments_are_refused_by_name(void **state)
{
    weir_graph *graph = create_tasks(2);
    uint64_t bytes = 7;
    (void)state;
    assert_status(WEIR_EINVAL, weir_graph_advise(graph, 2, 0.95, &bytes));
    assert_string_equal(weir_last_error()->where, "graph");
    hold_all(graph, 10);
    assert_status(WEIR_EINVAL, weir_graph_advise(graph, 2, 0.95, NULL));
    assert_string_equal(weir_last_error()->where, "bytes");
    assert_status(WEIR_EINVAL, weir_graph_advise(NULL, 2, 0.95, &bytes));
    assert_status(WEIR_EINVAL, weir_graph_advise(graph, 0, 0.95, &bytes));
    assert_string_equal(weir_last_error()->where, "workers");
    static const double wrong[] = {0, -1, 1.01, 95, (double)NAN};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_status(WEIR_EINVAL, weir_graph_advise(graph, 2, wrong[i], &bytes));
        assert_string_equal(weir_last_error()->where, "speed");
    }
    assert_int_equal(bytes, 7);
    weir_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_summary_has_the_widest_level_the_work_and_the_span),
        cmocka_unit_test(without_costs_neither_work_nor_span_is_known),
        cmocka_unit_test(after_some_runs_work_and_span_are_what_they_have_found),
        cmocka_unit_test(workers_take_the_most_urgent_task_that_may_start),
        cmocka_unit_test(what_needs_no_bytes_waits_for_none),
        cmocka_unit_test(tasks_side_by_side_need_their_bytes_for_each_worker),
        cmocka_unit_test(chains_need_what_two_of_their_tasks_hold),
        cmocka_unit_test(costs_decide_what_may_wait),
        cmocka_unit_test(what_is_advised_was_fast_enough_and_a_little_less_was_not),
        cmocka_unit_test(the_least_limit_is_enough_for_any_number_of_simulated_workers),
        cmocka_unit_test(a_graph_without_bytes_needs_none),
        cmocka_unit_test(a_very_large_graph_is_not_simulated),
        cmocka_unit_test(wrong_arguments_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
