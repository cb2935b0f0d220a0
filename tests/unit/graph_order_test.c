/* Tests the order of a graph: what it says is live, and how low its peak is.
 *
 * Run by ctest with the engine's internal headers.  What is live is computed here from sets of finished
 * tasks, and the lowest peak by trying all orders.  It must never use the engine's own counts. */
#include "graph/order.h"

#include "graph_support.h"
#include "testing_support.h"

enum { MOST = 12 }; /* tasks where all orders are tried */

/* A graph as it was given: successors as sets. */
typedef struct given {
    uint32_t n;
    uint32_t after[MOST], before[MOST];
    uint64_t held[MOST], work[MOST];
} given;

static weir_graph *compile_given(const given *g)
{
    weir_graph *graph = create_tasks(g->n);
    for (uint32_t t = 0; t < g->n; t++) {
        for (uint32_t s = 0; s < g->n; s++)
            if ((g->after[t] >> s & 1) != 0)
                assert_ok(weir_graph_before(graph, t, s));
        if (g->held[t] > 0)
            assert_ok(weir_graph_hold(graph, t, g->held[t]));
        if (g->work[t] > 0)
            assert_ok(t % 2 == 0 ? weir_graph_scratch(graph, t, g->work[t])
                                 : weir_graph_nested(graph, t, g->work[t]));
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

static void add_edge(given *g, uint32_t first, uint32_t then)
{
    g->after[first] |= 1u << then;
    g->before[then] |= 1u << first;
}

static void draw_bytes(given *g)
{
    static const uint64_t held[] = {0, 1, 1, 2, 3, 5, 9}, work[] = {0, 0, 0, 1, 4};
    for (uint32_t t = 0; t < g->n; t++) {
        g->held[t] = held[next_random() % 7];
        g->work[t] = work[next_random() % 5];
    }
}

static given draw_graph(void)
{
    given g = {.n = 2 + (uint32_t)(next_random() % 8)};
    const unsigned density = 1 + (unsigned)(next_random() % 6);
    for (uint32_t t = 0; t < g.n; t++)
        for (uint32_t s = t + 1; s < g.n; s++)
            if (next_random() % 10 < density)
                add_edge(&g, t, s);
    draw_bytes(&g);
    return g;
}

/* Each task has one successor, or, with a chance of one in eight, none. */
static given draw_tree(void)
{
    given g = {.n = 2 + (uint32_t)(next_random() % (MOST - 2))};
    for (uint32_t t = 0; t + 1 < g.n; t++)
        if (next_random() % 8 > 0)
            add_edge(&g, t, t + 1 + (uint32_t)(next_random() % (g.n - t - 1)));
    draw_bytes(&g);
    return g;
}

/* What is held when these tasks have finished, and no other has begun. */
static uint64_t held_after(const given *g, uint32_t finished)
{
    uint64_t held = 0;
    for (uint32_t t = 0; t < g->n; t++)
        if ((finished >> t & 1) != 0 && (g->after[t] & ~finished) != 0)
            held += g->held[t];
    return held;
}

/* By all orders: the peak that is lowest for what remains after a set of finished tasks. */
static uint64_t lowest_peak(const given *g)
{
    static uint64_t peak[1u << MOST];
    const uint32_t all = (1u << g->n) - 1;
    peak[all] = 0;
    for (uint32_t set = all; set-- > 0;) {
        peak[set] = UINT64_MAX;
        const uint64_t held = held_after(g, set);
        for (uint32_t t = 0; t < g->n; t++) {
            if ((set >> t & 1) != 0 || (g->before[t] & ~set) != 0)
                continue;
            const uint64_t during = held + g->held[t] + g->work[t];
            const uint64_t then = peak[set | 1u << t];
            const uint64_t both = during > then ? during : then;
            peak[set] = both < peak[set] ? both : peak[set];
        }
    }
    return peak[0];
}

static uint64_t program_peak(const given *g)
{
    uint64_t peak = 0;
    for (uint32_t t = 0; t < g->n; t++) {
        const uint64_t during = held_after(g, (1u << t) - 1) + g->held[t] + g->work[t];
        peak = during > peak ? during : peak;
    }
    return peak;
}

/* The order's tasks, in turn, and the others as soon as they can: that is a serial run. */
static void check_profile(const given *g, const weir__order *made)
{
    uint32_t finished = 0;
    for (uint32_t k = 0; k < made->n; k++) {
        for (uint32_t t = 0; t < g->n; t++) /* edges go forward, so once is enough */
            if (made->position[t] == WEIR_NO_POSITION && (g->before[t] & ~finished) == 0)
                finished |= 1u << t;
        const weir_task t = made->task[k];
        assert_true((g->before[t] & ~finished) == 0 && (finished >> t & 1) == 0);
        const uint64_t during = held_after(g, finished) + g->held[t] + g->work[t];
        assert_true(made->mem[k] >= during);
        finished |= 1u << t;
    }
}

static void the_profile_is_what_a_serial_run_holds(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        const given g = draw_graph();
        weir_graph *graph = compile_given(&g);
        if (graph->order != NULL) {
            assert_true(weir__order_is_valid(graph->order, graph));
            check_profile(&g, graph->order);
        }
        weir_graph_destroy(graph);
    }
}

static void the_peak_is_at_most_that_of_program_order_and_mostly_the_lowest(void **state)
{
    unsigned lowest = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        const given g = draw_graph();
        weir_graph *graph = compile_given(&g);
        const uint64_t peak = weir_graph_serial_bytes(graph);
        const uint64_t least = lowest_peak(&g);
        assert_in_range(peak, least, program_peak(&g));
        lowest += peak == least;
        weir_graph_destroy(graph);
    }
    assert_in_range(lowest, 900, 1000);
}

