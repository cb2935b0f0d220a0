/* Tests what compile makes of a graph: each edge once, roots, holders, cycles by their names, and how
 * much memory it takes.
 *
 * Run by ctest with the engine's internal headers.  It must never compute an expected order with the
 * engine's own functions. */
#include "graph_support.h"
#include "testing_support.h"

static void edges_given_in_any_order_become_rising_successors(void **state)
{
    static const weir_task first[] = {3, 0, 0, 1, 0}, then[] = {4, 3, 1, 3, 2};
    weir_graph *graph = create_tasks(5);
    (void)state;
    assert_ok(weir_graph_before_many(graph, 4, first, then));
    assert_ok(weir_graph_before(graph, first[4], then[4]));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->task[5].successors, graph->edges);
    assert_true(has_edge(graph, 0, 1) && has_edge(graph, 0, 2));
    assert_true(has_edge(graph, 1, 3) && has_edge(graph, 3, 4));
    assert_int_equal(graph->fixed[4].predecessors, 1);
    assert_int_equal(graph->roots, 1);
    assert_int_equal(graph->root[0], 0);
    assert_true(graph->forward);
    assert_true(weir__graph_is_valid(graph));
    weir_graph_destroy(graph);
}

static void the_same_edge_given_many_times_is_one(void **state)
{
    weir_graph *graph = create_tasks(4);
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_ok(weir_graph_before(graph, 2, 1));
        assert_ok(weir_graph_before(graph, 3, 1));
    }
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->edges, 2);
    assert_int_equal(graph->fixed[1].predecessors, 2);
    assert_false(graph->forward);
    weir_graph_destroy(graph);
}

static void roots_are_listed_unless_nearly_all_tasks_are_roots(void **state)
{
    weir_graph *graph = create_tasks(6);
    weir_task root[6], roots = 0;
    (void)state;
    assert_ok(weir_graph_before(graph, 2, 4));
    assert_ok(weir_graph_compile(graph));
    assert_null(graph->root);
    for (uint32_t i = 0; i < weir__graph_roots_end(graph); i++)
        if (weir__graph_root(graph, i) != WEIR_NO_TASK)
            root[roots++] = weir__graph_root(graph, i);
    assert_int_equal(roots, 5);
    assert_int_equal(graph->roots, 5);
    assert_true(root[3] == 3 && root[4] == 5);
    weir_graph_destroy(graph);
}

/* A task with three others after it, in numbers that fall; it was said to be as deep as it has
 * tasks. */
static void the_depth_is_that_of_the_longest_path_whatever_the_numbers(void **state)
{
    weir_graph_summary summary;
    weir_graph *graph = create_tasks(4);
    (void)state;
    for (weir_task t = 0; t < 3; t++)
        assert_ok(weir_graph_before(graph, 3, t));
    assert_ok(weir_graph_compile(graph));
    assert_ok(weir_graph_describe(graph, &summary));
    assert_int_equal(summary.depth, 2);
    weir_graph_destroy(graph);
}

static void a_graph_without_tasks_is_one(void **state)
{
    weir_graph *graph = create_graph();
    (void)state;
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->n, 0);
    assert_int_equal(weir__graph_roots_end(graph), 0);
    weir_graph_destroy(graph);
}

static void holders_are_the_predecessors_with_bytes_or_a_release(void **state)
{
    weir_graph *graph = create_tasks(4);
    (void)state;
    assert_ok(weir_graph_hold(graph, 0, 100));
    assert_ok(weir_graph_hold(graph, 1, 0));
    assert_ok(weir_graph_release(graph, 2, free));
    for (weir_task t = 0; t < 3; t++)
        assert_ok(weir_graph_before(graph, t, 3));
    assert_ok(weir_graph_before(graph, 2, 3));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->users[0].all, 1);
    assert_int_equal(graph->users[1].all, 0);
    assert_int_equal(graph->users[2].all, 1);
    assert_int_equal(graph->users[2].left, 1);
    assert_int_equal(graph->holders_at[3], 0);
    assert_int_equal(graph->holders_at[4], 2);
    assert_true(graph->holder[0] == 0 && graph->holder[1] == 2);
    weir_graph_destroy(graph);
}

