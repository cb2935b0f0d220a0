/* Tests which edges follow from data accesses: those of each two accesses of one address, in the order of
 * the calls, of which at least one writes.
 *
 * Run by ctest with the engine's internal headers.  It must never leave a graph behind. */
#include "graph_support.h"
#include "testing_support.h"

static void touch(weir_graph *graph, weir_task task, const void *data, weir_access access)
{
    assert_ok(weir_graph_touch(graph, task, data, access));
}

static void a_read_comes_after_the_last_write(void **state)
{
    weir_graph *graph = create_tasks(4);
    char a, b;
    (void)state;
    touch(graph, 0, &a, WEIR_WRITE);
    touch(graph, 1, &a, WEIR_WRITE);
    touch(graph, 2, &a, WEIR_READ);
    touch(graph, 3, &b, WEIR_READ);
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->edges, 2);
    assert_true(has_edge(graph, 0, 1) && has_edge(graph, 1, 2));
    weir_graph_destroy(graph);
}

static void a_write_comes_after_all_reads_and_reads_in_any_order(void **state)
{
    weir_graph *graph = create_tasks(5);
    char a;
    (void)state;
    touch(graph, 0, &a, WEIR_WRITE);
    for (weir_task t = 1; t < 4; t++)
        touch(graph, t, &a, WEIR_READ);
    touch(graph, 4, &a, WEIR_WRITE);
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->edges, 6);
    assert_int_equal(graph->redundant, 0); /* none from 0 to 4 is even made */
    for (weir_task t = 1; t < 4; t++)
        assert_true(has_edge(graph, 0, t) && has_edge(graph, t, 4));
    weir_graph_destroy(graph);
}

static void read_write_is_as_write(void **state)
{
    weir_graph *graph = create_tasks(3);
    char a;
    (void)state;
    for (weir_task t = 0; t < 3; t++)
        touch(graph, t, &a, WEIR_READ_WRITE);
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->edges, 2);
    assert_true(has_edge(graph, 0, 1) && has_edge(graph, 1, 2));
    weir_graph_destroy(graph);
}

static void a_task_does_not_come_before_itself(void **state)
{
    static const weir_access accesses[] = {WEIR_READ, WEIR_WRITE, WEIR_READ_WRITE};
    weir_graph *graph = create_tasks(3);
    char a;
    (void)state;
    touch(graph, 0, &a, WEIR_WRITE);
    for (int i = 0; i < 9; i++) {
        touch(graph, 1, &a, accesses[i % 3]);
        touch(graph, 1, &a, accesses[i / 3]);
    }
    touch(graph, 2, &a, WEIR_READ);
    touch(graph, 2, &a, WEIR_WRITE);
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->edges, 2);
    assert_true(has_edge(graph, 0, 1) && has_edge(graph, 1, 2));
    weir_graph_destroy(graph);
}

/* 0 writes what 1 reads, and then again: each comes before the other. */
static void accesses_that_no_order_can_serve_are_a_cycle(void **state)
{
    weir_graph *graph = create_tasks(2);
    char a;
    (void)state;
    touch(graph, 0, &a, WEIR_WRITE);
    touch(graph, 1, &a, WEIR_READ);
    touch(graph, 0, &a, WEIR_WRITE);
    assert_status(WEIR_EINVAL, weir_graph_compile(graph));
    assert_contains(weir_last_error()->text, "cycle: #0 -> #1 -> #0");
    weir_graph_destroy(graph);
}

static void what_is_wrong_is_named(void **state)
{
    static const int wrong[] = {-1, 0, 4};
    weir_graph *graph = create_tasks(1);
    char a;
    (void)state;
    assert_status(WEIR_EINVAL, weir_graph_touch(graph, 1, &a, WEIR_READ));
    assert_string_equal(weir_last_error()->where, "task");
    assert_status(WEIR_EINVAL, weir_graph_touch(graph, 0, NULL, WEIR_READ));
    assert_string_equal(weir_last_error()->where, "data");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_status(WEIR_EINVAL, weir_graph_touch(graph, 0, &a, (weir_access)wrong[i]));
        assert_string_equal(weir_last_error()->where, "access");
        assert_contains(weir_last_error()->text, "WEIR_READ, WEIR_WRITE or WEIR_READ_WRITE");
    }
    weir_graph_destroy(graph);
}

/* All accesses so far, for the order that they must give. */
typedef struct history {
    uint32_t n;
    struct {
        weir_task task;
        uint32_t address;
        bool writes;
    } access[2000];
} history;

static order order_of_history(const history *h, uint32_t tasks)
{
    order o = order_of(tasks);
    for (uint32_t i = 0; i < h->n; i++)
        for (uint32_t j = i + 1; j < h->n; j++)
            if (h->access[i].address == h->access[j].address &&
                (h->access[i].writes || h->access[j].writes) &&
                h->access[i].task != h->access[j].task)
                order_set(&o, h->access[i].task, h->access[j].task);
    order_close(&o);
    return o;
}

