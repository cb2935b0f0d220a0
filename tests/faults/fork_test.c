/* Tests that the child of a fork can run pipelines and streams, or is told why not, and never hangs.
 *
 * Run by ctest; each case does its work in a child, which checks for itself and has an alarm.  The
 * checks of a child must never be cmocka's, which would go on with the parent's tests. */
#include "support.h"

#include <fenv.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 150, WORKERS = 2 };

#define CHILD_CHECK(x)                                                                             \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "child, line %d: %s (%s)\n", __LINE__, #x, weir_last_error()->text);   \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* The exit status of a child that returns f(argument). */
static int status_of_child(int (*f)(void *), void *argument)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        _exit(f(argument));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void assert_child(int (*f)(void *), void *argument)
{
    const int status = status_of_child(f, argument);
    if (status != 0)
        fail_msg("the child's status is %d%s", status, status == -SIGALRM ? ": it hung" : "");
}

/* ---- what children do ---- */

static int run_trees(weir_engine *engine, unsigned runs)
{
    weir_layer layer;
    weir_plan *plan;
    tree context = {.fanout = 3, .spin = 50};
    const tree_node in = {.id = 1, .height = 7};
    tree_describe(&layer, 3, 7);
    CHILD_CHECK(weir_plan_compile(&layer, &plan) == WEIR_OK);
    for (unsigned i = 0; i < runs; i++) {
        uint64_t out = 0;
        weir_stats s;
        CHILD_CHECK(weir_run(engine, plan, &context, &in, &out) == WEIR_OK);
        CHILD_CHECK(out == tree_answer(in, 3));
        weir_engine_stats(engine, &s);
        CHILD_CHECK(s.branches == tree_branches(7, 3));
        CHILD_CHECK(s.workers == weir_engine_workers(engine));
    }
    weir_plan_free(plan);
    return 0;
}

static int run_on(void *engine)
{
    return run_trees(engine, 20 / SLOW_BUILD + 2);
}

static int run_on_new(void *unused)
{
    const weir_engine_options options = {.workers = WORKERS};
    weir_engine *engine;
    (void)unused;
    CHILD_CHECK(weir_engine_open(&options, &engine) == WEIR_OK);
    CHILD_CHECK(run_on(engine) == 0);
    weir_engine_close(engine);
    return 0;
}

static int count_up(void *next, void *item)
{
    return (*(int *)item = (*(int *)next)++) < 100 ? WEIR_OK : WEIR_END;
}

/* A source of 0 … 99. */
static weir_status add_source(weir_stream *s, int *next, weir_stage *stage)
{
    const weir_stage_options o = {
        .name = "up", .item_bytes = sizeof(int), .jobs = 1, .buffer = 8, .state = next};
    *next = 0;
    return weir_stream_source(s, &o, count_up, stage);
}

static int pull_all(weir_stream *s, weir_stage stage)
{
    int item, n = 0;
    CHILD_CHECK(weir_stream_start(s) == WEIR_OK);
    while (weir_next(s, stage, &item) == WEIR_OK)
        CHILD_CHECK(item == n++);
    CHILD_CHECK(n == 100);
    CHILD_CHECK(weir_stream_close(s) == WEIR_OK);
    return 0;
}

static int stream_on(void *engine)
{
    int next;
    weir_stream *s;
    weir_stage stage;
    CHILD_CHECK(weir_stream_open(engine, &s) == WEIR_OK);
    CHILD_CHECK(add_source(s, &next, &stage) == WEIR_OK);
    CHILD_CHECK(pull_all(s, stage) == 0);
    return run_on(engine);
}

/* One small run on the engine; *status is what it gave. */
static int try_run(weir_engine *engine, weir_status *status)
{
    weir_layer layer;
    weir_plan *plan;
    tree context = {.fanout = 2};
    const tree_node in = {.id = 1, .height = 2};
    uint64_t out;
    tree_describe(&layer, 2, 2);
    CHILD_CHECK(weir_plan_compile(&layer, &plan) == WEIR_OK);
    *status = weir_run(engine, plan, &context, &in, &out);
    weir_plan_free(plan);
    return 0;
}

/* The engine was taken at the fork. */
static int is_told_why(void *engine)
{
    weir_status status;
    CHILD_CHECK(try_run(engine, &status) == 0);
    CHILD_CHECK(status == WEIR_ESYS);
    CHILD_CHECK(strstr(weir_last_error()->text, "forked") != NULL);
    CHILD_CHECK(strcmp(weir_last_error()->where, "engine") == 0);
    weir_engine_cancel(engine);
    CHILD_CHECK(run_on_new(NULL) == 0);
    weir_engine_close(engine);
    return 0;
}

/* ---- no run under way ---- */

static int do_all(void *engine)
{
    CHILD_CHECK(run_on(engine) == 0);
    CHILD_CHECK(stream_on(engine) == 0);
    return run_on_new(NULL);
}