/* 0 -> 1 -> 2 and 0 -> 2, where task 0 has bytes. */
static void an_edge_is_kept_for_order_or_for_holding(void **state)
{
    static const weir_task first[] = {0, 1, 0}, then[] = {1, 2, 2};
    weir_graph_summary summary;
    weir_graph *graph = create_tasks(3);
    (void)state;
    assert_ok(weir_graph_hold(graph, 0, 100));
    assert_ok(weir_graph_before_many(graph, 3, first, then));
    assert_status(WEIR_EINVAL, weir_graph_describe(graph, &summary));
    assert_ok(weir_graph_compile(graph));
    assert_true(has_edge(graph, 0, 1) && has_edge(graph, 1, 2) && !has_edge(graph, 0, 2));
    assert_int_equal(graph->users[0].all, 1);
    assert_int_equal(graph->holders_at[2], 0);
    assert_int_equal(graph->holders_at[3], 1);
    assert_int_equal(graph->holder[0], 0);
    memset(&summary, 1, sizeof summary);
    assert_ok(weir_graph_describe(graph, &summary));
    assert_int_equal(summary.tasks, 3);
    assert_int_equal(summary.edges, 2);
    assert_int_equal(summary.redundant_edges, 1);
    assert_int_equal(summary.roots, 1);
    assert_int_equal(summary.depth, 3);
    assert_int_equal(summary.lanes, 0);
    assert_int_equal(summary.clumps, 0);
    assert_true(summary.predicted_gain == 0);
    for (size_t i = 0; i < sizeof summary.reserved / sizeof summary.reserved[0]; i++)
        assert_int_equal(summary.reserved[i], 0);
    weir_graph_destroy(graph);
}

/* The end of a long list of predecessors is not looked at. */
static void redundant_edges_are_looked_for_among_64_predecessors(void **state)
{
    weir_graph *graph = create_tasks(102);
    (void)state;
    for (weir_task t = 0; t < 100; t++) {
        assert_ok(weir_graph_before(graph, t, 100));
        assert_ok(weir_graph_before(graph, t, 101));
    }
    assert_ok(weir_graph_before(graph, 100, 101));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->redundant, 64);
    assert_int_equal(graph->edges, 100 + 1 + 36);
    weir_graph_destroy(graph);
}

static void a_grid_has_no_redundant_edges_and_a_complete_graph_hardly_others(void **state)
{
    weir_graph *grid = create_tasks(20 * 20), *complete = create_tasks(60);
    (void)state;
    for (weir_task t = 0; t < 400; t++) {
        if (t % 20 != 0)
            assert_ok(weir_graph_before(grid, t - 1, t));
        if (t >= 20)
            assert_ok(weir_graph_before(grid, t - 20, t));
    }
    assert_ok(weir_graph_compile(grid));
    assert_int_equal(grid->edges, 2 * 20 * 19);
    assert_int_equal(grid->redundant, 0);
    assert_int_equal(grid->depth, 39);
    for (weir_task t = 0; t < 60; t++)
        for (weir_task p = 0; p < t; p++)
            assert_ok(weir_graph_before(complete, t, p));
    assert_ok(weir_graph_compile(complete));
    assert_int_equal(complete->edges, 59);
    assert_int_equal(complete->redundant, 60 * 59 / 2 - 59);
    assert_int_equal(complete->depth, 60);
    weir_graph_destroy(complete);
    weir_graph_destroy(grid);
}

/* ---- cycles ---- */

static void a_cycle_is_refused_with_the_names_of_its_tasks(void **state)
{
    weir_graph *graph = create_graph();
    weir_task rows;
    (void)state;
    add_task(graph, "before");
    add_task(graph, "load");
    assert_ok(weir_graph_add_many(graph, "rows", 3, do_none_of, NULL, &rows));
    add_task(graph, NULL);
    add_task(graph, "after");
    assert_ok(weir_graph_before(graph, 0, 1));
    assert_ok(weir_graph_before(graph, 1, rows + 2));
    assert_ok(weir_graph_before(graph, rows + 2, 5));
    assert_ok(weir_graph_before(graph, 5, 1));
    assert_ok(weir_graph_before(graph, 5, 6));
    assert_status(WEIR_EINVAL, weir_graph_compile(graph));
    assert_string_equal(weir_last_error()->where, "load");
    assert_string_equal(weir_last_error()->text,
                        "the edges have a cycle: load -> rows[2] -> #5 -> load");
    weir_graph_destroy(graph);
}

