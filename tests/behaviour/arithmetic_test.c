/* Tests that all ops have the floating-point mode of the thread that started their run, and that no mode
 * stays where it does not belong.
 *
 * Run by ctest.  Ops never assert: they note what they saw. */
#include "stream_support.h"

#include <fenv.h>
#include <omp.h>

enum { MOST = 4 };

/* ---- modes ---- */

typedef struct mode {
    int rounding;
    unsigned subnormals; /* bits of MXCSR */
    int traps;           /* exceptions */
} mode;

static const mode modes[] = {
    {.rounding = FE_TONEAREST},  {.rounding = FE_UPWARD},
    {.rounding = FE_TOWARDZERO}, {.rounding = FE_DOWNWARD},
#if defined(__x86_64__)
    {.subnormals = 0x8000},      {.subnormals = 0x0040}, /* flush to zero; denormals are zero */
    {.traps = FE_DIVBYZERO},     {FE_UPWARD, 0x8040, FE_INVALID | FE_OVERFLOW},
#endif
};
enum { MODES = sizeof modes / sizeof *modes };

static mode get_mode(void)
{
    mode m = {.rounding = fegetround()};
#if defined(__x86_64__)
    m.subnormals = __builtin_ia32_stmxcsr() & 0x8040;
    m.traps = fegetexcept();
#endif
    return m;
}

static void set_mode(mode m)
{
    fesetround(m.rounding);
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & ~0x8040u) | m.subnormals);
    fedisableexcept(FE_ALL_EXCEPT);
    feenableexcept(m.traps);
#endif
}

static bool is_mode(mode m)
{
    const mode now = get_mode();
    return now.rounding == m.rounding && now.subnormals == m.subnormals && now.traps == m.traps;
}

static int begin_plain(void **state)
{
    (void)state;
    return fesetenv(FE_DFL_ENV);
}

/* Arithmetic that no two of the modes do alike, but for traps. */
static uint64_t compute(uint64_t x)
{
    volatile double n = (double)(x % 100 + 1), third = n / 3, back = -n / 7;
    volatile double small = 1e-300 * n, flushed = small * 1e-15, subnormal = 4e-320, kept;
    volatile long double wide = n, part = wide / 3, rest = part * 3 - wide;
    kept = subnormal * 1e300;
    const double seen[] = {third, back, flushed, kept, (double)rest};
    uint64_t sum = 0, bits;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        memcpy(&bits, &seen[i], sizeof bits);
        sum = mix(sum, bits);
    }
    return sum;
}

/* ---- a pipeline ---- */

enum { MIDDLES = 6, LEAVES = 8 };

/* What ops look at, and what they have seen. */
typedef struct watch {
    mode expected;
    atomic_uint wrong, workers;
    atomic_uint_least64_t clean; /* calls in the mode `expected` */
    weir_engine *engine[MOST];   /* on which leaves of each worker run another pipeline, */
    weir_plan *plan;
    mode other; /* in this mode; or which they leave behind */
} watch;

static void look(weir_branch *b)
{
    watch *w = weir_context(b);
    if (!is_mode(w->expected))
        atomic_fetch_add(&w->wrong, 1);
    atomic_fetch_or(&w->workers, 1u << weir_worker(b));
}

static int count_all(weir_branch *b, void *in, uint32_t *n)
{
    (void)in;
    look(b);
    *n = MIDDLES;
    return 0;
}

static int split_one(weir_branch *b, const void *in, uint32_t i, void *child)
{
    look(b);
    *(uint64_t *)child = mix(*(const uint64_t *)in, compute(i));
    return 0;
}

static int gather_all(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const uint64_t *r = results;
    uint64_t sum = compute(*(const uint64_t *)in);
    look(b);
    for (uint32_t i = 0; i < n; i++)
        sum = mix(sum, r[i]);
    *(uint64_t *)out = sum;
    return 0;
}

