/* Tests what happens when the system or the OpenMP runtime does not give the threads asked for.
 *
 * Run by ctest; each case is a child process, since the environment and the limits must be there
 * before the runtime starts.  It must never leave a limit on itself. */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SKIPPED = 77 };

#define CHILD_CHECK(x)                                                                             \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "child, line %d: %s (%s)\n", __LINE__, #x, weir_last_error()->text);   \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* Runs trees on an engine that asks for `asked` workers and may get `least` to `most`. */
static int child_runs(unsigned asked, unsigned least, unsigned most)
{
    const weir_engine_options options = {.workers = asked};
    weir_engine *engine;
    weir_plan *plan;
    weir_layer layer;
    tree context = {.fanout = 3, .spin = 20};
    tree_describe(&layer, 3, 7);
    CHILD_CHECK(weir_engine_open(&options, &engine) == WEIR_OK);
    CHILD_CHECK(asked == 0 || weir_engine_workers(engine) == asked);
    CHILD_CHECK(weir_plan_compile(&layer, &plan) == WEIR_OK);
    for (uint64_t i = 0; i < 50 / SLOW_BUILD; i++) {
        const tree_node in = {.id = i, .height = 7};
        uint64_t out = 0;
        weir_stats s;
        CHILD_CHECK(weir_run(engine, plan, &context, &in, &out) == WEIR_OK);
        CHILD_CHECK(out == tree_answer(in, 3));
        weir_engine_stats(engine, &s);
        CHILD_CHECK(s.workers >= least && s.workers <= most);
        CHILD_CHECK(s.branches == tree_branches(7, 3));
        CHILD_CHECK(s.peak_bytes <= s.certified_bytes);
        CHILD_CHECK(s.workers > 1 || s.promotions == 0);
    }
    weir_plan_free(plan);
    weir_engine_close(engine);
    return 0;
}

/* More threads than the limit allows are refused with a text that names the number asked for; what
 * is within the limit still works in the same process. */
static int child_is_refused(unsigned asked)
{
    const weir_engine_options options = {.workers = asked, .bind = WEIR_BIND_NONE};
    char number[32];
    weir_engine *engine = NULL;
    CHILD_CHECK(weir_engine_open(&options, &engine) == WEIR_ESYS);
    CHILD_CHECK(engine == NULL);
    CHILD_CHECK(weir_last_error()->status == WEIR_ESYS);
    CHILD_CHECK(weir_last_error()->code == EAGAIN || weir_last_error()->code == ENOMEM);
    CHILD_CHECK(strcmp(weir_last_error()->where, "workers") == 0);
    CHILD_CHECK(strstr(weir_last_error()->text, "workers") != NULL);
    snprintf(number, sizeof number, "%u", asked);
    CHILD_CHECK(strstr(weir_last_error()->text, number) != NULL);
    return child_runs(1, 1, 1);
}

static int child_without_processes(void)
{
    const struct rlimit few = {4, 4};
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return CHILD_SKIPPED;
    CHILD_CHECK(setrlimit(RLIMIT_NPROC, &few) == 0);
    return child_is_refused(64);
}

static int child_without_address_space(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || SLOW_BUILD > 1
    return CHILD_SKIPPED; /* the sanitizer itself needs terabytes of it */
#else
    const struct rlimit little = {(rlim_t)512 << 20, (rlim_t)512 << 20};
    CHILD_CHECK(setrlimit(RLIMIT_AS, &little) == 0);
    return child_is_refused(1000); /* their stacks are larger than that together */
#endif
}

/* ---- refused after the engine was opened ---- */

/* Leaves a few megabytes of address space, or gives back what was there. */
static int limit_address_space(bool on)
{
    static struct rlimit before;
    static bool known;
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHILD_CHECK(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    CHILD_CHECK(known || getrlimit(RLIMIT_AS, &before) == 0);
    known = true;
    struct rlimit limit = before;
    if (on)
        limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)4 << 20);
    CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    return 0;
}

typedef struct small_run {
    weir_engine *engine;
    weir_plan *plan;
    weir_status status;
} small_run;

static void *run_small(void *argument)
{
    small_run *r = argument;
    tree context = {.fanout = 3};
    const tree_node in = {.id = 1, .height = 3};
    uint64_t out = 0;
    r->status = weir_run(r->engine, r->plan, &context, &in, &out);
    if (r->status == WEIR_OK && out != tree_answer(in, 3))
        r->status = WEIR_EINVAL;
    return NULL;
}

static int run_elsewhere(small_run *r)
{
    pthread_t thread;
    CHILD_CHECK(pthread_create(&thread, NULL, run_small, r) == 0);
    return pthread_join(thread, NULL);
}

