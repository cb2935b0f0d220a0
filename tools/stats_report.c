/* The report of `weir stats` as text and as JSON.
 *
 * stats.c calls it once, with everything computed.  It must never compute anything but the form
 * of a number. */
#include "stats_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "plot.h"
#include "tool.h"

const char *stats_number_text(double value, char text[32])
{
    char form[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(form, sizeof form, "%.*g", digits, value);
        if (strtod(form, NULL) == value)
            break;
    }
    memcpy(text, form, sizeof form);
    return text;
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

static bool holds_integers(const stats_report *r)
{
    return r->input->array.dtype.kind != 'f';
}

/* An end of the range; integers of 64 bits are exact only as keys. */
static void end_text(const stats_report *r, double value, uint64_t key, char text[32])
{
    npy_dtype dtype = r->input->array.dtype;
    if (dtype.kind == 'f' || dtype.bytes < 8)
        stats_number_text(value + 0.0, text); /* + 0.0: -0 is 0 */
    else if (dtype.kind == 'u')
        snprintf(text, 32, "%" PRIu64, key);
    else
        snprintf(text, 32, "%" PRId64, (int64_t)(key ^ (uint64_t)1 << 63));
}

static void print_title(const stats_report *r)
{
    const npy_array *array = &r->input->array;
    char shape[128], type[32], size[16];
    printf("%s: %s, %s%s, %s\n\n", r->input->path, npy_dtype_name(array->dtype, type),
           stats_shape_text(array, shape, sizeof shape),
           array->dims < 2        ? ""
           : array->fortran_order ? ", Fortran order"
                                  : ", C order",
           tool_format_bytes(array->values * array->dtype.bytes, size));
}

static void print_moments(const stats_report *r)
{
    const summary *s = &r->summary;
    char low[32], high[32];
    printf("  count      %" PRIu64 "\n", r->input->array.values);
    if (s->nan || s->positive_infinity || s->negative_infinity)
        printf("  not finite %" PRIu64 " nan, %" PRIu64 " +inf, %" PRIu64
               " -inf; what follows is of the other %" PRIu64 "\n",
               s->nan, s->positive_infinity, s->negative_infinity, s->count);
    if (s->count == 0) {
        printf("  no finite values: no mean, no quantiles\n");
        return;
    }
    printf("  mean       %s\n", stats_number_text(summary_mean(s), low));
    printf("  variance   %s\n", stats_number_text(summary_variance(s), low));
    printf("  std        %s\n", stats_number_text(summary_deviation(s), low));
    end_text(r, s->min, s->min_key, low);
    end_text(r, s->max, s->max_key, high);
    printf("  min, max   %s, %s\n", low, high);
}

static void print_quantiles(const stats_report *r)
{
    printf("\nQuantiles (%s)\n", r->exact_quantiles ? "exact" : "within 0.4 % of the value");
    for (int row = 0; row < 2; row++) {
        for (size_t i = 0; i < STATS_QUANTILES; i++) {
            char text[32];
            if (row == 0)
                snprintf(text, sizeof text, "%g %%", 100 * stats_fractions[i]);
            else
                snprintf(text, sizeof text, "%.6g", r->quantiles[i] + 0.0);
            printf(" %10s", text);
        }
        putchar('\n');
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
    if (!h->exact && !holds_integers(r) && h->cells < h->bins && r->summary.min < r->summary.max)
        printf("  coarse: only %zu cell%s of 1/128 of the value; counts within one are spread\n",
               h->cells, h->cells == 1 ? "" : "s");
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
    print_title(report);
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

static void write_end(json *j, const char *key, const stats_report *r, double value, uint64_t bits)
{
    npy_dtype dtype = r->input->array.dtype;
    if (r->summary.count == 0)
        json_null(j, key);
    else if (dtype.kind == 'f')
        json_double(j, key, value + 0.0);
    else if (dtype.bytes < 8)
        json_signed(j, key, (int64_t)value);
    else if (dtype.kind == 'u')
        json_unsigned(j, key, bits);
    else
        json_signed(j, key, (int64_t)(bits ^ (uint64_t)1 << 63));
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
    write_end(j, "min", r, s->min, s->min_key);
    write_end(j, "max", r, s->max, s->max_key);
}

static void write_counts(json *j, const stats_report *r)
{
    const histogram *h = &r->histogram;
    json_open_object(j, "quantiles");
    for (size_t i = 0; i < STATS_QUANTILES; i++) {
        char key[16];
        snprintf(key, sizeof key, "%g", stats_fractions[i]);
        json_double(j, key, r->quantiles[i] + 0.0);
    }
    json_close_object(j);
    json_double(j, "quantiles_relative_error", r->exact_quantiles ? 0 : 0x1p-8);
    json_open_object(j, "histogram");
    json_bool(j, "logarithmic", h->logarithmic);
    json_bool(j, "exact", h->exact);
    json_unsigned(j, "outside", h->outside);
    json_open_array(j, "edges");
    for (size_t i = 0; h->bins && i <= h->bins; i++)
        json_double(j, NULL, h->edges[i]);
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
