/* Tests what weir_engine_stats() tells of a stream: its calls, its bytes, and why workers had nothing
 * to do.
 *
 * Run by ctest with the public headers only.  It must never ask for more time than a stream was made to
 * wait, nor for less than it was made to work. */
#include "stream_support.h"

static weir_stats stats_of(const weir_engine *engine)
{
    weir_stats stats;
    weir_engine_stats(engine, &stats);
    return stats;
}

/* What holds of every stream. */
static weir_stats close_and_check(weir_engine *engine, weir_stream *s, weir_status expected)
{
    const uint64_t bytes = weir_stream_certified_bytes(s);
    assert_status(expected, weir_stream_close(s));
    const weir_stats stats = stats_of(engine);
    assert_in_range(stats.workers, 1, weir_engine_workers(engine));
    assert_int_equal(stats.peak_bytes, bytes);
    assert_int_equal(stats.certified_bytes, bytes);
    assert_true(stats.seconds > 0);
    assert_true((double)stats.idle_ns <= stats.seconds * 1e9 * stats.workers);
    assert_int_equal(stats.peak_in_flight, 0);
    if (stats.workers == 1)
        assert_int_equal(stats.denied_permits, 0);
    return stats;
}

/* Work that counts its calls, and fails for one number. */
typedef struct counted {
    weir_engine *engine;
    weir_plan *plan; /* that each call runs; or NULL */
    uint64_t fails_at;
    atomic_uint_least64_t calls;
} counted;

static int count_calls(void *state, const void *const *items, weir_yielder *y)
{
    counted *c = state;
    const uint64_t x = *(const uint64_t *)items[0], out = changed(x);
    tree context = {.fanout = 3};
    const tree_node in = {.id = x, .height = 2};
    uint64_t ignored;
    atomic_fetch_add(&c->calls, 1);
    if (x == c->fails_at)
        return 5;
    (void)weir_yield(y, &out);
    return c->plan == NULL ? 0 : weir_run(c->engine, c->plan, &context, &in, &ignored);
}

static void all_calls_are_counted_and_the_branches_of_pipelines_in_them(void **state)
{
    weir_layer layer;
    (void)state;
    tree_describe(&layer, 3, 2);
    weir_plan *plan = compile(&layer);
    for (unsigned workers = 1; workers <= 4; workers++)
        for (unsigned jobs = 1; jobs <= 4; jobs += 3) {
            weir_engine *engine = open_engine(workers, 0, 0);
            numbers source = {.n = 500 / SLOW_BUILD};
            counted c = {.engine = engine, .plan = jobs == 1 ? plan : NULL, .fails_at = UINT64_MAX};
            weir_stream *s = open_stream(engine);
            const weir_stage_options o = stage_of("counted", jobs, 8, &c);
            const weir_stage last = add_stage(s, &o, count_calls, add_numbers(s, "n", 5, &source));
            assert_ok(weir_stream_start(s));
            expect_changed(s, last, source.n);
            const weir_stats stats = close_and_check(engine, s, WEIR_OK);
            assert_int_equal(atomic_load(&c.calls), source.n);
            const uint64_t inside = c.plan != NULL ? source.n * tree_branches(2, 3) : 0;
            assert_int_equal(stats.branches, source.n + atomic_load(&source.calls) + inside);
            assert_true(c.plan != NULL || stats.promotions + stats.gathers_promoted == 0);
            assert_engine_usable(engine); /* whose next run counts from 0 */
            weir_engine_close(engine);
        }
    weir_plan_free(plan);
}

static void calls_of_a_stream_that_fails_or_is_closed_early_are_counted(void **state)
{
    (void)state;
    for (int round = 0; round < 30 / SLOW_BUILD + 2; round++) {
        const bool fails = round % 2 == 0;
        weir_engine *engine = open_engine(3, 0, 0);
        numbers source = {.n = UINT64_MAX};
        counted c = {.fails_at = fails ? 40 : UINT64_MAX};
        weir_stream *s = open_stream(engine);
        const weir_stage_options o = stage_of("counted", 2, 8, &c);
        const weir_stage last = add_stage(s, &o, count_calls, add_numbers(s, "n", 5, &source));
        assert_ok(weir_stream_start(s));
        for (uint64_t i = 0; i < 40; i++)
            expect_number(s, last, changed(i));
        uint64_t got;
        if (fails)
            assert_status(WEIR_EOP, weir_next(s, last, &got));
        const weir_stats stats = close_and_check(engine, s, fails ? WEIR_EOP : WEIR_OK);
        assert_int_equal(stats.branches, atomic_load(&c.calls) + atomic_load(&source.calls));
        weir_engine_close(engine);
    }
}

static void a_slow_consumer_shows_as_full_buffers_and_idle_workers(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        numbers source = {.n = 100};
        weir_stream *s = open_stream(engine);
        const weir_stage last = add_numbers(s, "numbers", 4, &source);
        assert_ok(weir_stream_start(s));
        (void)come_to_rest(&source.calls);
        expect_number(s, last, 0);
        (void)come_to_rest(&source.calls);
        const weir_stats stats = close_and_check(engine, s, WEIR_OK);
        assert_true(stats.denied_bytes >= 2);
        assert_true(stats.idle_ns >= 30000000);
        weir_engine_close(engine);
    }
}

static int wait_at_gate(void *state, const void *const *items, weir_yielder *y)
{
    gate_wait(state);
    (void)weir_yield(y, items[0]);
    return 0;
}

static void a_stage_with_too_few_jobs_shows_as_denied_permits(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    numbers source = {.n = 100};
    gate g = {.waiting = 0};
    weir_stream *s = open_stream(engine);
    const weir_stage_options o = stage_of("gated", 1, 4, &g);
    const weir_stage last = add_stage(s, &o, wait_at_gate, add_numbers(s, "numbers", 4, &source));
    assert_ok(weir_stream_start(s));
    assert_true(reaches(&g.waiting, 1));
    (void)come_to_rest(&source.calls);
    atomic_store(&g.open, true);
    for (uint64_t i = 0; i < source.n; i++)
        expect_number(s, last, i);
    const weir_stats stats = close_and_check(engine, s, WEIR_OK);
    if (stats.workers == 2)
        assert_true(stats.denied_permits >= 1);
    weir_engine_close(engine);
}

static void workers_that_work_all_the_time_are_not_idle(void **state)
{
    enum { ITEMS = 100 };
    (void)state;
    weir_engine *engine = open_engine(1, 0, 0);
    numbers source = {.n = ITEMS, .nap_us = 1000};
    weir_stream *s = open_stream(engine);
    const weir_stage last = add_numbers(s, "numbers", ITEMS, &source);
    assert_ok(weir_stream_start(s));
    for (uint64_t i = 0; i < ITEMS; i++)
        expect_number(s, last, i);
    const weir_stats stats = close_and_check(engine, s, WEIR_OK);
    assert_true((double)stats.idle_ns <= stats.seconds * 1e9 - (double)ITEMS * 1e6);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_calls_are_counted_and_the_branches_of_pipelines_in_them),
        cmocka_unit_test(calls_of_a_stream_that_fails_or_is_closed_early_are_counted),
        cmocka_unit_test(a_slow_consumer_shows_as_full_buffers_and_idle_workers),
        cmocka_unit_test(a_stage_with_too_few_jobs_shows_as_denied_permits),
        cmocka_unit_test(workers_that_work_all_the_time_are_not_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
