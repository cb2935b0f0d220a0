/* weir-bench: weir beside plain C and beside its peers, one process a turn.
 *
 * People run it; this file reads the arguments and runs the suites.  It must end with an error if
 * any contestant gave a wrong answer. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contestants.h"
#include "leaf_cost.h"
#include "suites.h"

static const struct {
    const char *name, *help;
    bool (*run)(settings *s, report *r);
} suites[] = {
    {"fork-join", "fib, skynet, nqueens, unbalanced tree search, mergesort, matmul by quadrants",
     suite_fork_join},
    {"grain", "efficiency against the cost of a leaf, up to 1 ms; METG(50 %)", suite_grain},
    {"costs", "weir's own: a node, an empty run, a promotion, a gather task", suite_costs},
    {"chain", "a pipeline that is a list: what more workers cost it, or bring", suite_chain},
    {"numeric", "matrix product, array sum, stencil, beside the machine's own limit",
     suite_numeric},
    {"memory", "over-production: time and peak memory at several limits", suite_memory},
    {"scaling", "strong and weak, 1 to all cores", suite_scaling},
    {"graphs", "empty tasks of a tree and of a random graph; building a graph", suite_graphs},
    {"patterns", "Task Bench's patterns: efficiency, METG(50 %) and METG(75 %)", suite_patterns},
    {"cholesky", "dense, by tiles, on OpenBLAS, beside products of tiles on all cores",
     suite_cholesky},
    {"lu", "the same for LU with partial pivoting", suite_lu},
    {"solve", "sparse triangular solve, a task a row of some nanoseconds", suite_solve},
    {"incomplete", "incomplete Cholesky without fill, a task a row", suite_incomplete},
    {"eliminate", "sparse Cholesky as weir graph --eliminate has it, a task a column",
     suite_eliminate},
    {"wavefront", "the best local alignment of two sequences, by tiles", suite_wavefront},
    {"jacobi", "a time loop as a graph run again and again, and as a loop around one",
     suite_jacobi},
};
enum { SUITES = sizeof suites / sizeof *suites };

typedef struct arguments {
    bool suite[SUITES];
    const char *json, *plots;
    bool list;
} arguments;

static void print_help(void)
{
    puts(
        "usage: weir-bench [options] [SUITE...]\n"
        "Runs weir, the same in plain C, and the peers that were built, taking turns, each turn a\n"
        "process of its own; prints medians, spreads and ratios. A wrong answer fails the run.\n"
        "Suites, all by default:");
    for (int i = 0; i < SUITES; i++)
        printf("  %-10s %s\n", suites[i].name, suites[i].help);
    puts("Options:\n"
         "  --workers N        most workers (default: one a core)\n"
         "  --rounds N         turns of each contestant, 1 to 101 (default 5)\n"
         "  --only A,B,...     these contestants and the sequential program alone\n"
         "  --add NAME=PROGRAM a contestant's program of another build, say of another compiler;\n"
         "                     a name that begins with \"weir-\" is taken for weir\n"
         "  --matrix FILE.mtx  a matrix for the suites that have them (cholesky and lu: in place\n"
         "                     of theirs); may be given up to 8 times\n"
         "  --fasta FILE       two sequences for the wavefront, instead of generated ones\n"
         "  --json FILE        all results as JSON\n"
         "  --plots DIRECTORY  charts as SVG files\n"
         "  --turn-limit S     seconds after which a turn is stopped (default 120)\n"
         "  --quick            small problems, to see that everything works; times mean nothing\n"
         "  --list             the contestants, and what to do to get those that are absent\n"
         "In the tables, spread is (slowest - fastest) / median of the turns, speed-up refers to\n"
         "the sequential program, resident is the peak resident set of the process, and growth\n"
         "what of it the timed runs added.\n"
         "Exit code: 0, 1 if an answer was wrong or something failed, 2 for wrong arguments.");
}

static void print_list(const settings *s)
{
    for (unsigned i = 0; i < s->contestants_count; i++) {
        const contestant *c = &s->contestants[i];
        if (c->present)
            printf("%-15s%s\n", c->name, c->problems);
        else
            printf("%-15s absent: %s\n", c->name, c->hint);
    }
}

static bool read_number(const char *option, const char *text, unsigned most, unsigned *number)
{
    char *end;
    const unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || n < 1 || n > most) {
        fprintf(stderr, "weir-bench: %s is '%s'; it must be a number from 1 to %u\n", option, text,
                most);
        return false;
    }
    *number = (unsigned)n;
    return true;
}

static bool read_suites(int argc, char **argv, arguments *a)
{
    for (int i = 0; i < SUITES; i++)
        a->suite[i] = optind == argc;
    for (; optind < argc; optind++) {
        int at = 0;
        while (at < SUITES && strcmp(suites[at].name, argv[optind]) != 0)
            at++;
        if (at == SUITES) {
            fprintf(stderr, "weir-bench: '%s' is no suite; --help names them\n", argv[optind]);
            return false;
        }
        a->suite[at] = true;
    }
    return true;
}

static bool add_matrix(settings *s, const char *path)
{
    if (s->matrices_count == MOST_MATRICES || access(path, R_OK) != 0) {
        fprintf(stderr, "weir-bench: --matrix %s: %s\n", path,
                s->matrices_count == MOST_MATRICES ? "at most 8 of them" : strerror(errno));
        return false;
    }
    s->matrices[s->matrices_count++] = path;
    return true;
}

/* 0: go on; else leave with what is in *exit_code. */
static int read_arguments(int argc, char **argv, settings *s, arguments *a, int *exit_code)
{
    static const struct option options[] = {{"workers", required_argument, NULL, 'w'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"add", required_argument, NULL, 'a'},
                                            {"matrix", required_argument, NULL, 'm'},
                                            {"fasta", required_argument, NULL, 'f'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"plots", required_argument, NULL, 'p'},
                                            {"turn-limit", required_argument, NULL, 't'},
                                            {"quick", no_argument, NULL, 'q'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *only = NULL;
    unsigned limit = 120;
    bool good = true;
    for (int c; good && (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (c) {
        case 'w':
            good = read_number("--workers", optarg, 4096, &s->workers);
            break;
        case 'r':
            good = read_number("--rounds", optarg, MOST_ROUNDS, &s->rounds);
            break;
        case 't':
            good = read_number("--turn-limit", optarg, 86400, &limit);
            break;
        case 'o':
            only = optarg;
            break;
        case 'a':
            good = contestants_add(s, optarg);
            break;
        case 'm':
            good = add_matrix(s, optarg);
            break;
        case 'f':
            s->fasta = optarg;
            break;
        case 'j':
            a->json = optarg;
            break;
        case 'p':
            a->plots = optarg;
            break;
        case 'q':
            s->quick = true;
            break;
        case 'l':
            a->list = true;
            break;
        case 'h':
            print_help();
            *exit_code = 0;
            return 1;
        default:
            good = false;
        }
    s->turn_limit = limit;
    *exit_code = 2;
    return good && read_suites(argc, argv, a) && (only == NULL || contestants_choose(s, only)) ? 0
                                                                                               : 1;
}

/* The files are made before hours of measuring. */
static bool open_outputs(const arguments *a, report *r)
{
    r->plots = a->plots;
    if (a->plots != NULL && mkdir(a->plots, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "weir-bench: --plots %s: %s\n", a->plots, strerror(errno));
        return false;
    }
    if (a->json != NULL && (r->json_file = fopen(a->json, "w")) == NULL) {
        fprintf(stderr, "weir-bench: --json %s: %s\n", a->json, strerror(errno));
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static settings s = {.rounds = 5};
    static report r;
    arguments a = {.json = NULL};
    int exit_code;
    contestants_find(&s);
    if (read_arguments(argc, argv, &s, &a, &exit_code) != 0)
        return exit_code;
    if (a.list) {
        print_list(&s);
        return 0;
    }
    if (!open_outputs(&a, &r))
        return 1;
    if (weir_topology_load(NULL, &s.topology) != WEIR_OK) {
        fprintf(stderr, "weir-bench: topology: %s\n", weir_last_error()->text);
        return 1;
    }
    if (s.workers == 0)
        s.workers = weir_topology_default_workers(s.topology);
    if (!leaf_cost_measure(&s))
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0); /* whoever waits for hours may look into the file */
    const machine m = machine_describe(s.topology);
    report_begin(&r, &s, &m);
    bool right = true;
    for (int i = 0; i < SUITES; i++)
        if (a.suite[i])
            right = suites[i].run(&s, &r) && right;
    weir_topology_free(s.topology);
    if (!report_end(&r)) {
        fprintf(stderr, "weir-bench: --json %s: could not be written\n", a.json);
        return 1;
    }
    return right ? 0 : 1;
}
