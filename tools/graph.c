/* `weir graph`: the task graph of a sparse computation, from the file of its matrix.
 *
 * main.c calls it.  It must never write a drawing where the matrix is read from. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "graph_dot.h"
#include "graph_job.h"
#include "graph_report.h"
#include "graph_run.h"
#include "output.h"
#include "tool.h"

static const char help[] =
    "usage: weir graph FILE.mtx [OPTION]...\n"
    "\n"
    "Shows the task graph that a sparse matrix makes: how many tasks and edges, how deep and how\n"
    "wide, how much of the work could be done at once, and for a factorisation how many bytes the\n"
    "updates take that columns hand to their parents: the least --max-bytes, and the one that "
    "keeps\n"
    "95 % of the speed, if columns took a nanosecond for each of their operations and nothing "
    "else\n"
    "took time. Then it runs the graph, with the work that it stands for: by a loop, by one "
    "worker\n"
    "and by all; the results must have the same bits.\n"
    "\n"
    "FILE.mtx is a Matrix Market file in coordinate format; '-' is standard input. Of complex\n"
    "matrices only the pattern counts, and so it does where a factorisation has no symmetric\n"
    "values: then they are made up. Rows count from 1, as in the file.\n"
    "\n"
    "  --solve         the solve with the lower triangle of the matrix: a task for each row,\n"
    "                  after those whose unknowns it multiplies with (default)\n"
    "  --eliminate     the Cholesky factorisation of a symmetric matrix, or of the pattern of\n"
    "                  A + A' of a general one: a task for each column, in an elimination tree\n"
    "  --order HOW     with --eliminate: natural is the order of the file, dissection another\n"
    "                  one, for few entries in the factor and much to do at once (default)\n"
    "  --dot FILE      draw the graph into FILE, in DOT: each task if there are up to 200, else\n"
    "                  bands of levels; '-' is standard output, then in place of the text\n"
    "  --runs N        run each way N times, or for a second, and say the best time; 0: run\n"
    "                  nothing (default: 20)\n"
    "  --json          one JSON object instead of the text\n"
    "  --help          this text\n"
    "\n";

typedef struct arguments {
    const char *path, *dot, *order;
    uint64_t runs;
    bool solve, eliminate, json, help;
    weir_engine_options engine;
} arguments;

/* Reads one argument at argv[*at]; 1: read, 0: unknown, -1: wrong, and said so. */
static int read_argument(int argc, char **argv, int *at, void *into)
{
    arguments *a = into;
    if (strcmp(argv[*at], "--solve") == 0)
        return a->solve = true;
    if (strcmp(argv[*at], "--eliminate") == 0)
        return a->eliminate = true;
    if (strcmp(argv[*at], "--json") == 0)
        return a->json = true;
    if (strcmp(argv[*at], "--help") == 0)
        return a->help = true;
    const char *text;
    int found = tool_engine_option(argc, argv, at, &a->engine);
    if (found == 0)
        found = tool_option(argc, argv, at, "--dot", &a->dot);
    if (found == 0)
        found = tool_option(argc, argv, at, "--order", &a->order);
    if (found != 0)
        return found;
    if ((found = tool_option(argc, argv, at, "--runs", &text)) != 0) {
        if (found < 0 || tool_parse_number(text, 0, UINT32_MAX, &a->runs))
            return found;
        tool_error("graph: --runs is '%s'; it must be a number of runs", text);
        return -1;
    }
    if ((argv[*at][0] == '-' && argv[*at][1]) || a->path != NULL)
        return 0;
    a->path = argv[*at];
    return 1;
}

/* A drawing that cannot be written is said before the work, not after it. */
static int check_arguments(const arguments *a)
{
    if (a->path == NULL) {
        tool_error("graph: the FILE is missing, a matrix in Matrix Market format");
        return TOOL_USAGE;
    }
    if (a->solve && a->eliminate) {
        tool_error("graph: --solve and --eliminate are two graphs; ask for one at a time");
        return TOOL_USAGE;
    }
    if (a->order != NULL && strcmp(a->order, "natural") != 0 &&
        strcmp(a->order, "dissection") != 0) {
        tool_error("graph: --order is natural or dissection, not '%s'", a->order);
        return TOOL_USAGE;
    }
    if (a->order != NULL && !a->eliminate) {
        tool_error("graph: --order goes with --eliminate; a solve is in the order of the file");
        return TOOL_USAGE;
    }
    if (a->dot != NULL && a->json && output_is_stdout(a->dot)) {
        tool_error("graph: --json and --dot - both write to standard output: give --dot a file");
        return TOOL_USAGE;
    }
    if (a->dot == NULL)
        return TOOL_OK;
    struct stat about; /* a pipe is opened once only: its writer would be told that nobody reads */
    const bool regular = stat(a->path, &about) == 0 && S_ISREG(about.st_mode);
    FILE *input = regular ? fopen(a->path, "rb") : NULL;
    const int code = output_check("--dot", a->dot, input != NULL ? fileno(input) : -1);
    if (input != NULL)
        fclose(input);
    return code;
}

static int draw(const graph_job *job, const char *path)
{
    output o;
    const int code = output_open(&o, "--dot", path);
    if (code != TOOL_OK)
        return code;
    const graph_label label = {job->eliminate ? "column" : "row", job->order};
    graph_dot(&job->dag, job->shape.depth, &label, o.file);
    return output_close(&o);
}

static int report(graph_job *job, const arguments *a)
{
    graph_times times;
    if (!a->json)
        graph_print(job);
    fflush(stdout); /* what follows may take long */
    int code = graph_advise(job, &a->engine);
    if (code == TOOL_OK && !a->json && job->enough > 0)
        graph_print_advice(job);
    fflush(stdout);
    if (code == TOOL_OK && a->runs > 0)
        code = graph_run(job, &a->engine, a->runs, &times);
    if (code == TOOL_OK && a->json)
        graph_print_json(job, a->runs > 0 ? &times : NULL);
    else if (code == TOOL_OK && a->runs > 0)
        graph_print_times(job, &times);
    return code;
}

int weir_tool_graph(int argc, char **argv)
{
    arguments a = {.runs = 20};
    if (tool_scan(argc, argv, read_argument, &a) != TOOL_OK)
        return TOOL_USAGE;
    if (a.help) {
        fputs(help, stdout);
        fputs(tool_engine_help, stdout);
        return TOOL_OK;
    }
    int code = check_arguments(&a);
    if (code != TOOL_OK)
        return code;
    graph_job job = {.path = a.path,
                     .eliminate = a.eliminate,
                     .dissect = a.order == NULL || strcmp(a.order, "dissection") == 0};
    code = graph_open(&job);
    if (code == TOOL_OK && a.dot != NULL)
        code = draw(&job, a.dot);
    if (code == TOOL_OK && (a.dot == NULL || !output_is_stdout(a.dot)))
        code = report(&job, &a);
    graph_close(&job);
    return code;
}
