/* weir's own costs: nanoseconds a node of an empty tree, fib(36), skynet, and an empty run, beside
 * the same in plain recursive C.
 *
 * People run it to see what the engine costs on their machine, `bench/costs --help` says how.  All
 * contestants take turns in one run, and a wrong answer ends it: it must never print a time of a
 * wrong answer. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "twins.h"
#include "weir.h"

#define MOST_ROUNDS 101

/* ---- the pipelines ---- */

static int tree_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (*(uint32_t *)in == 0)
        *n = 0;
    return 0;
}

static int tree_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b, (void)i;
    *(uint32_t *)child_in = *(const uint32_t *)in - 1;
    return 0;
}

static int sum_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const uint64_t *part = results;
    uint64_t sum = 0;
    (void)b, (void)in;
    for (uint32_t i = 0; i < n; i++)
        sum += part[i];
    *(uint64_t *)out = sum;
    return 0;
}

static int tree_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in;
    *(uint64_t *)out = 1;
    return 0;
}

static int fib_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (*(uint32_t *)in < 2)
        *n = 0;
    return 0;
}

static int fib_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b;
    *(uint32_t *)child_in = *(const uint32_t *)in - 1 - i;
    return 0;
}

static int fib_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b;
    *(uint64_t *)out = *(const uint32_t *)in;
    return 0;
}

typedef struct span {
    uint64_t first, leaves;
} span;

static int skynet_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    const span *s = in;
    (void)b;
    *(span *)child_in = (span){s->first + i * (s->leaves / 10), s->leaves / 10};
    return 0;
}

static int skynet_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (((const span *)in)->leaves == 1)
        *n = 0;
    return 0;
}

static int skynet_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b;
    *(uint64_t *)out = ((const span *)in)->first;
    return 0;
}

/* ---- the contest ---- */

typedef struct subject {
    const char *name;
    weir_layer layer;
    span input;
    uint64_t answer, nodes;
    uint64_t (*twin)(void);
    weir_plan *plan;
    double best[3], median[3]; /* twin, 1 worker, N workers */
} subject;

static uint64_t run_tree_twin(void)
{
    return twin_tree(3, 10);
}

static uint64_t run_fib_twin(void)
{
    return twin_fib(36);
}

static uint64_t run_skynet_twin(void)
{
    return twin_skynet(0, 100000000);
}

static subject subjects[] = {
    {.name = "tree 3^10",
     .layer = {.name = "tree",
               .in_bytes = sizeof(uint32_t),
               .out_bytes = sizeof(uint64_t),
               .fanout = 3,
               .max_depth = 11,
               .count = tree_count,
               .split = tree_split,
               .gather = sum_gather,
               .leaf = tree_leaf},
     .input = {.first = 10},
     .answer = 59049,
     .nodes = 88573,
     .twin = run_tree_twin},
    {.name = "fib(36)",
     .layer = {.name = "fib",
               .in_bytes = sizeof(uint32_t),
               .out_bytes = sizeof(uint64_t),
               .fanout = 2,
               .max_depth = 36,
               .count = fib_count,
               .split = fib_split,
               .gather = sum_gather,
               .leaf = fib_leaf},
     .input = {.first = 36},
     .answer = 14930352,
     .nodes = 48315633,
     .twin = run_fib_twin},
    {.name = "skynet 10^8",
     .layer = {.name = "skynet",
               .in_bytes = sizeof(span),
               .out_bytes = sizeof(uint64_t),
               .fanout = 10,
               .max_depth = 9,
               .count = skynet_count,
               .split = skynet_split,
               .gather = sum_gather,
               .leaf = skynet_leaf},
     .input = {.first = 0, .leaves = 100000000},
     .answer = 4999999950000000,
     .nodes = 111111111,
     .twin = run_skynet_twin},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "costs: %s: %s\n", what, weir_last_error()->text);
    exit(1);
}

