/* What it costs that runs share an engine: nested ones, one beside a stream, and the end of a run while
 * workers sleep, beside what the machine takes to wake as many threads.
 *
 * People run it, `sharing --help` says how.  It must never print a time of a wrong answer. */
#include <getopt.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calibrate.h"
#include "leaf.h"
#include "timing.h"
#include "weir.h"

enum { ROUNDS = 5, NESTED_LEAVES = 400, TINY_RUNS = 20000, ITEMS = 300, ENDS = 100 };

static void die(const char *what)
{
    fprintf(stderr, "sharing: %s: %s\n", what, weir_last_error()->text);
    exit(1);
}

static weir_engine *open_engine(unsigned workers)
{
    const weir_engine_options options = {.workers = workers};
    weir_engine *engine;
    if (weir_engine_open(&options, &engine) != WEIR_OK)
        die("open");
    return engine;
}

static weir_plan *compile(const weir_layer *top)
{
    weir_plan *plan;
    if (weir_plan_compile(top, &plan) != WEIR_OK)
        die("compile");
    return plan;
}

/* ---- ops ---- */

/* What the ops of a run are told. */
typedef struct told {
    weir_engine *engine;
    weir_plan *inner;
    uint64_t steps;    /* of one leaf */
    uint32_t runs;     /* nested ones that an op starts */
    uint64_t ended_at; /* when the last op had ended */
    uint64_t leaves;   /* that have been run, of the inner plan */
} told;

static int split_nothing(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in, (void)i, (void)child;
    return 0;
}

static int add_up(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const uint64_t *result = results;
    uint64_t sum = 0;
    (void)b, (void)in;
    for (uint32_t i = 0; i < n; i++)
        sum += result[i];
    *(uint64_t *)out = sum;
    return 0;
}

static int work_in_leaf(weir_branch *b, const void *in, void *out)
{
    (void)in;
    *(uint64_t *)out = leaf_work(((const told *)weir_context(b))->steps);
    return 0;
}

static int start_runs(weir_branch *b, const void *in, void *out)
{
    told *t = weir_context(b);
    (void)in, (void)out;
    for (uint32_t i = 0; i < t->runs; i++) {
        uint64_t leaves;
        if (weir_run(t->engine, t->inner, t, NULL, &leaves) != WEIR_OK)
            return 1;
        t->leaves += leaves;
    }
    t->ended_at = timing_now_ns();
    return 0;
}

static const weir_layer leaf = {
    .name = "leaf", .out_bytes = sizeof(uint64_t), .leaf = work_in_leaf};
static const weir_layer starter = {.name = "starter", .leaf = start_runs};

static weir_plan *leaves_plan(uint32_t n)
{
    const weir_layer top = {.name = "top",
                            .out_bytes = sizeof(uint64_t),
                            .fanout = n,
                            .split = split_nothing,
                            .gather = add_up,
                            .child = &leaf};
    return compile(n == 1 ? &leaf : &top);
}

/* ---- nested ---- */

/* Seconds that one op takes which starts so many runs of so many leaves. */
static double time_nested(weir_engine *engine, uint32_t runs, uint32_t leaves, uint64_t steps)
{
    told t = {.engine = engine, .inner = leaves_plan(leaves), .steps = steps, .runs = runs};
    weir_plan *plan = compile(&starter);
    const double began = timing_now();
    if (weir_run(engine, plan, &t, NULL, NULL) != WEIR_OK || t.leaves != (uint64_t)runs * leaves)
        die("nested");
    const double seconds = timing_now() - began;
    weir_plan_free(plan);
    weir_plan_free(t.inner);
    return seconds;
}