static void a_long_cycle_is_named_by_its_ends(void **state)
{
    weir_graph *graph = create_graph();
    char name[200];
    (void)state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    for (weir_task t = 0; t < 100; t++)
        add_task(graph, name);
    for (weir_task t = 0; t < 100; t++)
        assert_ok(weir_graph_before(graph, t, (t + 1) % 100));
    assert_status(WEIR_EINVAL, weir_graph_compile(graph));
    assert_contains(weir_last_error()->text, "nnn -> (96 more) -> nnn");
    assert_int_equal(strlen(weir_last_error()->where), 127);
    weir_graph_destroy(graph);
}

static void a_refused_graph_can_be_added_to_and_says_the_same_again(void **state)
{
    weir_graph *graph = create_tasks(2);
    (void)state;
    assert_ok(weir_graph_before(graph, 0, 1));
    assert_ok(weir_graph_before(graph, 1, 0));
    const int64_t blocks = weir__testing_live_blocks(), bytes = weir__testing_live_bytes();
    for (int i = 0; i < 3; i++) {
        assert_status(WEIR_EINVAL, weir_graph_compile(graph));
        assert_string_equal(weir_last_error()->text, "the edges have a cycle: #0 -> #1 -> #0");
        assert_int_equal(weir__testing_live_blocks(), blocks);
        assert_int_equal(weir__testing_live_bytes(), bytes);
    }
    assert_int_equal(add_task(graph, "more"), 2);
    assert_ok(weir_graph_before(graph, 2, 0));
    weir_graph_destroy(graph);
}

/* ---- random graphs ---- */

/* Adds random edges, some of them twice, and notes them. The numbers of tasks are no order of theirs. */
static void add_edges(weir_graph *graph, order *given, uint32_t edges, bool acyclic)
{
    const uint32_t n = graph->n, step = n % 7 == 0 ? 1 : 7; /* t * step mod n are all numbers */
    for (uint32_t i = 0; i < edges; i++) {
        uint32_t a = (uint32_t)(next_random() % n), b = (uint32_t)(next_random() % n);
        if (a == b)
            continue;
        if (acyclic && a > b) {
            const uint32_t c = a;
            a = b;
            b = c;
        }
        a = a * step % n;
        b = b * step % n;
        assert_ok(weir_graph_before(graph, a, b));
        if (next_random() % 8 == 0)
            assert_ok(weir_graph_before_many(graph, 1, &a, &b));
        order_set(given, a, b);
    }
}

/* How many of them are left, and that no two tasks have lost or won an order. */
static uint64_t assert_same_order(const weir_graph *graph, const order *closed)
{
    order frozen = order_of_graph(graph);
    assert_true(order_equal(closed, &frozen));
    free(frozen.bit);
    assert_true(weir__graph_is_valid(graph));
    return graph->edges;
}

/* Each holder's bytes end with the last of its successors, whichever that is: those that have it among
 * their holders are successors, and each other one comes before one of them. */
static void assert_users_finish_last(const weir_graph *graph, const order *given,
                                     const order *closed)
{
    order users = order_of(graph->n);
    for (weir_task t = 0; t < graph->n; t++)
        for (uint64_t i = graph->holders_at[t]; i < graph->holders_at[t + 1]; i++) {
            assert_true(order_has(given, graph->holder[i], t));
            order_set(&users, graph->holder[i], t);
        }
    for (weir_task p = 0; p < graph->n; p++)
        for (weir_task s = 0; s < graph->n; s++) {
            bool last = !order_has(given, p, s) || order_has(&users, p, s);
            for (weir_task u = 0; u < graph->n && !last; u++)
                last = order_has(&users, p, u) && order_has(closed, s, u);
            assert_true(last || !weir__graph_holds(graph, p));
        }
    free(users.bit);
}

static uint64_t count_edges(const order *given)
{
    uint64_t edges = 0;
    for (size_t w = 0; w < given->n * given->words; w++)
        edges += (uint64_t)__builtin_popcountll(given->bit[w]);
    return edges;
}