static void a_child_runs_what_its_parent_opened_and_what_it_opens(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        weir_engine *engine = open_engine(workers, 0, 0);
        assert_child(do_all, engine); /* before the first region */
        assert_int_equal(run_on(engine), 0);
        assert_child(run_on, engine);
        assert_child(stream_on, engine);
        assert_child(run_on_new, engine);
        assert_child(do_all, engine);
        assert_int_equal(do_all(engine), 0); /* the parent goes on */
        weir_engine_close(engine);
    }
}

static int run_and_fork(void *engine)
{
    CHILD_CHECK(run_on(engine) == 0);
    CHILD_CHECK(status_of_child(do_all, engine) == 0);
    return run_on(engine);
}

static void the_child_of_a_child_runs_as_well(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    assert_int_equal(run_on(engine), 0);
    assert_child(run_and_fork, engine);
    weir_engine_close(engine);
}

static int become_a_daemon(void *engine)
{
    int done[2];
    char status = 1;
    CHILD_CHECK(pipe(done) == 0);
    const pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        if (daemon(1, 1) != 0)
            _exit(1);
        alarm(SECONDS);
        status = (char)do_all(engine);
        _exit(write(done[1], &status, 1) != 1);
    }
    close(done[1]);
    CHILD_CHECK(read(done[0], &status, 1) == 1);
    return status;
}

static void a_daemon_runs_the_engine_that_was_opened_before(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    assert_int_equal(become_a_daemon(engine), 0);
    assert_int_equal(run_on(engine), 0);
    assert_int_equal(become_a_daemon(engine), 0);
    weir_engine_close(engine);
}

static int open_stream_runs(void *stream)
{
    return pull_all(stream, 0);
}

static void a_stream_that_was_not_started_starts_in_the_child(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    weir_stream *s;
    weir_stage stage;
    int next;
    assert_int_equal(run_on(engine), 0);
    assert_ok(weir_stream_open(engine, &s));
    assert_ok(add_source(s, &next, &stage));
    assert_child(open_stream_runs, s);
    assert_int_equal(open_stream_runs(s), 0);
    weir_engine_close(engine);
}

/* ---- the caller's results, errors and arithmetic ---- */

static int fails_if_rounding_differs(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    return weir_worker(b) == 0 && fegetround() != *(const int *)weir_context(b) ? 41 : 42;
}

static int gets_the_failure(void *engine)
{
    const weir_layer layer = {.name = "leaf", .leaf = fails_if_rounding_differs};
    weir_plan *plan;
    CHILD_CHECK(weir_plan_compile(&layer, &plan) == WEIR_OK);
    int modes[] = {FE_UPWARD, FE_TONEAREST, FE_DOWNWARD};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        fesetround(modes[i]);
        CHILD_CHECK(weir_run(engine, plan, &modes[i], NULL, NULL) == WEIR_EOP);
        CHILD_CHECK(weir_last_error()->code == 42);
        CHILD_CHECK(strcmp(weir_last_error()->where, "leaf") == 0);
    }
    return 0;
}

static void the_caller_in_the_child_gets_the_failure_and_keeps_its_arithmetic(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    assert_int_equal(run_on(engine), 0);
    assert_child(gets_the_failure, engine);
    weir_engine_close(engine);
}

/* ---- something under way at the fork ---- */

typedef struct background {
    weir_engine *engine;
    atomic_bool stop, failed;
} background;

static void *run_until_stopped(void *argument)
{
    background *b = argument;
    while (!atomic_load(&b->stop))
        if (run_trees(b->engine, 1) != 0)
            atomic_store(&b->failed, true);
    return NULL;
}

/* It may have been between two runs. */
static int runs_or_is_told_why(void *engine)
{
    weir_status status;
    CHILD_CHECK(try_run(engine, &status) == 0);
    return status == WEIR_OK ? do_all(engine) : is_told_why(engine);
}

static void a_fork_beside_a_run_of_another_thread_leaves_that_to_the_parent(void **state)
{
    (void)state;
    background b = {.engine = open_engine(WORKERS, 0, 0)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_until_stopped, &b), 0);
    for (int i = 0; i < 20 / SLOW_BUILD + 2; i++)
        assert_child(runs_or_is_told_why, b.engine);
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    assert_false(atomic_load(&b.failed));
    weir_engine_close(b.engine);
}

static void *open_until_stopped(void *argument)
{
    background *b = argument;
    while (!atomic_load(&b->stop)) {
        weir_engine *engine;
        if (weir_engine_open(NULL, &engine) != WEIR_OK)
            atomic_store(&b->failed, true);
        else
            weir_engine_close(engine);
    }
    return NULL;
}

static void a_child_opens_an_engine_while_threads_of_its_parent_do(void **state)
{
    (void)state;
    background b = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, open_until_stopped, &b), 0);
    for (int i = 0; i < 40 / SLOW_BUILD + 2; i++)
        assert_child(run_on_new, NULL);
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    assert_false(atomic_load(&b.failed));
}

static int fork_in_op(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    return status_of_child(is_told_why, weir_context(b));
}

