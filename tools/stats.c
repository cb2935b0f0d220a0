/* `weir stats FILE`: its options, and where its report goes.
 *
 * main.c calls it.  It must never run without the tables of counts inside the memory limit, nor
 * leave a file behind when it fails. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "plot.h"
#include "stats_run.h"
#include "tool.h"

static const char help[] =
    "usage: weir stats FILE [OPTION]...\n"
    "\n"
    "Count, mean, variance, min, max, quantiles and a histogram of the numbers in an array file,\n"
    "within a memory limit, and exactly: up to a million values in one pass over it, of more in\n"
    "two as a rule.\n"
    "\n"
    "FILE is a .npy array (format 1.0, 2.0 or 3.0; bool, integers and floats of 1 to 8 bytes,\n"
    "either byte order, C or Fortran order), a .npz archive of them, or with --dtype a file of\n"
    "plain numbers. '-' is standard input: a file there is read in place, a pipe is written to a\n"
    "temporary file (in TMPDIR, or /tmp) first, as a compressed member is.\n"
    "\n"
    "  --member NAME       the array of a .npz archive of several\n"
    "  --dtype TYPE        FILE has no header: numbers like f8, '>i2' or uint32\n"
    "  --shape N,N,...     with --dtype: how many (default: the whole file)\n"
    "  --offset BYTES      with --dtype: where the first number is (default: 0)\n"
    "  --quantile Q        a quantile from 0 to 1; again for more of them (default: 0.01, 0.05,\n"
    "                      0.25, 0.5, 0.75, 0.95 and 0.99)\n"
    "  --bins N            most bins of the histogram (default: 20); integers of a narrower\n"
    "                      range have one each\n"
    "  --log               bins of equal ratio instead of equal width; positive values only\n"
    "  --ddof N            divide the variance by count - N: 1 for that of a sample (default: 0)\n"
    "  --one-pass          read the file once, and say how far off counts and quantiles may be\n"
    "  --json              one JSON object instead of text\n"
    "  --plot FILE.svg     draw the histogram as well; '-' is standard output, then in place of\n"
    "                      the text\n";

static const char help_results[] =
    "\n"
    "Values that are not finite are counted; all else is of the finite ones. Results are the\n"
    "same bits for any number of workers and any limit.\n"
    "  mean      within 2^-53 of itself and 3e-14 of the values' mean distance from it\n"
    "  variance  relative error below 1e-13; of floats, as long as the mean is less than 1e12\n"
    "            standard deviations from 0\n"
    "  quantile  by nearest rank: the smallest value that a share Q of all does not exceed\n"
    "  histogram a bin holds its lower edge and not its upper one, the last one both; counts are\n"
    "            exact for the edges as printed\n"
    "  passes    the first one counts in cells of 1/128 of the value; a further one looks at the\n"
    "            values of those cells that hold a quantile or an edge. Rarely, as for values\n"
    "            very close to each other, it takes more than two. With --one-pass quantiles are\n"
    "            the middle of their cell, and counts of a cell are spread over its bins\n"
    "  memory    --max-bytes covers everything that grows with workers or file: the blocks, the\n"
    "            results, and what is counted: up to a million values themselves (8 bytes each,\n"
    "            and more values if there are many workers), else 4 MiB a worker (512 KiB or less\n"
    "            for integers of 1 and 2 bytes), and in further passes about 5 MiB and 170 KiB a\n"
    "            worker\n";

enum { USUAL = 7 };
static const double usual[USUAL] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

typedef struct request {
    const char *path, *plot;
    stats_raw raw;
    stats_wish wish;
    bool json;
    weir_engine_options engine;
} request;

/* --- options ------------------------------------------------------------------------------- */

