/* Tests that the scheduler serves a kind of run that it does not know (toy_wing.h): every call is made
 * once, failures and cancels stop it, budgets hold, and it nests in pipelines and they in it.
 *
 * Run by ctest with the engine's internal headers.  What an op saw is checked after its run. */
#include "stream_support.h"
#include "toy_wing.h"

enum { CALLS = 20000 };

typedef struct counts {
    weir_engine *engine;
    atomic_uint called[CALLS];
    atomic_uint wrong, failed;
    uint32_t bad; /* this call fails, or cancels the engine */
} counts;

static counts *make_counts(weir_engine *engine)
{
    counts *c = test_calloc(1, sizeof *c);
    c->engine = engine;
    c->bad = CALLS;
    return c;
}

static unsigned total(const counts *c, uint32_t n)
{
    unsigned sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(load_relaxed(&c->called[i]) <= 1);
        sum += load_relaxed(&c->called[i]);
    }
    return sum;
}

static int count(void *context, uint32_t i)
{
    counts *c = context;
    add_relaxed(&c->called[i], 1);
    return i == c->bad ? 7 : 0;
}

static void each_call_is_made_once(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (uint32_t n = 0; n <= CALLS; n = n * 3 + 1) {
            counts *c = make_counts(engine);
            assert_ok(toy_for(engine, n, count, c));
            assert_int_equal(total(c, n), n);
            weir_stats s;
            weir_engine_stats(engine, &s);
            assert_int_equal(s.branches, n);
            assert_true(s.peak_bytes <= s.certified_bytes);
            test_free(c);
        }
        assert_tree_runs(engine, 3, 5);
        weir_engine_close(engine);
    }
}

/* ---- work is shared ---- */

/* Two calls that wait for each other, for a while. */
typedef struct meeting {
    atomic_uint there;
} meeting;

static int meet(void *context, uint32_t i)
{
    meeting *m = context;
    const uint64_t until = weir__now_ns() + 10000000000u;
    (void)i;
    add_relaxed(&m->there, 1);
    while (load_relaxed(&m->there) < 2 && weir__now_ns() < until)
        nanosleep(&(struct timespec){0, 100000}, NULL);
    return load_relaxed(&m->there) < 2;
}

static void two_workers_are_at_work_at_once(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    for (int i = 0; i < 20; i++) {
        meeting m = {0};
        assert_ok(toy_for(engine, 2, meet, &m));
    }
    weir_engine_close(engine);
}

static void without_permits_one_worker_does_all(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, (size_t)weir__window_block_bytes(sizeof(toy_range)));
    counts *c = make_counts(engine);
    assert_ok(toy_for(engine, CALLS, count, c));
    assert_int_equal(total(c, CALLS), CALLS);
    weir_stats s;
    weir_engine_stats(engine, &s);
    assert_int_equal(s.promotions, 0);
    test_free(c);
    weir_engine_close(engine);
    engine = open_engine(2, 0, 1);
    assert_status(WEIR_EBUDGET, toy_for(engine, 1, count, NULL));
    weir_engine_close(engine);
}

/* ---- stops ---- */

static void a_failed_call_stops_the_rest(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    counts *c = make_counts(engine);
    c->bad = 100;
    assert_status(WEIR_EOP, toy_for(engine, CALLS, count, c));
    assert_int_equal(weir_last_error()->code, 7);
    assert_string_equal(weir_last_error()->where, "toy");
    assert_true(total(c, CALLS) < CALLS);
    assert_tree_runs(engine, 3, 5);
    test_free(c);
    weir_engine_close(engine);
}

static int count_and_cancel(void *context, uint32_t i)
{
    counts *c = context;
    add_relaxed(&c->called[i], 1);
    if (i == c->bad)
        weir_engine_cancel(c->engine);
    return 0;
}

static void a_cancel_stops_the_rest(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    counts *c = make_counts(engine);
    c->bad = 100;
    assert_status(WEIR_ECANCEL, toy_for(engine, CALLS, count_and_cancel, c));
    assert_true(total(c, CALLS) < CALLS);
    c->bad = CALLS;
    assert_ok(toy_for(engine, 0, count, c));
    test_free(c);
    weir_engine_close(engine);
}

/* ---- nested ---- */

enum { LEAVES = 50, EACH = 100 };

static int split_number(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in;
    *(uint32_t *)child = i;
    return 0;
}

/* A leaf that makes its share of the calls by a run of its own. */
typedef struct share {
    counts *c;
    uint32_t leaf;
} share;

static int count_share(void *context, uint32_t i)
{
    share *s = context;
    if (weir_here() != NULL) /* the calls of a toy are told of no branch */
        add_relaxed(&s->c->wrong, 1);
    return count(s->c, s->leaf * EACH + i);
}

