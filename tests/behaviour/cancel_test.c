/* Tests that a run can be cancelled from anywhere at any moment, and that nothing is left of it.
 *
 * Run by ctest; the moments are random, from a seed that is printed with a failure.  It must never
 * expect that a cancel comes in time: a run may be over before. */
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static void pause_ns(long ns)
{
    const struct timespec t = {0, ns};
    nanosleep(&t, NULL);
}

enum { FANOUT = 3, HEIGHT = 9 };

static weir_plan *compile_tree(void)
{
    weir_layer layer;
    tree_describe(&layer, FANOUT, HEIGHT);
    return compile(&layer);
}

/* One run that may be cancelled: either it is, or it gives the answer. True if it was cancelled. */
static bool run_may_be_cancelled(weir_engine *engine, const weir_plan *plan, unsigned spin)
{
    static const tree_node in = {.id = 1, .height = HEIGHT};
    static uint64_t answer;
    tree context = {.fanout = FANOUT, .spin = spin};
    uint64_t out = 0;
    if (answer == 0)
        answer = tree_answer(in, FANOUT);
    const weir_status status = weir_run(engine, plan, &context, &in, &out);
    if (status != WEIR_OK) {
        assert_int_equal(status, WEIR_ECANCEL);
        assert_int_equal(weir_last_error()->status, WEIR_ECANCEL);
        assert_contains(weir_last_error()->text, "weir_engine_cancel");
        return true;
    }
    assert_true(out == answer);
    return false;
}

typedef struct canceller {
    weir_engine *engine;
    atomic_int go, done, stop;
    uint32_t random;
} canceller;

static void *cancel_at_random(void *argument)
{
    canceller *c = argument;
    while (atomic_load(&c->stop) == 0) {
        while (atomic_load(&c->go) == 0 && atomic_load(&c->stop) == 0)
            sched_yield();
        atomic_store(&c->go, 0);
        c->random = c->random * 1664525u + 1013904223u;
        if (c->random >> 30 != 0)
            pause_ns((long)(c->random >> 8) % 400000);
        weir_engine_cancel(c->engine);
        atomic_store(&c->done, 1);
    }
    return NULL;
}

static void a_cancel_from_another_thread_at_any_moment_leaves_the_engine_usable(void **state)
{
    enum { ROUNDS = 200 / SLOW_BUILD };
    static const unsigned worker_counts[] = {1, 2, 8};
    (void)state;
    weir_plan *plan = compile_tree();
    for (int w = 0; w < 3; w++) {
        canceller c = {.engine = open_engine(worker_counts[w], 0, 0), .random = 7 + (uint32_t)w};
        pthread_t thread;
        int cancelled = 0;
        assert_int_equal(pthread_create(&thread, NULL, cancel_at_random, &c), 0);
        for (int round = 0; round < ROUNDS; round++) {
            atomic_store(&c.done, 0);
            atomic_store(&c.go, 1);
            /* Some runs are so long that the canceller comes to run in time even where the workers
             * keep all cores busy. */
            cancelled += run_may_be_cancelled(c.engine, plan, round % 4 == 0 ? 1000 : 20);
            while (atomic_load(&c.done) == 0)
                sched_yield();
            if (run_may_be_cancelled(c.engine, plan, 0)) /* nobody cancels this one */
                fail_msg("a cancel of round %d, seed %d, reached the next run", round, 7 + w);
            assert_stats_hold(c.engine, plan, false);
        }
        atomic_store(&c.stop, 1);
        pthread_join(thread, NULL);
        assert_true(cancelled > 0);
        weir_engine_close(c.engine);
    }
    weir_plan_free(plan);
}

static void a_cancel_without_a_run_has_no_effect_on_the_next(void **state)
{
    (void)state;
    weir_plan *plan = compile_tree();
    weir_engine *engine = open_engine(2, 0, 0);
    weir_engine_cancel(engine);
    assert_false(run_may_be_cancelled(engine, plan, 0));
    for (int i = 0; i < 3; i++)
        weir_engine_cancel(engine);
    assert_false(run_may_be_cancelled(engine, plan, 0));
    weir_engine_close(engine);
    weir_plan_free(plan);
}

/* The leaf with this number cancels, from inside; `late` counts leaves that begin afterwards. */
typedef struct inside {
    weir_engine *engine;
    uint32_t at;
    atomic_int cancelled, late, gathers_late;
} inside;

static int split_number(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b;
    *(uint32_t *)child = *(const uint32_t *)in * 10 + i;
    return 0;
}

static int cancel_inside(weir_branch *b, const void *in, void *out)
{
    inside *c = weir_context(b);
    (void)out;
    if (atomic_load(&c->cancelled) != 0)
        atomic_fetch_add(&c->late, 1);
    if (*(const uint32_t *)in == c->at) {
        weir_engine_cancel(c->engine);
        if (!weir_stopping(b))
            return 1;
        atomic_store(&c->cancelled, 1);
    }
    for (volatile int pause = 0; pause < 300; pause++) {
    }
    return 0;
}

