/* Tests what streams deliver: the order of items, zips and merges, and 0 to max_yield items a call.
 *
 * Run by ctest with the public headers only.  It must never assert inside an op. */
#include "stream_support.h"

static const unsigned teams[] = {1, 2, 4};
#define EACH_TEAM(workers)                                                                         \
    (const unsigned *workers = teams; workers < teams + sizeof teams / sizeof *teams; workers++)

/* ---- order ---- */

static void items_leave_in_the_order_of_inputs_with_any_jobs_and_buffers(void **state)
{
    static const unsigned jobs[] = {1, 2, 5}, buffers[] = {1, 2, 3, 7, 20};
    (void)state;
    for
        EACH_TEAM(workers)
        {
            weir_engine *engine = open_engine(*workers, 0, 0);
            for (int j = 0; j < 3; j++)
                for (int b = 0; b < 5; b++) {
                    numbers source = {.n = 400 / SLOW_BUILD};
                    weir_stream *s = open_stream(engine);
                    const weir_stage_options o = stage_of("change", jobs[j], buffers[b], NULL);
                    const weir_stage in = add_numbers(s, "numbers", buffers[4 - b], &source);
                    const weir_stage last = add_stage(s, &o, change, in);
                    assert_ok(weir_stream_start(s));
                    expect_changed(s, last, source.n);
                    assert_ok(weir_stream_close(s));
                }
            weir_engine_close(engine);
        }
}

static void a_long_chain_keeps_the_order(void **state)
{
    enum { LENGTH = 12, N = 300 };
    (void)state;
    for
        EACH_TEAM(workers)
        {
            weir_engine *engine = open_engine(*workers, 0, 0);
            numbers source = {.n = N};
            weir_stream *s = open_stream(engine);
            weir_stage last = add_numbers(s, "numbers", 2, &source);
            for (unsigned i = 0; i < LENGTH; i++) {
                const weir_stage_options o = stage_of("change", 1 + i % 3, 1 + i % 4, NULL);
                last = add_stage(s, &o, change, last);
            }
            assert_ok(weir_stream_start(s));
            for (uint64_t i = 0; i < N; i++) {
                uint64_t expected = i;
                for (int k = 0; k < LENGTH; k++)
                    expected = changed(expected);
                expect_number(s, last, expected);
            }
            uint64_t got;
            assert_status(WEIR_END, weir_next(s, last, &got));
            assert_ok(weir_stream_close(s));
            weir_engine_close(engine);
        }
}

/* Takes all; each of `n` numbers must come exactly once, changed or not. */
static void expect_each_once(weir_stream *s, weir_stage last, uint64_t n,
                             uint64_t (*expected)(uint64_t))
{
    unsigned char *seen = calloc(n, 1);
    uint64_t got, count = 0, wrong = 0;
    weir_status status;
    while ((status = weir_next(s, last, &got)) == WEIR_OK && count++ <= n) {
        const uint64_t i = expected == NULL ? got : (got - 1) / 3;
        wrong += i >= n || (expected != NULL && expected(i) != got) || seen[i]++ != 0;
    }
    free(seen);
    assert_int_equal(status, WEIR_END);
    assert_int_equal(wrong, 0);
    assert_int_equal(count, n);
}

static void unordered_stages_give_each_item_once(void **state)
{
    (void)state;
    for
        EACH_TEAM(workers)
        {
            weir_engine *engine = open_engine(*workers, 0, 0);
            for (unsigned jobs = 1; jobs <= 4; jobs++)
                for (unsigned buffer = 1; buffer <= 9; buffer += 4) {
                    numbers source = {.n = 300};
                    weir_stream *s = open_stream(engine);
                    weir_stage_options o = stage_of("numbers", jobs, buffer, &source);
                    weir_stage in, last;
                    o.unordered = 1;
                    assert_ok(weir_stream_source(s, &o, next_number, &in));
                    o.name = "change";
                    assert_ok(weir_stream_stage(s, &o, change, 1, &in, &last));
                    assert_ok(weir_stream_start(s));
                    expect_each_once(s, last, source.n, changed);
                    assert_ok(weir_stream_close(s));
                }
            weir_engine_close(engine);
        }
}

/* A source that notes when each of its calls began and ended; call `held_up` waits at a gate. */
typedef struct clocked {
    uint64_t n, held_up;
    gate gate;
    atomic_uint_least64_t now, made, after_end, ended;
} clocked;