/* Some leaves sleep, so that other workers come by on any machine. */
static int compute_leaf(weir_branch *b, const void *in, void *out)
{
    look(b);
    nap(*(const uint64_t *)in % 4 == 0 ? 20 : 0);
    *(uint64_t *)out = compute(*(const uint64_t *)in);
    return 0;
}

static int compute_leaves(weir_branch *b, const void *in, uint32_t first, uint32_t n, void *results)
{
    look(b);
    nap(first % 16 == 0 ? 20 : 0);
    for (uint32_t i = 0; i < n; i++)
        ((uint64_t *)results)[i] = compute(*(const uint64_t *)in + first + i);
    return 0;
}

#define LAYER(...) {.in_bytes = 8, .out_bytes = 8, __VA_ARGS__}

static const weir_layer leaf = LAYER(.name = "leaf", .leaf = compute_leaf);
static const weir_layer range = LAYER(.name = "range", .leaves = compute_leaves);
static const weir_layer over_leaves = LAYER(.name = "over leaves", .fanout = LEAVES, .child = &leaf,
                                            .split = split_one, .gather = gather_all);
static const weir_layer over_range =
    LAYER(.name = "over a range", .fanout = 100, .child = &range, .gather = gather_all);
static const weir_layer with_leaves =
    LAYER(.name = "top", .fanout = MIDDLES, .child = &over_leaves, .count = count_all,
          .split = split_one, .gather = gather_all);
static const weir_layer with_range =
    LAYER(.name = "top", .fanout = MIDDLES, .child = &over_range, .count = count_all,
          .split = split_one, .gather = gather_all);

static uint64_t run_in(weir_engine *engine, const weir_plan *plan, watch *w, mode m)
{
    const uint64_t in = 5;
    uint64_t out = 0;
    w->expected = m;
    set_mode(m);
    const weir_status status = weir_run(engine, plan, w, &in, &out);
    const bool kept = is_mode(m);
    set_mode(modes[0]);
    assert_ok(status);
    assert_true(kept);
    assert_int_equal(atomic_load(&w->wrong), 0);
    return out;
}

static void each_op_has_the_callers_mode_and_results_are_the_same_for_all_workers(void **state)
{
    weir_plan *plans[] = {compile(&with_leaves), compile(&with_range)};
    uint64_t expected[2][MODES];
    (void)state;
    for (unsigned workers = 1; workers <= MOST; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        watch w = {0};
        for (int i = 0; i < MODES; i++)
            for (int p = 0; p < 2; p++) {
                const uint64_t out = run_in(engine, plans[p], &w, modes[i]);
                if (workers == 1)
                    expected[p][i] = out;
                assert_true(out == expected[p][i]);
            }
        assert_true(workers == 1 || atomic_load(&w.workers) != 1);
        weir_engine_close(engine);
    }
    for (int i = 0; i < MODES; i++)
        for (int j = 0; j < i; j++)
            assert_true(expected[0][i] != expected[0][j] || modes[i].traps != 0);
    weir_plan_free(plans[0]);
    weir_plan_free(plans[1]);
}