static int one_item(void *done, void *item)
{
    *(int *)item = 0;
    return (*(int *)done)++ == 0 ? WEIR_OK : WEIR_END;
}

static int stream_gives(weir_engine *engine, weir_status expected)
{
    int done = 0, item;
    const weir_stage_options o = {
        .name = "one", .item_bytes = sizeof item, .jobs = 1, .buffer = 1, .state = &done};
    weir_stream *s;
    weir_stage stage;
    CHILD_CHECK(weir_stream_open(engine, &s) == WEIR_OK);
    CHILD_CHECK(weir_stream_source(s, &o, one_item, &stage) == WEIR_OK);
    CHILD_CHECK(weir_stream_start(s) == expected);
    CHILD_CHECK(expected != WEIR_OK || weir_next(s, stage, &item) == WEIR_OK);
    CHILD_CHECK(weir_stream_close(s) == WEIR_OK);
    return 0;
}

/* The system's cache of stacks has five of the sixteen. */
static int child_refused_later(void)
{
    const weir_engine_options options = {.workers = 16, .bind = WEIR_BIND_NONE};
    weir_layer layer;
    small_run r;
    tree_describe(&layer, 3, 3);
    CHILD_CHECK(weir_plan_compile(&layer, &r.plan) == WEIR_OK);
    CHILD_CHECK(weir_engine_open(&options, &r.engine) == WEIR_OK);
    for (int round = 0; round < 2; round++) {
        CHILD_CHECK(limit_address_space(true) == 0);
        run_small(&r);
        CHILD_CHECK(r.status == WEIR_ESYS);
        CHILD_CHECK(strstr(weir_last_error()->text, "16") != NULL);
        CHILD_CHECK(stream_gives(r.engine, WEIR_ESYS) == 0);
        CHILD_CHECK(limit_address_space(false) == 0);
    }
    CHILD_CHECK(stream_gives(r.engine, WEIR_OK) == 0);
    CHILD_CHECK(limit_address_space(true) == 0);
    run_small(&r); /* the stream had a pool of its own, which is gone; libomp keeps its threads */
#if !defined(__clang__)
    CHILD_CHECK(r.status == WEIR_ESYS);
#endif
    CHILD_CHECK(limit_address_space(false) == 0);
    run_small(&r);
    CHILD_CHECK(r.status == WEIR_OK);
    CHILD_CHECK(limit_address_space(true) == 0);
    run_small(&r); /* a warm one makes no thread */
    CHILD_CHECK(r.status == WEIR_OK);
    CHILD_CHECK(limit_address_space(false) == 0);
    CHILD_CHECK(run_elsewhere(&r) == 0 && r.status == WEIR_OK);
    weir_plan_free(r.plan);
    weir_engine_close(r.engine);
    return 0;
}

/* A new thread's first run needs threads of its own, and is refused by itself. */
static int child_refused_elsewhere(void)
{
    const weir_engine_options options = {.workers = 4, .bind = WEIR_BIND_NONE};
    weir_layer layer;
    small_run r;
    tree_describe(&layer, 3, 3);
    CHILD_CHECK(weir_plan_compile(&layer, &r.plan) == WEIR_OK);
    CHILD_CHECK(weir_engine_open(&options, &r.engine) == WEIR_OK);
    run_small(&r);
    CHILD_CHECK(r.status == WEIR_OK);
    pthread_attr_t small;
    pthread_t thread;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 20);
    CHILD_CHECK(limit_address_space(true) == 0);
    CHILD_CHECK(pthread_create(&thread, &small, run_small, &r) == 0);
    CHILD_CHECK(pthread_join(thread, NULL) == 0);
    CHILD_CHECK(r.status == WEIR_ESYS);
    run_small(&r);
    CHILD_CHECK(r.status == WEIR_OK);
    CHILD_CHECK(limit_address_space(false) == 0);
    CHILD_CHECK(run_elsewhere(&r) == 0 && r.status == WEIR_OK);
    weir_plan_free(r.plan);
    weir_engine_close(r.engine);
    return 0;
}

/* The tree, of any height, on another thread without threads of OpenMP's yet, where the system
 * gives none. */
typedef struct late_run {
    weir_engine *engine;
    weir_plan *plan;
    uint32_t height;
    weir_status status;
    weir_stats stats;
} late_run;

static void *run_late(void *argument)
{
    late_run *r = argument;
    tree context = {.fanout = 3, .spin = r->height == 0 ? 0 : 200};
    const tree_node in = {.id = 1, .height = r->height};
    uint64_t out = 0;
    r->status = weir_run(r->engine, r->plan, &context, &in, &out);
    weir_engine_stats(r->engine, &r->stats);
    if (r->status == WEIR_OK && out != tree_answer(in, 3))
        r->status = WEIR_EINVAL;
    return NULL;
}

