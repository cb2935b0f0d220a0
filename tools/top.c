/* `weir top FILE...`: its options, its budget, its one run.
 *
 * main.c calls it.  It must never print before all is counted, nor run where the blocks do not fit
 * the memory limit. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "tool.h"
#include "top_problem.h"
#include "top_report.h"

static const char help[] =
    "usage: weir top [FILE]... [--field N | --pattern RE] [-n N] [OPTION]...\n"
    "\n"
    "The most frequent entries of log files, counted as a stream: blocks of lines\n"
    "are read ahead and counted by several jobs. FILE may be gzip, by whatever name;\n"
    "'-' or none is standard input; several are one log.\n"
    "\n"
    "Without --field or --pattern the lines are of the common or combined log\n"
    "format, and pages that were fetched with success are counted:\n"
    "  the method is GET, the status 2xx, and the path, without ?query and\n"
    "  #fragment, begins with '/'; it is as the server wrote it, with blanks and\n"
    "  escapes; it is not /robots.txt, and does not end in one of these, in either\n"
    "  case:\n"
    "    .css .js .mjs .map .wasm .json .xml .rss .atom     style, scripts, data\n"
    "    .png .jpg .jpeg .gif .ico .svg .svgz .webp .avif .bmp .tif .tiff .swf\n"
    "    .woff .woff2 .ttf .otf .eot                        fonts\n"
    "    .mp3 .ogg .oga .wav .flac .m4a .mp4 .m4v .webm .ogv .avi .mov .mpg .mpeg\n"
    "    .zip .gz .tgz .bz2 .xz .zst .7z .rar .tar .jar .deb .rpm .exe .msi .dmg\n"
    "    .iso .bin\n"
    "\n"
    "  --field N           count the Nth field instead; runs of blanks and tabs\n"
    "                      separate fields, as in awk, also between quotes\n"
    "  --pattern RE        count what a POSIX extended regular expression matches:\n"
    "                      its first group, or the whole match if it has none;\n"
    "                      bytes, in the C locale: a digit is [0-9], not \\d\n"
    "  -n N                how many entries (default: 10; 0: all)\n"
    "  --json              one JSON object instead of text\n"
    "  --jobs N            calls that count at once (default: as many as workers)\n"
    "  --buffer N          blocks that are read ahead (default: 2 per job)\n"
    "  --block SIZE        bytes read at a time (default: 256K)\n";

static const char help_results[] =
    "\n"
    "Entries are sorted by count, then by their bytes, and are the same for any\n"
    "number of workers, jobs and blocks. Control characters and bytes that are not\n"
    "UTF-8 are shown as \\xNN, and a backslash before such an escape of the log's own\n"
    "as \\x5c, so that no two entries look the same, in text or JSON.\n"
    "  lines      end with LF or CR LF. Bad ones are counted and told of: longer\n"
    "             than 256 KiB, without the field, not of the log format\n"
    "  files      that cannot be read, are packed by something else than gzip, or\n"
    "             have no line that fits are told of; a gzip file that is damaged or\n"
    "             cut is counted as far as it goes, but for a line that it ends\n"
    "             within. The rest is counted and printed, and the exit code is 1.\n"
    "             Bytes behind the end of gzip data are a warning only\n"
    "  memory     --max-bytes covers the blocks, of SIZE or 256 KiB if that is more,\n"
    "             and one table of keys per job: the keys that it met, 32 to 64\n"
    "             bytes for each, and half as much again while it grows. It does not\n"
    "             cover what the C library takes to match --pattern: some states of\n"
    "             the pattern, and tens of bytes for each of a line; but with nested\n"
    "             repetitions or \\1 many times that, up to the square of the line's\n"
    "             length; `ulimit -v` bounds it, and a match that fails for want of\n"
    "             it ends the run with an error\n";

typedef struct options {
    top_request request;
    uint64_t entries;
    bool json;
    weir_engine_options engine;
} options;

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- options --------------------------------------------------------------------------------- */

