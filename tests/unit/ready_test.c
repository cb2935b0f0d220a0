/* Tests of the lists of ready tasks: what comes out first, and what a division leaves where; and of what
 * keeps an execution's packs.
 *
 * Run by ctest with the engine's internal headers. */
#include "support.h"

#include "graph/execution.h"
#include "graph/ready.h"
#include "sched/tuning.h"
#include "testing_support.h"

enum { MOST = 20000 };

/* A graph of tasks without edges, of which each is in the list that the test says. */
static weir_graph *make_graph(uint32_t n, bool listed)
{
    weir_graph *graph = test_calloc(1, sizeof *graph);
    graph->n = graph->roots = n;
    graph->task = test_calloc(n + 1, sizeof *graph->task);
    graph->fixed = test_calloc(n, sizeof *graph->fixed);
    graph->root = listed ? test_calloc(n, sizeof *graph->root) : NULL;
    for (uint32_t t = 0; t < n; t++) {
        if (listed)
            graph->root[t] = n - 1 - t;
        graph->fixed[t].predecessors = t % 3;
        graph->task[t].urgency = 1;
    }
    return graph;
}

static void free_graph(weir_graph *graph)
{
    test_free(graph->root);
    test_free(graph->fixed);
    test_free(graph->task);
    test_free(graph);
}

static void push_all(weir__ready *r, weir_graph *graph)
{
    weir__ready_clear(r);
    for (weir_task t = 0; t < graph->n; t++)
        weir__ready_push(r, graph->task, t);
}

static uint32_t pop_all(weir__ready *r, weir_graph *graph, bool *seen)
{
    uint32_t n = 0;
    for (weir_task t; (t = weir__ready_pop(r, graph)) != WEIR_NO_TASK; n++) {
        assert_false(seen[t]);
        seen[t] = true;
    }
    assert_true(weir__ready_is_empty(r));
    return n;
}

static void the_most_urgent_comes_first_and_of_those_the_last(void **state)
{
    static const uint8_t urgency[] = {4, 1, 3, 1, 2, 4};
    static const weir_task expected[] = {3, 1, 4, 2, 5, 0};
    weir_graph *graph = make_graph(6, true);
    weir__ready r;
    (void)state;
    for (weir_task t = 0; t < 6; t++)
        graph->task[t].urgency = urgency[t];
    push_all(&r, graph);
    assert_true(weir__ready_is_valid(&r, graph));
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(weir__ready_pop(&r, graph), expected[i]);
    assert_int_equal(weir__ready_pop(&r, graph), WEIR_NO_TASK);
    free_graph(graph);
}

static void what_has_its_bytes_comes_before_all(void **state)
{
    weir_graph *graph = make_graph(3, true);
    weir__ready r;
    (void)state;
    push_all(&r, graph);
    assert_int_equal(weir__ready_pop(&r, graph), 2);
    weir__ready_push_granted(&r, graph->task, 2);
    assert_int_equal(weir__ready_pop(&r, graph), 2);
    weir__ready_push(&r, graph->task, 2);
    assert_int_equal(weir__ready_pop(&r, graph), 2);
    assert_int_equal(weir__ready_pop(&r, graph), 1);
    free_graph(graph);
}

static void roots_come_after_what_is_in_lists(void **state)
{
    weir_graph *graph = make_graph(3, true);
    weir__ready r;
    (void)state;
    weir__ready_clear(&r);
    r.roots_end = 2;
    weir__ready_push(&r, graph->task, 0);
    assert_int_equal(weir__ready_pop(&r, graph), 0);
    assert_int_equal(weir__ready_pop(&r, graph), 2);
    assert_int_equal(weir__ready_pop(&r, graph), 1);
    assert_int_equal(weir__ready_pop(&r, graph), WEIR_NO_TASK);
    free_graph(graph);
}

static void roots_without_a_list_are_those_that_wait_for_nothing(void **state)
{
    weir_graph *graph = make_graph(10, false);
    weir__ready r;
    (void)state;
    weir__ready_clear(&r);
    r.roots_end = weir__graph_roots_end(graph);
    for (weir_task t = 0; t < 10; t += 3)
        assert_int_equal(weir__ready_pop(&r, graph), t);
    assert_int_equal(weir__ready_pop(&r, graph), WEIR_NO_TASK);
    assert_true(weir__ready_is_empty(&r));
    free_graph(graph);
}

static void the_less_urgent_half_is_divided_off(void **state)
{
    bool *seen = test_calloc(MOST, sizeof *seen);
    (void)state;
    for (uint32_t n = 1; n <= 40; n++) {
        weir_graph *graph = make_graph(n, true);
        weir__ready r, to;
        unsigned least = WEIR_READY_LISTS;
        for (weir_task t = 0; t < n; t++)
            graph->task[t].urgency = (uint8_t)(1 + t * 7 / 3 % WEIR_URGENCIES);
        push_all(&r, graph);
        weir__ready_clear(&to);
        weir__ready_split(&r, &to, graph->task);
        assert_true(weir__ready_is_valid(&r, graph));
        assert_true(weir__ready_is_valid(&to, graph));
        memset(seen, 0, MOST * sizeof *seen);
        assert_int_equal(pop_all(&to, graph, seen), n - n / 2);
        for (weir_task t = 0; t < n; t++)
            if (seen[t] && graph->task[t].urgency < least)
                least = graph->task[t].urgency;
        for (weir_task t = 0; t < n; t++)
            assert_true(seen[t] || graph->task[t].urgency <= least);
        assert_int_equal(pop_all(&r, graph, seen), n / 2);
        free_graph(graph);
    }
    test_free(seen);
}

