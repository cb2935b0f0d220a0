/* What a stream costs: nanoseconds an item through source, stage (2 jobs) and consumer; latency from
 * push to next; processor time while the consumer sleeps.
 *
 * People run it, `streams --help` says how; with -DWEIR_PEER_TBB=ON oneTBB's parallel_pipeline takes
 * turns with it in the same run.  It must never print a time of a wrong answer. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "calibrate.h"
#include "leaf.h"
#include "timing.h"
#include "weir.h"
#if defined(WEIR_PEER_TBB)
#include "peers/peers.h"
#endif

enum { ROUNDS = 5, JOBS = 2 };

/* Seconds of processor time that this process has used. */
static double processor_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "streams: %s: %s\n", what, weir_last_error()->text);
    exit(1);
}

/* ---- the stream ---- */

typedef struct counter {
    uint64_t next, items;
} counter;

static int count_up(void *state, void *item)
{
    counter *c = state;
    if (c->next == c->items)
        return WEIR_END;
    *(uint64_t *)item = c->next++;
    return WEIR_OK;
}

static int twice(void *state, const void *const *items, weir_yielder *y)
{
    const uint64_t item = 2 * *(const uint64_t *)items[0] * leaf_work(*(const uint64_t *)state);
    return weir_yield(y, &item);
}

typedef struct job {
    uint64_t items, steps;
    unsigned buffer, workers;
    bool ordered;
} job;

/* Runs the job as a stream; seconds, or no return if the answer is wrong. */
static double run_weir(weir_engine *engine, const job *j)
{
    counter c = {.items = j->items};
    uint64_t steps = j->steps, item, sum = 0;
    const weir_stage_options up = {
        .name = "source", .item_bytes = sizeof item, .jobs = 1, .buffer = j->buffer, .state = &c};
    const weir_stage_options work = {.name = "work",
                                     .item_bytes = sizeof item,
                                     .jobs = JOBS,
                                     .buffer = j->buffer,
                                     .unordered = !j->ordered,
                                     .state = &steps};
    weir_stream *s;
    weir_stage a, b = 0;
    const double began = timing_now();
    if (weir_stream_open(engine, &s) != WEIR_OK ||
        weir_stream_source(s, &up, count_up, &a) != WEIR_OK ||
        weir_stream_stage(s, &work, twice, 1, &a, &b) != WEIR_OK || weir_stream_start(s) != WEIR_OK)
        die("start");
    bool in_order = true;
    for (uint64_t n = 0; weir_next(s, b, &item) == WEIR_OK; n++) {
        in_order &= item == 2 * n;
        sum += item;
    }
    if (weir_stream_close(s) != WEIR_OK)
        die("close");
    if (sum != j->items * (j->items - 1) || (j->ordered && !in_order)) {
        fprintf(stderr, "streams: a wrong answer\n");
        exit(1);
    }
    return timing_now() - began;
}

#if defined(WEIR_PEER_TBB)
static double run_tbb(const job *j)
{
    const double began = timing_now();
    if (peer_tbb_pipeline(j->items, j->buffer, j->workers, j->ordered, j->steps) !=
        j->items * (j->items - 1)) {
        fprintf(stderr, "streams: a wrong answer from oneTBB\n");
        exit(1);
    }
    return timing_now() - began;
}
#endif

static void compare(weir_engine *engine, const char *name, const job *j)
{
    double weir[ROUNDS], tbb[ROUNDS] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        weir[round] = run_weir(engine, j);
#if defined(WEIR_PEER_TBB)
        tbb[round] = run_tbb(j);
#endif
    }
    const double per_item = 1e9 / (double)j->items;
    printf("%-10s %-10s %6u %12.1f", name, j->ordered ? "ordered" : "unordered", j->buffer,
           timing_median(weir, ROUNDS) * per_item);
    if (tbb[0] > 0)
        printf(" %12.1f %8.2f", timing_median(tbb, ROUNDS) * per_item,
               timing_median(weir, ROUNDS) / timing_median(tbb, ROUNDS));
    putchar('\n');
}

/* ---- latency and rest ---- */

static int pass_on(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    return weir_yield(y, items[0]);
}

/* Push one item, pull it through a stage; microseconds, and with pauses between that let the
 * workers fall asleep. */