/* 1: taken, 0: another argument, -1: wrong and said so; so for all of these. */
static int take_number(int argc, char **argv, int *at, const char *name, uint64_t low,
                       uint64_t high, uint64_t *number)
{
    const char *value;
    const int taken = tool_option(argc, argv, at, name, &value);
    if (taken > 0 && !tool_parse_number(value, low, high, number)) {
        tool_error("top: %s is a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'", name, low,
                   high, value);
        return -1;
    }
    return taken;
}

static int take_block(int argc, char **argv, int *at, size_t *block)
{
    const char *value;
    const int taken = tool_option(argc, argv, at, "--block", &value);
    if (taken > 0 &&
        (weir_parse_bytes(value, block) != WEIR_OK || *block == 0 || *block > (size_t)1 << 30)) {
        tool_error("top: --block is a size from 1 byte to 1G, like 256K or 4M, not '%s'", value);
        return -1;
    }
    return taken;
}

static int take_valued(int argc, char **argv, int *at, options *o)
{
    top_rule *rule = &o->request.rule;
    uint64_t number = 0;
    int taken = tool_engine_option(argc, argv, at, &o->engine);
    if (!taken)
        taken = take_block(argc, argv, at, &o->request.block);
    if (!taken)
        taken = tool_option(argc, argv, at, "--pattern", &rule->pattern);
    if (!taken)
        taken = take_number(argc, argv, at, "--field", 1, UINT32_MAX, &rule->field);
    if (!taken)
        taken = take_number(argc, argv, at, "-n", 0, INT64_MAX, &o->entries);
    if (!taken && (taken = take_number(argc, argv, at, "--jobs", 1, 4096, &number)) > 0)
        o->request.jobs = (unsigned)number;
    if (!taken && (taken = take_number(argc, argv, at, "--buffer", 1, 1 << 20, &number)) > 0)
        o->request.buffer = (unsigned)number;
    return taken;
}

/* The files are moved to the front of argv, where the request finds them. */
static int parse_arguments(int argc, char **argv, options *o)
{
    bool is_option = true;
    size_t files = 0;
    for (int i = 1; i < argc; i++) {
        const int taken = is_option ? take_valued(argc, argv, &i, o) : 0;
        if (taken < 0)
            return TOOL_USAGE;
        if (taken > 0)
            continue;
        if (is_option && strcmp(argv[i], "--") == 0)
            is_option = false;
        else if (is_option && strcmp(argv[i], "--json") == 0)
            o->json = true;
        else if (is_option && argv[i][0] == '-' && argv[i][1])
            return tool_unknown("top", argv[i]);
        else
            argv[1 + files++] = argv[i];
    }
    o->request.files = (top_files){.paths = argv + 1, .count = files};
    return TOOL_OK;
}

static int complete_options(options *o)
{
    static char standard_input[] = "-";
    static char *const only_standard_input[] = {standard_input};
    top_rule *rule = &o->request.rule;
    if (rule->field && rule->pattern) {
        tool_error("top: --field and --pattern exclude each other");
        return TOOL_USAGE;
    }
    rule->kind = rule->field ? TOP_FIELD : rule->pattern ? TOP_PATTERN : TOP_PAGES;
    if (o->request.files.count == 0) {
        if (isatty(STDIN_FILENO)) {
            tool_error("top: which file? see 'weir top --help'");
            return TOOL_USAGE;
        }
        o->request.files = (top_files){.paths = only_standard_input, .count = 1};
    }
    return TOOL_OK;
}

/* --- the run --------------------------------------------------------------------------------- */

static int explain_failure(const top_run *run, const top_request *request, weir_status status,
                           top_code code, uint64_t limit)
{
    const top_bytes bytes = top_run_bytes(run);
    if (tool_interrupted()) {
        interrupt_say("top");
        return TOOL_INTERRUPTED;
    }
    if (status != WEIR_EOP)
        return tool_weir_error("top");
    if (code == TOP_PATTERN_FAILED)
        top_problem_of_pattern(run, request);
    else if (code == TOP_OVER_BUDGET)
        tool_error("top: too many distinct keys for the memory limit of %" PRIu64 " bytes: %" PRIu64
                   " are for blocks, and the keys need more than the other %" PRIu64,
                   limit, bytes.fixed, limit - bytes.fixed);
    else if (code == TOP_NO_MEMORY)
        tool_error("top: no memory for more keys; they have %" PRIu64 " bytes", bytes.tables);
    else
        tool_error("top: the stream failed with code %d", (int)code);
    return TOOL_FAILED;
}