static void the_compiled_edges_give_the_order_that_was_given(void **state)
{
    uint64_t redundant = 0;
    int cycles = 0;
    (void)state;
    seed = 42;
    for (int round = 0; round < 300; round++) {
        const uint32_t n = 2 + (uint32_t)(next_random() % 60);
        weir_graph *graph = create_tasks(n);
        order given = order_of(n), closed = order_of(n);
        for (uint32_t t = 0; t < n; t += 1 + (uint32_t)round % 3)
            assert_ok(weir_graph_hold(graph, t, 1));
        add_edges(graph, &given, (uint32_t)(next_random() % (4 * n)), round % 4 != 0);
        memcpy(closed.bit, given.bit, n * given.words * sizeof *given.bit);
        order_close(&closed);
        if (order_has_cycle(&closed)) {
            cycles++;
            assert_status(WEIR_EINVAL, weir_graph_compile(graph));
        } else {
            assert_ok(weir_graph_compile(graph));
            assert_int_equal(assert_same_order(graph, &closed) + graph->redundant,
                             count_edges(&given));
            assert_users_finish_last(graph, &given, &closed);
            assert_int_equal(graph->unsearched, 0);
            redundant += graph->redundant;
        }
        free(given.bit);
        free(closed.bit);
        weir_graph_destroy(graph);
    }
    assert_true(cycles > 20 && redundant > 1000); /* or this tests little */
}

/* ---- memory ---- */

/* A graph of n tasks and as many edges a task, by `before` for one edge each. */
static weir_graph *create_band(uint32_t n, uint32_t degree, bool family)
{
    weir_graph *graph = create_graph();
    weir_task first;
    if (family)
        assert_ok(weir_graph_add_many(graph, NULL, n, do_none_of, NULL, &first));
    for (uint32_t i = 0; i < n && !family; i++)
        add_task(graph, NULL);
    for (uint32_t t = degree; t < n; t++)
        for (uint32_t d = 1; d <= degree; d++)
            assert_ok(weir_graph_before(graph, t - d, t));
    return graph;
}

static void a_graph_has_48_bytes_a_task_and_8_an_edge_and_twice_that_on_the_way(void **state)
{
    const uint32_t n = 100000;
    const int64_t other = 1 << 17; /* a list's last chunk, each block's own bytes, the graph */
    (void)state;
    for (uint32_t degree = 0; degree <= 5; degree += 1 + degree % 2)
        for (int kind = 0; kind < 4; kind++) {
            weir__testing_begin_peak();
            weir_graph *graph = create_band(n, degree, kind % 2 != 0);
            const int64_t bytes = 48 * (int64_t)n + 8 * (int64_t)degree * n + other;
            const bool holds = kind / 2 != 0;
            int64_t side = 0;
            for (uint32_t t = 0; holds && t < n; t++)
                assert_ok(weir_graph_hold(graph, t, 1));
            if (holds)
                side = (24 + 27) * (int64_t)n; /* held, holders_at, users; the order and the book */
            assert_ok(weir_graph_compile(graph));
            assert_in_range(weir__testing_live_bytes(), 40 * n, bytes + side);
            assert_in_range(weir__testing_peak_bytes(), 40 * n, 2 * (bytes + side));
            weir_graph_destroy(graph);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(edges_given_in_any_order_become_rising_successors),
        TEST(the_same_edge_given_many_times_is_one),
        TEST(roots_are_listed_unless_nearly_all_tasks_are_roots),
        TEST(the_depth_is_that_of_the_longest_path_whatever_the_numbers),
        TEST(a_graph_without_tasks_is_one),
        TEST(holders_are_the_predecessors_with_bytes_or_a_release),
        TEST(an_edge_is_kept_for_order_or_for_holding),
        TEST(redundant_edges_are_looked_for_among_64_predecessors),
        TEST(a_grid_has_no_redundant_edges_and_a_complete_graph_hardly_others),
        TEST(a_cycle_is_refused_with_the_names_of_its_tasks),
        TEST(a_long_cycle_is_named_by_its_ends),
        TEST(a_refused_graph_can_be_added_to_and_says_the_same_again),
        TEST(the_compiled_edges_give_the_order_that_was_given),
        TEST(a_graph_has_48_bytes_a_task_and_8_an_edge_and_twice_that_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
