/* Tests that signals sent to the program reach its own threads, and none of a team's.
 *
 * Run by ctest. The program's own threads block the signal for a while and then do not, so that each
 * is delivered in the end.  A handler does nothing but note the thread it ran on. */
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 3, MOST = 64 };

static atomic_int handled, handled_elsewhere;
static pthread_t own;
static atomic_int ops_elsewhere;

static void note_thread(int signal)
{
    (void)signal;
    atomic_fetch_add(&handled, 1);
    if (!pthread_equal(pthread_self(), own))
        atomic_fetch_add(&handled_elsewhere, 1);
}

static void begin_test(int signal)
{
    struct sigaction action = {.sa_handler = note_thread, .sa_flags = SA_RESTART};
    own = pthread_self();
    atomic_store(&handled, 0);
    atomic_store(&handled_elsewhere, 0);
    atomic_store(&ops_elsewhere, 0);
    assert_int_equal(sigaction(signal, &action, NULL), 0);
}

/* Blocks or lets through one signal for the calling thread. */
static void block(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(how, &set, NULL);
}

static void nap(void)
{
    const struct timespec t = {0, 2000000};
    nanosleep(&t, NULL);
}

/* While it runs, the calling thread blocks the signal, so any other that does not would take it. */
static int kill_leaf(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    if (!pthread_equal(pthread_self(), own))
        atomic_fetch_add(&ops_elsewhere, 1);
    kill(getpid(), *(const int *)weir_context(b));
    nap();
    return 0;
}

static void run_with_signals(int signal)
{
    const weir_layer leaf = {.name = "leaf", .leaf = kill_leaf};
    const weir_layer top = {.name = "top",
                            .fanout = 12,
                            .child = &leaf,
                            .split = split_nothing,
                            .gather = gather_nothing};
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    weir_plan *plan = compile(&top);
    begin_test(signal);
    for (int run = 0; run < 4; run++) {
        block(SIG_BLOCK, signal);
        assert_ok(weir_run(engine, plan, &signal, NULL, NULL));
        for (int i = 0; i < 4; i++) { /* the pool is idle */
            kill(getpid(), signal);
            nap();
        }
        block(SIG_UNBLOCK, signal);
    }
    assert_int_equal(atomic_load(&handled), 4); /* they do not queue */
    assert_int_equal(atomic_load(&handled_elsewhere), 0);
    weir_plan_free(plan);
    weir_engine_close(engine);
}

static void no_worker_takes_a_signal_that_is_sent_to_the_program(void **state)
{
    (void)state;
    run_with_signals(SIGINT);
    run_with_signals(SIGUSR1);
    run_with_signals(SIGALRM);
    assert_true(atomic_load(&ops_elsewhere) > 0); /* there were workers to take it */
}

static void no_worker_takes_one_when_openmp_made_the_threads_before(void **state)
{
    (void)state;
#pragma omp parallel num_threads(WORKERS)
    nap();
    run_with_signals(SIGTERM);
}

static int slow_item(void *left, void *item)
{
    *(int *)item = 0;
    kill(getpid(), SIGHUP);
    nap();
    return (*(int *)left)-- > 0 ? WEIR_OK : WEIR_END;
}

static void no_thread_of_a_stream_takes_one(void **state)
{
    int left = 10, item, n = 0;
    const weir_stage_options o = {
        .name = "slow", .item_bytes = sizeof item, .jobs = 1, .buffer = 4, .state = &left};
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    weir_stream *s;
    weir_stage stage;
    (void)state;
    begin_test(SIGHUP);
    block(SIG_BLOCK, SIGHUP);
    assert_ok(weir_stream_open(engine, &s));
    assert_ok(weir_stream_source(s, &o, slow_item, &stage));
    assert_ok(weir_stream_start(s));
    while (weir_next(s, stage, &item) == WEIR_OK)
        n++;
    assert_int_equal(n, 10);
    assert_ok(weir_stream_close(s));
    block(SIG_UNBLOCK, SIGHUP);
    assert_int_equal(atomic_load(&handled), 1);
    assert_int_equal(atomic_load(&handled_elsewhere), 0);
    weir_engine_close(engine);
}

static int raise_on_itself(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    (void)b;
    if (!pthread_equal(pthread_self(), own))
        atomic_fetch_add(&ops_elsewhere, 1);
    raise(SIGPIPE);
    nap();
    return 0;
}

static void a_worker_still_takes_what_it_raises_itself(void **state)
{
    const weir_layer leaf = {.name = "leaf", .leaf = raise_on_itself};
    const weir_layer top = {.name = "top",
                            .fanout = 24,
                            .child = &leaf,
                            .split = split_nothing,
                            .gather = gather_nothing};
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    weir_plan *plan = compile(&top);
    (void)state;
    begin_test(SIGPIPE);
    assert_ok(weir_run(engine, plan, NULL, NULL, NULL));
    assert_int_equal(atomic_load(&handled), 24);
    assert_int_equal(atomic_load(&handled_elsewhere), atomic_load(&ops_elsewhere));
    weir_plan_free(plan);
    weir_engine_close(engine);
}

static void the_caller_has_its_own_mask_after_a_run(void **state)
{
    sigset_t before, after;
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    (void)state;
    block(SIG_BLOCK, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    assert_tree_runs(engine, 3, 4);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int signal = 1; signal < MOST; signal++)
        assert_int_equal(sigismember(&before, signal), sigismember(&after, signal));
    block(SIG_UNBLOCK, SIGUSR2);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_caller_has_its_own_mask_after_a_run),
        cmocka_unit_test(no_worker_takes_a_signal_that_is_sent_to_the_program),
        cmocka_unit_test(no_worker_takes_one_when_openmp_made_the_threads_before),
        cmocka_unit_test(no_thread_of_a_stream_takes_one),
        cmocka_unit_test(a_worker_still_takes_what_it_raises_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
