/* Tests what ops may do with OpenMP themselves, and that an op which is left by an exception leaves the
 * engine as it should be.
 *
 * Run by ctest. Exceptions are those of the unwinder, so that no C++ compiler is needed.  An op must
 * never assert: it counts what is wrong. */
#include "support.h"

#include <omp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#if defined(__clang__) /* its own code for a taskloop */
#pragma clang diagnostic ignored "-Wsign-conversion"
#endif

enum { FANOUT = 300, WORDS = 256 };

typedef struct context {
    int kind;
    atomic_int inside[64], shared;
    atomic_int threads, level_threads; /* of regions inside ops; -1 once they differ */
} context;

static int add(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    uint64_t sum = 0;
    (void)b, (void)in;
    for (uint32_t i = 0; i < n; i++)
        sum += ((const uint64_t *)results)[i];
    *(uint64_t *)out = sum;
    return 0;
}

/* ---- tasks ---- */

static void fill(uint64_t *a, int from, int to)
{
    for (int i = from; i < to; i++)
        a[i] = (uint64_t)i;
}

static void fill_by_tasks(int kind, uint64_t *a)
{
    const int quarter = WORDS / 4;
    if (kind == 0) {
#pragma omp parallel for
        for (int i = 0; i < WORDS; i++)
            a[i] = (uint64_t)i;
    } else if (kind == 1) {
        for (int k = 0; k < 4; k++) {
#pragma omp task firstprivate(k, a)
            fill(a, k * quarter, (k + 1) * quarter);
        }
#pragma omp taskwait
    } else if (kind == 2) {
#pragma omp taskloop grainsize(16)
        for (unsigned long i = 0; i < WORDS; i++)
            a[i] = i;
    } else if (kind == 3) {
#pragma omp taskgroup
        for (int k = 0; k < 4; k++) {
#pragma omp task firstprivate(k, a)
            fill(a, k * quarter, (k + 1) * quarter);
        }
    } else if (kind == 4) {
        for (int i = 0; i < WORDS; i++) { /* more than either runtime queues */
#pragma omp task firstprivate(i, a) depend(out : a[i])
            a[i] = (uint64_t)i;
        }
#pragma omp taskyield
#pragma omp taskwait
    } else if (kind == 5) {
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
        for (unsigned long i = 0; i < WORDS; i++)
            a[i] = i;
    } else {
        uint64_t ones = 0;
        fill(a, 0, WORDS);
#pragma omp taskloop grainsize(16) reduction(+ : ones)
        for (unsigned long i = 0; i < WORDS; i++)
            ones += a[i] == i;
        a[0] = WORDS - ones;
    }
}

static int task_leaf(weir_branch *b, const void *in, void *out)
{
    context *c = weir_context(b);
    uint64_t a[WORDS] = {0}, sum = 0;
    uint64_t **mark = weir_scratch(b);
    atomic_int *inside = &c->inside[weir_worker(b)];
    (void)in;
    *mark = a;
    if (atomic_fetch_add(inside, 1) != 0)
        atomic_fetch_add(&c->shared, 1);
    fill_by_tasks(c->kind, a);
    if (*mark != a)
        atomic_fetch_add(&c->shared, 1);
    atomic_fetch_sub(inside, 1);
    for (int i = 0; i < WORDS; i++)
        sum += a[i];
    *(uint64_t *)out = sum;
    return 0;
}

static void ops_may_make_openmp_tasks_and_are_alone_on_their_worker(void **state)
{
    const weir_layer leaf = {
        .name = "leaf", .out_bytes = 8, .scratch_bytes = sizeof(void *), .leaf = task_leaf};
    const weir_layer mid = {.name = "mid",
                            .out_bytes = 8,
                            .fanout = 10,
                            .child = &leaf,
                            .split = split_nothing,
                            .gather = add};
    const weir_layer top = {.name = "top",
                            .out_bytes = 8,
                            .fanout = FANOUT / 10,
                            .child = &mid,
                            .split = split_nothing,
                            .gather = add};
    weir_plan *plan = compile(&top);
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int kind = 0; kind < 6; kind++)
            for (int run = 0; run < 10 / SLOW_BUILD + 1; run++) {
                context c = {.kind = kind};
                uint64_t out = 0;
                assert_ok(weir_run(engine, plan, &c, NULL, &out));
                assert_true(out == (uint64_t)FANOUT * (WORDS * (WORDS - 1) / 2));
                assert_int_equal(atomic_load(&c.shared), 0);
            }
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

