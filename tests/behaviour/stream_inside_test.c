/* Tests what a call of a stage does to its own stream: that it cannot close it, from wherever it tries.
 *
 * Run by ctest with the public headers only.  It must never wait for a stream that it broke: ops note
 * what is wrong, and the test looks at it afterwards. */
#include "stream_support.h"

/* A stage that closes its own stream. */
typedef struct closer {
    weir_engine *engine;
    weir_plan *plan;
    weir_stream *s;
    atomic_uint_least64_t tries, wrong;
} closer;

static void try_to_close(closer *c)
{
    atomic_fetch_add(&c->tries, 1);
    if (weir_stream_close(c->s) != WEIR_EBUSY || weir_last_error()->status != WEIR_EBUSY)
        atomic_fetch_add(&c->wrong, 1);
}

static int close_in_a_call(void *state, const void *const *items, weir_yielder *y)
{
    try_to_close(state);
    (void)weir_yield(y, items[0]);
    return 0;
}

static int close_in_a_leaf(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    try_to_close(weir_context(b));
    return 0;
}

static int close_in_a_pipeline(void *state, const void *const *items, weir_yielder *y)
{
    closer *c = state;
    if (weir_run(c->engine, c->plan, c, NULL, NULL) != WEIR_OK)
        atomic_fetch_add(&c->wrong, 1);
    (void)weir_yield(y, items[0]);
    return 0;
}

static int close_in_a_source(void *state, void *item)
{
    closer *c = state;
    try_to_close(c);
    *(uint64_t *)item = atomic_load(&c->tries) - 1;
    return WEIR_OK;
}

static void close_in_a_destroy(void *state, void *item)
{
    (void)item;
    try_to_close(state);
}

/* Every item comes through, as if nobody had tried, and the stream can be closed from outside. */
static void expect_the_stream_to_go_on(closer *c, weir_stage last)
{
    enum { ITEMS = 50 };
    assert_ok(weir_stream_start(c->s));
    for (uint64_t i = 0; i < ITEMS; i++)
        expect_number(c->s, last, i);
    assert_ok(weir_stream_close(c->s));
    assert_true(atomic_load(&c->tries) >= ITEMS);
    assert_int_equal(atomic_load(&c->wrong), 0);
    assert_engine_usable(c->engine);
}

static void a_call_cannot_close_its_own_stream(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        numbers source = {.n = 200};
        closer c = {.engine = open_engine(workers, 0, 0)};
        c.s = open_stream(c.engine);
        const weir_stage_options o = stage_of("closer", 2, 3, &c);
        expect_the_stream_to_go_on(
            &c, add_stage(c.s, &o, close_in_a_call, add_numbers(c.s, "in", 2, &source)));
        weir_engine_close(c.engine);
    }
}

static void a_source_cannot_close_its_own_stream(void **state)
{
    (void)state;
    closer c = {.engine = open_engine(2, 0, 0)};
    c.s = open_stream(c.engine);
    const weir_stage_options o = stage_of("closer", 1, 3, &c);
    weir_stage stage;
    assert_ok(weir_stream_source(c.s, &o, close_in_a_source, &stage));
    expect_the_stream_to_go_on(&c, stage);
    weir_engine_close(c.engine);
}

static void a_pipeline_in_a_call_cannot_close_the_stream(void **state)
{
    const weir_layer leaf = {.name = "leaf", .leaf = close_in_a_leaf};
    numbers source = {.n = 200};
    (void)state;
    closer c = {.engine = open_engine(2, 0, 0), .plan = compile(&leaf)};
    c.s = open_stream(c.engine);
    const weir_stage_options o = stage_of("closer", 2, 3, &c);
    expect_the_stream_to_go_on(
        &c, add_stage(c.s, &o, close_in_a_pipeline, add_numbers(c.s, "in", 2, &source)));
    weir_plan_free(c.plan);
    weir_engine_close(c.engine);
}

