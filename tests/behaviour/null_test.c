/* Tests that a NULL where an object belongs is an error, or nothing, and never a crash.
 *
 * Run by ctest.  It must never pass anything but NULL and what the function needs beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "weir.h"

static void engines_may_be_null(void **state)
{
    weir_stats stats = {.workers = 7};
    (void)state;
    assert_int_equal(weir_engine_open(NULL, NULL), WEIR_EINVAL);
    weir_engine_close(NULL);
    weir_engine_cancel(NULL);
    assert_int_equal(weir_engine_workers(NULL), 0);
    assert_int_equal(weir_engine_max_in_flight(NULL), 0);
    assert_int_equal(weir_engine_max_bytes(NULL), 0);
    weir_engine_stats(NULL, &stats);
    assert_int_equal(stats.workers, 0);
    assert_int_equal(weir_parse_bytes(NULL, NULL), WEIR_EINVAL);
}

static void plans_may_be_null(void **state)
{
    weir_plan *plan;
    weir_plan_layer layer;
    (void)state;
    assert_int_equal(weir_plan_compile(NULL, &plan), WEIR_EINVAL);
    assert_null(plan);
    weir_plan_free(NULL);
    assert_int_equal(weir_plan_serial_bytes(NULL), 0);
    assert_int_equal(weir_plan_certified_bytes(NULL, 4, 2), 0);
    assert_int_equal(weir_plan_certified_bytes_many(NULL, 4, 2), 0);
    assert_int_equal(weir_plan_layers(NULL), 0);
    assert_int_equal(weir_plan_describe(NULL, 0, &layer), WEIR_EINVAL);
    assert_int_equal(weir_run(NULL, NULL, NULL, NULL, NULL), WEIR_EINVAL);
    assert_int_equal(weir_run_many(NULL, NULL, NULL, 1, NULL, NULL), WEIR_EINVAL);
}

static void streams_may_be_null(void **state)
{
    weir_stream *s;
    weir_stage stage;
    (void)state;
    assert_int_equal(weir_stream_open(NULL, &s), WEIR_EINVAL);
    assert_int_equal(weir_stream_source(NULL, NULL, NULL, &stage), WEIR_EINVAL);
    assert_int_equal(weir_stream_inlet(NULL, NULL, &stage), WEIR_EINVAL);
    assert_int_equal(weir_stream_stage(NULL, NULL, NULL, 0, NULL, &stage), WEIR_EINVAL);
    assert_int_equal(weir_stream_start(NULL), WEIR_EINVAL);
    assert_int_equal(weir_stream_certified_bytes(NULL), 0);
    assert_int_equal(weir_next(NULL, 0, NULL), WEIR_EINVAL);
    assert_int_equal(weir_push(NULL, 0, NULL), WEIR_EINVAL);
    assert_int_equal(weir_push_end(NULL, 0), WEIR_EINVAL);
    assert_int_equal(weir_stream_close(NULL), WEIR_OK);
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void graphs_may_be_null(void **state)
{
    weir_task task;
    (void)state;
    assert_int_equal(weir_graph_create(NULL), WEIR_EINVAL);
    weir_graph_destroy(NULL);
    assert_int_equal(weir_graph_run(NULL, NULL), WEIR_EINVAL);
    assert_int_equal(weir_graph_add(NULL, NULL, do_nothing, NULL, &task), WEIR_EINVAL);
    assert_int_equal(weir_graph_add_many(NULL, NULL, 1, NULL, NULL, &task), WEIR_EINVAL);
    assert_int_equal(weir_graph_before(NULL, 0, 1), WEIR_EINVAL);
    assert_int_equal(weir_graph_before_many(NULL, 1, NULL, NULL), WEIR_EINVAL);
    assert_int_equal(weir_graph_touch(NULL, 0, &task, WEIR_READ), WEIR_EINVAL);
    assert_int_equal(weir_graph_hold(NULL, 0, 1), WEIR_EINVAL);
    assert_int_equal(weir_graph_scratch(NULL, 0, 1), WEIR_EINVAL);
    assert_int_equal(weir_graph_nested(NULL, 0, 1), WEIR_EINVAL);
    assert_int_equal(weir_graph_release(NULL, 0, NULL), WEIR_EINVAL);
    assert_int_equal(weir_graph_cost(NULL, 0, 1), WEIR_EINVAL);
    assert_int_equal(weir_graph_context(NULL, NULL), WEIR_EINVAL);
    assert_int_equal(weir_graph_plan(NULL, 0), WEIR_EINVAL);
    assert_int_equal(weir_graph_compile(NULL), WEIR_EINVAL);
    assert_int_equal(weir_graph_serial_bytes(NULL), 0);
    assert_int_equal(weir_graph_certified_bytes(NULL), 0);
    assert_int_equal(weir_graph_describe(NULL, NULL), WEIR_EINVAL);
    assert_int_equal(weir_graph_advise(NULL, 1, 0.95, NULL), WEIR_EINVAL);
}

static void topologies_may_be_null(void **state)
{
    const weir_pu *pus;
    unsigned place;
    (void)state;
    assert_int_equal(weir_topology_load(NULL, NULL), WEIR_EINVAL);
    weir_topology_free(NULL);
    assert_int_equal(weir_topology_pus(NULL, &pus), 0);
    assert_int_equal(weir_topology_quota(NULL), 0);
    assert_int_equal(weir_topology_default_workers(NULL), 0);
    assert_int_equal(weir_topology_place(NULL, WEIR_BIND_CORE, 1, &place), WEIR_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engines_may_be_null),    cmocka_unit_test(plans_may_be_null),
        cmocka_unit_test(streams_may_be_null),    cmocka_unit_test(graphs_may_be_null),
        cmocka_unit_test(topologies_may_be_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