static void measure_latency(weir_engine *engine)
{
    enum { ITEMS = 2000 };
    const weir_stage_options in = {
        .name = "in", .item_bytes = sizeof(uint64_t), .jobs = 1, .buffer = 4};
    const weir_stage_options pass = {
        .name = "pass", .item_bytes = sizeof(uint64_t), .jobs = 1, .buffer = 4};
    for (int asleep = 0; asleep < 2; asleep++) {
        weir_stream *s;
        weir_stage a, b = 0;
        if (weir_stream_open(engine, &s) != WEIR_OK || weir_stream_inlet(s, &in, &a) != WEIR_OK ||
            weir_stream_stage(s, &pass, pass_on, 1, &a, &b) != WEIR_OK ||
            weir_stream_start(s) != WEIR_OK)
            die("latency");
        double total = 0;
        for (uint64_t i = 0; i < ITEMS; i++) {
            const struct timespec pause = {0, 200000};
            uint64_t item = 0;
            if (asleep)
                nanosleep(&pause, NULL);
            const double began = timing_now();
            if (weir_push(s, a, &i) != WEIR_OK || weir_next(s, b, &item) != WEIR_OK || item != i)
                die("latency");
            total += timing_now() - began;
        }
        printf("push to next, workers %s: %.2f us\n", asleep ? "asleep" : "awake",
               total * 1e6 / (double)ITEMS);
        weir_push_end(s, a);
        weir_stream_close(s);
    }
}

/* Processor time of the process while a started stream has full buffers and nobody pulls. */
static void measure_rest(weir_engine *engine)
{
    counter c = {.items = UINT64_MAX};
    const weir_stage_options up = {
        .name = "source", .item_bytes = sizeof(uint64_t), .jobs = 1, .buffer = 10, .state = &c};
    const struct timespec settle = {0, 50000000}, rest = {1, 0};
    weir_stream *s;
    weir_stage a;
    if (weir_stream_open(engine, &s) != WEIR_OK ||
        weir_stream_source(s, &up, count_up, &a) != WEIR_OK || weir_stream_start(s) != WEIR_OK)
        die("rest");
    nanosleep(&settle, NULL);
    const double began = processor_time();
    nanosleep(&rest, NULL);
    printf("processor time while the consumer sleeps for 1 s: %.3f ms\n",
           (processor_time() - began) * 1e3);
    weir_stream_close(s);
}

/* ---- the whole ---- */

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void soak(weir_engine *engine, uint64_t items)
{
    const job warm = {.items = 1000000, .buffer = 64, .ordered = true};
    const job all = {.items = items, .buffer = 64, .ordered = true};
    run_weir(engine, &warm);
    const long before = peak_kib();
    const double seconds = run_weir(engine, &all);
    printf("soak: %llu items in %.1f s, %.1f ns an item; peak resident set %ld KiB before, %ld KiB "
           "after\n",
           (unsigned long long)items, seconds, seconds * 1e9 / (double)items, before, peak_kib());
}

static void run_all(weir_engine *engine)
{
    static const unsigned buffers[] = {16, 64, 1024};
    const uint64_t unit = calibrate_100_ns();
    const unsigned workers = weir_engine_workers(engine);
    printf("%-10s %-10s %6s %12s%s\n", "work", "order", "buffer", "weir ns/item",
#if defined(WEIR_PEER_TBB)
           "  TBB ns/item    ratio"
#else
           ""
#endif
    );
    for (unsigned i = 0; i < 3; i++)
        for (int ordered = 1; ordered >= 0; ordered--) {
            const unsigned buffer = buffers[i];
            compare(engine, "empty", &(job){2000000, 0, buffer, workers, ordered});
            compare(engine, "100 ns", &(job){1000000, unit, buffer, workers, ordered});
            compare(engine, "1 us", &(job){200000, 10 * unit, buffer, workers, ordered});
        }
    measure_latency(engine);
    measure_rest(engine);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"workers", required_argument, NULL, 'w'},
                                            {"soak", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    weir_engine_options engine_options = {0};
    size_t soak_items = 0;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (c) {
        case 'w':
            engine_options.workers = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 's':
            if (weir_parse_bytes(optarg, &soak_items) != WEIR_OK)
                die("--soak");
            break;
        case 'h':
            puts("usage: streams [--workers N] [--soak ITEMS]\n"
                 "Times a stream of source, stage with 2 jobs, and consumer, in turns with oneTBB\n"
                 "where it was built in; then latency and rest. With --soak it only passes that\n"
                 "many small items, and shows that memory stays flat.");
            return 0;
        default:
            return 2;
        }
    weir_engine *engine;
    if (weir_engine_open(&engine_options, &engine) != WEIR_OK)
        die("open");
    if (soak_items > 0)
        soak(engine, soak_items);
    else
        run_all(engine);
    weir_engine_close(engine);
    return 0;
}