static int task_call(void *state, const void *const *items, weir_yielder *y)
{
    uint64_t a[WORDS] = {0}, sum = 0;
    fill_by_tasks(*(const int *)state, a);
    for (int i = 0; i < WORDS; i++)
        sum += a[i];
    (void)items;
    return weir_yield(y, &sum);
}

static int hundred(void *next, void *item)
{
    return (*(int *)item = (*(int *)next)++) < 100 ? WEIR_OK : WEIR_END;
}

static void calls_of_a_stream_may_make_openmp_tasks(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++)
        for (int kind = 0; kind < 7; kind++) {
            weir_engine *engine = open_engine(workers, 0, 0);
            int next = 0, items = 0;
            uint64_t sum;
            const weir_stage_options up = {
                .name = "up", .item_bytes = sizeof(int), .jobs = 1, .buffer = 8, .state = &next};
            const weir_stage_options by = {
                .name = "tasks", .item_bytes = sizeof sum, .jobs = 4, .buffer = 8, .state = &kind};
            weir_stream *s;
            weir_stage source, stage;
            assert_ok(weir_stream_open(engine, &s));
            assert_ok(weir_stream_source(s, &up, hundred, &source));
            assert_ok(weir_stream_stage(s, &by, task_call, 1, &source, &stage));
            assert_ok(weir_stream_start(s));
            for (; weir_next(s, stage, &sum) == WEIR_OK; items++)
                assert_true(sum == WORDS * (WORDS - 1) / 2);
            assert_int_equal(items, 100);
            assert_ok(weir_stream_close(s));
            weir_engine_close(engine);
        }
}

/* ---- regions ---- */

/* Notes one value for all ops; -1 once they differ. */
static void note(atomic_int *seen, int value)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(seen, &none, value) && none != value)
        atomic_store(seen, -1);
}

static int region_leaf(weir_branch *b, const void *in, void *out)
{
    context *c = weir_context(b);
    int threads = 0, inner = 0;
    (void)in;
#pragma omp parallel num_threads(2)
    {
#pragma omp single
        threads = omp_get_num_threads();
#pragma omp parallel num_threads(2)
#pragma omp single
        {
#pragma omp atomic write
            inner = omp_get_num_threads();
        }
    }
    note(&c->threads, threads);
    note(&c->level_threads, inner);
    *(uint64_t *)out = 1;
    return 0;
}

static void a_region_inside_an_op_gets_the_same_with_one_worker_and_with_many(void **state)
{
    const weir_layer leaf = {.name = "leaf", .out_bytes = 8, .leaf = region_leaf};
    const weir_layer top = {.name = "top",
                            .out_bytes = 8,
                            .fanout = 40,
                            .child = &leaf,
                            .split = split_nothing,
                            .gather = add};
    weir_plan *plan = compile(&top);
    const int before = omp_get_max_active_levels();
    (void)state;
    for (int levels = 1; levels <= 3; levels++) {
        omp_set_max_active_levels(levels);
        for (unsigned workers = 1; workers <= 2; workers++) {
            weir_engine *engine = open_engine(workers, 0, 0);
            context c = {0};
            uint64_t out = 0;
            assert_ok(weir_run(engine, plan, &c, NULL, &out));
            assert_true(out == 40);
            assert_int_equal(atomic_load(&c.threads), levels > 1 ? 2 : 1);
            assert_int_equal(atomic_load(&c.level_threads), levels > 2 ? 2 : 1);
            assert_int_equal(omp_get_max_active_levels(), levels);
            weir_engine_close(engine);
        }
    }
    omp_set_max_active_levels(before);
    weir_plan_free(plan);
}

/* ---- exceptions ---- */

typedef struct thrown {
    struct _Unwind_Exception exception;
    jmp_buf caught;
    _Unwind_Word catcher;    /* an address in the frame that catches */
    atomic_int reached, ops; /* of ops: from how many the catcher could be seen */
} thrown;

