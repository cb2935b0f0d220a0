/* Tests the levels of tasks, and in which order roots begin.
 *
 * Run by ctest with the engine's internal headers. */
#include "graph_support.h"

#include "graph/level.h"
#include "graph/ready.h"

static void find_levels(weir_graph *graph)
{
    assert_ok(weir_graph_compile(graph));
    assert_true(weir__level_find(graph, NULL));
    assert_true(weir__graph_is_valid(graph));
}

/* The roots as a run begins them. */
static uint32_t take_roots(const weir_graph *graph, weir_task *root)
{
    weir__ready r;
    uint32_t n = 0;
    weir__ready_clear(&r);
    r.roots_end = weir__graph_roots_end(graph);
    for (weir_task t; (t = weir__ready_take_root(&r, graph)) != WEIR_NO_TASK;)
        root[n++] = t;
    assert_int_equal(n, graph->roots);
    return n;
}

static void assert_roots(const weir_graph *graph, const weir_task *expected)
{
    weir_task root[64];
    const uint32_t n = take_roots(graph, root);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(root[i], expected[i]);
}

/* 0 -> 1 -> 3 and 2 -> 3: task 1 takes 10 ns, task 3 takes 20, the others as long as their mean. */
static void a_level_is_the_longest_way_to_the_end(void **state)
{
    static const float expected[] = {45, 30, 35, 20};
    weir_graph *graph = create_tasks(4);
    (void)state;
    assert_ok(weir_graph_before(graph, 0, 1));
    assert_ok(weir_graph_before(graph, 1, 3));
    assert_ok(weir_graph_before(graph, 2, 3));
    assert_ok(weir_graph_cost(graph, 1, 10));
    assert_ok(weir_graph_cost(graph, 3, 20));
    find_levels(graph);
    for (weir_task t = 0; t < 4; t++)
        assert_true(graph->task[t].level == expected[t]);
    weir_graph_destroy(graph);
}

/* Chains of 1, 4, 2, 4 and 8 tasks, all roots first. */
static void roots_of_longer_ways_come_first_and_equal_ones_by_number(void **state)
{
    static const unsigned length[] = {1, 4, 2, 4, 8};
    static const weir_task expected[] = {4, 1, 3, 2, 0};
    weir_graph *graph = create_tasks(5);
    (void)state;
    for (weir_task c = 0; c < 5; c++)
        for (weir_task before = c, i = 1; i < length[c]; i++) {
            const weir_task t = add_task(graph, NULL);
            assert_ok(weir_graph_before(graph, before, t));
            before = t;
        }
    find_levels(graph);
    assert_roots(graph, expected);
    assert_true(weir__level_find(graph, NULL)); /* again is the same */
    assert_roots(graph, expected);
    weir_graph_destroy(graph);
}

/* Without edges there is no list of roots, until their costs ask for one. */
static void tasks_that_wait_for_nothing_begin_with_the_longest(void **state)
{
    static const double cost[] = {100, 2000, 0.5, 1000, 2000, 1e9};
    static const weir_task expected[] = {5, 1, 4, 3, 0, 2};
    weir_graph *graph = create_tasks(6);
    (void)state;
    for (weir_task t = 0; t < 6; t++)
        assert_ok(weir_graph_cost(graph, t, cost[t]));
    assert_ok(weir_graph_compile(graph));
    assert_null(graph->root);
    assert_true(weir__level_find(graph, NULL));
    assert_non_null(graph->root);
    /* The steps end 256 times below the highest level: the others stay as they were. */
    static const weir_task few[] = {5, 0, 1, 2, 3, 4};
    assert_roots(graph, few);
    weir_graph_destroy(graph);
    graph = create_tasks(6);
    for (weir_task t = 0; t < 6; t++)
        assert_ok(weir_graph_cost(graph, t, t == 5 ? 4000 : cost[t]));
    find_levels(graph);
    assert_roots(graph, expected);
    weir_graph_destroy(graph);
}

static void roots_that_are_about_as_urgent_begin_in_program_order(void **state)
{
    static const weir_task expected[] = {0, 1, 2, 3};
    weir_graph *graph = create_tasks(4);
    (void)state;
    for (weir_task t = 0; t < 4; t++)
        assert_ok(weir_graph_cost(graph, t, 1000 + 2 * t));
    find_levels(graph);
    assert_null(graph->root);
    assert_roots(graph, expected);
    weir_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_is_the_longest_way_to_the_end),
        cmocka_unit_test(roots_of_longer_ways_come_first_and_equal_ones_by_number),
        cmocka_unit_test(tasks_that_wait_for_nothing_begin_with_the_longest),
        cmocka_unit_test(roots_that_are_about_as_urgent_begin_in_program_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