static void the_peak_of_a_tree_is_the_lowest(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        const given g = draw_tree();
        weir_graph *graph = compile_given(&g);
        const uint64_t peak = weir_graph_serial_bytes(graph);
        assert_int_equal(peak, lowest_peak(&g));
        weir_graph_destroy(graph);
    }
}

/* No postorder of this tree is best: each of two subtrees climbs to 10 and leaves 1, and then to 8 and
 * leaves 6. */
static void a_tree_may_need_its_subtrees_interleaved(void **state)
{
    given g = {.n = 5, .held = {1, 6, 1, 6, 1}, .work = {9, 1, 9, 1, 0}};
    (void)state;
    add_edge(&g, 0, 1);
    add_edge(&g, 1, 4);
    add_edge(&g, 2, 3);
    add_edge(&g, 3, 4);
    weir_graph *graph = compile_given(&g);
    assert_int_equal(weir_graph_serial_bytes(graph), lowest_peak(&g));
    assert_int_equal(weir_graph_serial_bytes(graph), 14);
    weir_graph_destroy(graph);
}

static void bytes_are_held_until_the_last_of_all_successors_that_were_given(void **state)
{
    given g = {.n = 4, .held = {8, 1, 1, 1}};
    (void)state;
    add_edge(&g, 0, 1);
    add_edge(&g, 1, 2);
    add_edge(&g, 2, 3);
    add_edge(&g, 0, 3); /* implied by the others, and the one that counts */
    weir_graph *graph = compile_given(&g);
    assert_int_equal(graph->order->mem[2], 10);
    assert_int_equal(graph->order->mem[3], 10);
    assert_int_equal(weir_graph_certified_bytes(graph), 11);
    weir_graph_destroy(graph);
}

static void a_graph_that_needs_no_bytes_has_no_order(void **state)
{
    (void)state;
    for (int zero = 0; zero < 2; zero++) {
        weir_graph *graph = create_tasks(3);
        if (zero != 0)
            assert_ok(weir_graph_hold(graph, 1, 0));
        assert_ok(weir_graph_compile(graph));
        assert_null(graph->order);
        assert_int_equal(weir_graph_certified_bytes(graph), 0);
        weir_graph_destroy(graph);
    }
}

/* 16 positions are a block, and blocks have a tree: lengths on both sides of such borders. */
static void the_most_of_any_interval_is_that_of_its_steps(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 150; n += n < 70 ? 1 : 37) {
        weir_graph *graph = create_tasks(n);
        for (uint32_t t = 0; t < n; t++)
            assert_ok(weir_graph_scratch(graph, t, 1 + next_random() % 1000));
        assert_ok(weir_graph_compile(graph));
        const weir__order *made = graph->order;
        for (uint32_t first = 0; first <= n; first++) {
            uint64_t most = 0;
            for (uint32_t end = first; end <= n; end++) {
                assert_int_equal(weir__order_most(made, first, end), most);
                if (end < n && made->mem[end] > most)
                    most = made->mem[end];
            }
        }
        weir_graph_destroy(graph);
    }
}

