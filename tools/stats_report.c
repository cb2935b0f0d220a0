/* The report of `weir stats` as text and as JSON.
 *
 * stats.c calls it once, with everything computed.  It must never compute anything but the form
 * of a number. */
#include "stats_report.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "plot.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"

const char *stats_value_text(npy_dtype dtype, stats_value value, char text[NUMBER_TEXT])
{
    if (dtype.kind != 'f' && value == floorl(value))
        return number_integer(value, text);
    return number_double((double)value, text);
}

decimal stats_value_decimal(npy_dtype dtype, stats_value value)
{
    if (dtype.kind != 'f' && value == floorl(value))
        return (decimal){value, 0};
    return number_decimal((double)value);
}

const char *stats_shape_text(const npy_array *array, char *text, size_t size)
{
    size_t used = 0;
    snprintf(text, size, "a single value");
    for (unsigned i = 0; i < array->dims; i++) {
        int n = snprintf(text + used, size - used, "%s%" PRIu64, i ? " x " : "", array->shape[i]);
        if ((size_t)n >= size - used) {
            memcpy(text + size - 4, "...", 4);
            break;
        }
        used += (size_t)n;
    }
    return text;
}

bool stats_is_single(const stats_report *report)
{
    return report->histogram.bins == 1 && report->histogram.outside == 0 &&
           report->min == report->max;
}

enum { DEFAULT_COLUMNS = 80 };

/* --- text -------------------------------------------------------------------------------- */

static void print_title(const stats_report *r, unsigned columns)
{
    const npy_array *array = &r->input->array;
    char name[4 * PATH_MAX + 1], shape[128], type[32], size[16], title[sizeof name + 256];
    text_escape(r->input->path, strnlen(r->input->path, PATH_MAX), name);
    snprintf(title, sizeof title, "%s: %s, %s%s, %s", name, npy_dtype_name(array->dtype, type),
             stats_shape_text(array, shape, sizeof shape),
             array->dims < 2        ? ""
             : array->fortran_order ? ", Fortran order"
                                    : ", C order",
             tool_format_bytes(array->values * array->dtype.bytes, size));
    terminal_print(stdout, title, columns, 2);
    putchar('\n');
}

/* A line of the first block: its name, and text behind it. */
static void print_line(const char *name, const char *text, unsigned columns)
{
    char line[256];
    snprintf(line, sizeof line, "  %-10s %s", name, text);
    terminal_print(stdout, line, columns, 13);
}

static void print_counts(const stats_report *r, unsigned columns)
{
    const summary *s = &r->summary;
    char text[192];
    snprintf(text, sizeof text, "%" PRIu64, r->input->array.values);
    print_line("count", text, columns);
    if (s->nan || s->positive_infinity || s->negative_infinity) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " nan, %" PRIu64 " +inf, %" PRIu64
                 " -inf; what follows is of the other %" PRIu64,
                 s->nan, s->positive_infinity, s->negative_infinity, s->count);
        print_line("not finite", text, columns);
    }
}

/* Of integers as integers are written, if it is one. */
static const char *moment_text(const stats_report *r, double value, char text[NUMBER_TEXT])
{
    if (r->input->array.dtype.kind != 'f' && isfinite(value)) {
        const decimal d = number_decimal(value);
        if (number_plain(d, number_decimals(d), text) > 0)
            return text;
    }
    return number_double(value, text);
}

/* It may be beyond what a double holds where the deviation is not. */
static const char *variance_text(const stats_report *r, char text[NUMBER_TEXT])
{
    const double variance = summary_variance(&r->summary, r->ddof);
    if (isinf(variance))
        snprintf(text, NUMBER_TEXT, "more than %.17g", DBL_MAX);
    else if (variance == 0 && summary_deviation(&r->summary, r->ddof) > 0)
        snprintf(text, NUMBER_TEXT, "less than %.1g", DBL_TRUE_MIN);
    else
        moment_text(r, variance, text);
    return text;
}

static void print_moments(const stats_report *r, unsigned columns)
{
    const summary *s = &r->summary;
    npy_dtype dtype = r->input->array.dtype;
    char low[NUMBER_TEXT], high[NUMBER_TEXT], text[2 * NUMBER_TEXT + 8], ddof[48] = "";
    if (s->count == 0) {
        puts("  no finite values: no mean, no quantiles");
        return;
    }
    if (r->ddof > 0)
        snprintf(ddof, sizeof ddof, " (divided by count - %u)", r->ddof);
    print_line("mean", moment_text(r, summary_mean(s), low), columns);
    snprintf(text, sizeof text, "%s%s", variance_text(r, low), ddof);
    print_line("variance", text, columns);
    print_line("std", moment_text(r, summary_deviation(s, r->ddof), low), columns);
    snprintf(text, sizeof text, "%s, %s", stats_value_text(dtype, r->min, low),
             stats_value_text(dtype, r->max, high));
    print_line("min, max", text, columns);
}

