/* Tests that all ops have the floating-point mode of the thread that started their run, and that no mode
 * stays where it does not belong.
 *
 * Run by ctest. */
#include "arithmetic_support.h"

#include <omp.h>

/* ---- pipelines ---- */

static int count_all(weir_branch *b, void *in, uint32_t *n)
{
    (void)in;
    look(b);
    *n = MIDDLES;
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

static const weir_layer range = LAYER(.name = "range", .leaves = compute_leaves);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