static void many_inputs_have_it_too(void **state)
{
    weir_plan *plan = compile(&over_leaves);
    uint64_t in[20], first[20], out[20];
    (void)state;
    for (unsigned workers = 1; workers <= MOST; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        watch w = {.expected = modes[1]};
        for (uint64_t i = 0; i < 20; i++)
            in[i] = i;
        set_mode(modes[1]);
        const weir_status status =
            weir_run_many(engine, plan, &w, 20, in, workers == 1 ? first : out);
        set_mode(modes[0]);
        assert_ok(status);
        assert_int_equal(atomic_load(&w.wrong), 0);
        if (workers > 1)
            assert_memory_equal(out, first, sizeof out);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

/* ---- runs in ops ---- */

static int run_inner(weir_branch *b, const void *in, void *out)
{
    watch *w = weir_context(b);
    watch inner = {.expected = w->other, .other = modes[3]};
    look(b);
    set_mode(w->other);
    const int status = weir_run(w->engine[weir_worker(b)], w->plan, &inner, in, out);
    if (!is_mode(w->other) || atomic_load(&inner.wrong) > 0)
        atomic_fetch_add(&w->wrong, 1);
    set_mode(w->expected);
    return status;
}

static int spoil(weir_branch *b, const void *in, void *out)
{
    (void)in;
    set_mode(((watch *)weir_context(b))->other);
    *(uint64_t *)out = 0;
    nap(20);
    return 0;
}

static const weir_layer inner_leaf = LAYER(.name = "runs", .leaf = run_inner);
static const weir_layer with_runs = LAYER(.name = "top", .fanout = MIDDLES, .child = &inner_leaf,
                                          .split = split_one, .gather = gather_all);
static const weir_layer spoiled_leaf = LAYER(.name = "spoils", .leaf = spoil);
static const weir_layer with_spoiled =
    LAYER(.name = "top", .fanout = LEAVES, .child = &spoiled_leaf, .split = split_nothing,
          .gather = gather_nothing);

static void a_run_in_an_op_has_the_ops_mode_and_leaves_it_to_the_op(void **state)
{
    weir_plan *outer = compile(&with_runs), *inner = compile(&over_leaves),
              *spoiled = compile(&with_spoiled);
    uint64_t expected[MODES];
    (void)state;
    for (unsigned workers = 1; workers <= MOST; workers++)
        for (int own = 0; own < 2; own++) { /* the engine of the op, or one of its worker's */
            weir_engine *engine = open_engine(workers, 0, 0);
            watch w = {0};
            for (unsigned i = 0; i < workers; i++)
                w.engine[i] = own ? engine : open_engine(2, 0, 0);
            for (int i = 0; i < MODES; i++) {
                w.other = modes[(i + 1) % MODES];
                w.plan = inner;
                const uint64_t out = run_in(engine, outer, &w, modes[i]);
                if (workers == 1 && own == 0)
                    expected[i] = out;
                assert_true(out == expected[i]);
                w.plan = spoiled;
                (void)run_in(engine, outer, &w, modes[i]);
            }
            for (unsigned i = 0; i < workers; i++)
                weir_engine_close(own ? NULL : w.engine[i]);
            weir_engine_close(engine);
        }
    weir_plan_free(outer);
    weir_plan_free(inner);
    weir_plan_free(spoiled);
}

/* ---- what ops leave behind ---- */

static int spoil_worker(void *context, unsigned worker)
{
    watch *w = context;
    if (!is_mode(w->expected))
        atomic_fetch_add(&w->wrong, 1);
    atomic_fetch_or(&w->workers, 1u << worker);
    set_mode(w->other);
    return 0;
}

static void a_mode_that_ops_leave_stays_neither_with_the_caller_nor_with_later_runs(void **state)
{
    weir_plan *spoiled = compile(&with_spoiled), *clean = compile(&with_leaves);
    (void)state;
    for (unsigned workers = 1; workers <= MOST; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int i = 0; i < MODES; i++) {
            watch w = {.other = modes[(i + 1) % MODES]};
            (void)run_in(engine, spoiled, &w, modes[i]);
            (void)run_in(engine, clean, &w, modes[i]);
            atomic_store(&w.workers, 0);
            set_mode(modes[i]);
            const weir_status status = weir_each_worker(engine, spoil_worker, &w);
            const bool kept = is_mode(modes[i]);
            set_mode(modes[0]);
            assert_ok(status);
            assert_true(kept);
            assert_int_equal(atomic_load(&w.workers), (1u << workers) - 1);
            (void)run_in(engine, clean, &w, modes[i]);
        }
        weir_engine_close(engine);
    }
    weir_plan_free(spoiled);
    weir_plan_free(clean);
}

static int split_if_clean(weir_branch *b, const void *in, uint32_t i, void *child)
{
    watch *w = weir_context(b);
    (void)in, (void)i, (void)child;
    if (is_mode(w->expected))
        atomic_fetch_add(&w->clean, 1);
    return 0;
}

/* A part begins with a split, and so does the root; all other splits find what a leaf has left. */
static void each_part_begins_in_the_runs_mode_whatever_ops_have_left(void **state)
{
    const weir_layer top = LAYER(.name = "top", .fanout = 400, .child = &spoiled_leaf,
                                 .split = split_if_clean, .gather = gather_nothing);
    weir_plan *plan = compile(&top);
    (void)state;
    for (unsigned workers = 1; workers <= MOST; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        watch w = {.other = modes[2]};
        weir_stats s;
        (void)run_in(engine, plan, &w, modes[1]);
        weir_engine_stats(engine, &s);
        assert_true(atomic_load(&w.clean) == s.promotions + 1);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

/* The threads of OpenMP's pool are the program's as well as weir's. */
static void openmp_regions_of_the_program_find_their_threads_as_before(void **state)
{
    weir_engine *engine = open_engine(3, 0, 0);
    weir_plan *plans[] = {compile(&with_leaves), compile(&with_spoiled)};
    int before[3] = {-1, -1, -1}, after[3] = {-1, -1, -1};
    watch w = {.other = modes[1]};
    (void)state;
#pragma omp parallel num_threads(3)
    before[omp_get_thread_num()] = fegetround();
    for (int i = 0; i < MODES; i++) {
        (void)run_in(engine, plans[0], &w, modes[i]);
        (void)run_in(engine, plans[1], &w, modes[i]);
#pragma omp parallel num_threads(3)
        after[omp_get_thread_num()] = fegetround();
        assert_memory_equal(after, before, sizeof after);
    }
    weir_plan_free(plans[0]);
    weir_plan_free(plans[1]);
    weir_engine_close(engine);
}

static void the_callers_exception_flags_are_left_alone(void **state)
{
    weir_plan *plan = compile(&with_spoiled);
    const int flags = FE_ALL_EXCEPT & ~FE_INEXACT; /* that one any arithmetic raises */
    (void)state;
    for (unsigned workers = 1; workers <= MOST; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        watch w = {.other = modes[2]};
        feclearexcept(FE_ALL_EXCEPT);
        (void)run_in(engine, plan, &w, modes[1]);
        assert_int_equal(fetestexcept(flags), 0);
        feraiseexcept(FE_OVERFLOW | FE_DIVBYZERO);
        (void)run_in(engine, plan, &w, modes[1]);
        assert_int_equal(fetestexcept(flags), FE_OVERFLOW | FE_DIVBYZERO);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

/* ---- streams ---- */

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
        cmocka_unit_test_setup(
            each_op_has_the_callers_mode_and_results_are_the_same_for_all_workers, begin_plain),
        cmocka_unit_test_setup(many_inputs_have_it_too, begin_plain),
        cmocka_unit_test_setup(a_run_in_an_op_has_the_ops_mode_and_leaves_it_to_the_op,
                               begin_plain),
        cmocka_unit_test_setup(
            a_mode_that_ops_leave_stays_neither_with_the_caller_nor_with_later_runs, begin_plain),
        cmocka_unit_test_setup(each_part_begins_in_the_runs_mode_whatever_ops_have_left,
                               begin_plain),
        cmocka_unit_test_setup(openmp_regions_of_the_program_find_their_threads_as_before,
                               begin_plain),
        cmocka_unit_test_setup(the_callers_exception_flags_are_left_alone, begin_plain),
        cmocka_unit_test_setup(calls_of_a_stream_have_the_mode_of_the_thread_that_started_it,
                               begin_plain),
        cmocka_unit_test_setup(a_mode_that_a_call_leaves_is_not_that_of_other_stages, begin_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