static int run_late_elsewhere(late_run *r, uint32_t height)
{
    pthread_attr_t small;
    pthread_t thread;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 20);
    r->height = height;
    CHILD_CHECK(limit_address_space(true) == 0);
    CHILD_CHECK(pthread_create(&thread, &small, run_late, r) == 0);
    CHILD_CHECK(pthread_join(thread, NULL) == 0);
    CHILD_CHECK(limit_address_space(false) == 0);
    return 0;
}

/* A run that has begun alone can do without the threads that it then calls for. */
static int child_refused_in_the_middle(void)
{
    const weir_engine_options options = {.workers = 16, .bind = WEIR_BIND_NONE};
    weir_layer layer;
    late_run r = {.height = 0};
    tree_describe(&layer, 3, 9);
    CHILD_CHECK(weir_plan_compile(&layer, &r.plan) == WEIR_OK);
    CHILD_CHECK(weir_engine_open(&options, &r.engine) == WEIR_OK);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) { /* by then runs of this plan begin alone */
            run_late(&r);
            CHILD_CHECK(r.status == WEIR_OK && r.stats.workers == 16);
        }
        if (round == 0) {
            CHILD_CHECK(run_late_elsewhere(&r, 0) == 0);
            CHILD_CHECK(r.status == WEIR_OK && r.stats.workers == 16);
        }
        CHILD_CHECK(run_late_elsewhere(&r, 9) == 0);
        CHILD_CHECK(r.status == WEIR_OK);
        CHILD_CHECK(r.stats.workers == 1 && r.stats.promotions == 0 && r.stats.idle_ns == 0);
        CHILD_CHECK(r.stats.branches == tree_branches(9, 3));
        /* That was late, and the next one begins with what it cannot have. */
        CHILD_CHECK(run_late_elsewhere(&r, 9) == 0);
        CHILD_CHECK(r.status == WEIR_ESYS);
        r.height = 0;
    }
    weir_plan_free(r.plan);
    weir_engine_close(r.engine);
    return 0;
}

/* More than there are addresses. */
static int child_with_too_large_a_stack(const char *variable)
{
    const weir_engine_options options = {.workers = 3, .bind = WEIR_BIND_NONE};
    weir_engine *engine;
    CHILD_CHECK(weir_engine_open(&options, &engine) == WEIR_ESYS);
    CHILD_CHECK(strstr(weir_last_error()->text, variable) != NULL);
    return child_runs(1, 1, 1);
}

static int be_child(const char *what)
{
    if (strcmp(what, "refused-later") == 0)
        return child_refused_later();
    if (strcmp(what, "refused-elsewhere") == 0)
        return child_refused_elsewhere();
    if (strcmp(what, "refused-in-the-middle") == 0)
        return child_refused_in_the_middle();
    if (strcmp(what, "too-large-OMP_STACKSIZE") == 0)
        return child_with_too_large_a_stack("OMP_STACKSIZE");
    if (strcmp(what, "too-large-GOMP_STACKSIZE") == 0)
        return child_with_too_large_a_stack("GOMP_STACKSIZE");
    if (strcmp(what, "one") == 0)
        return child_runs(8, 1, 1);
    if (strcmp(what, "at-most-three") == 0)
        return child_runs(8, 1, 3);
    if (strcmp(what, "any-of-eight") == 0)
        return child_runs(8, 1, 8);
    if (strcmp(what, "eight") == 0)
        return child_runs(8, 8, 8);
    if (strcmp(what, "default") == 0)
        return child_runs(0, 1, 4096);
    if (strcmp(what, "no-processes") == 0)
        return child_without_processes();
    if (strcmp(what, "no-address-space") == 0)
        return child_without_address_space();
    return 2;
}