/* Task by task, or with several tasks' calls mixed. */
static void random_accesses_give_the_order_of_all_conflicts(void **state)
{
    static history h;
    int cycles = 0;
    (void)state;
    seed = 7;
    for (uint32_t round = 0; round < 400; round++) {
        const uint32_t n = 2 + (uint32_t)(next_random() % 60), addresses = 1 + round % 40;
        const uint32_t mixed = round % 3 == 0 ? 3 : 1;
        weir_graph *graph = create_tasks(n);
        static const char data[40];
        h.n = 0;
        while (h.n < 3 * n) {
            const uint32_t task = h.n / 3 + (uint32_t)(next_random() % mixed);
            const weir_access access = (weir_access)(1 + next_random() % (round % 2 ? 3 : 2));
            const uint32_t address = (uint32_t)(next_random() % addresses);
            h.access[h.n].task = task < n ? task : n - 1;
            h.access[h.n].address = address;
            h.access[h.n].writes = access != WEIR_READ;
            touch(graph, h.access[h.n++].task, &data[address], access);
        }
        order given = order_of_history(&h, n);
        if (order_has_cycle(&given)) {
            cycles++;
            assert_status(WEIR_EINVAL, weir_graph_compile(graph));
        } else {
            assert_ok(weir_graph_compile(graph));
            order frozen = order_of_graph(graph);
            assert_true(order_equal(&given, &frozen));
            free(frozen.bit);
        }
        free(given.bit);
        weir_graph_destroy(graph);
    }
    assert_in_range(cycles, 10, 200);
}

/* Addresses and readers grow, and readers are used again. */
static void many_addresses_with_many_readers_take_memory_for_those_that_are_there(void **state)
{
    enum { N = 1000, ADDRESSES = 20000, ROUNDS = 5 };
    static const char data[ADDRESSES];
    weir_graph *graph = create_tasks(ROUNDS * N);
    int64_t bytes = 0;
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < ADDRESSES; i++)
            touch(graph, round * N + i % N, &data[i],
                  round % 2 == 0 && i % 2 == 0 ? WEIR_WRITE : WEIR_READ);
        const weir__accesses *accesses = &graph->draft.accesses;
        assert_int_equal(accesses->addresses, ADDRESSES);
        assert_in_range(accesses->readers, ADDRESSES / 2, ROUNDS * ADDRESSES);
        if (round == 1)
            bytes = weir__testing_live_bytes();
    }
    assert_true(weir__testing_live_bytes() < 3 * bytes);
    assert_ok(weir_graph_compile(graph));
    assert_true(graph->forward);
    weir_graph_destroy(graph);
}

static uint64_t edges_noted(const weir_graph *graph)
{
    return weir__list_bytes(&graph->draft.edge) / sizeof(weir__edge);
}

/* A step of a stencil reads three points, and writes one that the same three have read. */
static void an_edge_that_several_accesses_give_is_noted_once(void **state)
{
    enum { WIDTH = 100, STEPS = 5 };
    static const char data[2][WIDTH];
    weir_graph *graph = create_tasks(WIDTH * STEPS);
    (void)state;
    for (weir_task t = 0; t < WIDTH * STEPS; t++) {
        const uint32_t x = t % WIDTH, side = t / WIDTH % 2;
        for (uint32_t i = x == 0 ? 0 : x - 1; i <= x + 1 && i < WIDTH; i++)
            touch(graph, t, &data[1 - side][i], WEIR_READ);
        touch(graph, t, &data[side][x], WEIR_WRITE);
    }
    assert_int_equal(edges_noted(graph), (STEPS - 1) * (3 * WIDTH - 2));
    assert_ok(weir_graph_compile(graph));
    assert_int_equal(graph->edges, (STEPS - 1) * (3 * WIDTH - 2));
    weir_graph_destroy(graph);
}

/* It has noted some of its edges, few or many, when there is no memory for the rest. */
static void a_write_without_memory_for_all_its_edges_notes_none_until_it_has(void **state)
{
    enum { READERS = 20, MOST_BEFORE = 100 };
    int failures = 0;
    char a;
    (void)state;
    for (uint32_t before = 0; before < MOST_BEFORE; before++) {
        weir_graph *graph = create_tasks(READERS + MOST_BEFORE + 1);
        const weir_task last = READERS + MOST_BEFORE;
        for (uint32_t i = 0; i < before; i++)
            assert_ok(weir_graph_before(graph, READERS + i, last));
        for (weir_task t = 0; t < READERS; t++)
            touch(graph, t, &a, WEIR_READ);
        weir__testing_fail_allocation(1);
        const weir_status status = weir_graph_touch(graph, last, &a, WEIR_WRITE);
        weir__testing_fail_allocation(0);
        if (status != WEIR_OK) {
            failures++;
            assert_status(WEIR_ENOMEM, status);
            assert_int_equal(edges_noted(graph), before);
            touch(graph, last, &a, WEIR_WRITE);
        }
        assert_int_equal(edges_noted(graph), before + READERS);
        assert_ok(weir_graph_compile(graph));
        assert_int_equal(graph->edges, before + READERS);
        weir_graph_destroy(graph);
    }
    assert_in_range(failures, READERS, MOST_BEFORE - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_comes_after_the_last_write),
        TEST(a_write_comes_after_all_reads_and_reads_in_any_order),
        TEST(read_write_is_as_write),
        TEST(a_task_does_not_come_before_itself),
        TEST(accesses_that_no_order_can_serve_are_a_cycle),
        TEST(what_is_wrong_is_named),
        TEST(random_accesses_give_the_order_of_all_conflicts),
        TEST(an_edge_that_several_accesses_give_is_noted_once),
        TEST(a_write_without_memory_for_all_its_edges_notes_none_until_it_has),
        TEST(many_addresses_with_many_readers_take_memory_for_those_that_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
