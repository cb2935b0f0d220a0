/* Tests weir_each_worker(): once on each worker, on the thread and the core of a run.
 *
 * Run by ctest.  What runs on a worker notes what it sees, and never asserts. */
#include "support.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

enum { MOST = 8 };

typedef struct seen {
    atomic_int calls[MOST], wrong;
    pthread_t thread[MOST];
    cpu_set_t mask[MOST];
    weir_engine *engine;
    unsigned fails; /* a worker, or MOST */
} seen;

static int note(void *context, unsigned worker)
{
    seen *s = context;
    if (worker >= MOST)
        return 1;
    atomic_fetch_add(&s->calls[worker], 1);
    s->thread[worker] = pthread_self();
    sched_getaffinity(0, sizeof s->mask[worker], &s->mask[worker]);
    return worker == s->fails ? 40 + (int)worker : 0;
}

static int compare_leaf(weir_branch *b, const void *in, void *out)
{
    seen *s = weir_context(b);
    const unsigned w = weir_worker(b);
    cpu_set_t mask;
    (void)in, (void)out;
    sched_getaffinity(0, sizeof mask, &mask);
    if (!pthread_equal(s->thread[w], pthread_self()) ||
        (w > 0 && !CPU_EQUAL(&mask, &s->mask[w]))) /* worker 0 is bound only before it hands out */
        atomic_fetch_add(&s->wrong, 1);
    for (volatile int i = 0; i < 20000; i = i + 1)
        ;
    return 0;
}

static const weir_layer compare = {.name = "leaf", .leaf = compare_leaf};
static const weir_layer top = {.name = "top",
                               .fanout = 100,
                               .child = &compare,
                               .split = split_nothing,
                               .gather = gather_nothing};

static void it_calls_once_on_each_workers_own_thread_bound_as_in_a_run(void **state)
{
    (void)state;
    weir_plan *plan = compile(&top);
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        seen s = {.fails = MOST};
        cpu_set_t before, after;
        sched_getaffinity(0, sizeof before, &before);
        assert_ok(weir_each_worker(engine, note, &s));
        sched_getaffinity(0, sizeof after, &after);
        assert_true(CPU_EQUAL(&before, &after));
        for (unsigned w = 0; w < MOST; w++)
            assert_int_equal(atomic_load(&s.calls[w]), w < workers ? 1 : 0);
        assert_true(pthread_equal(s.thread[0], pthread_self()));
        for (int run = 0; run < 5; run++)
            assert_ok(weir_run(engine, plan, &s, NULL, NULL));
        assert_int_equal(atomic_load(&s.wrong), 0);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

static void a_failure_names_the_worker_and_the_engine_goes_on(void **state)
{
    (void)state;
    for (unsigned fails = 0; fails < 3; fails++) {
        weir_engine *engine = open_engine(3, 0, 0);
        seen s = {.fails = fails};
        char where[16];
        assert_status(WEIR_EOP, weir_each_worker(engine, note, &s));
        snprintf(where, sizeof where, "worker %u", fails);
        assert_string_equal(weir_last_error()->where, where);
        assert_int_equal(weir_last_error()->code, 40 + (int)fails);
        for (unsigned w = 0; w < 3; w++)
            assert_int_equal(atomic_load(&s.calls[w]), 1);
        assert_tree_runs(engine, 3, 4);
        weir_engine_close(engine);
    }
}

static int call_in_op(weir_branch *b, const void *in, void *out)
{
    seen *s = weir_context(b);
    (void)in, (void)out;
    return weir_each_worker(s->engine, note, s) == WEIR_EBUSY ? 0 : 1;
}

static int call_in_source(void *state, void *item)
{
    seen *s = state;
    *(int *)item = weir_each_worker(s->engine, note, s);
    return atomic_fetch_add(&s->wrong, 1) == 0 ? WEIR_OK : WEIR_END;
}

static int call_in_itself(void *context, unsigned worker)
{
    seen *s = context;
    (void)worker;
    return weir_each_worker(s->engine, note, s) == WEIR_EBUSY ? 0 : 1;
}

static void from_inside_a_run_it_is_refused(void **state)
{
    const weir_layer leaf = {.name = "leaf", .leaf = call_in_op};
    const weir_layer list = {.name = "top",
                             .fanout = 9,
                             .child = &leaf,
                             .split = split_nothing,
                             .gather = gather_nothing};
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_plan *plan = compile(&list);
        seen s = {.fails = MOST, .engine = engine};
        weir_stream *stream;
        weir_stage stage;
        int item;
        const weir_stage_options o = {
            .name = "up", .item_bytes = sizeof item, .jobs = 1, .buffer = 1, .state = &s};
        assert_ok(weir_run(engine, plan, &s, NULL, NULL));
        assert_ok(weir_each_worker(engine, call_in_itself, &s));
        assert_ok(weir_stream_open(engine, &stream));
        assert_ok(weir_stream_source(stream, &o, call_in_source, &stage));
        assert_ok(weir_stream_start(stream));
        assert_ok(weir_next(stream, stage, &item));
        assert_int_equal(item, WEIR_EBUSY);
        assert_status(WEIR_EBUSY, weir_each_worker(engine, note, &s));
        assert_ok(weir_stream_close(stream));
        for (unsigned w = 0; w < MOST; w++)
            assert_int_equal(atomic_load(&s.calls[w]), 0);
        weir_plan_free(plan);
        weir_engine_close(engine);
    }
}

static void inside_a_region_of_the_program_it_calls_on_the_one_worker_there_is(void **state)
{
    weir_engine *engine = open_engine(3, 0, 0);
    seen s = {.fails = MOST};
    weir_status status = WEIR_EINVAL;
    (void)state;
#pragma omp parallel num_threads(2)
#pragma omp single
    status = weir_each_worker(engine, note, &s);
    assert_int_equal(status, WEIR_OK);
    assert_int_equal(atomic_load(&s.calls[0]), 1);
    assert_int_equal(atomic_load(&s.calls[1]), 0);
    weir_engine_close(engine);
}

static void null_is_refused(void **state)
{
    weir_engine *engine = open_engine(1, 0, 0);
    (void)state;
    assert_status(WEIR_EINVAL, weir_each_worker(NULL, note, NULL));
    assert_string_equal(weir_last_error()->where, "engine");
    assert_status(WEIR_EINVAL, weir_each_worker(engine, NULL, NULL));
    assert_string_equal(weir_last_error()->where, "f");
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_calls_once_on_each_workers_own_thread_bound_as_in_a_run),
        cmocka_unit_test(a_failure_names_the_worker_and_the_engine_goes_on),
        cmocka_unit_test(from_inside_a_run_it_is_refused),
        cmocka_unit_test(inside_a_region_of_the_program_it_calls_on_the_one_worker_there_is),
        cmocka_unit_test(null_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
