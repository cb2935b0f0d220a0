/* Tests that every single allocation of a stream may fail: each time the right code, nothing lost,
 * and the engine as good as before.
 *
 * Run by ctest with the engine's internal headers, whose allocator fails on request.  It must never
 * stop before a stream has gone through without a failure. */
#include "stream_support.h"
#include "testing_support.h"

enum { MOST_ALLOCATIONS = 1000, N = 50 };

static int first_of(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    const uint64_t out = changed(*(const uint64_t *)items[0]);
    (void)weir_yield(y, &out);
    return 0;
}

typedef struct net {
    weir_stream *s;
    weir_stage inlet, last;
    numbers a, b;
} net;

/* A stream with every kind of stage, and more stages than its first list has room for. */
static weir_status build(weir_engine *engine, net *n)
{
    weir_stage in[2], zip;
    *n = (net){.a.n = N, .b.n = N};
    weir_status status = weir_stream_open(engine, &n->s);
    if (status != WEIR_OK) {
        assert_null(n->s);
        return status;
    }
    weir_stage_options o = stage_of("a", 1, 3, &n->a);
    status = weir_stream_source(n->s, &o, next_number, &in[0]);
    o = stage_of("b", 2, 3, &n->b);
    if (status == WEIR_OK)
        status = weir_stream_source(n->s, &o, next_number, &in[1]);
    o = stage_of("zip", 3, 5, NULL);
    if (status == WEIR_OK)
        status = weir_stream_stage(n->s, &o, first_of, 2, in, &zip);
    o = stage_of("merge", 2, 5, NULL);
    o.join = WEIR_MERGE;
    if (status == WEIR_OK)
        status = weir_stream_stage(n->s, &o, change, 1, &zip, &n->last);
    o = stage_of("inlet", 1, 2, NULL);
    for (int i = 0; i < 6 && status == WEIR_OK; i++)
        status = weir_stream_inlet(n->s, &o, &n->inlet);
    return status;
}

static void expect_all(net *n)
{
    uint64_t got;
    for (uint64_t i = 0; i < N; i++)
        expect_number(n->s, n->last, changed(changed(i)));
    assert_status(WEIR_END, weir_next(n->s, n->last, &got));
    for (uint64_t i = 0; i < 2; i++)
        assert_ok(weir_push(n->s, n->inlet, &i));
    for (uint64_t i = 0; i < 2; i++)
        expect_number(n->s, n->inlet, i);
}

static void streams_say_no_memory_at_every_allocation_and_lose_nothing(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers += 3) {
        weir_engine *engine = open_engine(workers, 0, 0);
        const int64_t blocks = weir__testing_live_blocks();
        uint64_t nth = 0;
        weir_status status = WEIR_ENOMEM;
        net n;
        while (status == WEIR_ENOMEM && nth++ < MOST_ALLOCATIONS) {
            weir__testing_fail_allocation(nth);
            status = build(engine, &n);
            if (status == WEIR_OK)
                status = weir_stream_start(n.s);
            weir__testing_fail_allocation(0);
            if (status != WEIR_ENOMEM)
                break;
            assert_int_equal(weir_last_error()->status, WEIR_ENOMEM);
            assert_ok(weir_stream_close(n.s));
            assert_int_equal(weir__testing_live_blocks(), blocks);
            assert_int_equal(atomic_load(&n.a.calls), 0);
        }
        assert_int_equal(status, WEIR_OK);
        assert_true(nth > 40); /* ten stages, each with some */
        expect_all(&n);
        assert_ok(weir_stream_close(n.s));
        assert_engine_usable(engine);
        weir_engine_close(engine);
    }
}

static void a_stream_whose_start_had_no_memory_starts_later(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    const int64_t before = weir__testing_live_blocks();
    bool failed = true;
    for (uint64_t nth = 1; failed; nth++) {
        net n;
        assert_true(nth < MOST_ALLOCATIONS);
        assert_ok(build(engine, &n));
        const int64_t blocks = weir__testing_live_blocks();
        weir__testing_fail_allocation(nth);
        const weir_status status = weir_stream_start(n.s);
        weir__testing_fail_allocation(0);
        failed = status == WEIR_ENOMEM;
        if (failed) {
            assert_int_equal(weir__testing_live_blocks(), blocks);
            assert_tree_runs(engine, 2, 3); /* the engine is free */
            assert_ok(weir_stream_start(n.s));
        }
        expect_all(&n);
        assert_ok(weir_stream_close(n.s));
    }
    assert_engine_usable(engine);
    assert_true(weir__testing_live_blocks() >= before);
    weir_engine_close(engine);
}

/* All memory is taken by the start: what follows needs none. */
static void a_stream_allocates_nothing_once_it_runs(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    net n;
    assert_ok(build(engine, &n));
    assert_ok(weir_stream_start(n.s));
    const int64_t blocks = weir__testing_live_blocks();
    weir__testing_fail_allocation(1);
    expect_all(&n);
    assert_true(weir__testing_allocation_fails()); /* nobody has asked before */
    assert_int_equal(weir__testing_live_blocks(), blocks);
    assert_ok(weir_stream_close(n.s));
    weir_engine_close(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(streams_say_no_memory_at_every_allocation_and_lose_nothing),
        TEST(a_stream_whose_start_had_no_memory_starts_later),
        TEST(a_stream_allocates_nothing_once_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
