/* Tests that every single allocation may fail: each time the right code, nothing lost, and the
 * engine as good as before.
 *
 * Run by ctest with the engine's internal headers, whose allocator fails on request.  It must never
 * stop before an operation has gone through without a failure. */
#include "support.h"
#include "testing_support.h"

enum { MOST_ALLOCATIONS = 1000, FANOUT = 3, HEIGHT = 7 };

static void describe(weir_layer *layer)
{
    tree_describe(layer, FANOUT, HEIGHT);
    layer->scratch_bytes = 500;
}

static void open_says_no_memory_at_every_allocation_and_loses_nothing(void **state)
{
    static const weir_bind binds[] = {WEIR_BIND_AUTO, WEIR_BIND_SPREAD, WEIR_BIND_NONE};
    (void)state;
    for (size_t b = 0; b < sizeof binds / sizeof *binds; b++)
        for (unsigned workers = 1; workers <= 8; workers += 7) {
            const weir_engine_options options = {.workers = workers, .bind = binds[b]};
            weir_engine *engine = NULL;
            uint64_t nth = 0;
            weir_status status = WEIR_ENOMEM;
            while (status == WEIR_ENOMEM && nth++ < MOST_ALLOCATIONS) {
                engine = (weir_engine *)&options;
                weir__testing_fail_allocation(nth);
                status = weir_engine_open(&options, &engine);
                weir__testing_fail_allocation(0);
                if (status == WEIR_ENOMEM) {
                    assert_null(engine);
                    assert_int_equal(weir_last_error()->status, WEIR_ENOMEM);
                    assert_int_equal(weir__testing_live_blocks(), 0);
                }
            }
            assert_int_equal(status, WEIR_OK);
            assert_true(nth > 1); /* something did fail */
            assert_tree_runs(engine, 2, 6);
            weir_engine_close(engine);
            assert_int_equal(weir__testing_live_blocks(), 0);
        }
}

static void compile_says_no_memory_at_every_allocation_and_loses_nothing(void **state)
{
    weir_layer layer[4], *top = layer;
    (void)state;
    describe(&layer[3]);
    for (int i = 0; i < 3; i++) {
        layer[i] = layer[3];
        layer[i].max_depth = 0;
        layer[i].count = NULL;
        layer[i].child = &layer[i + 1];
    }
    uint64_t nth = 0;
    weir_status status = WEIR_ENOMEM;
    weir_plan *plan = NULL;
    while (status == WEIR_ENOMEM && nth++ < MOST_ALLOCATIONS) {
        plan = (weir_plan *)layer;
        weir__testing_fail_allocation(nth);
        status = weir_plan_compile(top, &plan);
        weir__testing_fail_allocation(0);
        if (status == WEIR_ENOMEM) {
            assert_null(plan);
            assert_int_equal(weir_last_error()->status, WEIR_ENOMEM);
            assert_int_equal(weir__testing_live_blocks(), 0);
        }
    }
    assert_int_equal(status, WEIR_OK);
    assert_int_equal(nth, 1 + 4 + 1); /* the plan, four names, and the one that did not come */
    weir_plan_free(plan);
}

/* Runs on a cold engine with the nth allocation failing. Either nothing ran, or all of it did. */
static weir_status run_with_failure(unsigned workers, bool many, const weir_plan *plan,
                                    uint64_t nth, bool *failed)
{
    enum { INPUTS = 4 };
    tree_node in[INPUTS];
    uint64_t out[INPUTS];
    tree context = {.fanout = FANOUT, .spin = 20};
    weir_engine *engine = open_engine(workers, 0, 0);
    const size_t n = many ? INPUTS : 1;
    for (uint32_t i = 0; i < INPUTS; i++)
        in[i] = (tree_node){.id = i, .height = HEIGHT};
    weir__testing_fail_allocation(nth);
    weir_status status = weir_run_many(engine, plan, &context, n, in, out);
    *failed = failure_has_come(nth);
    if (status == WEIR_OK) {
        for (size_t i = 0; i < n; i++)
            assert_true(out[i] == tree_answer(in[i], FANOUT));
        assert_stats_hold(engine, plan, many);
    } else {
        assert_int_equal(status, WEIR_ENOMEM);
        assert_int_equal(weir_last_error()->status, WEIR_ENOMEM);
    }
    assert_ok(weir_run_many(engine, plan, &context, n, in, out)); /* the engine is usable */
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] == tree_answer(in[i], FANOUT));
    weir_engine_close(engine);
    return status;
}

static void run_at_every_allocation(unsigned workers, bool many)
{
    weir_layer layer;
    describe(&layer);
    weir_plan *plan = compile(&layer);
    const int64_t blocks = weir__testing_live_blocks();
    bool failed = true;
    int refused = 0;
    for (uint64_t nth = 1; failed; nth++) {
        assert_true(nth < MOST_ALLOCATIONS);
        refused += run_with_failure(workers, many, plan, nth, &failed) == WEIR_ENOMEM;
        assert_int_equal(weir__testing_live_blocks(), blocks);
    }
    /* The root and the scratch of one worker are all that a run cannot do without. */
    assert_int_equal(refused, 2);
    weir_plan_free(plan);
}

static void a_run_needs_the_memory_of_one_worker_and_does_without_the_rest(void **state)
{
    (void)state;
    for (int repeat = 0; repeat < (SLOW_BUILD > 1 ? 1 : 5); repeat++)
        for (int many = 0; many < 2; many++) {
            run_at_every_allocation(1, many);
            run_at_every_allocation(2, many);
            run_at_every_allocation(8, many);
        }
}

static void a_warm_engine_allocates_nothing(void **state)
{
    weir_layer layer;
    tree context = {.fanout = FANOUT};
    const tree_node in = {.id = 1, .height = HEIGHT};
    uint64_t out;
    (void)state;
    describe(&layer);
    weir_plan *plan = compile(&layer);
    weir_engine *engine = open_engine(1, 0, 0);
    assert_ok(weir_run(engine, plan, &context, &in, &out));
    for (int i = 0; i < 10; i++) {
        weir__testing_fail_allocation(1);
        assert_ok(weir_run(engine, plan, &context, &in, &out));
        assert_false(failure_has_come(1));
    }
    weir_engine_close(engine);
    weir_plan_free(plan);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open_says_no_memory_at_every_allocation_and_loses_nothing),
        TEST(compile_says_no_memory_at_every_allocation_and_loses_nothing),
        TEST(a_run_needs_the_memory_of_one_worker_and_does_without_the_rest),
        TEST(a_warm_engine_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
