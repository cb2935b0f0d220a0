/* `weir stats FILE`: its options, its budget, its one run.
 *
 * main.c calls it.  It must never run without the tables of counts inside the memory limit, nor
 * leave a file behind when it fails. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output.h"
#include "plot.h"
#include "stats_pipeline.h"
#include "stats_report.h"
#include "tool.h"

static const char help[] =
    "usage: weir stats FILE [OPTION]...\n"
    "\n"
    "Count, mean, variance (of the population), min, max, quantiles and a histogram of the\n"
    "numbers in an array file, in one pass over it, within a memory limit.\n"
    "\n"
    "FILE is a .npy array (format 1.0, 2.0 or 3.0; bool, integers and floats of 1 to 8 bytes,\n"
    "either byte order, C or Fortran order), or with --dtype a file of plain numbers.\n"
    "\n"
    "  --dtype TYPE        FILE has no header: numbers like f8, '>i2' or uint32\n"
    "  --shape N,N,...     with --dtype: how many (default: the whole file)\n"
    "  --offset BYTES      with --dtype: where the first number is (default: 0)\n"
    "  --bins N            bins of the histogram (default: 20; integers of a narrow range have\n"
    "                      one each)\n"
    "  --log               bins of equal ratio instead of equal width; positive values only\n"
    "  --json              one JSON object instead of text\n"
    "  --plot FILE.svg     draw the histogram as well; '-' is standard output, then in place of\n"
    "                      the text\n";

static const char help_results[] =
    "\n"
    "Values that are not finite are counted; all else is of the finite ones. Results are the\n"
    "same bits for any number of workers and any limit.\n"
    "  mean      compensated: within 2^-53 of itself and 3e-14 of the values' mean distance from\n"
    "            it; variance: relative error below 1e-13\n"
    "  quantile  by nearest rank: the smallest value that a share q of all does not exceed;\n"
    "            exact for integers of 1 and 2 bytes, else within 0.4 % of the value\n"
    "  histogram exact for integers of 1 and 2 bytes; else from cells of 1/128 of the value,\n"
    "            spread in proportion over the bins that they touch\n"
    "  memory    --max-bytes covers everything that grows with workers or file: the blocks, the\n"
    "            results, and a table of counts per worker (4 MiB; 512 KiB or less for integers\n"
    "            of 1 and 2 bytes)\n";

typedef struct request {
    const char *path, *plot;
    stats_raw raw;
    size_t bins;
    bool logarithmic, json;
    weir_engine_options engine;
} request;

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- options ------------------------------------------------------------------------------- */

/* Options with a value. 1: taken, 0: another argument, -1: wrong and said so. */
static int take_valued(int argc, char **argv, int *at, request *r)
{
    const char *value;
    uint64_t number = 0;
    int taken = tool_engine_option(argc, argv, at, &r->engine);
    if (!taken)
        taken = tool_option(argc, argv, at, "--dtype", &r->raw.dtype);
    if (!taken)
        taken = tool_option(argc, argv, at, "--shape", &r->raw.shape);
    if (!taken)
        taken = tool_option(argc, argv, at, "--plot", &r->plot);
    if (taken)
        return taken;
    taken = tool_option(argc, argv, at, "--offset", &value);
    if (taken > 0 && !tool_parse_number(value, 0, INT64_MAX, &r->raw.offset)) {
        tool_error("stats: --offset is a number of bytes, not '%s'", value);
        return -1;
    }
    if (taken)
        return taken;
    taken = tool_option(argc, argv, at, "--bins", &value);
    if (taken > 0 && !tool_parse_number(value, 1, STATS_MAX_BINS, &number)) {
        tool_error("stats: --bins is a whole number from 1 to %d, not '%s'", STATS_MAX_BINS, value);
        return -1;
    }
    r->bins = taken ? (size_t)number : r->bins;
    return taken;
}

static bool plots_to_stdout(const request *r)
{
    return r->plot && output_is_stdout(r->plot);
}

static int parse_arguments(int argc, char **argv, request *r)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        int taken = options ? take_valued(argc, argv, &i, r) : 0;
        if (taken < 0)
            return TOOL_USAGE;
        if (taken > 0)
            continue;
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && strcmp(argv[i], "--json") == 0)
            r->json = true;
        else if (options && strcmp(argv[i], "--log") == 0)
            r->logarithmic = true;
        else if ((options && argv[i][0] == '-') || r->path)
            return tool_unknown("stats", argv[i]);
        else
            r->path = argv[i];
    }
    if (!r->path) {
        tool_error("stats: which file? see 'weir stats --help'");
        return TOOL_USAGE;
    }
    if (!r->raw.dtype && (r->raw.shape || r->raw.offset)) {
        tool_error("stats: --shape and --offset describe a file without a header: give --dtype");
        return TOOL_USAGE;
    }
    if (r->json && plots_to_stdout(r)) {
        tool_error("stats: --json and --plot - both write to standard output: give --plot a file");
        return TOOL_USAGE;
    }
    return TOOL_OK;
}

/* --- the run ------------------------------------------------------------------------------- */