/* Which runs inside the close, for an item that nobody took. */
static void a_destroy_cannot_close_the_stream_once_more(void **state)
{
    numbers source = {.n = UINT64_MAX};
    (void)state;
    closer c = {.engine = open_engine(2, 0, 0)};
    c.s = open_stream(c.engine);
    weir_stage_options o = stage_of("change", 1, 4, &c);
    o.destroy = close_in_a_destroy;
    const weir_stage last = add_stage(c.s, &o, change, add_numbers(c.s, "in", 2, &source));
    assert_ok(weir_stream_start(c.s));
    expect_number(c.s, last, changed(0));
    (void)come_to_rest(&source.calls);
    assert_ok(weir_stream_close(c.s));
    assert_true(atomic_load(&c.tries) >= 4);
    assert_int_equal(atomic_load(&c.wrong), 0);
    assert_engine_usable(c.engine);
    weir_engine_close(c.engine);
}

/* It is not the one that the call belongs to. */
static int close_another(void *state, const void *const *items, weir_yielder *y)
{
    closer *c = state;
    weir_stream *other;
    if (weir_stream_open(c->engine, &other) != WEIR_OK || weir_stream_close(other) != WEIR_OK)
        atomic_fetch_add(&c->wrong, 1);
    atomic_fetch_add(&c->tries, 1);
    (void)weir_yield(y, items[0]);
    return 0;
}

static void a_call_closes_a_stream_that_was_never_started(void **state)
{
    numbers source = {.n = 200};
    (void)state;
    closer c = {.engine = open_engine(2, 0, 0)};
    c.s = open_stream(c.engine);
    const weir_stage_options o = stage_of("closer", 2, 3, &c);
    expect_the_stream_to_go_on(
        &c, add_stage(c.s, &o, close_another, add_numbers(c.s, "in", 2, &source)));
    weir_engine_close(c.engine);
}

/* ---- a stream that an op leaves running ---- */

typedef struct starter {
    closer c; /* of the stream */
    bool fails;
} starter;

static int run_nothing(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 0;
}

static const weir_layer nothing = {.name = "nothing", .leaf = run_nothing};

static int run_a_pipeline(void *state, const void *const *items, weir_yielder *y)
{
    closer *c = state;
    if (weir_run(c->engine, c->plan, c, NULL, NULL) != WEIR_OK)
        atomic_fetch_add(&c->wrong, 1);
    (void)weir_yield(y, items[0]);
    return 0;
}

static int start_or_fail(weir_branch *b, const void *in, void *out)
{
    starter *st = weir_context(b);
    (void)in, (void)out;
    return st->fails ? 5 : weir_stream_start(st->c.s);
}

static const weir_layer starting = {.name = "starting", .leaf = start_or_fail};

/* The stream outlives the run in which it was started, so that run's end, and the next one's failure,
 * are nothing to it. */
static void a_stream_that_an_op_has_started_goes_on_after_the_ops_run(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        numbers source = {.n = 200};
        starter st = {.c = {.engine = open_engine(workers, 0, 0), .plan = compile(&nothing)}};
        weir_engine *other = open_engine(workers, 0, 0);
        weir_plan *plan = compile(&starting);
        st.c.s = open_stream(st.c.engine);
        const weir_stage_options o = stage_of("pipeline", 1, 2, &st.c);
        const weir_stage last =
            add_stage(st.c.s, &o, run_a_pipeline, add_numbers(st.c.s, "in", 2, &source));
        assert_ok(weir_run(other, plan, &st, NULL, NULL));
        st.fails = true;
        assert_status(WEIR_EOP, weir_run(other, plan, &st, NULL, NULL));
        for (uint64_t i = 0; i < 50; i++)
            expect_number(st.c.s, last, i);
        weir_engine_close(other);
        for (uint64_t i = 50; i < 100; i++)
            expect_number(st.c.s, last, i);
        assert_ok(weir_stream_close(st.c.s));
        assert_int_equal(atomic_load(&st.c.wrong), 0);
        weir_plan_free(plan);
        weir_plan_free(st.c.plan);
        weir_engine_close(st.c.engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_cannot_close_its_own_stream),
        cmocka_unit_test(a_source_cannot_close_its_own_stream),
        cmocka_unit_test(a_pipeline_in_a_call_cannot_close_the_stream),
        cmocka_unit_test(a_destroy_cannot_close_the_stream_once_more),
        cmocka_unit_test(a_call_closes_a_stream_that_was_never_started),
        cmocka_unit_test(a_stream_that_an_op_has_started_goes_on_after_the_ops_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