/* Kept in order, each once. */
static int add_quantile(stats_wish *wish, const char *text)
{
    char *end;
    const double q = isdigit((unsigned char)text[0]) || text[0] == '.' ? strtod(text, &end) : -1;
    if (!(q >= 0) || !(q <= 1) || *end) {
        tool_error("stats: --quantile is a number from 0 to 1, not '%s'", text);
        return -1;
    }
    size_t at = 0;
    while (at < wish->quantile_count && wish->quantiles[at] < q)
        at++;
    if (at < wish->quantile_count && wish->quantiles[at] == q)
        return 1;
    if (wish->quantile_count == REFINE_MOST_TARGETS) {
        tool_error("stats: --quantile may be given %d times at most", REFINE_MOST_TARGETS);
        return -1;
    }
    memmove(&wish->quantiles[at + 1], &wish->quantiles[at],
            (wish->quantile_count - at) * sizeof wish->quantiles[0]);
    wish->quantiles[at] = q;
    wish->quantile_count++;
    return 1;
}

static int take_number(int argc, char **argv, int *at, const char *name, uint64_t low,
                       uint64_t high, uint64_t *number)
{
    const char *value;
    const int taken = tool_option(argc, argv, at, name, &value);
    if (taken <= 0 || tool_parse_number(value, low, high, number))
        return taken;
    tool_error("stats: %s is a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'", name, low,
               high, value);
    return -1;
}

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
        taken = tool_option(argc, argv, at, "--member", &r->raw.member);
    if (!taken)
        taken = tool_option(argc, argv, at, "--plot", &r->plot);
    if (taken)
        return taken;
    taken = tool_option(argc, argv, at, "--quantile", &value);
    if (taken)
        return taken > 0 ? add_quantile(&r->wish, value) : taken;
    taken = tool_option(argc, argv, at, "--offset", &value);
    if (taken > 0 && !tool_parse_number(value, 0, INT64_MAX, &r->raw.offset)) {
        tool_error("stats: --offset is a number of bytes, not '%s'", value);
        return -1;
    }
    if (taken)
        return taken;
    taken = take_number(argc, argv, at, "--bins", 1, STATS_MAX_BINS, &number);
    if (taken > 0)
        r->wish.bins = (size_t)number;
    if (taken)
        return taken;
    taken = take_number(argc, argv, at, "--ddof", 0, UINT32_MAX, &number);
    if (taken > 0)
        r->wish.ddof = (unsigned)number;
    return taken;
}

/* Options without one; true: taken. */
static bool take_switch(const char *argument, request *r)
{
    bool *const set = strcmp(argument, "--json") == 0       ? &r->json
                      : strcmp(argument, "--log") == 0      ? &r->wish.logarithmic
                      : strcmp(argument, "--one-pass") == 0 ? &r->wish.one_pass
                                                            : NULL;
    if (set)
        *set = true;
    return set != NULL;
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
        else if (options && take_switch(argv[i], r))
            continue;
        else if ((options && argv[i][0] == '-' && argv[i][1]) || r->path)
            return tool_unknown("stats", argv[i]);
        else
            r->path = argv[i];
    }
    if (r->wish.quantile_count == 0) {
        memcpy(r->wish.quantiles, usual, sizeof usual);
        r->wish.quantile_count = USUAL;
    }
    if (!r->path) {
        tool_error("stats: which file? see 'weir stats --help'");
        return TOOL_USAGE;
    }
    if (!r->raw.dtype && (r->raw.shape || r->raw.offset)) {
        tool_error("stats: --shape and --offset describe a file without a header: give --dtype");
        return TOOL_USAGE;
    }
    if (r->raw.dtype && r->raw.member) {
        tool_error("stats: --member is of a .npz archive, --dtype of a file of plain numbers");
        return TOOL_USAGE;
    }
    if (r->json && plots_to_stdout(r)) {
        tool_error("stats: --json and --plot - both write to standard output: give --plot a file");
        return TOOL_USAGE;
    }
    return TOOL_OK;
}

/* --- the report ---------------------------------------------------------------------------- */

static int report_file(const request *r, const stats_input *input)
{
    stats_report report;
    memset(&report, 0, sizeof report);
    report.input = input;
    int code = stats_run(&r->wish, &r->engine, &report);
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
