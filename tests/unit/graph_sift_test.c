/* Tests how far compile looks for redundant edges, and that the order in which edges are given is all the
 * same.
 *
 * Run by ctest with the engine's internal headers.  It must never compute an expected graph with the
 * engine's own functions. */
#include "graph_support.h"
#include "testing_support.h"

/* ---- how long redundant edges are looked for ---- */

/* Tasks from `from` on come after `degree` tasks before them, wherever they are. */
static void add_far_edges(weir_graph *graph, weir_task from, weir_task end, int degree)
{
    for (weir_task t = from; t < end; t++)
        for (int i = 0; i < degree; i++)
            assert_ok(weir_graph_before(graph, (weir_task)(next_random() % t), t));
}

/* Of them the second edge of each task is redundant, but for the first task's. */
static void add_double_steps(weir_graph *graph, weir_task from, weir_task end)
{
    for (weir_task t = from; t < end; t++) {
        assert_ok(weir_graph_before(graph, t - 1, t));
        assert_ok(weir_graph_before(graph, t - 2, t));
    }
}

static void all_redundant_edges_are_found_where_there_are_many(void **state)
{
    enum { TASKS = 100000 };
    weir_graph_summary summary;
    weir_graph *graph = create_tasks(TASKS);
    (void)state;
    add_double_steps(graph, 2, TASKS);
    assert_ok(weir_graph_compile(graph));
    assert_ok(weir_graph_describe(graph, &summary));
    assert_int_equal(summary.redundant_edges, TASKS - 3);
    assert_int_equal(summary.edges, TASKS - 1);
    assert_int_equal(summary.unsearched_edges, 0);
    weir_graph_destroy(graph);
}

static void where_edges_are_hardly_ever_redundant_most_are_kept_without_a_look(void **state)
{
    enum { TASKS = 100000, FEW = 1000 };
    weir_graph_summary summary;
    weir_graph *graph = create_tasks(TASKS), *small = create_tasks(FEW);
    (void)state;
    seed = 7;
    add_far_edges(graph, 1, TASKS, 3);
    add_far_edges(small, 1, FEW, 3);
    assert_ok(weir_graph_compile(graph));
    assert_ok(weir_graph_describe(graph, &summary));
    assert_in_range(summary.unsearched_edges, summary.edges / 2, summary.edges);
    assert_in_range(summary.redundant_edges, 10, 1000); /* at the beginning, where they are near */
    assert_ok(weir_graph_compile(small));
    assert_int_equal(small->unsearched, 0);
    weir_graph_destroy(small);
    weir_graph_destroy(graph);
}

static void redundant_edges_are_found_where_they_begin_late(void **state)
{
    enum { FAR = 100000, TASKS = 200000 };
    weir_graph *graph = create_tasks(TASKS);
    (void)state;
    seed = 8;
    add_far_edges(graph, 1, FAR, 3);
    add_double_steps(graph, FAR, TASKS);
    assert_ok(weir_graph_compile(graph));
    assert_in_range(graph->redundant, (TASKS - FAR) - 2000, TASKS - FAR + 1000);
    assert_true(graph->unsearched > FAR);
    weir_graph_destroy(graph);
}

/* The last task comes after others that have none of its predecessors, so that the search stops while it
 * looks at those: it has found the first redundant edge, and does not come to the second. */
static void a_task_whose_search_stops_keeps_what_was_not_found(void **state)
{
    enum { POOL = 60, FRUITLESS = 5000, LAST = POOL + 2 + FRUITLESS };
    const weir_task early = POOL, late = POOL + 1, others = POOL + 2;
    weir_graph *graph = create_tasks(LAST + 1);
    (void)state;
    for (weir_task t = others; t < LAST; t++)
        for (weir_task p = 0; p < POOL; p++)
            assert_ok(weir_graph_before(graph, p, t));
    assert_ok(weir_graph_before(graph, early, others));
    assert_ok(weir_graph_before(graph, late, LAST - 1));
    for (weir_task t = early; t < LAST; t++)
        assert_ok(weir_graph_before(graph, t, LAST));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->redundant, 1);
    assert_int_equal(graph->unsearched, FRUITLESS + 1);
    assert_int_equal(graph->edges, POOL * FRUITLESS + 2 + FRUITLESS + 1);
    assert_false(has_edge(graph, early, LAST));
    assert_true(has_edge(graph, late, LAST) && has_edge(graph, others, LAST));
    assert_true(weir__graph_is_valid(graph));
    weir_graph_destroy(graph);
}

/* ---- in which order edges are given ---- */

static void assert_same_graph(const weir_graph *a, const weir_graph *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->edges, b->edges);
    assert_int_equal(a->redundant, b->redundant);
    assert_int_equal(a->roots, b->roots);
    assert_int_equal(a->depth, b->depth);
    assert_memory_equal(a->successor, b->successor, a->edges * sizeof *a->successor);
    for (weir_task t = 0; t < a->n; t++) {
        assert_int_equal(a->task[t].successors, b->task[t].successors);
        assert_int_equal(a->fixed[t].predecessors, b->fixed[t].predecessors);
    }
}

/* Ends that rise, ends that fall, and ends that rise but for one in the end. */
static void edges_make_the_same_graph_in_whatever_order_they_are_given(void **state)
{
    enum { TASKS = 3000, EDGES = 2 * TASKS };
    static weir_task first[EDGES], then[EDGES], other_first[EDGES], other_then[EDGES];
    weir_graph *graph[3];
    (void)state;
    seed = 9;
    for (uint32_t i = 0; i < EDGES; i++) {
        then[i] = 1 + i / 2;
        first[i] = (weir_task)(next_random() % then[i]);
        other_first[EDGES - 1 - i] = first[i];
        other_then[EDGES - 1 - i] = then[i];
    }
    for (int i = 0; i < 3; i++)
        graph[i] = create_tasks(TASKS + 1);
    assert_ok(weir_graph_before_many(graph[0], EDGES, first, then));
    assert_ok(weir_graph_before_many(graph[1], EDGES, other_first, other_then));
    assert_ok(weir_graph_before_many(graph[2], EDGES, first, then));
    assert_ok(weir_graph_before(graph[2], first[TASKS], then[TASKS])); /* a duplicate */
    for (int i = 0; i < 3; i++) {
        assert_ok(weir_graph_compile(graph[i]));
        assert_true(weir__graph_is_valid(graph[i]));
        assert_same_graph(graph[0], graph[i]);
    }
    for (int i = 0; i < 3; i++)
        weir_graph_destroy(graph[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_redundant_edges_are_found_where_there_are_many),
        TEST(where_edges_are_hardly_ever_redundant_most_are_kept_without_a_look),
        TEST(redundant_edges_are_found_where_they_begin_late),
        TEST(a_task_whose_search_stops_keeps_what_was_not_found),
        TEST(edges_make_the_same_graph_in_whatever_order_they_are_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
