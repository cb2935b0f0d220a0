/* The words for files that cannot be read, and for lines that do not fit.
 *
 * top.c and top_report.c call it after the run, from the main thread.  It must never change what
 * was counted. */
#include "top_problem.h"

#include <inttypes.h>
#include <stdio.h>

#include "tool.h"

static const char *misfit_reason(const top_rule *rule, char reason[64])
{
    switch (rule->kind) {
    case TOP_FIELD:
        snprintf(reason, 64, "has a field %" PRIu64, rule->field);
        return reason;
    case TOP_PATTERN:
        return "can be matched";
    default:
        return "is of the common or combined log format";
    }
}

const char *top_problem(const top_run *run, const top_request *request, size_t file, bool *harmless,
                        char text[TOP_PROBLEM_BYTES])
{
    char reason[64], advice[TOP_ADVICE_BYTES] = "";
    const top_notes *notes = top_run_notes(run);
    const char *trouble = top_input_trouble(top_run_input(run), file, harmless);
    if (trouble && !*harmless)
        return trouble;
    if (!top_notes_misfit(notes, file))
        return trouble;
    *harmless = false;
    if (notes->misfit.file == file)
        top_misfit_advice(&request->rule, notes->misfit.text, notes->misfit.size, advice);
    snprintf(text, TOP_PROBLEM_BYTES, "none of its %" PRIu64 " line%s %s%s%s",
             notes->files[file].lines, notes->files[file].lines == 1 ? "" : "s",
             misfit_reason(&request->rule, reason), advice[0] ? "; " : "", advice);
    return text;
}

/* Of the files that fit at all. */
static void warn_of_most(const top_run *run, const top_request *request)
{
    const top_notes *notes = top_run_notes(run);
    top_tally sum = {0, 0, 0};
    for (size_t i = 0; i < request->files.count; i++)
        if (!top_notes_misfit(notes, i)) {
            sum.lines += notes->files[i].lines;
            sum.bad += notes->files[i].bad;
        }
    if (sum.bad > sum.lines / 2)
        tool_error("top: %.0f %% of the lines are bad, %" PRIu64 " of %" PRIu64
                   "; the first is line %" PRIu64 " of %s",
                   100 * (double)sum.bad / (double)sum.lines, sum.bad, sum.lines, notes->bad.line,
                   top_file_name(&request->files, notes->bad.file));
}

/* All lines fit, and yet there is nothing to see, as with a proxy's log, whose URLs are whole. */
static void warn_of_none(const top_run *run, const top_request *request)
{
    const top_tally sum = top_run_tally(run);
    if (request->rule.kind == TOP_PAGES && sum.counted == 0 && sum.lines > sum.bad)
        tool_error(
            "top: none of the lines is a page: GET, status 2xx, a path from / on that ends like "
            "no file (see 'weir top --help'); --pattern '\"[A-Z]+ ([^ \"?]*)' counts all URLs");
}

size_t top_tell_problems(const top_run *run, const top_request *request, size_t *fitting)
{
    char text[TOP_PROBLEM_BYTES];
    size_t incomplete = 0;
    *fitting = 0;
    for (size_t i = 0; i < request->files.count; i++) {
        const top_tally *tally = &top_run_notes(run)->files[i];
        bool harmless = true;
        const char *problem = top_problem(run, request, i, &harmless, text);
        if (problem)
            tool_error("%s: %s", top_file_name(&request->files, i), problem);
        incomplete += !harmless;
        *fitting += harmless || tally->lines > tally->bad;
    }
    warn_of_most(run, request);
    warn_of_none(run, request);
    return incomplete;
}

void top_problem_of_pattern(const top_run *run, const top_request *request)
{
    const top_example *failed = &top_run_notes(run)->failed;
    tool_error(
        "%s, line %" PRIu64 ": no memory to match '%s'; the C library's matcher takes what it "
        "needs beside --max-bytes, with \\1 up to the square of the line's length: allow more "
        "(ulimit -v), or do without \\1 and nested repetitions",
        top_file_name(&request->files, failed->file), failed->line, request->rule.pattern);
}