static void of_roots_the_later_half_is_divided_off(void **state)
{
    bool *seen = test_calloc(MOST, sizeof *seen);
    weir_graph *graph = make_graph(9, true);
    weir__ready r, to;
    (void)state;
    weir__ready_clear(&r);
    weir__ready_clear(&to);
    r.roots_end = 9;
    weir__ready_push(&r, graph->task, 8); /* stays */
    weir__ready_split(&r, &to, graph->task);
    assert_int_equal(to.root, 4);
    assert_int_equal(to.roots_end, 9);
    assert_int_equal(r.roots_end, 4);
    assert_int_equal(weir__ready_pop(&r, graph), 8);
    free_graph(graph);
    test_free(seen);
}

static void a_very_long_list_is_walked_along_for_a_bounded_way(void **state)
{
    bool *seen = test_calloc(MOST, sizeof *seen);
    weir_graph *graph = make_graph(MOST, true);
    weir__ready r, to;
    (void)state;
    push_all(&r, graph);
    weir__ready_clear(&to);
    weir__ready_split(&r, &to, graph->task);
    const uint32_t kept = pop_all(&r, graph, seen);
    assert_in_range(kept, 1, WEIR_SPLIT_MOST);
    assert_int_equal(pop_all(&to, graph, seen), MOST - kept);
    free_graph(graph);
    test_free(seen);
}

static void a_list_that_is_broken_is_found(void **state)
{
    weir_graph *graph = make_graph(4, true);
    weir__ready r;
    (void)state;
    push_all(&r, graph);
    assert_true(weir__ready_is_valid(&r, graph));
    graph->task[0].left = 3; /* a circle */
    assert_false(weir__ready_is_valid(&r, graph));
    graph->task[0].left = WEIR_NO_TASK;
    graph->task[2].urgency = 2; /* in another's list */
    assert_false(weir__ready_is_valid(&r, graph));
    graph->task[2].urgency = 1;
    r.some |= 4;
    assert_false(weir__ready_is_valid(&r, graph));
    r.some = 2;
    r.roots_end = 5;
    assert_false(weir__ready_is_valid(&r, graph));
    free_graph(graph);
}

/* ---- executions ---- */

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int not_again(void *arg)
{
    return (*(unsigned *)arg)++ == 0;
}

static void an_execution_has_its_packs_and_is_a_body_of_its_task(void **state)
{
    weir_engine *engine = open_engine(2, 0, 0);
    unsigned asked = 0;
    weir_graph *body, *g;
    weir_task t;
    (void)state;
    assert_ok(weir_graph_create(&body));
    assert_ok(weir_graph_add(body, NULL, nothing, NULL, &t));
    assert_ok(weir_graph_compile(body));
    assert_ok(weir_graph_create(&g));
    assert_ok(weir_graph_add(g, NULL, nothing, NULL, &t));
    assert_ok(weir_graph_while(g, NULL, not_again, &asked, body, &t));
    assert_ok(weir_graph_compile(g));
    assert_ok(weir_graph_run(engine, g));
    weir__execution *e = g->execution, *inner = body->execution;
    e->fresh = e->packs; /* as if all had been in use, and one is free */
    e->free = &e->pack[0];
    e->free->next_free = NULL;
    assert_true(weir__execution_is_valid(e));
    assert_true(weir__execution_is_valid(inner));
    assert_breaks(e->fresh, e->packs + 1, weir__execution_is_valid(e));
    assert_breaks(e->free->next_free, e->free, weir__execution_is_valid(e));
    assert_breaks(e->free, &inner->first, weir__execution_is_valid(e));
    assert_breaks(inner->up_task, 0, weir__execution_is_valid(inner));
    assert_breaks(inner->up_task, 2, weir__execution_is_valid(inner));
    assert_breaks(inner->graph, g, weir__execution_is_valid(inner));
    weir_graph_destroy(g);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_urgent_comes_first_and_of_those_the_last),
        cmocka_unit_test(what_has_its_bytes_comes_before_all),
        cmocka_unit_test(roots_come_after_what_is_in_lists),
        cmocka_unit_test(roots_without_a_list_are_those_that_wait_for_nothing),
        cmocka_unit_test(the_less_urgent_half_is_divided_off),
        cmocka_unit_test(of_roots_the_later_half_is_divided_off),
        cmocka_unit_test(a_very_long_list_is_walked_along_for_a_bounded_way),
        cmocka_unit_test(a_list_that_is_broken_is_found),
        cmocka_unit_test(an_execution_has_its_packs_and_is_a_body_of_its_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
