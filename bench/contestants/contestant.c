/* The main program of every contestant: reads a problem, runs it, prints one line of key=value.
 *
 * The suite starts it, once for every turn; people may, too.  It must never print a time without
 * the answer that belongs to it. */
#include "contestant.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "../timing.h"

enum { MOST_REPEATS = 1001 };

typedef struct arguments {
    problem timed, warm_up;
    uint64_t repeats, most_ms;
} arguments;

__attribute__((weak)) void contestant_prepare(const problem *p)
{
    (void)p;
}

__attribute__((weak)) void contestant_finish(const problem *p)
{
    (void)p;
}

__attribute__((weak)) void contestant_conclude(const problem *p)
{
    (void)p;
}

/* A line of /proc/self/status, in bytes; 0 if it cannot be read. */
static uint64_t resident_bytes(const char *key)
{
    char line[128];
    uint64_t kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtoull(line + strlen(key), NULL, 10);
    if (file != NULL)
        fclose(file);
    return kib * 1024;
}

static const contest *find_contest(const char *name)
{
    for (const contest *c = contestant_contests; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* Runs `repeats` times, or until the runs have taken so many ms, but once at least; the median
 * time in *seconds. False if two runs gave different answers. */
static bool run(const contest *c, problem *p, uint64_t repeats, uint64_t most_ms, double *seconds,
                uint64_t *answer)
{
    static double times[MOST_REPEATS];
    double sum = 0;
    uint64_t runs = 0;
    for (uint64_t i = 0; i < repeats && (i == 0 || sum < 1e-3 * (double)most_ms); i++) {
        problem_reset(p);
        contestant_prepare(p);
        const double began = timing_now();
        const uint64_t result = c->run(p);
        times[i] = timing_now() - began;
        contestant_conclude(p);
        sum += times[i];
        runs++;
        const uint64_t checked = problem_answer(p, result);
        if (i > 0 && checked != *answer)
            return false;
        *answer = checked;
    }
    contestant_finish(p);
    *seconds = timing_median(times, runs);
    return true;
}

/* For the problems that are graphs: an answer of 0 is a wrong one. */
static bool is_wrong(const problem *p, uint64_t answer)
{
    if (p->dag != NULL && answer == 0)
        fprintf(stderr, "a task of %s began too early, or twice, or the result was wrong\n",
                p->name);
    return p->dag != NULL && answer == 0;
}

static int contend(const contest *c, arguments *a)
{
    double seconds;
    uint64_t answer;
    if (!problem_create(&a->timed) || !problem_create(&a->warm_up)) {
        fprintf(stderr, "%s could not be made\n", c->name);
        return 1;
    }
    if (!contestant_open(&a->timed))
        return 1;
    if (!run(c, &a->warm_up, 1, a->most_ms, &seconds, &answer))
        return 1;
    if (is_wrong(&a->warm_up, answer))
        return 1;
    problem_destroy(&a->warm_up);
    const uint64_t before = resident_bytes("VmRSS:");
    if (!run(c, &a->timed, a->repeats, a->most_ms, &seconds, &answer)) {
        fprintf(stderr, "two runs of %s gave different answers\n", c->name);
        return 1;
    }
    if (is_wrong(&a->timed, answer))
        return 1;
    printf("seconds=%.9f answer=%" PRIu64 " rss=%" PRIu64 " before=%" PRIu64, seconds, answer,
           resident_bytes("VmHWM:"), before);
    contestant_report(stdout);
    printf(" about=%s\n", contestant_about());
    contestant_close();
    problem_destroy(&a->timed);
    return 0;
}

static void print_help(void)
{
    puts("usage: CONTESTANT PROBLEM --workers N --size N [--depth N] [--steps N] [--bytes N]\n"
         "                  [--warm-size N] [--warm-depth N] [--repeats N] [--most-ms N]\n"
         "                  [--max-bytes N] [--matrix FILE.mtx] [--fasta FILE]\n"
         "       CONTESTANT --list\n"
         "One contestant of weir's benchmark suite; `weir-bench` starts it. Prints one line:\n"
         "seconds (the median of the repeats), answer, peak resident set and resident set before\n"
         "the timed runs in bytes, what the library says of the run, and which library it is.\n"
         "The repeats end early when the runs have taken --most-ms.\n"
         "--list prints the problems that it can solve.");
}

static bool read_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *number <= most;
}

static int read_arguments(int argc, char **argv, arguments *a)
{
    uint64_t workers = 1, warm_size = 0, warm_depth = 0;
    problem *p = &a->timed;
    const struct {
        const char *name;
        uint64_t *number, most;
    } numbers[] = {{"workers", &workers, 4096},
                   {"size", &p->size, UINT64_MAX},
                   {"depth", &p->depth, UINT64_MAX},
                   {"steps", &p->steps, UINT64_MAX},
                   {"bytes", &p->bytes, UINT64_MAX},
                   {"max-bytes", &p->max_bytes, UINT64_MAX},
                   {"warm-size", &warm_size, UINT64_MAX},
                   {"warm-depth", &warm_depth, UINT64_MAX},
                   {"repeats", &a->repeats, MOST_REPEATS},
                   {"most-ms", &a->most_ms, UINT64_MAX}};
    enum { NUMBERS = sizeof numbers / sizeof *numbers, MATRIX = NUMBERS, FASTA };
    struct option options[NUMBERS + 3] = {{NULL, 0, NULL, 0}};
    for (int i = 0; i < NUMBERS; i++)
        options[i] = (struct option){numbers[i].name, required_argument, NULL, i};
    options[MATRIX] = (struct option){"matrix", required_argument, NULL, MATRIX};
    options[FASTA] = (struct option){"fasta", required_argument, NULL, FASTA};
    a->repeats = 1;
    a->most_ms = UINT64_MAX;
    for (int i; (i = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (i == MATRIX)
            p->matrix = optarg;
        else if (i == FASTA)
            p->fasta = optarg;
        else if (i < 0 || i >= NUMBERS ||
                 !read_number(optarg, numbers[i].most, numbers[i].number)) {
            if (i >= 0 && i < NUMBERS)
                fprintf(stderr, "--%s is '%s'; it must be a number\n", numbers[i].name, optarg);
            return 2;
        }
    if (a->repeats == 0 || workers == 0)
        return 2;
    p->workers = (unsigned)workers;
    a->warm_up = *p;
    a->warm_up.checked = true;
    if (warm_size > 0)
        a->warm_up.size = warm_size;
    if (warm_depth > 0)
        a->warm_up.depth = warm_depth;
    return 0;
}

int main(int argc, char **argv)
{
    arguments a = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_help();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (const contest *c = contestant_contests; c->name != NULL; c++)
            puts(c->name);
        return 0;
    }
    if (argc < 2 || find_contest(argv[1]) == NULL) {
        fprintf(stderr, "%s: the first argument must be one of the problems that --list names\n",
                argv[0]);
        return 2;
    }
    a.timed.name = argv[1];
    if (read_arguments(argc - 1, argv + 1, &a) != 0)
        return 2;
    return contend(find_contest(argv[1]), &a);
}
