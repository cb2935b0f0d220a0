/* Tests what programs do with streams besides waiting for one item: several at once, for so long at most,
 * and calls that ask whether they are still wanted.
 *
 * Run by ctest with the public headers only.  It must never fail because a machine is slow: times are least
 * times. */
#include "stream_support.h"

static int pass(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    return weir_yield(y, items[0]) == WEIR_OK ? 0 : 1;
}

/* Inlet and a stage that passes on what is pushed. */
static weir_stream *start_passing(weir_engine *engine, unsigned buffer, weir_stage *in,
                                  weir_stage *out)
{
    weir_stream *s = open_stream(engine);
    const weir_stage_options inlet = stage_of("in", 1, buffer, NULL),
                             stage = stage_of("pass", 1, buffer, NULL);
    assert_ok(weir_stream_inlet(s, &inlet, in));
    *out = add_stage(s, &stage, pass, *in);
    assert_ok(weir_stream_start(s));
    return s;
}

/* ---- several at once ---- */

static void many_items_come_in_order_until_the_end(void **state)
{
    enum { ITEMS = 100000 / SLOW_BUILD };
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++)
        for (size_t most = 1; most <= 1000; most *= 10) {
            static uint64_t got[1000];
            weir_engine *engine = open_engine(workers, 0, 0);
            numbers source = {.n = ITEMS};
            weir_stream *s = open_stream(engine);
            const weir_stage_options o = stage_of("pass", 2, 64, NULL);
            const weir_stage out = add_stage(s, &o, pass, add_numbers(s, "numbers", 64, &source));
            assert_ok(weir_stream_start(s));
            uint64_t next = 0, wrong = 0;
            size_t n;
            weir_status status;
            while ((status = weir_next_many(s, out, got, most, &n)) == WEIR_OK) {
                wrong += n == 0 || n > most;
                for (size_t i = 0; i < n; i++)
                    wrong += got[i] != next++;
            }
            assert_int_equal(status, WEIR_END);
            assert_int_equal(n, 0);
            assert_int_equal(next, ITEMS);
            assert_int_equal(wrong, 0);
            assert_ok(weir_stream_close(s));
            weir_engine_close(engine);
        }
}

static int three_bytes(void *state, const void *const *items, weir_yielder *y)
{
    const uint64_t number = *(const uint64_t *)items[0];
    const unsigned char item[3] = {(unsigned char)number, (unsigned char)(number >> 8), 77};
    (void)state;
    return number % 3 == 0 ? 0 : weir_yield(y, item); /* some yield nothing */
}