static weir_engine *refuse_budget(const stats_job *job, const weir_plan *plan, uint64_t limit,
                                  unsigned workers, int *code)
{
    uint64_t run = weir_plan_serial_bytes(plan);
    uint64_t wanted = run + stats_table_bytes(job, workers);
    uint64_t alone = run + stats_table_bytes(job, 1);
    char hint[80] = "";
    if (workers > 1 && alone <= limit)
        snprintf(hint, sizeof hint, "; --workers 1 needs %" PRIu64, alone);
    tool_error("stats: the memory limit is %" PRIu64 " bytes, a run with %u worker%s needs %" PRIu64
               " (%" PRIu64 " of them for counts)%s",
               limit, workers, workers == 1 ? "" : "s", wanted, wanted - run, hint);
    *code = TOOL_FAILED;
    return NULL;
}

/* Opens the engine with what the tables leave of the limit.  How many workers there will be, and
 * what limit the environment sets, only an engine can tell; so one is opened to ask. */
static weir_engine *open_engine(const stats_job *job, const weir_plan *plan,
                                weir_engine_options options, uint64_t *limit, int *code)
{
    weir_engine *engine = tool_engine_open(&options, code);
    if (!engine || weir_engine_max_bytes(engine) == SIZE_MAX)
        return engine;
    *limit = weir_engine_max_bytes(engine);
    options.workers = weir_engine_workers(engine);
    tool_engine_close(engine);
    uint64_t tables = stats_table_bytes(job, options.workers);
    if (*limit < tables + weir_plan_serial_bytes(plan))
        return refuse_budget(job, plan, *limit, options.workers, code);
    options.max_bytes = (size_t)(*limit - tables);
    return tool_engine_open(&options, code);
}

static int explain_failure(weir_status status, const char *path)
{
    const weir_error *error = weir_last_error();
    if (status != WEIR_EOP)
        return tool_weir_error(path);
    if (error->code == STATS_SHRUNK)
        tool_error("%s: became shorter while it was read", path);
    else
        tool_error("%s: %s", path, strerror(error->code));
    return TOOL_FAILED;
}

static int run_plan(weir_engine *engine, const weir_plan *plan, stats_job *job, const request *r,
                    stats_report *report)
{
    double begin = now_seconds();
    unsigned workers = weir_engine_workers(engine);
    if (!stats_tables_alloc(job, workers)) {
        tool_error("stats: no memory for the %" PRIu64 " bytes of counts that %u workers need",
                   stats_table_bytes(job, workers), workers);
        return TOOL_FAILED;
    }
    progress_open(&job->progress, job->values * job->dtype.bytes);
    weir_status status = weir_run(engine, plan, job, NULL, &report->summary);
    progress_close(&job->progress);
    if (status != WEIR_OK)
        return explain_failure(status, r->path);
    if (!stats_report_count(report, &job->buckets,
                            stats_tables_sum(job, report->summary.min, report->summary.max),
                            r->bins, r->logarithmic)) {
        tool_error("stats: no memory for %zu bins", r->bins);
        return TOOL_FAILED;
    }
    report->seconds = now_seconds() - begin;
    report->passes = 1;
    weir_engine_stats(engine, &report->run);
    report->table_bytes = stats_table_bytes(job, workers);
    report->peak_bytes = report->run.peak_bytes + report->table_bytes;
    report->certified_bytes = report->run.certified_bytes + report->table_bytes;
    return tool_interrupted() ? TOOL_INTERRUPTED : TOOL_OK;
}

static int reduce_file(const request *r, const stats_input *input, stats_report *report)
{
    stats_job job;
    weir_layer layers[STATS_LAYERS];
    weir_plan *plan;
    int code = TOOL_OK;
    stats_job_init(&job, input);
    stats_layers(&job, layers);
    if (weir_plan_compile(layers, &plan) != WEIR_OK)
        return tool_weir_error("stats");
    weir_engine *engine = open_engine(&job, plan, r->engine, &report->max_bytes, &code);
    if (engine) {
        code = run_plan(engine, plan, &job, r, report);
        tool_engine_close(engine);
    }
    stats_tables_free(&job);
    weir_plan_free(plan);
    return code;
}

/* An array without values is an answer, not an error; there is nothing to run. */
static int describe_nothing(const request *r, const stats_input *input, stats_report *report)
{
    buckets b = buckets_for(input->array.dtype);
    summary_clear(&report->summary);
    return stats_report_count(report, &b, NULL, r->bins, r->logarithmic) ? TOOL_OK : TOOL_FAILED;
}

static int report_file(const request *r, const stats_input *input)
{
    stats_report report;
    memset(&report, 0, sizeof report);
    report.input = input;
    int code =
        input->array.values ? reduce_file(r, input, &report) : describe_nothing(r, input, &report);
    if (code == TOOL_OK && r->plot)
        code = plot_svg(r->plot, &report);
    if (code == TOOL_OK && r->json)
        stats_report_json(&report);
    else if (code == TOOL_OK && !plots_to_stdout(r))
        stats_report_text(&report);
    stats_report_free(&report);
    return code;
}

int weir_tool_stats(int argc, char **argv)
{
    request r;
    stats_input input;
    memset(&r, 0, sizeof r);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            printf("%s\n%s%s", help, tool_engine_help, help_results);
            return TOOL_OK;
        }
    int code = parse_arguments(argc, argv, &r);
    if (code == TOOL_OK)
        code = stats_input_open(r.path, &r.raw, &input);
    if (code != TOOL_OK)
        return code;
    if (r.plot)
        code = plot_svg_check(r.plot, &input);
    if (code == TOOL_OK)
        code = report_file(&r, &input);
    stats_input_close(&input);
    return code;
}
