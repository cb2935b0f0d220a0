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

static void print_moments(const stats_report *r)
{
    const summary *s = &r->summary;
    npy_dtype dtype = r->input->array.dtype;
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    printf("  count      %" PRIu64 "\n", r->input->array.values);
    if (s->nan || s->positive_infinity || s->negative_infinity)
        printf("  not finite %" PRIu64 " nan, %" PRIu64 " +inf, %" PRIu64
               " -inf; what follows is of the other %" PRIu64 "\n",
               s->nan, s->positive_infinity, s->negative_infinity, s->count);
    if (s->count == 0) {
        printf("  no finite values: no mean, no quantiles\n");
        return;
    }
    printf("  mean       %s\n", number_double(summary_mean(s), low));
    printf("  variance   %s\n", number_double(summary_variance(s), low));
    printf("  std        %s\n", number_double(summary_deviation(s), low));
    printf("  min, max   %s, %s\n", stats_value_text(dtype, r->min, low),
           stats_value_text(dtype, r->max, high));
}

/* The greatest relative error of all quantiles. */
static double quantile_error(const stats_report *r)
{
    double error = 0;
    for (size_t i = 0; i < r->quantile_count; i++)
        error = fmax(error, r->quantiles[i].error);
    return error;
}

static void print_quantiles(const stats_report *r)
{
    char error[NUMBER_TEXT + 16] = "exact";
    if (quantile_error(r) > 0)
        snprintf(error, sizeof error, "within %.2g %% of the value", 100 * quantile_error(r));
    printf("\nQuantiles (%s)\n", error);
    for (size_t i = 0; i < r->quantile_count; i++) {
        char value[NUMBER_TEXT];
        printf("  %5g %%  %s\n", 100 * r->quantiles[i].fraction,
               stats_value_text(r->input->array.dtype, r->quantiles[i].value, value));
    }
}

static void print_histogram(const stats_report *r)
{
    const histogram *h = &r->histogram;
    printf("\nHistogram\n");
    plot_text(stdout, h);
    if (h->bins > 100)
        printf("  of %zu bins: see --json or --plot\n", h->bins);
    if (h->outside)
        printf("  %" PRIu64 " values of 0 or less have no place on a logarithmic axis\n",
               h->outside);
    if (h->error > 0 && r->min < r->max)
        printf("  approximate: a value less than %.2g %% from an edge may be in the next bin\n",
               100 * h->error);
}

static void print_run(const stats_report *r)
{
    char peak[16], certified[16], tables[16], limit[16] = "none";
    uint64_t bytes = r->input->array.values * r->input->array.dtype.bytes;
    if (r->max_bytes)
        tool_format_bytes(r->max_bytes, limit);
    printf("\nRun\n  %.3g s", r->seconds);
    if (r->seconds > 0 && bytes >= 1000000)
        printf(", %.2f GB/s", (double)bytes / r->seconds * 1e-9);
    printf(", %u worker%s, %" PRIu64 " promotion%s\n", r->run.workers,
           r->run.workers == 1 ? "" : "s", r->run.promotions, r->run.promotions == 1 ? "" : "s");
    printf("  memory: peak %s, certified never more than %s, limit %s; %s of each are counts\n",
           tool_format_bytes(r->peak_bytes, peak), tool_format_bytes(r->certified_bytes, certified),
           limit, tool_format_bytes(r->table_bytes, tables));
}

void stats_report_text(const stats_report *report)
{
    const stats_input *input = report->input;
    print_title(report, terminal_columns(STDOUT_FILENO));
    print_moments(report);
    if (report->summary.count) {
        print_quantiles(report);
        print_histogram(report);
    }
    if (input->array.values)
        print_run(report);
    uint64_t end = input->array.data_offset + input->array.values * input->array.dtype.bytes;
    if (!input->raw && end < input->file_bytes)
        printf("\nNote: %" PRIu64 " bytes after the array were not read.\n",
               input->file_bytes - end);
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
    json_double(j, "variance", summary_variance(s));
    json_double(j, "std", summary_deviation(s));
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
    json_double(j, "quantiles_relative_error", quantile_error(r));
    json_open_object(j, "histogram");
    json_bool(j, "logarithmic", h->logarithmic);
    json_bool(j, "exact", h->error == 0);
    json_double(j, "relative_error", h->error);
    json_bool(j, "per_value", h->per_value);
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
    json_double(j, "bytes_per_second", r->seconds > 0 ? (double)bytes / r->seconds : 0);
    json_unsigned(j, "workers", r->run.workers);
    json_unsigned(j, "branches", r->run.branches);
    json_unsigned(j, "promotions", r->run.promotions);
    json_unsigned(j, "peak_in_flight", r->run.peak_in_flight);
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