typedef struct span {
    uint64_t begun, ended;
} span;

static int next_span(void *state, void *item)
{
    clocked *c = state;
    span *out = item;
    out->begun = atomic_fetch_add(&c->now, 1);
    if (atomic_load(&c->ended) != 0)
        atomic_fetch_add(&c->after_end, 1);
    const uint64_t i = atomic_fetch_add(&c->made, 1);
    if (i >= c->n) {
        atomic_store(&c->ended, 1);
        return WEIR_END;
    }
    if (i == c->held_up)
        gate_wait(&c->gate);
    out->ended = atomic_fetch_add(&c->now, 1);
    return WEIR_OK;
}

typedef struct collector {
    weir_stream *s;
    weir_stage last;
    span *got;
    uint64_t count;
} collector;

static void *collect(void *argument)
{
    collector *c = argument;
    while (weir_next(c->s, c->last, &c->got[c->count]) == WEIR_OK)
        c->count++;
    return NULL;
}

static void a_call_of_a_source_never_begins_when_calls_behind_it_are_over(void **state)
{
    enum { N = 20000 };
    static span got[N + 1];
    (void)state;
    for (unsigned jobs = 1; jobs <= 4; jobs++) {
        weir_engine *engine = open_engine(jobs, 0, 0);
        clocked source = {.n = N, .held_up = N / 2};
        collector c = {.s = open_stream(engine), .got = got};
        pthread_t thread;
        weir_stage_options o = stage_of("spans", jobs, 64, &source);
        o.item_bytes = sizeof(span);
        assert_ok(weir_stream_source(c.s, &o, next_span, &c.last));
        assert_ok(weir_stream_start(c.s));
        assert_int_equal(pthread_create(&thread, NULL, collect, &c), 0);
        assert_true(reaches(&source.gate.waiting, 1));
        come_to_rest(&source.made); /* the others have filled the buffer */
        const uint64_t opened = atomic_fetch_add(&source.now, 1);
        atomic_store(&source.gate.open, true);
        pthread_join(thread, NULL);
        assert_ok(weir_stream_close(c.s));
        assert_int_equal(c.count, N);
        uint64_t wrong = 0;
        bool late = false;
        for (uint64_t i = 0; i < N; i++) {
            late = late || got[i].begun > opened;
            wrong += late && got[i].ended < opened;
        }
        assert_int_equal(wrong, 0);
        /* Each other job may have been about to begin one. */
        assert_true(atomic_load(&source.after_end) < jobs);
        weir_engine_close(engine);
    }
}

/* ---- several inputs ---- */

/* Joins two numbers so that both can be read back. */
static int pair_up(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    const uint64_t out = *(const uint64_t *)items[0] << 32 | *(const uint64_t *)items[1];
    (void)weir_yield(y, &out);
    return 0;
}

static int pass_on(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    (void)weir_yield(y, items[0]);
    return 0;
}

static void a_zip_takes_one_of_each_and_ends_with_the_shortest(void **state)
{
    static const uint64_t lengths[][2] = {{50, 80}, {80, 50}, {64, 64}, {0, 9}, {9, 0}, {1, 500}};
    (void)state;
    for
        EACH_TEAM(workers)
        {
            weir_engine *engine = open_engine(*workers, 0, 0);
            for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
                for (unsigned jobs = 1; jobs <= 3; jobs++) {
                    numbers a = {.n = lengths[i][0]}, b = {.n = lengths[i][1]};
                    weir_stream *s = open_stream(engine);
                    const weir_stage_options o = stage_of("zip", jobs, jobs + 1, NULL);
                    const weir_stage last = add_join(s, &o, pair_up, add_numbers(s, "a", 3, &a),
                                                     add_numbers(s, "b", 5, &b));
                    assert_ok(weir_stream_start(s));
                    const uint64_t shortest = a.n < b.n ? a.n : b.n;
                    for (uint64_t k = 0; k < shortest; k++)
                        expect_number(s, last, k << 32 | k);
                    uint64_t got;
                    assert_status(WEIR_END, weir_next(s, last, &got));
                    assert_ok(weir_stream_close(s));
                }
            weir_engine_close(engine);
        }
}

