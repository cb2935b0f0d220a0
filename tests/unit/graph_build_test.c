/* Tests what may be added to a graph: numbers, names, and each wrong argument with its text.
 *
 * Run by ctest with the engine's internal headers.  It must never leave a graph behind. */
#include "graph_support.h"
#include "testing_support.h"

#include <math.h>

static void assert_name(const weir_graph *graph, weir_task task, const char *expected)
{
    char name[128];
    assert_int_equal(weir__graph_name(graph, task, name, sizeof name), strlen(expected));
    assert_string_equal(name, expected);
}

static void assert_refused(weir_status status, const char *where, const char *text)
{
    assert_status(WEIR_EINVAL, status);
    assert_string_equal(weir_last_error()->where, where);
    assert_contains(weir_last_error()->text, text);
}

static void tasks_have_consecutive_numbers_and_families_as_many_as_they_have_tasks(void **state)
{
    weir_graph *graph = create_graph();
    weir_task first = 77;
    (void)state;
    assert_int_equal(add_task(graph, "a"), 0);
    assert_int_equal(add_task(graph, NULL), 1);
    assert_ok(weir_graph_add_many(graph, "rows", 1000000000, do_none_of, NULL, &first));
    assert_int_equal(first, 2);
    assert_int_equal(add_task(graph, "b"), 1000000002);
    weir_graph_destroy(graph);
}

static void names_are_copied_and_say_which_task_before_and_after_compile(void **state)
{
    weir_graph *graph = create_graph();
    char name[300] = "potrf";
    weir_task rows;
    (void)state;
    add_task(graph, name);
    memset(name, 'x', sizeof name - 1);
    add_task(graph, name);
    add_task(graph, NULL);
    add_task(graph, "");
    assert_ok(weir_graph_add_many(graph, "rows", 3, do_none_of, NULL, &rows));
    assert_ok(weir_graph_add_many(graph, NULL, 2, do_none_of, NULL, &rows));
    add_task(graph, "last");
    for (int compiled = 0; compiled < 2; compiled++) {
        char cut[300];
        assert_name(graph, 0, "potrf");
        assert_int_equal(weir__graph_name(graph, 1, cut, 128), 299);
        assert_int_equal(strlen(cut), 127);
        assert_name(graph, 2, "#2");
        assert_name(graph, 3, "#3");
        assert_name(graph, 4, "rows[0]");
        assert_name(graph, 6, "rows[2]");
        assert_name(graph, 8, "#8");
        assert_name(graph, 9, "last");
        if (!compiled)
            assert_ok(weir_graph_compile(graph));
    }
    weir_graph_destroy(graph);
}

static void each_wrong_argument_of_a_task_is_named(void **state)
{
    weir_graph *graph = create_graph();
    weir_task task = 7;
    (void)state;
    assert_refused(weir_graph_add(graph, "a", NULL, NULL, &task), "op", "op is NULL");
    assert_refused(weir_graph_add(graph, "a", do_nothing, NULL, NULL), "task", "task is NULL");
    assert_refused(weir_graph_add_many(graph, "a", 1, NULL, NULL, &task), "op", "op is NULL");
    assert_refused(weir_graph_add_many(graph, "a", 1, do_none_of, NULL, NULL), "first",
                   "first is NULL");
    assert_refused(weir_graph_add_many(graph, "a", 0, do_none_of, NULL, &task), "n",
                   "at least one");
    assert_int_equal(task, 7);
    assert_int_equal(add_task(graph, NULL), 0);
    weir_graph_destroy(graph);
}

static void a_graph_has_at_most_2_to_30_tasks(void **state)
{
    weir_graph *graph = create_graph();
    weir_task task;
    (void)state;
    assert_ok(weir_graph_add_many(graph, NULL, (1u << 30) - 1, do_none_of, NULL, &task));
    assert_refused(weir_graph_add_many(graph, NULL, 2, do_none_of, NULL, &task), "graph", "2^30");
    assert_refused(weir_graph_add_many(graph, NULL, UINT32_MAX, do_none_of, NULL, &task), "graph",
                   "2^30");
    assert_int_equal(add_task(graph, NULL), (1u << 30) - 1);
    assert_refused(weir_graph_add(graph, NULL, do_nothing, NULL, &task), "graph", "2^30");
    weir_graph_destroy(graph);
}

static void an_edge_joins_two_different_tasks_of_the_graph(void **state)
{
    weir_graph *graph = create_graph();
    (void)state;
    assert_refused(weir_graph_before(graph, 0, 1), "first", "no task 0: the graph has none");
    add_task(graph, "a");
    add_task(graph, "b");
    assert_refused(weir_graph_before(graph, 2, 0), "first",
                   "no task 2: those of the graph are 0 to 1");
    assert_refused(weir_graph_before(graph, 0, UINT32_MAX), "then", "no task 4294967295");
    assert_refused(weir_graph_before(graph, 1, 1), "then", "task b cannot come before itself");
    assert_ok(weir_graph_before(graph, 1, 0));
    weir_graph_destroy(graph);
}