double stats_quantile_error(const stats_report *r)
{
    double error = 0;
    for (size_t i = 0; i < r->quantile_count; i++)
        error = fmax(error, r->quantiles[i].error);
    return error;
}

const char *stats_error_text(double error, char text[NUMBER_TEXT])
{
    double percent = 100 * error, step = pow(10, floor(log10(percent)) - 2);
    snprintf(text, NUMBER_TEXT, "%.3g %%", ceil(percent / step) * step);
    return text;
}

/* Fractions with their points, and values with their ends, below each other. */
static void print_quantiles(const stats_report *r)
{
    npy_dtype dtype = r->input->array.dtype;
    char percent[NUMBER_TEXT], value[NUMBER_TEXT], error[NUMBER_TEXT];
    bool exact = stats_quantile_error(r) == 0;
    int percent_width = 0, value_width = 0;
    for (size_t i = 0; i < r->quantile_count; i++) {
        const stats_quantile *q = &r->quantiles[i];
        int a = (int)strlen(number_percent(q->fraction, percent));
        int b = (int)strlen(stats_value_text(dtype, q->value, value));
        percent_width = a > percent_width ? a : percent_width;
        value_width = b > value_width ? b : value_width;
    }
    printf("\nQuantiles%s\n", exact ? " (exact)" : "");
    for (size_t i = 0; i < r->quantile_count; i++) {
        const stats_quantile *q = &r->quantiles[i];
        printf("  %*s %%  %*s", percent_width, number_percent(q->fraction, percent), value_width,
               stats_value_text(dtype, q->value, value));
        if (!exact)
            printf("  %s%s", q->error > 0 ? "within " : "exact",
                   q->error > 0 ? stats_error_text(q->error, error) : "");
        putchar('\n');
    }
}

static void print_histogram(const stats_report *r, unsigned columns)
{
    const histogram *h = &r->histogram;
    char text[160], error[NUMBER_TEXT];
    putchar('\n');
    plot_text(stdout, r, columns > 0 ? columns : DEFAULT_COLUMNS);
    if (h->bins > PLOT_TEXT_ROWS) {
        snprintf(text, sizeof text, "  of %zu bins: see --json or --plot", h->bins);
        terminal_print(stdout, text, columns, 2);
    }
    if (h->outside) {
        snprintf(text, sizeof text,
                 "  %" PRIu64 " values of 0 or less have no place on a logarithmic axis",
                 h->outside);
        terminal_print(stdout, text, columns, 2);
    }
    if (h->error > 0) {
        snprintf(text, sizeof text,
                 "  ~ approximate: a value less than %s from an edge may be counted on its other "
                 "side",
                 stats_error_text(h->error, error));
        terminal_print(stdout, text, columns, 4);
    }
}

static void print_run(const stats_report *r, unsigned columns)
{
    char peak[16], certified[16], tables[16], limit[16] = "none", speed[32] = "", text[256];
    char workers[TOOL_WORKERS_TEXT];
    uint64_t bytes = r->input->array.values * r->input->array.dtype.bytes;
    if (r->max_bytes)
        tool_format_bytes(r->max_bytes, limit);
    if (r->seconds > 0 && bytes >= 1000000)
        snprintf(speed, sizeof speed, ", %.2f GB/s", (double)bytes / r->seconds * 1e-9);
    puts("\nRun");
    snprintf(text, sizeof text, "  %.3g s%s, %s, %" PRIu64 " promotion%s", r->seconds, speed,
             tool_format_workers(r->run.workers, r->workers_asked, workers), r->run.promotions,
             r->run.promotions == 1 ? "" : "s");
    terminal_print(stdout, text, columns, 4);
    snprintf(text, sizeof text, "  %u pass%s over the file: %s", r->passes,
             r->passes == 1 ? "" : "es", r->why);
    terminal_print(stdout, text, columns, 4);
    if (r->input->note[0]) {
        char line[4 * STATS_NOTE_BYTES + 2] = "  ";
        text_escape(r->input->note, strlen(r->input->note), line + 2);
        terminal_print(stdout, line, columns, 4);
    }
    snprintf(text, sizeof text,
             "  memory: peak %s, certified never more than %s, limit %s; %s of each are counts",
             tool_format_bytes(r->peak_bytes, peak),
             tool_format_bytes(r->certified_bytes, certified), limit,
             tool_format_bytes(r->table_bytes, tables));
    terminal_print(stdout, text, columns, 4);
}

void stats_report_text(const stats_report *report)
{
    const stats_input *input = report->input;
    const unsigned columns = terminal_columns(STDOUT_FILENO);
    print_title(report, columns);
    print_counts(report, columns);
    print_moments(report, columns);
    if (report->summary.count) {
        print_quantiles(report);
        print_histogram(report, columns);
    }
    if (input->array.values)
        print_run(report, columns);
    const uint64_t file_bytes = input->end - input->start;
    const uint64_t end = input->array.data_offset + input->array.values * input->array.dtype.bytes;
    if (!input->raw && end < file_bytes) {
        char text[96];
        snprintf(text, sizeof text, "Note: %" PRIu64 " bytes after the array were not read.",
                 file_bytes - end);
        putchar('\n');
        terminal_print(stdout, text, columns, 2);
    }
}