static void many_items_stand_one_right_behind_the_other(void **state)
{
    unsigned char got[3 * 50];
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    numbers source = {.n = 100};
    weir_stream *s = open_stream(engine);
    weir_stage_options o = stage_of("bytes", 1, 200, NULL);
    o.item_bytes = 3;
    o.max_yield = 2;
    const weir_stage out = add_stage(s, &o, three_bytes, add_numbers(s, "numbers", 64, &source));
    assert_ok(weir_stream_start(s));
    unsigned number = 0;
    size_t n;
    while (weir_next_many(s, out, got, 50, &n) == WEIR_OK)
        for (size_t i = 0; i < n; i++) {
            number += number % 3 == 2 ? 2 : 1;
            assert_int_equal(got[3 * i], number);
            assert_int_equal(got[3 * i + 2], 77);
        }
    assert_int_equal(number, 98);
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

static int fail_at_ten(void *state, const void *const *items, weir_yielder *y)
{
    return *(const uint64_t *)items[0] == 10 ? 42 : pass(state, items, y);
}

static void what_comes_before_a_failure_is_had_first(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    numbers source = {.n = 100};
    weir_stream *s = open_stream(engine);
    const weir_stage_options o = stage_of("fails", 1, 64, NULL);
    const weir_stage out = add_stage(s, &o, fail_at_ten, add_numbers(s, "numbers", 64, &source));
    assert_ok(weir_stream_start(s));
    uint64_t got[64], had = 0;
    size_t n;
    weir_status status;
    while ((status = weir_next_many(s, out, got, 64, &n)) == WEIR_OK)
        had += n;
    assert_int_equal(status, WEIR_EOP);
    assert_int_equal(n, 0);
    assert_int_equal(had, 10);
    assert_true(weir_stream_stopping(s));
    assert_status(WEIR_EOP, weir_stream_close(s));
    weir_engine_close(engine);
}

/* ---- for so long at most ---- */

static void who_waits_for_so_long_gets_what_comes_and_else_comes_back(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    weir_stage in, out;
    weir_stream *s = start_passing(engine, 4, &in, &out);
    uint64_t item = 7, got = 0;
    assert_status(WEIR_ETIME, weir_next_until(s, out, &got, 0));
    const uint64_t before = clock_ns(CLOCK_MONOTONIC);
    assert_status(WEIR_ETIME, weir_next_until(s, out, &got, 5000000));
    assert_true(clock_ns(CLOCK_MONOTONIC) - before >= 5000000);
    assert_ok(weir_push(s, in, &item));
    assert_ok(weir_next_until(s, out, &got, UINT64_MAX));
    assert_int_equal(got, 7);
    assert_status(WEIR_ETIME,
                  weir_next_until(s, out, &got, 1000)); /* it looks, but does not sleep */
    assert_ok(weir_push_end(s, in));
    assert_status(WEIR_END, weir_next_until(s, out, &got, UINT64_MAX));
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

static void who_pushes_for_so_long_keeps_the_item_where_there_is_no_room(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    weir_stage in, out;
    weir_stream *s = start_passing(engine, 2, &in, &out);
    uint64_t pushed = 0, got;
    weir_status status;
    while ((status = weir_push_until(s, in, &pushed, 20000000)) == WEIR_OK)
        pushed++;
    assert_status(WEIR_ETIME, status);
    assert_in_range(pushed, 4, 6); /* both buffers, and what a job may hold */
    assert_status(WEIR_ETIME, weir_push_until(s, in, &pushed, 0));
    for (uint64_t i = 0; i < pushed; i++) {
        assert_ok(weir_next(s, out, &got));
        assert_int_equal(got, i);
    }
    assert_ok(weir_push_until(s, in, &pushed, UINT64_MAX));
    assert_ok(weir_next(s, out, &got));
    assert_int_equal(got, pushed);
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

/* ---- calls that ask ---- */

typedef struct waiter {
    weir_stream *s;
    atomic_uint_least64_t waits, saw;
} waiter;

/* Waits for something outside that never comes. */
static int wait_until_stopping(void *state, void *item)
{
    waiter *w = state;
    (void)item;
    atomic_fetch_add(&w->waits, 1);
    while (!weir_stream_stopping(w->s))
        nap(100);
    atomic_fetch_add(&w->saw, 1);
    return WEIR_END;
}

static void a_call_that_waits_is_told_when_the_stream_is_closed_or_cancelled(void **state)
{
    (void)state;
    for (int cancelled = 0; cancelled <= 1; cancelled++) {
        weir_engine *engine = open_engine(1, 0, 0);
        waiter w = {.s = open_stream(engine)};
        const weir_stage_options o = stage_of("waits", 1, 4, &w);
        weir_stage stage;
        assert_ok(weir_stream_source(w.s, &o, wait_until_stopping, &stage));
        assert_false(weir_stream_stopping(w.s));
        assert_ok(weir_stream_start(w.s));
        assert_true(reaches(&w.waits, 1));
        assert_false(weir_stream_stopping(w.s));
        if (cancelled) {
            weir_engine_cancel(engine);
            assert_true(reaches(&w.saw, 1));
        }
        assert_status(cancelled ? WEIR_ECANCEL : WEIR_OK, weir_stream_close(w.s));
        assert_int_equal(atomic_load(&w.saw), 1);
        weir_engine_close(engine);
    }
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(1, 0, 0);
    weir_stage in, out;
    weir_stream *s = start_passing(engine, 2, &in, &out);
    uint64_t item = 0;
    size_t n = 5;
    assert_status(WEIR_EINVAL, weir_next_many(s, out, &item, 0, &n));
    assert_int_equal(n, 0);
    assert_status(WEIR_EINVAL, weir_next_many(s, out, &item, 1, NULL));
    assert_status(WEIR_EINVAL, weir_next_many(s, out, NULL, 1, &n));
    assert_status(WEIR_EINVAL, weir_next_many(s, in, &item, 1, &n)); /* a stage takes from it */
    assert_status(WEIR_EINVAL, weir_next_many(NULL, out, &item, 1, &n));
    assert_status(WEIR_EINVAL, weir_next_until(s, out, NULL, 1));
    assert_status(WEIR_EINVAL, weir_next_until(s, 7, &item, 1));
    assert_status(WEIR_EINVAL, weir_push_until(s, out, &item, 1));
    assert_status(WEIR_EINVAL, weir_push_until(s, in, NULL, 1));
    assert_false(weir_stream_stopping(NULL));
    assert_string_equal(weir_status_name(WEIR_ETIME), "WEIR_ETIME");
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_items_come_in_order_until_the_end),
        cmocka_unit_test(many_items_stand_one_right_behind_the_other),
        cmocka_unit_test(what_comes_before_a_failure_is_had_first),
        cmocka_unit_test(who_waits_for_so_long_gets_what_comes_and_else_comes_back),
        cmocka_unit_test(who_pushes_for_so_long_keeps_the_item_where_there_is_no_room),
        cmocka_unit_test(a_call_that_waits_is_told_when_the_stream_is_closed_or_cancelled),
        cmocka_unit_test(wrong_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