static _Unwind_Reason_Code stop_at_catcher(int version, _Unwind_Action actions,
                                           _Unwind_Exception_Class class,
                                           struct _Unwind_Exception *exception,
                                           struct _Unwind_Context *frame, void *argument)
{
    thrown *t = argument;
    (void)version, (void)actions, (void)class, (void)exception;
    if (_Unwind_GetCFA(frame) > t->catcher)
        longjmp(t->caught, 1); /* the frames between, and what they clean up, are gone by now */
    return _URC_NO_REASON;
}

static int throwing_leaf(weir_branch *b, const void *in, void *out)
{
    thrown *t = weir_context(b);
    (void)in, (void)out;
    return (int)_Unwind_ForcedUnwind(&t->exception, stop_at_catcher, t);
}

/* True if the exception came. */
static bool catch_from_run(weir_engine *engine, const weir_plan *plan, thrown *t)
{
    volatile bool threw = true;
    uint64_t out;
    t->catcher = (_Unwind_Word)__builtin_frame_address(0);
    if (setjmp(t->caught) == 0) {
        (void)weir_run(engine, plan, t, NULL, &out);
        threw = false;
    }
    return threw;
}

static void an_exception_that_leaves_a_run_of_one_worker_leaves_the_engine_usable(void **state)
{
    const weir_layer leaf = {
        .name = "leaf", .out_bytes = 8, .scratch_bytes = 100, .leaf = throwing_leaf};
    const weir_layer top = {.name = "top",
                            .out_bytes = 8,
                            .fanout = 5,
                            .child = &leaf,
                            .split = split_nothing,
                            .gather = add};
    static thrown t;
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* it does not follow a jump out of the unwinder */
#endif
    weir_engine *engine = open_engine(1, 0, 0);
    weir_plan *plan = compile(&top);
    for (int i = 0; i < 10; i++) {
        assert_true(catch_from_run(engine, plan, &t));
        assert_int_equal(omp_get_level(), 0);
        assert_tree_runs(engine, 3, 4);
    }
    weir_plan_free(plan);
    weir_engine_close(engine);
}

static _Unwind_Reason_Code look_for_catcher(struct _Unwind_Context *frame, void *argument)
{
    thrown *t = argument;
    if (_Unwind_GetCFA(frame) == t->catcher)
        atomic_fetch_add(&t->reached, 1);
    return _URC_NO_REASON;
}

static int looking_leaf(weir_branch *b, const void *in, void *out)
{
    thrown *t = weir_context(b);
    (void)in;
    atomic_fetch_add(&t->ops, 1);
    _Unwind_Backtrace(look_for_catcher, t);
    *(uint64_t *)out = 1;
    return 0;
}

/* So a C++ program's throw finds no handler, and calls std::terminate(). */
static void no_handler_of_the_caller_can_be_seen_from_an_op_of_a_team(void **state)
{
    const weir_layer leaf = {.name = "leaf", .out_bytes = 8, .leaf = looking_leaf};
    const weir_layer top = {.name = "top",
                            .out_bytes = 8,
                            .fanout = 200,
                            .child = &leaf,
                            .split = split_nothing,
                            .gather = add};
    weir_plan *plan = compile(&top);
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        static thrown t;
        uint64_t out;
        weir_engine *engine = open_engine(workers, 0, 0);
        t = (thrown){.catcher = (_Unwind_Word)__builtin_dwarf_cfa()};
        assert_ok(weir_run(engine, plan, &t, NULL, &out));
        assert_int_equal(atomic_load(&t.ops), 200);
        assert_int_equal(atomic_load(&t.reached), workers == 1 ? 200 : 0);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ops_may_make_openmp_tasks_and_are_alone_on_their_worker),
        cmocka_unit_test(calls_of_a_stream_may_make_openmp_tasks),
        cmocka_unit_test(a_region_inside_an_op_gets_the_same_with_one_worker_and_with_many),
        cmocka_unit_test(an_exception_that_leaves_a_run_of_one_worker_leaves_the_engine_usable),
        cmocka_unit_test(no_handler_of_the_caller_can_be_seen_from_an_op_of_a_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