static int run_toy(weir_branch *b, const void *in, void *out)
{
    counts *c = weir_context(b);
    share s = {.c = c, .leaf = *(const uint32_t *)in};
    const weir_status status = toy_for(c->engine, EACH, count_share, &s);
    (void)out;
    add_relaxed(&c->failed, status != WEIR_OK);
    if (weir_here() != b)
        add_relaxed(&c->wrong, 1);
    return status == WEIR_OK ? 0 : weir_last_error()->code;
}

static const weir_layer toy_leaf = {.name = "toy", .in_bytes = sizeof(uint32_t), .leaf = run_toy};
static const weir_layer over_toys = {.name = "top",
                                     .fanout = LEAVES,
                                     .split = split_number,
                                     .gather = gather_nothing,
                                     .child = &toy_leaf};

static void a_toy_nests_in_an_op_of_a_pipeline(void **state)
{
    (void)state;
    weir_plan *plan = compile(&over_toys);
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        counts *c = make_counts(engine);
        assert_ok(weir_run(engine, plan, c, NULL, NULL));
        assert_int_equal(total(c, LEAVES * EACH), LEAVES * EACH);
        assert_int_equal(load_relaxed(&c->wrong), 0);
        test_free(c);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

static void a_failed_call_of_a_nested_toy_fails_its_op(void **state)
{
    (void)state;
    weir_plan *plan = compile(&over_toys);
    weir_engine *engine = open_engine(2, 0, 0);
    counts *c = make_counts(engine);
    c->bad = 20 * EACH + 30;
    assert_status(WEIR_EOP, weir_run(engine, plan, c, NULL, NULL));
    assert_int_equal(weir_last_error()->code, 7);
    assert_string_equal(weir_last_error()->where, "top/toy[20] > toy");
    assert_true(load_relaxed(&c->failed) >= 1);
    test_free(c);
    weir_engine_close(engine);
    weir_plan_free(plan);
}

/* A call that runs the pipeline above, whose leaves run toys: three deep. */
typedef struct outer {
    const weir_plan *plan;
    counts *c[4];
} outer;

static int run_pipeline(void *context, uint32_t i)
{
    outer *o = context;
    return weir_run(o->c[i]->engine, o->plan, o->c[i], NULL, NULL) != WEIR_OK;
}

static void a_pipeline_nests_in_a_call_of_a_toy(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    outer o = {.plan = compile(&over_toys)};
    for (int i = 0; i < 4; i++)
        o.c[i] = make_counts(engine);
    assert_ok(toy_for(engine, 4, run_pipeline, &o));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(total(o.c[i], LEAVES * EACH), LEAVES * EACH);
        test_free(o.c[i]);
    }
    weir_plan_free((weir_plan *)(uintptr_t)o.plan);
    weir_engine_close(engine);
}

/* ---- beside a stream ---- */

/* A toy's calls take a while until the stream has given enough. */
typedef struct beside {
    weir_engine *engine;
    atomic_uint_least64_t calls, taken;
    weir_status status;
} beside;

enum { ENOUGH = 100 };

static int wait_for_items(void *context, uint32_t i)
{
    beside *b = context;
    (void)i;
    add_relaxed(&b->calls, 1);
    nap(load_relaxed(&b->taken) < ENOUGH ? 20 : 0);
    return 0;
}

static void *run_all(void *argument)
{
    beside *b = argument;
    b->status = toy_for(b->engine, CALLS, wait_for_items, b);
    return NULL;
}

static void between_two_calls_of_a_toy_a_stream_goes_on(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        beside b = {.engine = open_engine(workers, 0, 0)};
        numbers source = {.n = UINT64_MAX};
        pthread_t thread;
        weir_stream *s = open_stream(b.engine);
        const weir_stage in = add_numbers(s, "in", 1, &source);
        assert_ok(weir_stream_start(s));
        assert_int_equal(pthread_create(&thread, NULL, run_all, &b), 0);
        assert_true(reaches(&b.calls, 1));
        for (uint64_t i = 0; i < ENOUGH; i++) {
            expect_number(s, in, i);
            add_relaxed(&b.taken, 1);
        }
        assert_true(load_relaxed(&b.calls) < CALLS);
        pthread_join(thread, NULL);
        assert_status(WEIR_OK, b.status);
        assert_int_equal(load_relaxed(&b.calls), CALLS);
        assert_ok(weir_stream_close(s));
        weir_engine_close(b.engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_made_once),
        cmocka_unit_test(two_workers_are_at_work_at_once),
        cmocka_unit_test(without_permits_one_worker_does_all),
        cmocka_unit_test(a_failed_call_stops_the_rest),
        cmocka_unit_test(a_cancel_stops_the_rest),
        cmocka_unit_test(a_toy_nests_in_an_op_of_a_pipeline),
        cmocka_unit_test(a_failed_call_of_a_nested_toy_fails_its_op),
        cmocka_unit_test(a_pipeline_nests_in_a_call_of_a_toy),
        cmocka_unit_test(between_two_calls_of_a_toy_a_stream_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