static void sums_beyond_64_bits_are_the_largest_number(void **state)
{
    (void)state;
    weir_graph *graph = create_tasks(3);
    for (weir_task t = 0; t < 3; t++)
        assert_ok(weir_graph_scratch(graph, t, SIZE_MAX / 2));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(weir_graph_serial_bytes(graph), SIZE_MAX / 2);
    assert_true(weir_graph_certified_bytes(graph) == UINT64_MAX);
    weir_graph_destroy(graph);

    graph = create_tasks(2);
    assert_ok(weir_graph_hold(graph, 0, SIZE_MAX));
    assert_ok(weir_graph_scratch(graph, 1, SIZE_MAX));
    assert_ok(weir_graph_before(graph, 0, 1));
    assert_ok(weir_graph_compile(graph));
    assert_true(weir_graph_serial_bytes(graph) == UINT64_MAX);
    weir_graph_destroy(graph);
}

static void an_order_has_each_task_that_needs_bytes_and_the_sums_of_their_needs(void **state)
{
    weir_graph *graph = create_tasks(40);
    (void)state;
    for (weir_task t = 0; t < 20; t++)
        assert_ok(weir_graph_hold(graph, t, 1 + t));
    assert_ok(weir_graph_compile(graph));
    weir__order *made = graph->order;
    assert_breaks(made->n, 19, weir__order_is_valid(made, graph));
    assert_breaks(made->position[3], 4, weir__order_is_valid(made, graph));
    assert_breaks(made->position[30], 1, weir__order_is_valid(made, graph));
    assert_breaks(made->task[3], 4, weir__order_is_valid(made, graph));
    assert_breaks(made->sum[0], 1, weir__order_is_valid(made, graph));
    assert_breaks(made->sum[7], 0, weir__order_is_valid(made, graph));
    assert_breaks(made->mem[7], 0, weir__order_is_valid(made, graph));
    assert_breaks(made->most[3], 0, weir__order_is_valid(made, graph));
    assert_breaks(made->serial_bytes, 1, weir__order_is_valid(made, graph));
    assert_breaks(made->certified_bytes, 1, weir__order_is_valid(made, graph));
    weir_graph_destroy(graph);
}

/* Leaves hold 1 each, and so does what combines a row of them: of depth d, d + 1 are needed. */
static void a_large_tree_that_was_built_by_levels_is_run_by_depth(void **state)
{
    enum { DEPTH = 16 };
    const uint32_t leaves = 1u << DEPTH;
    weir_graph *graph = create_tasks(2 * leaves - 1);
    (void)state;
    for (uint32_t t = 0, next = leaves; next < 2 * leaves - 1; t += 2, next++) {
        assert_ok(weir_graph_before(graph, t, next));
        assert_ok(weir_graph_before(graph, t + 1, next));
    }
    for (uint32_t t = 0; t < 2 * leaves - 1; t++)
        assert_ok(weir_graph_hold(graph, t, 1));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(weir_graph_serial_bytes(graph), DEPTH + 2);
    weir_graph_destroy(graph);
}

static void a_chain_and_a_star_take_no_deep_stack(void **state)
{
    const uint32_t n = 200000;
    (void)state;
    for (int star = 0; star < 2; star++) {
        weir_graph *graph = create_tasks(n);
        for (uint32_t t = 0; t + 1 < n; t++)
            assert_ok(weir_graph_before(graph, t, star != 0 ? n - 1 : t + 1));
        for (uint32_t t = 0; t < n; t++) {
            assert_ok(weir_graph_hold(graph, t, 1 + t % 7));
            assert_ok(weir_graph_scratch(graph, t, t % 1000));
        }
        assert_ok(weir_graph_compile(graph));
        assert_true(weir__order_is_valid(graph->order, graph));
        weir_graph_destroy(graph);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_profile_is_what_a_serial_run_holds),
        TEST(the_peak_is_at_most_that_of_program_order_and_mostly_the_lowest),
        TEST(the_peak_of_a_tree_is_the_lowest),
        TEST(a_tree_may_need_its_subtrees_interleaved),
        TEST(bytes_are_held_until_the_last_of_all_successors_that_were_given),
        TEST(a_graph_that_needs_no_bytes_has_no_order),
        TEST(the_most_of_any_interval_is_that_of_its_steps),
        TEST(sums_beyond_64_bits_are_the_largest_number),
        TEST(an_order_has_each_task_that_needs_bytes_and_the_sums_of_their_needs),
        TEST(a_large_tree_that_was_built_by_levels_is_run_by_depth),
        TEST(a_chain_and_a_star_take_no_deep_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