static void a_merge_takes_all_and_ends_when_all_have_ended(void **state)
{
    static const uint64_t lengths[][2] = {{50, 80}, {500, 3}, {0, 9}, {9, 0}, {0, 0}};
    (void)state;
    for
        EACH_TEAM(workers)
        {
            weir_engine *engine = open_engine(*workers, 0, 0);
            for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
                for (unsigned jobs = 1; jobs <= 3; jobs++) {
                    numbers a = {.n = lengths[i][0]};
                    numbers b = {.n = lengths[i][0] + lengths[i][1], .nap_us = jobs == 2 ? 50 : 0};
                    atomic_store(&b.next, a.n);
                    weir_stream *s = open_stream(engine);
                    weir_stage_options o = stage_of("merge", jobs, 4, NULL);
                    o.join = WEIR_MERGE;
                    const weir_stage last = add_join(s, &o, pass_on, add_numbers(s, "a", 3, &a),
                                                     add_numbers(s, "b", 5, &b));
                    assert_ok(weir_stream_start(s));
                    uint64_t got, wrong = 0, next_a = 0, next_b = a.n;
                    while (weir_next(s, last, &got) == WEIR_OK) /* each input's own in order */
                        wrong += got != (got < a.n ? next_a++ : next_b++);
                    assert_int_equal(wrong, 0);
                    assert_int_equal(next_a, a.n);
                    assert_int_equal(next_b, b.n);
                    assert_ok(weir_stream_close(s));
                }
            weir_engine_close(engine);
        }
}