static void compare_nested(weir_engine *alone, weir_engine *team, const char *what, uint32_t runs,
                           uint32_t leaves, uint64_t steps)
{
    double one[ROUNDS], all[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        one[i] = time_nested(alone, runs, leaves, steps);
        all[i] = time_nested(team, runs, leaves, steps);
    }
    const double of_one = timing_median(one, ROUNDS), of_all = timing_median(all, ROUNDS);
    printf("%s: %.1f ms with 1 worker, %.1f ms with %u, ratio %.3f\n", what, of_one * 1e3,
           of_all * 1e3, weir_engine_workers(team), of_all / of_one);
}

/* ---- beside a stream ---- */

static int count_to(void *state, void *item)
{
    uint64_t *next = state;
    if (*next == ITEMS)
        return WEIR_END;
    *(uint64_t *)item = (*next)++;
    return WEIR_OK;
}

static int work_on_item(void *state, const void *const *items, weir_yielder *y)
{
    const uint64_t item = *(const uint64_t *)items[0] * leaf_work(*(const uint64_t *)state);
    return weir_yield(y, &item);
}

static void *consume(void *stream_and_stage)
{
    void **both = stream_and_stage;
    uint64_t item, n = 0;
    while (weir_next(both[0], *(weir_stage *)both[1], &item) == WEIR_OK)
        if (item != n++)
            return NULL;
    return n == ITEMS ? both : NULL;
}

/* A stream of ITEMS calls of 1 ms, one at a time, and on another thread a pipeline of as much work. */
static double time_beside(weir_engine *engine, uint64_t steps_of_ms, bool together)
{
    const weir_stage_options up = {
        .name = "source", .item_bytes = sizeof(uint64_t), .jobs = 1, .buffer = 4};
    uint64_t next = 0, leaves = 0;
    weir_stage_options source = up, work = up;
    weir_stream *s;
    weir_stage a, b;
    pthread_t thread;
    void *right;
    told t = {.steps = steps_of_ms / 10};
    weir_plan *plan = leaves_plan(10 * ITEMS);
    source.state = &next;
    work.name = "work";
    work.state = &steps_of_ms;
    if (weir_stream_open(engine, &s) != WEIR_OK ||
        weir_stream_source(s, &source, count_to, &a) != WEIR_OK ||
        weir_stream_stage(s, &work, work_on_item, 1, &a, &b) != WEIR_OK)
        die("stream");
    void *both[] = {s, &b};
    const double began = timing_now();
    if (weir_stream_start(s) != WEIR_OK || pthread_create(&thread, NULL, consume, both) != 0)
        die("start");
    if (!together)
        pthread_join(thread, &right);
    if (weir_run(engine, plan, &t, NULL, &leaves) != WEIR_OK || leaves != 10 * ITEMS)
        die("run");
    if (together)
        pthread_join(thread, &right);
    const double seconds = timing_now() - began;
    if (right == NULL || weir_stream_close(s) != WEIR_OK)
        die("stream");
    weir_plan_free(plan);
    return seconds;
}