/* What could be counted is printed, even if that is not all. */
static int print_report(top_run *run, const options *o, top_report *report)
{
    size_t fitting;
    const size_t incomplete = top_tell_problems(run, &o->request, &fitting);
    if (fitting == 0)
        return TOOL_FAILED;
    report->run = run;
    report->complete = incomplete == 0;
    report->tally = top_run_tally(run);
    report->text_bytes = top_run_text_bytes(run);
    report->bytes = top_run_bytes(run);
    report->workers = top_run_workers(run);
    report->distinct = top_run_distinct(run);
    const uint64_t most = o->entries < SIZE_MAX ? o->entries : SIZE_MAX;
    report->entries = top_run_select(run, (size_t)most, &report->shown);
    if (o->json) {
        top_report_json(report);
    } else if (!top_report_text(report)) {
        tool_error("top: no memory to print a key");
        return TOOL_FAILED;
    }
    return incomplete ? TOOL_FAILED : TOOL_OK;
}

static int count_files(top_run *run, const options *o, uint64_t file_bytes, top_report *report)
{
    progress shown;
    top_code code;
    const bool known = file_bytes > 0;
    if (known)
        progress_open(&shown, file_bytes);
    const double begin = now_seconds();
    const weir_status status = top_run_count(run, report->max_bytes, known ? &shown : NULL, &code);
    report->seconds = now_seconds() - begin;
    if (known)
        progress_close(&shown);
    if (status != WEIR_OK || tool_interrupted())
        return explain_failure(run, &o->request, status, code, report->max_bytes);
    return print_report(run, o, report);
}

static int run_engine(weir_engine *engine, options *o, uint64_t file_bytes)
{
    char error[256];
    top_run *run;
    top_request *request = &o->request;
    top_report report = {.request = request, .workers_asked = weir_engine_workers(engine)};
    const size_t limit = weir_engine_max_bytes(engine);
    report.max_bytes = limit == SIZE_MAX ? UINT64_MAX : limit;
    if (!request->jobs)
        request->jobs = report.workers_asked < 4096 ? report.workers_asked : 4096;
    if (!request->buffer)
        request->buffer = 2 * request->jobs;
    int code;
    const weir_status status = top_run_open(&run, engine, request, error);
    const uint64_t fixed = run ? top_run_bytes(run).fixed : 0;
    if (status != WEIR_OK) {
        tool_error("top: %s", error);
        code = status == WEIR_EINVAL ? TOOL_USAGE : TOOL_FAILED;
    } else if (fixed > report.max_bytes) {
        tool_error("top: the memory limit is %" PRIu64 " bytes, and %u blocks in all for %u job%s "
                   "and a buffer of %u need %" PRIu64,
                   report.max_bytes, request->jobs + request->buffer + 1, request->jobs,
                   request->jobs == 1 ? "" : "s", request->buffer, fixed);
        code = TOOL_FAILED;
    } else {
        code = count_files(run, o, file_bytes, &report);
    }
    top_run_close(run);
    return code;
}

int weir_tool_top(int argc, char **argv)
{
    options o = {.request = {.block = 256 << 10}, .entries = 10};
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        fputs(tool_engine_help, stdout);
        fputs(help_results, stdout);
        return TOOL_OK;
    }
    int code = parse_arguments(argc, argv, &o);
    if (code == TOOL_OK)
        code = complete_options(&o);
    if (code != TOOL_OK)
        return code;
    weir_engine *engine = tool_engine_open(&o.engine, &code);
    if (!engine)
        return code;
    code = run_engine(engine, &o, top_files_bytes(&o.request.files));
    tool_engine_close(engine);
    return code;
}