static void a_merge_does_not_wait_for_an_input_that_has_nothing(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    numbers a = {.n = 100};
    weir_stream *s = open_stream(engine);
    weir_stage_options o = stage_of("merge", 1, 4, NULL);
    weir_stage inlet, last;
    const weir_stage_options in = stage_of("inlet", 1, 2, NULL);
    o.join = WEIR_MERGE;
    assert_ok(weir_stream_inlet(s, &in, &inlet));
    last = add_join(s, &o, pass_on, inlet, add_numbers(s, "a", 3, &a));
    assert_ok(weir_stream_start(s));
    for (uint64_t i = 0; i < a.n; i++)
        expect_number(s, last, i);
    const uint64_t late = 777;
    assert_ok(weir_push(s, inlet, &late));
    assert_ok(weir_push_end(s, inlet));
    expect_number(s, last, late);
    uint64_t got;
    assert_status(WEIR_END, weir_next(s, last, &got));
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

/* ---- 0 to max_yield items a call ---- */

/* Yields x % (most + 1) items: (x, 0), (x, 1), … */
static int expand(void *state, const void *const *items, weir_yielder *y)
{
    const uint64_t most = *(const unsigned *)state, x = *(const uint64_t *)items[0];
    if (mix(x, 9) % 16 == 0)
        nap((unsigned)(mix(x, 10) % 80));
    for (uint64_t i = 0; i < x % (most + 1); i++) {
        const uint64_t out = x << 8 | i;
        (void)weir_yield(y, &out);
    }
    return 0;
}

static void calls_yield_none_one_or_several_in_order(void **state)
{
    (void)state;
    for
        EACH_TEAM(workers)
        {
            weir_engine *engine = open_engine(*workers, 0, 0);
            for (unsigned most = 1; most <= 4; most++)
                for (unsigned jobs = 1; jobs <= 3; jobs++)
                    for (unsigned buffer = most; buffer <= 2 * most + 1; buffer++) {
                        numbers source = {.n = 100};
                        weir_stream *s = open_stream(engine);
                        weir_stage_options o = stage_of("expand", jobs, buffer, &most);
                        o.max_yield = most;
                        const weir_stage in = add_numbers(s, "numbers", 2, &source);
                        const weir_stage last = add_stage(s, &o, expand, in);
                        assert_ok(weir_stream_start(s));
                        for (uint64_t x = 0; x < source.n; x++)
                            for (uint64_t i = 0; i < x % (most + 1); i++)
                                expect_number(s, last, x << 8 | i);
                        uint64_t got;
                        assert_status(WEIR_END, weir_next(s, last, &got));
                        assert_ok(weir_stream_close(s));
                    }
            weir_engine_close(engine);
        }
}

/* Keeps one in a thousand. */
static int sift(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    if (*(const uint64_t *)items[0] % 1000 == 999)
        (void)weir_yield(y, items[0]);
    return 0;
}

static void filters_that_keep_little_pass_it_on_through_one_another(void **state)
{
    (void)state;
    for (int unordered = 0; unordered < 2; unordered++) {
        weir_engine *engine = open_engine(2, 0, 0);
        numbers source = {.n = 20000};
        weir_stream *s = open_stream(engine);
        weir_stage_options o = stage_of("sift", 2, 3, NULL);
        o.unordered = unordered;
        const weir_stage in = add_numbers(s, "numbers", 2, &source);
        const weir_stage last = add_stage(s, &o, sift, add_stage(s, &o, sift, in));
        assert_ok(weir_stream_start(s));
        uint64_t got, sum = 0, count = 0;
        for (; weir_next(s, last, &got) == WEIR_OK; count++)
            sum += got;
        assert_int_equal(count, 20);
        assert_int_equal(sum, 20 * 999 + 1000 * 190);
        assert_ok(weir_stream_close(s));
        weir_engine_close(engine);
    }
}

static int yield_too_often(void *state, const void *const *items, weir_yielder *y)
{
    atomic_uint_least64_t *refused = state;
    for (int i = 0; i < 4; i++)
        if (weir_yield(y, items[0]) == WEIR_EINVAL)
            atomic_fetch_add(refused, 1);
    return 0;
}

static int yield_nothing(void *state, const void *const *items, weir_yielder *y)
{
    (void)items;
    if (weir_yield(y, NULL) == WEIR_EINVAL)
        atomic_fetch_add((atomic_uint_least64_t *)state, 1);
    return 0;
}

static void a_wrong_yield_is_refused_and_the_stream_fails(void **state)
{
    (void)state;
    for (int often = 0; often < 2; often++) {
        weir_engine *engine = open_engine(2, 0, 0);
        numbers source = {.n = 100};
        atomic_uint_least64_t refused = 0;
        weir_stream *s = open_stream(engine);
        weir_stage_options o = stage_of("greedy", 1, 4, &refused);
        o.max_yield = 2;
        const weir_stage last = add_stage(s, &o, often ? yield_too_often : yield_nothing,
                                          add_numbers(s, "numbers", 2, &source));
        assert_ok(weir_stream_start(s));
        for (int i = 0; often && i < 2; i++)
            expect_number(s, last, 0);
        uint64_t got;
        for (int i = 0; i < 3; i++) {
            assert_status(WEIR_EINVAL, weir_next(s, last, &got));
            assert_string_equal(weir_last_error()->where, "greedy");
        }
        assert_int_equal(atomic_load(&refused), often ? 2 : 1);
        assert_status(WEIR_EINVAL, weir_stream_close(s));
        assert_engine_usable(engine);
        weir_engine_close(engine);
    }
}

static void items_may_have_no_bytes(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    weir_stream *s = open_stream(engine);
    weir_stage_options o = stage_of("inlet", 1, 5, NULL);
    weir_stage inlet;
    o.item_bytes = 0;
    assert_ok(weir_stream_inlet(s, &o, &inlet));
    o.name = "pass";
    o.jobs = 2;
    const weir_stage last = add_stage(s, &o, pass_on, inlet);
    assert_ok(weir_stream_start(s));
    for (int i = 0; i < 5; i++)
        assert_ok(weir_push(s, inlet, NULL));
    assert_ok(weir_push_end(s, inlet));
    for (int i = 0; i < 5; i++)
        assert_ok(weir_next(s, last, NULL));
    assert_status(WEIR_END, weir_next(s, last, NULL));
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(items_leave_in_the_order_of_inputs_with_any_jobs_and_buffers),
        TEST(a_long_chain_keeps_the_order),
        TEST(unordered_stages_give_each_item_once),
        TEST(a_call_of_a_source_never_begins_when_calls_behind_it_are_over),
        TEST(a_zip_takes_one_of_each_and_ends_with_the_shortest),
        TEST(a_merge_takes_all_and_ends_when_all_have_ended),
        TEST(a_merge_does_not_wait_for_an_input_that_has_nothing),
        TEST(calls_yield_none_one_or_several_in_order),
        TEST(filters_that_keep_little_pass_it_on_through_one_another),
        TEST(a_wrong_yield_is_refused_and_the_stream_fails),
        TEST(items_may_have_no_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