static void measure_beside(weir_engine *team, uint64_t steps_of_ms)
{
    const double ideal = 2e-3 * (int)ITEMS / weir_engine_workers(team);
    double seconds[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        seconds[i] = time_beside(team, steps_of_ms, true);
    const double median = timing_median(seconds, ROUNDS);
    printf(
        "a pipeline beside a stream, 0.3 s of work each: %.0f ms, %.3f of what %u cores could do; "
        "one after the other %.0f ms\n",
        median * 1e3, median / ideal, weir_engine_workers(team),
        time_beside(team, steps_of_ms, false) * 1e3);
}

/* ---- the machine's own wake ---- */

enum { SEARCH_NS = 1000000 }; /* a worker without work looks for some before it sleeps */

/* A thread that sleeps as a worker does, and says that it has been woken. */
typedef struct sleeper {
    _Alignas(64) atomic_uint rung; /* as often as it is to answer; NEVER: it ends */
    _Alignas(64) atomic_uint answered;
    pthread_t thread;
} sleeper;

#define NEVER UINT32_MAX

static void *sleep_and_answer(void *self)
{
    sleeper *s = self;
    for (unsigned seen = 0; seen != NEVER; atomic_store(&s->answered, seen)) {
        const uint64_t until = timing_now_ns() + SEARCH_NS;
        while (atomic_load(&s->rung) == seen && timing_now_ns() < until)
            ;
        while (atomic_load(&s->rung) == seen)
            (void)syscall(SYS_futex, &s->rung, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        seen = atomic_load(&s->rung);
    }
    return NULL;
}

static void ring(sleeper *s, unsigned rung)
{
    atomic_store(&s->rung, rung);
    (void)syscall(SYS_futex, &s->rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Microseconds until so many threads run that have had nothing to do while this one worked. */
static double time_wake(unsigned threads, uint64_t steps)
{
    sleeper *s = aligned_alloc(64, (threads + 1) * sizeof *s);
    double us[ENDS];
    if (s == NULL)
        die("memory");
    for (unsigned k = 0; k < threads; k++) {
        s[k].rung = s[k].answered = 0;
        if (pthread_create(&s[k].thread, NULL, sleep_and_answer, &s[k]) != 0)
            die("threads");
    }
    for (unsigned i = 0; i < ENDS; i++) {
        if (leaf_work(steps) != 1)
            die("work");
        const uint64_t began_ns = timing_now_ns();
        for (unsigned k = 0; k < threads; k++)
            ring(&s[k], i + 1);
        for (unsigned k = 0; k < threads; k++)
            while (atomic_load(&s[k].answered) != i + 1)
                ;
        us[i] = 1e-3 * (double)(timing_now_ns() - began_ns);
    }
    for (unsigned k = 0; k < threads; k++) {
        ring(&s[k], NEVER);
        pthread_join(s[k].thread, NULL);
    }
    free(s);
    return timing_median(us, ENDS);
}

/* ---- the end of a run ---- */

/* Microseconds from the end of the only op to the return of the run, while the other workers have had
 * nothing to do for this long. */
static void measure_end(weir_engine *team, double op_ms, uint64_t steps)
{
    told t = {.engine = team, .inner = leaves_plan(1), .steps = steps, .runs = 1};
    weir_plan *plan = compile(&starter);
    double us[ENDS];
    for (int i = 0; i < ENDS; i++) {
        if (weir_run(team, plan, &t, NULL, NULL) != WEIR_OK)
            die("end");
        us[i] = 1e-3 * (double)(timing_now_ns() - t.ended_at);
    }
    printf(
        "from the end of an op of %.1f ms to that of its run: %.1f us; to wake the other threads "
        "alone: %.1f us\n",
        op_ms, timing_median(us, ENDS), time_wake(weir_engine_workers(team) - 1, steps));
    weir_plan_free(plan);
    weir_plan_free(t.inner);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"workers", required_argument, NULL, 'w'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    unsigned workers = 0;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (c) {
        case 'w':
            workers = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'h':
            puts("usage: sharing [--workers N]\n"
                 "Times nested runs with one worker and with all, a pipeline beside a stream on "
                 "one\n"
                 "engine, and the end of runs in which workers search or sleep, beside the time\n"
                 "in which the machine wakes threads that have slept as long. Medians.");
            return 0;
        default:
            return 2;
        }
    weir_engine *alone = open_engine(1), *team = open_engine(workers);
    const uint64_t us = 10 * calibrate_100_ns();
    compare_nested(alone, team, "a nested run of 400 leaves of 0.5 ms", 1, NESTED_LEAVES, 500 * us);
    compare_nested(alone, team, "20000 nested runs of 1 us", TINY_RUNS, 1, us);
    measure_beside(team, 1000 * us);
    measure_end(team, 0.5, 500 * us);
    measure_end(team, 2, 2000 * us);
    measure_end(team, 20, 20000 * us);
    weir_engine_close(team);
    weir_engine_close(alone);
    return 0;
}
