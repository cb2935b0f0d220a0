/* Tests plans of graphs: that they are right, and what they promise.
 *
 * Run by ctest with the engine's internal headers.  It must never run a task. */
#include "graph/plan.h"

#include "base/testing.h"
#include "graph_support.h"

static int no_blocks(void **state)
{
    (void)state;
    weir__testing_fail_allocation(0);
    return weir__testing_live_blocks() != 0;
}

/* Single tasks and families in turn, with edges in any direction that makes no cycle. */
static weir_graph *draw_graph(uint32_t n, unsigned density, bool families, bool backward)
{
    weir_graph *graph = create_graph();
    for (uint32_t t = 0; t < n;) {
        uint32_t some = 1 + (uint32_t)(next_random() % 9);
        some = some < n - t ? some : n - t;
        weir_task first;
        if (families && next_random() % 2 == 0)
            assert_ok(weir_graph_add_many(graph, "f", some, do_none_of, NULL, &first));
        else
            for (uint32_t i = 0; i < some; i++)
                (void)add_task(graph, NULL);
        t += some;
    }
    for (uint32_t i = 0; i < n * density; i++) {
        const uint32_t a = (uint32_t)(next_random() % n), b = (uint32_t)(next_random() % n);
        if (a == b)
            continue;
        const bool swap = backward ? a * UINT32_C(2654435761) > b * UINT32_C(2654435761) : a > b;
        assert_ok(weir_graph_before(graph, swap ? b : a, swap ? a : b));
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

static void a_plan_of_any_graph_is_right(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        const uint32_t n = 1 + (uint32_t)(next_random() % 200);
        weir_graph *graph = draw_graph(n, (unsigned)(next_random() % 5), next_random() % 2 == 0,
                                       next_random() % 2 == 0);
        const unsigned workers = 1 + (unsigned)(next_random() % 16);
        weir__plan *plan = weir__plan_make(graph, NULL, 100, workers, next_random() % 4 > 0);
        assert_non_null(plan);
        assert_true(plan->lanes <= workers);
        assert_true(weir__graph_plan_is_valid(plan, graph));
        weir__plan_free(plan);
        weir_graph_destroy(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_plan_of_any_graph_is_right, no_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