static void a_fork_inside_an_op_leaves_the_run_to_the_parent(void **state)
{
    (void)state;
    const weir_layer leaf = {.name = "leaf", .leaf = fork_in_op};
    const weir_layer top = {.name = "top",
                            .fanout = 6,
                            .child = &leaf,
                            .split = split_nothing,
                            .gather = gather_nothing};
    for (unsigned workers = 1; workers <= 2; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_plan *plan = compile(&top);
        assert_ok(weir_run(engine, plan, engine, NULL, NULL));
        assert_int_equal(run_on(engine), 0);
        weir_plan_free(plan);
        weir_engine_close(engine);
    }
}

/* ---- streams that were started ---- */

typedef struct started {
    weir_engine *engine;
    weir_stream *s;
    weir_stage source, inlet;
} started;

static int stream_tells_why(void *argument)
{
    const started *t = argument;
    int item = 0;
    CHILD_CHECK(weir_next(t->s, t->source, &item) == WEIR_ESYS);
    CHILD_CHECK(strstr(weir_last_error()->text, "forked") != NULL);
    CHILD_CHECK(weir_push(t->s, t->inlet, &item) == WEIR_ESYS);
    CHILD_CHECK(weir_push_end(t->s, t->inlet) == WEIR_ESYS);
    CHILD_CHECK(weir_stream_close(t->s) == WEIR_ESYS);
    return is_told_why(t->engine);
}

static int fork_in_call(void *argument, void *item)
{
    started *t = argument;
    *(int *)item = 0;
    return status_of_child(stream_tells_why, t) == 0 ? WEIR_END : 1;
}

static void a_stream_that_was_started_stays_with_the_parent(void **state)
{
    (void)state;
    started t = {.engine = open_engine(WORKERS, 0, 0)};
    int next, item, n = 0;
    const weir_stage_options in = {
        .name = "in", .item_bytes = sizeof(int), .jobs = 1, .buffer = 4, .state = NULL};
    assert_ok(weir_stream_open(t.engine, &t.s));
    assert_ok(add_source(t.s, &next, &t.source));
    assert_ok(weir_stream_inlet(t.s, &in, &t.inlet));
    assert_ok(weir_stream_start(t.s));
    assert_child(stream_tells_why, &t);
    for (; weir_next(t.s, t.source, &item) == WEIR_OK; n++)
        if (n % 30 == 0)
            assert_child(stream_tells_why, &t);
    assert_int_equal(n, 100);
    assert_ok(weir_push_end(t.s, t.inlet));
    assert_ok(weir_stream_close(t.s));
    weir_engine_close(t.engine);
}

static void a_fork_inside_a_call_of_a_stream_leaves_it_to_the_parent(void **state)
{
    (void)state;
    started t = {.engine = open_engine(WORKERS, 0, 0)};
    int item;
    const weir_stage_options in = {
        .name = "in", .item_bytes = sizeof(int), .jobs = 1, .buffer = 4, .state = &t};
    assert_ok(weir_stream_open(t.engine, &t.s));
    assert_ok(weir_stream_inlet(t.s, &in, &t.inlet));
    assert_ok(weir_stream_source(t.s, &in, fork_in_call, &t.source));
    assert_ok(weir_stream_start(t.s));
    assert_status(WEIR_END, weir_next(t.s, t.source, &item));
    assert_ok(weir_push_end(t.s, t.inlet));
    assert_ok(weir_stream_close(t.s));
    weir_engine_close(t.engine);
}

/* ---- OpenMP before weir ---- */

static int forks_before_weir(void)
{
    int threads = 0;
#pragma omp parallel num_threads(3) reduction(+ : threads)
    threads++;
    return threads >= 1 && status_of_child(run_on_new, NULL) == 0 ? 0 : 1;
}

/* A new process, since this one has run engines. */
static void a_fork_after_openmp_and_before_the_first_engine_does_not_matter(void **state)
{
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "fork_test", "before-weir", (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(int arguments, char **argument)
{
    (void)argument;
    if (arguments > 1)
        return forks_before_weir();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fork_after_openmp_and_before_the_first_engine_does_not_matter),
        cmocka_unit_test(a_child_runs_what_its_parent_opened_and_what_it_opens),
        cmocka_unit_test(the_child_of_a_child_runs_as_well),
        cmocka_unit_test(a_daemon_runs_the_engine_that_was_opened_before),
        cmocka_unit_test(a_stream_that_was_not_started_starts_in_the_child),
        cmocka_unit_test(the_caller_in_the_child_gets_the_failure_and_keeps_its_arithmetic),
        cmocka_unit_test(a_fork_beside_a_run_of_another_thread_leaves_that_to_the_parent),
        cmocka_unit_test(a_child_opens_an_engine_while_threads_of_its_parent_do),
        cmocka_unit_test(a_fork_inside_an_op_leaves_the_run_to_the_parent),
        cmocka_unit_test(a_stream_that_was_started_stays_with_the_parent),
        cmocka_unit_test(a_fork_inside_a_call_of_a_stream_leaves_it_to_the_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