static int gather_numbers(weir_branch *b, const void *in, const void *results, uint32_t n,
                          void *out)
{
    inside *c = weir_context(b);
    (void)in, (void)results, (void)n, (void)out;
    if (atomic_load(&c->cancelled) != 0)
        atomic_fetch_add(&c->gathers_late, 1);
    return 0;
}

static void a_cancel_from_an_op_lets_no_op_begin_but_what_others_had_begun(void **state)
{
    static const unsigned worker_counts[] = {1, 2, 8};
    const weir_layer leaf = {.name = "leaf", .in_bytes = sizeof(uint32_t), .leaf = cancel_inside};
    const weir_layer inner = {.name = "inner",
                              .in_bytes = sizeof(uint32_t),
                              .fanout = 10,
                              .child = &leaf,
                              .split = split_number,
                              .gather = gather_numbers};
    const weir_layer top = {.name = "top",
                            .in_bytes = sizeof(uint32_t),
                            .fanout = 10,
                            .child = &inner,
                            .split = split_number,
                            .gather = gather_numbers};
    const uint32_t in = 0;
    (void)state;
    weir_plan *plan = compile(&top);
    for (int w = 0; w < 3; w++) {
        const int others = (int)worker_counts[w] - 1;
        weir_engine *engine = open_engine(worker_counts[w], 0, 0);
        for (uint32_t at = 0; at < 100; at += SLOW_BUILD) {
            inside c = {.engine = engine, .at = at};
            assert_status(WEIR_ECANCEL, weir_run(engine, plan, &c, &in, NULL));
            /* Another worker may be between its last look and the op. */
            assert_in_range(atomic_load(&c.late), 0, others);
            assert_in_range(atomic_load(&c.gathers_late), 0, others);
            c = (inside){.engine = engine, .at = 1000};
            assert_ok(weir_run(engine, plan, &c, &in, NULL));
        }
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

/* An op of an hour that polls: cancel ends it at once. */
static int wait_for_stop(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    atomic_store((atomic_int *)weir_context(b), 1);
    while (!weir_stopping(b))
        sched_yield();
    return 77; /* what it returns then does not matter */
}

typedef struct awaited {
    weir_engine *engine;
    atomic_int *running;
} awaited;

static void *cancel_when_running(void *argument)
{
    const awaited *a = argument;
    while (atomic_load(a->running) == 0)
        sched_yield();
    weir_engine_cancel(a->engine);
    return NULL;
}

static void an_op_that_polls_sees_a_cancel_and_its_code_does_not_count(void **state)
{
    const weir_layer leaf = {.name = "leaf", .leaf = wait_for_stop};
    pthread_t thread;
    (void)state;
    weir_plan *plan = compile(&leaf);
    for (unsigned workers = 1; workers <= 3; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int round = 0; round < 50 / SLOW_BUILD; round++) {
            atomic_int running = 0;
            awaited a = {engine, &running};
            assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, &a), 0);
            assert_status(WEIR_ECANCEL, weir_run_many(engine, plan, &running, 10, NULL, NULL));
            pthread_join(thread, NULL);
        }
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

static weir_engine *signalled_engine;
static atomic_int signals;

static void cancel_on_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
    weir_engine_cancel(signalled_engine);
}

/* A signal after so many microseconds, and again in the same time: the first may come too early. */
static void start_timer(long us)
{
    const struct itimerval timer = {.it_interval = {0, us}, .it_value = {0, us}};
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void stop_timer(void)
{
    static const struct itimerval never;
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
}

static void a_cancel_from_a_signal_handler_stops_the_run(void **state)
{
    const struct sigaction action = {.sa_handler = cancel_on_signal, .sa_flags = SA_RESTART};
    const weir_layer leaf = {.name = "leaf", .leaf = wait_for_stop};
    struct sigaction before;
    (void)state;
    weir_plan *forever = compile(&leaf), *plan = compile_tree();
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    for (unsigned workers = 1; workers <= 3; workers++) {
        signalled_engine = open_engine(workers, 0, 0);
        for (int round = 0; round < 30 / SLOW_BUILD + 1; round++) {
            atomic_int running = 0;
            const int seen = atomic_load(&signals);
            start_timer(500 + round * 50);
            assert_status(WEIR_ECANCEL,
                          weir_run_many(signalled_engine, forever, &running, 4, NULL, NULL));
            assert_true(atomic_load(&signals) > seen);
            for (int i = 0; i < 5; i++) /* at any moment of a run, or between two */
                run_may_be_cancelled(signalled_engine, plan, 10);
            stop_timer();
            int runs = 1; /* a thread that took the last signal may come to its handler late */
            while (run_may_be_cancelled(signalled_engine, plan, 0))
                assert_true(++runs < 10);
        }
        weir_engine_close(signalled_engine);
    }
    sigaction(SIGALRM, &before, NULL);
    weir_plan_free(forever);
    weir_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancel_from_another_thread_at_any_moment_leaves_the_engine_usable),
        cmocka_unit_test(a_cancel_without_a_run_has_no_effect_on_the_next),
        cmocka_unit_test(a_cancel_from_an_op_lets_no_op_begin_but_what_others_had_begun),
        cmocka_unit_test(an_op_that_polls_sees_a_cancel_and_its_code_does_not_count),
        cmocka_unit_test(a_cancel_from_a_signal_handler_stops_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