/* --- JSON -------------------------------------------------------------------------------- */

static void write_value(json *j, const char *key, const stats_report *r, stats_value value)
{
    char text[NUMBER_TEXT];
    if (isfinite(value))
        json_number(j, key, stats_value_text(r->input->array.dtype, value, text));
    else
        json_null(j, key);
}

static void write_array(json *j, const stats_report *r)
{
    const npy_array *array = &r->input->array;
    char code[4];
    json_string(j, "file", r->input->path);
    json_string(j, "dtype", npy_dtype_code(array->dtype, code));
    json_open_array(j, "shape");
    for (unsigned i = 0; i < array->dims; i++)
        json_unsigned(j, NULL, array->shape[i]);
    json_close_array(j);
    json_bool(j, "fortran_order", array->fortran_order);
    json_unsigned(j, "bytes", array->values * array->dtype.bytes);
}

static void write_moments(json *j, const stats_report *r)
{
    const summary *s = &r->summary;
    json_unsigned(j, "count", r->input->array.values);
    json_unsigned(j, "finite", s->count);
    json_unsigned(j, "nan", s->nan);
    json_unsigned(j, "inf", s->positive_infinity + s->negative_infinity);
    json_unsigned(j, "positive_inf", s->positive_infinity);
    json_unsigned(j, "negative_inf", s->negative_infinity);
    json_double(j, "mean", summary_mean(s));
    json_double(j, "variance", summary_variance(s, r->ddof));
    json_unsigned(j, "ddof", r->ddof);
    json_double(j, "std", summary_deviation(s, r->ddof));
    write_value(j, "min", r, s->count ? r->min : (stats_value)NAN);
    write_value(j, "max", r, s->count ? r->max : (stats_value)NAN);
}

static void write_counts(json *j, const stats_report *r)
{
    const histogram *h = &r->histogram;
    json_open_object(j, "quantiles");
    for (size_t i = 0; i < r->quantile_count; i++) {
        char key[NUMBER_TEXT];
        write_value(j, number_double(r->quantiles[i].fraction, key), r, r->quantiles[i].value);
    }
    json_close_object(j);
    json_double(j, "quantiles_relative_error", stats_quantile_error(r));
    json_open_object(j, "histogram");
    json_bool(j, "logarithmic", h->logarithmic);
    json_bool(j, "exact", h->error == 0);
    json_double(j, "relative_error", h->error);
    json_bool(j, "per_value", h->per_value);
    json_string(j, "bin",
                h->per_value ? "v == edges[i]"
                             : "edges[i] <= v < edges[i + 1]; the last one v <= edges[i + 1]");
    json_unsigned(j, "outside", h->outside);
    json_open_array(j, "edges");
    for (size_t i = 0; h->bins && i <= h->bins; i++)
        write_value(j, NULL, r, h->edges[i]);
    json_close_array(j);
    json_open_array(j, "counts");
    for (size_t i = 0; i < h->bins; i++)
        json_unsigned(j, NULL, h->counts[i]);
    json_close_array(j);
    json_close_object(j);
}

static void write_run(json *j, const stats_report *r)
{
    uint64_t bytes = r->input->array.values * r->input->array.dtype.bytes;
    json_double(j, "seconds", r->seconds);
    json_unsigned(j, "passes", r->passes);
    json_string(j, "passes_reason", r->why ? r->why : "");
    if (r->input->note[0])
        json_string(j, "source", r->input->note);
    json_double(j, "bytes_per_second", r->seconds > 0 ? (double)bytes / r->seconds : 0);
    json_unsigned(j, "workers", r->run.workers);
    json_unsigned(j, "workers_asked", r->workers_asked);
    json_unsigned(j, "branches", r->run.branches);
    json_unsigned(j, "promotions", r->run.promotions);
    json_unsigned(j, "peak_in_flight", r->run.peak_in_flight);
    json_unsigned(j, "denied_permits", r->run.denied_permits);
    json_unsigned(j, "denied_bytes", r->run.denied_bytes);
    json_double(j, "idle_seconds", (double)r->run.idle_ns * 1e-9);
    json_unsigned(j, "peak_bytes", r->peak_bytes);
    json_unsigned(j, "certified_bytes", r->certified_bytes);
    json_unsigned(j, "table_bytes", r->table_bytes);
    if (r->max_bytes)
        json_unsigned(j, "max_bytes", r->max_bytes);
    else
        json_null(j, "max_bytes");
}

void stats_report_json(const stats_report *report)
{
    json j = json_begin(stdout);
    json_open_object(&j, NULL);
    write_array(&j, report);
    write_moments(&j, report);
    write_counts(&j, report);
    write_run(&j, report);
    json_close_object(&j);
}
