/* Tests that every single allocation of a graph under construction may fail: each time the right code,
 * nothing lost, and the graph as it was before the call.
 *
 * Run by ctest with the engine's internal headers, whose allocator fails on request.  It must never stop
 * before a graph has gone through without a failure. */
#include "graph_support.h"
#include "testing_support.h"

enum { MOST_ALLOCATIONS = 1000, N = 200, EDGES = 3000, ADDRESSES = 150 };

/* A call that may have no memory; then it has failed, and goes through the second time. */
#define GO(call)                                                                                   \
    do {                                                                                           \
        const weir_status status_ = (call);                                                        \
        if (status_ == WEIR_ENOMEM) {                                                              \
            assert_int_equal(weir_last_error()->status, WEIR_ENOMEM);                              \
            assert_contains(weir_last_error()->text, "memory");                                    \
            ++*failures;                                                                           \
            assert_ok(call);                                                                       \
        } else {                                                                                   \
            assert_ok(status_);                                                                    \
        }                                                                                          \
    } while (0)

static const char data[ADDRESSES];

/* Now and then one task writes after many have read. */
static weir_access access_of(weir_task task, uint32_t address)
{
    return task % 50 == 0 || (task + address) % 90 == 0 ? WEIR_WRITE : WEIR_READ;
}

static void set_touched(order *given)
{
    for (uint32_t k = 0; k < ADDRESSES; k++)
        for (uint32_t i = 0; i < N; i++)
            for (uint32_t j = i + 1; j < N; j++)
                if (k % (1 + i % 7) == 0 && k % (1 + j % 7) == 0 &&
                    (access_of(i, k) != WEIR_READ || access_of(j, k) != WEIR_READ))
                    order_set(given, i, j);
}

static void make_edges(weir_task *first, weir_task *then)
{
    for (uint32_t i = 0; i < EDGES; i++) {
        then[i] = 1 + i % (N - 1);
        first[i] = (uint32_t)(next_random() % then[i]);
    }
}

/* All kinds of calls on one graph. */
static weir_graph *make_graph(const weir_task *first, const weir_task *then, int *failures)
{
    weir_graph *graph = NULL;
    weir_task task;
    char name[100];
    GO(weir_graph_create(&graph));
    for (uint32_t i = 0; i < N / 2; i++) {
        snprintf(name, sizeof name, "task %*u", (int)(i % 60), i);
        GO(weir_graph_add(graph, name, do_nothing, NULL, &task));
        assert_int_equal(task, i);
    }
    GO(weir_graph_add_many(graph, "rows", N / 2, do_none_of, NULL, &task));
    assert_int_equal(task, N / 2);
    for (uint32_t i = 0; i < N; i++) {
        GO(weir_graph_hold(graph, i, i));
        GO(weir_graph_scratch(graph, i, i));
        GO(weir_graph_nested(graph, i, i));
        GO(weir_graph_release(graph, i, free));
        GO(weir_graph_cost(graph, i, i));
    }
    for (uint32_t i = 0; i < EDGES / 2; i++)
        GO(weir_graph_before(graph, first[i], then[i]));
    GO(weir_graph_before_many(graph, EDGES / 2, first + EDGES / 2, then + EDGES / 2));
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = 0; k < ADDRESSES; k += 1 + i % 7)
            GO(weir_graph_touch(graph, i, &data[k], access_of(i, k)));
    GO(weir_graph_compile(graph));
    return graph;
}

static void assert_graph(const weir_graph *graph, const order *given)
{
    char name[100];
    assert_true(weir__graph_is_valid(graph));
    assert_int_equal(graph->n, N);
    weir__graph_name(graph, 7, name, sizeof name);
    assert_string_equal(name, "task       7");
    for (uint32_t i = 0; i < N; i++) {
        assert_true(graph->held[i] == i && graph->scratch[i] == i && graph->nested[i] == i);
        assert_true(graph->release[i] == free && graph->cost[i] == (float)i);
    }
    order frozen = order_of_graph(graph);
    assert_true(order_equal(given, &frozen));
    free(frozen.bit);
}

static void a_graph_says_no_memory_at_every_allocation_and_loses_nothing(void **state)
{
    static weir_task first[EDGES], then[EDGES];
    order given = order_of(N);
    (void)state;
    make_edges(first, then);
    for (uint32_t i = 0; i < EDGES; i++)
        order_set(&given, first[i], then[i]);
    set_touched(&given);
    order_close(&given);
    uint64_t nth = 0;
    for (bool failed = true; failed;) {
        int failures = 0;
        assert_true(++nth < MOST_ALLOCATIONS);
        weir__testing_fail_allocation(nth);
        weir_graph *graph = make_graph(first, then, &failures);
        failed = failure_has_come(nth);
        weir__testing_fail_allocation(0);
        assert_in_range(failures, 0, failed); /* none where less memory would do */
        assert_graph(graph, &given);
        weir_graph_destroy(graph);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
    assert_true(nth > 20);
    free(given.bit);
}

static void ask(const weir_graph *graph, int *failures)
{
    weir_graph_summary summary;
    uint64_t bytes;
    GO(weir_graph_describe(graph, &summary));
    GO(weir_graph_advise(graph, 4, 0.95, &bytes));
    assert_int_equal(summary.depth, N / 2);
    assert_in_range(bytes, weir_graph_serial_bytes(graph), weir_graph_certified_bytes(graph));
}

/* Two chains with falling numbers, which are sorted first. */
static void what_is_asked_of_a_graph_says_no_memory_and_loses_nothing(void **state)
{
    weir_graph *graph = create_tasks(N);
    uint64_t nth = 0;
    (void)state;
    for (weir_task t = 0; t < N; t++) {
        assert_ok(weir_graph_hold(graph, t, 10 + t));
        if (t >= 2)
            assert_ok(weir_graph_before(graph, t, t - 2));
    }
    assert_ok(weir_graph_compile(graph));
    const int64_t blocks = weir__testing_live_blocks();
    for (bool failed = true; failed;) {
        int failures = 0;
        assert_true(++nth < MOST_ALLOCATIONS);
        weir__testing_fail_allocation(nth);
        ask(graph, &failures);
        failed = failure_has_come(nth);
        weir__testing_fail_allocation(0);
        assert_int_equal(failures, failed);
        assert_int_equal(weir__testing_live_blocks(), blocks);
    }
    assert_true(nth > 8);
    weir_graph_destroy(graph);
}

static void a_graph_that_was_not_created_is_null(void **state)
{
    weir_graph *graph = (weir_graph *)state;
    weir__testing_fail_allocation(1);
    assert_status(WEIR_ENOMEM, weir_graph_create(&graph));
    assert_null(graph);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_graph_says_no_memory_at_every_allocation_and_loses_nothing),
        TEST(what_is_asked_of_a_graph_says_no_memory_and_loses_nothing),
        TEST(a_graph_that_was_not_created_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