/* The exit status of this program run as a child. */
static int run_child(const char *what, const char *variable, const char *value)
{
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (variable != NULL)
            setenv(variable, value, 1);
        execl("/proc/self/exe", "threads_test", what, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("the child %s died of signal %d", what, WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void a_thread_limit_of_one_runs_everything_in_place(void **state)
{
    (void)state;
    assert_int_equal(run_child("one", "OMP_THREAD_LIMIT", "1"), 0);
}

static void a_thread_limit_below_the_workers_runs_with_what_there_is(void **state)
{
    (void)state;
    assert_int_equal(run_child("at-most-three", "OMP_THREAD_LIMIT", "3"), 0);
}

static void dynamic_teams_may_have_any_size(void **state)
{
    (void)state;
    assert_int_equal(run_child("any-of-eight", "OMP_DYNAMIC", "true"), 0);
}

static void more_workers_than_cpus_are_all_there(void **state)
{
    (void)state;
    assert_int_equal(run_child("eight", NULL, NULL), 0);
}

static void the_openmp_environment_of_the_user_is_respected(void **state)
{
    static const char *const set[][2] = {
        {"OMP_PROC_BIND", "true"},     {"OMP_PROC_BIND", "spread"},
        {"OMP_PROC_BIND", "false"},    {"OMP_PLACES", "cores"},
        {"OMP_PLACES", "threads"},     {"OMP_NUM_THREADS", "1"},
        {"OMP_WAIT_POLICY", "active"}, {"OMP_WAIT_POLICY", "passive"},
        {"OMP_MAX_ACTIVE_LEVELS", "4"}};
    (void)state;
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
        assert_int_equal(run_child("any-of-eight", set[i][0], set[i][1]), 0);
        assert_int_equal(run_child("default", set[i][0], set[i][1]), 0);
    }
}

static void no_active_levels_run_everything_in_place(void **state)
{
    (void)state;
    assert_int_equal(run_child("one", "OMP_MAX_ACTIVE_LEVELS", "0"), 0);
}

static void skip_or_pass(int status)
{
    if (status == CHILD_SKIPPED)
        skip();
    assert_int_equal(status, 0);
}

static void threads_that_the_process_limit_refuses_are_an_error_not_an_end(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* the limit counts all processes of a user; an unused one is needed */
    skip_or_pass(run_child("no-processes", NULL, NULL));
}

static void threads_that_the_address_space_refuses_are_an_error_not_an_end(void **state)
{
    (void)state;
    skip_or_pass(run_child("no-address-space", NULL, NULL));
}

static void
threads_that_are_refused_after_the_open_are_an_error_and_the_engine_goes_on(void **state)
{
    (void)state;
#if SLOW_BUILD > 1
    skip(); /* the sanitizer itself needs terabytes of address space */
#endif
    assert_int_equal(run_child("refused-later", NULL, NULL), 0);
    assert_int_equal(run_child("refused-elsewhere", NULL, NULL), 0);
}

static void threads_that_are_refused_to_a_run_that_began_alone_do_not_stop_it(void **state)
{
    (void)state;
#if SLOW_BUILD > 1
    skip();
#endif
    assert_int_equal(run_child("refused-in-the-middle", NULL, NULL), 0);
}

static void the_threads_are_tried_with_the_stacks_that_openmp_will_give_them(void **state)
{
    (void)state;
    assert_int_equal(run_child("too-large-OMP_STACKSIZE", "OMP_STACKSIZE", "200000G"), 0);
    assert_int_equal(run_child("too-large-OMP_STACKSIZE", "OMP_STACKSIZE", " 200000000 m "), 0);
    assert_int_equal(run_child("too-large-OMP_STACKSIZE", "OMP_STACKSIZE", "200000000000"), 0);
    assert_int_equal(run_child("too-large-GOMP_STACKSIZE", "GOMP_STACKSIZE", "200000000000k"), 0);
    assert_int_equal(run_child("any-of-eight", "OMP_STACKSIZE", "1M"), 0);
    assert_int_equal(run_child("any-of-eight", "OMP_STACKSIZE", "100000B"), 0);
    assert_int_equal(run_child("any-of-eight", "OMP_STACKSIZE", "much"), 0);
    assert_int_equal(run_child("any-of-eight", "OMP_STACKSIZE", "1"), 0);
}

int main(int arguments, char **argument)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_limit_of_one_runs_everything_in_place),
        cmocka_unit_test(a_thread_limit_below_the_workers_runs_with_what_there_is),
        cmocka_unit_test(dynamic_teams_may_have_any_size),
        cmocka_unit_test(more_workers_than_cpus_are_all_there),
        cmocka_unit_test(the_openmp_environment_of_the_user_is_respected),
        cmocka_unit_test(no_active_levels_run_everything_in_place),
        cmocka_unit_test(threads_that_the_process_limit_refuses_are_an_error_not_an_end),
        cmocka_unit_test(threads_that_the_address_space_refuses_are_an_error_not_an_end),
        cmocka_unit_test(
            threads_that_are_refused_after_the_open_are_an_error_and_the_engine_goes_on),
        cmocka_unit_test(threads_that_are_refused_to_a_run_that_began_alone_do_not_stop_it),
        cmocka_unit_test(the_threads_are_tried_with_the_stacks_that_openmp_will_give_them),
    };
    return arguments > 1 ? be_child(argument[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
