/* Tests that the calls of a stream have the floating-point mode of the thread that started it.
 *
 * Run by ctest. */
#include "arithmetic_support.h"

typedef struct flow {
    numbers source;
    watch w;
} flow;

static int next_in_mode(void *state, void *item)
{
    flow *f = state;
    if (!is_mode(f->w.expected))
        atomic_fetch_add(&f->w.wrong, 1);
    return next_number(&f->source, item);
}

/* One call in four runs a pipeline in another mode. */
static int compute_item(void *state, const void *const *items, weir_yielder *y)
{
    flow *f = state;
    const uint64_t x = *(const uint64_t *)items[0];
    uint64_t out = compute(x);
    watch inner = {.expected = f->w.other};
    if (!is_mode(f->w.expected))
        atomic_fetch_add(&f->w.wrong, 1);
    if (x % 4 == 0) {
        set_mode(f->w.other);
        if (weir_run(f->w.engine[0], f->w.plan, &inner, &x, &out) != WEIR_OK ||
            !is_mode(f->w.other) || atomic_load(&inner.wrong) > 0)
            atomic_fetch_add(&f->w.wrong, 1);
        set_mode(f->w.expected);
    }
    return weir_yield(y, &out);
}

static void calls_of_a_stream_have_the_mode_of_the_thread_that_started_it(void **state)
{
    enum { ITEMS = 100 };
    weir_plan *plan = compile(&over_leaves);
    uint64_t expected[MODES][ITEMS], item;
    (void)state;
    for (unsigned workers = 1; workers <= MOST; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        watch before = {.other = modes[3]};
        assert_ok(weir_each_worker(engine, spoil_worker, &before));
        for (int i = 0; i < MODES; i++) {
            flow f = {.source = {.n = ITEMS},
                      .w = {.expected = modes[i],
                            .other = modes[(i + 1) % MODES],
                            .engine = {engine},
                            .plan = plan}};
            const weir_stage_options up = stage_of("up", 1, 4, &f),
                                     down = stage_of("down", workers, 8, &f);
            weir_stream *s = open_stream(engine);
            weir_stage stage;
            assert_ok(weir_stream_source(s, &up, next_in_mode, &stage));
            stage = add_stage(s, &down, compute_item, stage);
            set_mode(modes[i]);
            const weir_status started = weir_stream_start(s);
            const bool kept = is_mode(modes[i]);
            set_mode(modes[0]);
            assert_ok(started);
            assert_true(kept);
            for (int n = 0; n < ITEMS; n++) {
                assert_ok(weir_next(s, stage, &item));
                if (workers == 1)
                    expected[i][n] = item;
                assert_true(item == expected[i][n]);
            }
            set_mode(modes[1]); /* whoever closes it keeps its own, too */
            const weir_status closed = weir_stream_close(s);
            const bool kept_by_closer = is_mode(modes[1]);
            set_mode(modes[0]);
            assert_ok(closed);
            assert_true(kept_by_closer);
            assert_int_equal(atomic_load(&f.w.wrong), 0);
        }
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

static int spoil_item(void *state, const void *const *items, weir_yielder *y)
{
    set_mode(((flow *)state)->w.other);
    return weir_yield(y, items[0]);
}

static void a_mode_that_a_call_leaves_is_not_that_of_other_stages(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= MOST; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        flow f = {.source = {.n = 200}, .w = {.expected = modes[0], .other = modes[1]}};
        const weir_stage_options up = stage_of("up", 1, 2, &f), down = stage_of("down", 2, 2, &f);
        weir_stream *s = open_stream(engine);
        weir_stage stage;
        uint64_t item;
        assert_ok(weir_stream_source(s, &up, next_in_mode, &stage));
        stage = add_stage(s, &down, spoil_item, stage);
        assert_ok(weir_stream_start(s));
        while (weir_next(s, stage, &item) == WEIR_OK)
            ;
        assert_ok(weir_stream_close(s));
        assert_int_equal(atomic_load(&f.source.next), 201);
        assert_int_equal(atomic_load(&f.w.wrong), 0);
        weir_engine_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(calls_of_a_stream_have_the_mode_of_the_thread_that_started_it,
                               begin_plain),
        cmocka_unit_test_setup(a_mode_that_a_call_leaves_is_not_that_of_other_stages, begin_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
