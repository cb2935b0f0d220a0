/* The report of `weir top`: the entries, and what was read to find them.
 *
 * top.c calls it after the run, from the main thread.  It must never print a byte of a key that
 * moves a cursor. */
#include "top_report.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"
#include "tool.h"
#include "top_problem.h"

/* --- text ------------------------------------------------------------------------------------ */

/* Room for any of the keys, escaped; NULL without memory. */
static char *allocate_text(const top_report *r)
{
    size_t longest = 0;
    for (size_t i = 0; i < r->shown; i++)
        longest = r->entries[i].length > longest ? r->entries[i].length : longest;
    return malloc(4 * longest + 1);
}

static int count_width(const top_report *r)
{
    char text[24];
    const int width = r->shown ? snprintf(text, sizeof text, "%" PRIu64, r->entries[0].count) : 0;
    return width > 7 ? width : 7;
}

static void print_first_bad(const top_report *r)
{
    const top_example *bad = &top_run_notes(r->run)->bad;
    const char *name = top_file_name(&r->request->files, bad->file);
    char text[4 * PATH_MAX + 1];
    text_escape(name, strnlen(name, PATH_MAX), text);
    printf("first bad line: %" PRIu64 " of %s\n", bad->line, text);
}

bool top_report_text(const top_report *r)
{
    char size[16], peak[16], workers[TOOL_WORKERS_TEXT], *text = allocate_text(r);
    if (!text)
        return false;
    const int width = count_width(r);
    for (size_t i = 0; i < r->shown; i++) {
        printf("%*" PRIu64 " ", width, r->entries[i].count);
        fwrite(text, 1, text_escape(r->entries[i].key, r->entries[i].length, text), stdout);
        putchar('\n');
    }
    free(text);
    const double rate = r->seconds > 0 ? (double)r->text_bytes / r->seconds : 0;
    printf("%s%" PRIu64 " lines, %" PRIu64 " counted, %" PRIu64 " bad; %zu distinct\n",
           r->shown ? "\n" : "", r->tally.lines, r->tally.counted, r->tally.bad, r->distinct);
    if (r->tally.bad)
        print_first_bad(r);
    printf("%s in %.3f s, %.2f GB/s, %s; memory %s\n", tool_format_bytes(r->text_bytes, size),
           r->seconds, rate * 1e-9, tool_format_workers(r->workers, r->workers_asked, workers),
           tool_format_bytes(r->bytes.fixed + r->bytes.tables, peak));
    return true;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void write_request(json *j, const top_request *request)
{
    json_open_array(j, "files");
    for (size_t i = 0; i < request->files.count; i++)
        json_string(j, NULL, request->files.paths[i]);
    json_close_array(j);
    if (request->rule.kind == TOP_FIELD)
        json_unsigned(j, "field", request->rule.field);
    if (request->rule.kind == TOP_PATTERN)
        json_string(j, "pattern", request->rule.pattern);
}

/* What is missing, and the first line that was not understood. */
static void write_problems(json *j, const top_report *r)
{
    const top_example *bad = &top_run_notes(r->run)->bad;
    char text[TOP_PROBLEM_BYTES];
    json_bool(j, "complete", r->complete);
    json_open_list(j, "problems");
    for (size_t i = 0; i < r->request->files.count; i++) {
        bool harmless = true;
        const char *problem = top_problem(r->run, r->request, i, &harmless, text);
        if (!problem)
            continue;
        json_open_object(j, NULL);
        json_string(j, "file", r->request->files.paths[i]);
        json_string(j, "problem", problem);
        json_bool(j, "complete", harmless);
        json_close_object(j);
    }
    json_close_list(j);
    if (bad->line == 0) {
        json_null(j, "first_bad");
        return;
    }
    json_open_object(j, "first_bad");
    json_string(j, "file", r->request->files.paths[bad->file]);
    json_unsigned(j, "line", bad->line);
    json_close_object(j);
}

static void write_run(json *j, const top_report *r)
{
    json_unsigned(j, "lines", r->tally.lines);
    json_unsigned(j, "counted_lines", r->tally.counted);
    json_unsigned(j, "bad_lines", r->tally.bad);
    json_unsigned(j, "distinct", r->distinct);
    json_unsigned(j, "bytes", r->text_bytes);
    json_double(j, "seconds", r->seconds);
    json_double(j, "bytes_per_second", r->seconds > 0 ? (double)r->text_bytes / r->seconds : 0);
    json_unsigned(j, "workers", r->workers);
    json_unsigned(j, "workers_asked", r->workers_asked);
    json_unsigned(j, "jobs", r->request->jobs);
    json_unsigned(j, "buffer", r->request->buffer);
    json_unsigned(j, "block_bytes", r->request->block);
    json_unsigned(j, "peak_bytes", r->bytes.fixed + r->bytes.tables);
    json_unsigned(j, "buffer_bytes", r->bytes.fixed);
    json_unsigned(j, "table_bytes", r->bytes.tables);
    json_unsigned(j, "certified_bytes", r->bytes.stream);
    if (r->max_bytes == UINT64_MAX)
        json_null(j, "max_bytes");
    else
        json_unsigned(j, "max_bytes", r->max_bytes);
}

void top_report_json(const top_report *r)
{
    json j = json_begin(stdout);
    json_open_object(&j, NULL);
    write_request(&j, r->request);
    json_open_list(&j, "entries");
    for (size_t i = 0; i < r->shown; i++) {
        json_open_object(&j, NULL);
        json_escaped(&j, "key", r->entries[i].key, r->entries[i].length);
        json_unsigned(&j, "count", r->entries[i].count);
        json_close_object(&j);
    }
    json_close_list(&j);
    write_problems(&j, r);
    write_run(&j, r);
    json_close_object(&j);
}