/* One turn of one contestant: 0 the twin, 1 and 2 the engines. Seconds. */
static double take_turn(subject *s, int contestant, weir_engine *const *engines)
{
    uint64_t out = 0;
    const double began = now();
    if (contestant == 0)
        out = s->twin();
    else if (weir_run(engines[contestant - 1], s->plan, NULL, &s->input, &out) != WEIR_OK)
        die(s->name);
    const double seconds = now() - began;
    if (out != s->answer) {
        fprintf(stderr, "costs: %s: wrong answer %llu, right is %llu\n", s->name,
                (unsigned long long)out, (unsigned long long)s->answer);
        exit(1);
    }
    return seconds;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void contest(subject *s, int rounds, weir_engine *const *engines)
{
    static double seconds[3][MOST_ROUNDS];
    s->layer.child = &s->layer;
    if (weir_plan_compile(&s->layer, &s->plan) != WEIR_OK)
        die(s->name);
    for (int round = -1; round < rounds; round++) /* the first one warms up */
        for (int c = 0; c < 3; c++) {
            const double t = take_turn(s, c, engines);
            if (round >= 0)
                seconds[c][round] = t;
        }
    for (int c = 0; c < 3; c++) {
        qsort(seconds[c], (size_t)rounds, sizeof(double), compare_doubles);
        s->best[c] = seconds[c][0];
        s->median[c] = seconds[c][rounds / 2];
    }
    weir_plan_free(s->plan);
}

static void print_subject(const subject *s, unsigned workers)
{
    static const char *const names[] = {"plain C", "weir", "weir"};
    for (int c = 0; c < 3; c++)
        printf("%-12s %-8s %7u %10.4f %10.4f %9.2f %8.2f\n", c == 0 ? s->name : "", names[c],
               c == 2 ? workers : 1, s->median[c], s->best[c],
               s->median[c] * 1e9 / (double)s->nodes, s->median[c] / s->median[0]);
}

/* A run of a plan that does next to nothing, on a warm engine: microseconds. */
static double empty_run_us(weir_engine *engine)
{
    enum { RUNS = 2000 };
    const weir_layer leaf = {.name = "nothing", .out_bytes = sizeof(uint64_t), .leaf = tree_leaf};
    weir_plan *plan;
    uint64_t out;
    if (weir_plan_compile(&leaf, &plan) != WEIR_OK)
        die("empty run");
    double began = 0;
    for (int i = -100; i < RUNS; i++) {
        if (i == 0)
            began = now();
        if (weir_run(engine, plan, NULL, NULL, &out) != WEIR_OK)
            die("empty run");
    }
    const double us = (now() - began) * 1e6 / (double)RUNS;
    weir_plan_free(plan);
    return us;
}

static void print_help(void)
{
    puts(
        "usage: costs [--rounds N] [--workers N]\n"
        "Times an empty tree, fib(36) and skynet with 10^8 leaves: plain recursive C, weir with 1\n"
        "worker and weir with N, taking turns; and an empty run on a warm engine.\n"
        "  --rounds N   turns of each contestant, 1 to 101 (default 7)\n"
        "  --workers N  workers of the second engine (default: one a core)\n"
        "Every answer is checked. WEIR_BIND and the other variables of weir apply.");
}

static int read_number(const char *option, const char *text, int most)
{
    char *end;
    const long n = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n < 1 || n > most) {
        fprintf(stderr, "costs: %s is '%s'; it must be a number from 1 to %d\n", option, text,
                most);
        exit(2);
    }
    return (int)n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"rounds", required_argument, NULL, 'r'},
                                            {"workers", required_argument, NULL, 'w'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int rounds = 7;
    weir_engine_options many = {0};
    const weir_engine_options one = {.workers = 1};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (c) {
        case 'r':
            rounds = read_number("--rounds", optarg, MOST_ROUNDS);
            break;
        case 'w':
            many.workers = (unsigned)read_number("--workers", optarg, 4096);
            break;
        case 'h':
            print_help();
            return 0;
        default:
            return 2;
        }
    weir_engine *engines[2];
    if (weir_engine_open(&one, &engines[0]) != WEIR_OK ||
        weir_engine_open(&many, &engines[1]) != WEIR_OK)
        die("open");
    const unsigned workers = weir_engine_workers(engines[1]);
    printf("%-12s %-8s %7s %10s %10s %9s %8s\n", "", "", "workers", "median s", "best s", "ns/node",
           "x plain");
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        contest(&subjects[i], rounds, engines);
        print_subject(&subjects[i], workers);
    }
    printf("empty run    weir     %7u %10.2f us\n", 1u, empty_run_us(engines[0]));
    printf("empty run    weir     %7u %10.2f us\n", workers, empty_run_us(engines[1]));
    weir_engine_close(engines[0]);
    weir_engine_close(engines[1]);
    return 0;
}