static void one_wrong_edge_of_many_adds_none(void **state)
{
    static const weir_task first[] = {0, 1, 2}, self[] = {1, 1, 3}, beyond[] = {1, 2, 4};
    weir_graph *graph = create_tasks(4);
    (void)state;
    assert_refused(weir_graph_before_many(graph, 3, first, self), "then[1]", "before itself");
    assert_refused(weir_graph_before_many(graph, 3, first, beyond), "then[2]", "no task 4");
    assert_refused(weir_graph_before_many(graph, 3, beyond, first), "first[2]", "no task 4");
    assert_refused(weir_graph_before_many(graph, 3, NULL, first), "first", "first is NULL");
    assert_refused(weir_graph_before_many(graph, 3, first, NULL), "then", "then is NULL");
    assert_ok(weir_graph_before_many(graph, 0, NULL, NULL));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->edges, 0);
    weir_graph_destroy(graph);
}

static void what_is_said_of_a_task_is_what_was_said_last(void **state)
{
    weir_graph *graph = create_tasks(3);
    (void)state;
    for (size_t bytes = 1; bytes <= 5; bytes++)
        assert_ok(weir_graph_hold(graph, 1, bytes));
    assert_ok(weir_graph_scratch(graph, 2, SIZE_MAX));
    assert_ok(weir_graph_nested(graph, 0, 9));
    assert_ok(weir_graph_nested(graph, 0, 0));
    assert_ok(weir_graph_release(graph, 2, free));
    assert_ok(weir_graph_cost(graph, 1, 250));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->held[0], 0);
    assert_int_equal(graph->held[1], 5);
    assert_true(graph->scratch[2] == SIZE_MAX);
    assert_int_equal(graph->nested[0], 0);
    assert_true(graph->release[2] == free && graph->release[0] == NULL);
    assert_true(graph->cost[1] == 250 && graph->cost[0] == WEIR_NO_COST);
    weir_graph_destroy(graph);
}

static void nothing_is_kept_of_what_was_never_said(void **state)
{
    weir_graph *graph = create_tasks(3);
    (void)state;
    assert_ok(weir_graph_compile(graph));
    assert_true(graph->held == NULL && graph->scratch == NULL && graph->nested == NULL);
    assert_true(graph->release == NULL && graph->cost == NULL && graph->users == NULL);
    assert_true(graph->holders_at == NULL && graph->holder == NULL);
    weir_graph_destroy(graph);
}

static void what_is_said_must_be_of_a_task_and_a_time_a_number_from_0_up(void **state)
{
    static const double wrong[] = {-1, -INFINITY, INFINITY, NAN, 1e39};
    weir_graph *graph = create_tasks(1);
    (void)state;
    assert_refused(weir_graph_hold(graph, 1, 1), "task", "no task 1");
    assert_refused(weir_graph_scratch(graph, 1, 1), "task", "no task 1");
    assert_refused(weir_graph_nested(graph, 1, 1), "task", "no task 1");
    assert_refused(weir_graph_release(graph, 1, free), "task", "no task 1");
    assert_refused(weir_graph_cost(graph, 1, 1), "task", "no task 1");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(weir_graph_cost(graph, 0, wrong[i]), "ns", "0 or more");
    assert_ok(weir_graph_cost(graph, 0, 0));
    weir_graph_destroy(graph);
}

static void a_compiled_graph_takes_a_context_and_nothing_else(void **state)
{
    static const weir_task first[] = {0}, then[] = {1};
    weir_graph *graph = create_tasks(2);
    weir_task task;
    (void)state;
    assert_ok(weir_graph_compile(graph));
    assert_refused(weir_graph_add(graph, NULL, do_nothing, NULL, &task), "graph", "compiled");
    assert_refused(weir_graph_add_many(graph, NULL, 1, do_none_of, NULL, &task), "graph",
                   "compiled");
    assert_refused(weir_graph_before(graph, 0, 1), "graph", "compiled");
    assert_refused(weir_graph_before_many(graph, 1, first, then), "graph", "compiled");
    assert_refused(weir_graph_touch(graph, 0, &task, WEIR_READ), "graph", "compiled");
    assert_refused(weir_graph_hold(graph, 0, 1), "graph", "compiled");
    assert_refused(weir_graph_scratch(graph, 0, 1), "graph", "compiled");
    assert_refused(weir_graph_nested(graph, 0, 1), "graph", "compiled");
    assert_refused(weir_graph_release(graph, 0, free), "graph", "compiled");
    assert_refused(weir_graph_cost(graph, 0, 1), "graph", "compiled");
    assert_refused(weir_graph_compile(graph), "graph", "compiled already");
    assert_ok(weir_graph_context(graph, &task));
    assert_ptr_equal(graph->context, &task);
    weir_graph_destroy(graph);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tasks_have_consecutive_numbers_and_families_as_many_as_they_have_tasks),
        TEST(names_are_copied_and_say_which_task_before_and_after_compile),
        TEST(each_wrong_argument_of_a_task_is_named),
        TEST(a_graph_has_at_most_2_to_30_tasks),
        TEST(an_edge_joins_two_different_tasks_of_the_graph),
        TEST(one_wrong_edge_of_many_adds_none),
        TEST(what_is_said_of_a_task_is_what_was_said_last),
        TEST(nothing_is_kept_of_what_was_never_said),
        TEST(what_is_said_must_be_of_a_task_and_a_time_a_number_from_0_up),
        TEST(a_compiled_graph_takes_a_context_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
