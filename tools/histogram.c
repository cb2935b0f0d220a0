/* Quantiles and the display histogram, from the summed table of counts.
 *
 * stats.c calls it once, after the run.  It must never look at the file again: all that it knows
 * is the counts, the least and the greatest value. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "stats_report.h"

enum { QUANTILES = 7 };
static const double fractions[QUANTILES] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

static bool alloc_bins(histogram *h, size_t bins)
{
    h->edges = malloc((bins + 1) * sizeof *h->edges);
    h->counts = calloc(bins, sizeof *h->counts);
    h->bins = bins;
    return h->edges && h->counts;
}

/* A point a share of the way; no difference is formed, since it may overflow. */
static double between(double low, double high, double share, bool logarithmic)
{
    if (logarithmic)
        return exp(log(low) * (1 - share) + log(high) * share);
    return low * (1 - share) + high * share;
}

static void space_edges(const histogram *h, double low, double high, double *edges)
{
    for (size_t i = 0; i <= h->bins; i++) {
        double edge = between(low, high, (double)i / (double)h->bins, h->logarithmic);
        edges[i] = i && edge < edges[i - 1] ? edges[i - 1] : edge;
    }
    edges[0] = low;
    edges[h->bins] = high;
}

/* All values equal: something around them, one wide where that can be told from the value. */
static void widen(double *low, double *high)
{
    double half = fabs(*low) * 0x1p-20;
    half = half > 0.5 ? half : 0.5;
    *low = *low - half < -DBL_MAX ? -DBL_MAX : *low - half;
    *high = *high + half > DBL_MAX ? DBL_MAX : *high + half;
}

static bool make_histogram(histogram *h, const summary *s, const buckets *b, const uint64_t *table,
                           size_t bins)
{
    double low = s->min, high = s->max;
    h->error = b->exact ? 0 : 0x1p-7;
    if (h->logarithmic && s->count)
        low = buckets_smallest_positive(b, table, low, high);
    if (s->count == 0 || (h->logarithmic && !(high > 0))) {
        h->outside = s->count;
        return alloc_bins(h, 0);
    }
    if (!bins && !h->logarithmic && b->integers && high - low < (double)STATS_DEFAULT_BINS) {
        bins = (size_t)(high - low) + 1;
        low -= 0.5;
        high += 0.5;
        h->per_value = true;
    }
    if (!(low < high)) {
        widen(&low, &high);
        bins = bins ? bins : 1;
    }
    if (!(low > 0))
        h->logarithmic = false; /* one value below 0.5, widened */
    if (!alloc_bins(h, bins ? bins : STATS_DEFAULT_BINS))
        return false;
    double *edges = malloc((h->bins + 1) * sizeof *edges);
    if (!edges)
        return false;
    space_edges(h, low, high, edges);
    h->outside = s->count - buckets_histogram(b, table, s->min, s->max, edges, h->bins, h->counts);
    for (size_t i = 0; i <= h->bins; i++)
        h->edges[i] = h->per_value ? floor(edges[i]) + 1 : edges[i];
    free(edges);
    return true;
}

/* The ends of 64-bit integers are exact only as keys. */
static stats_value end_of(const stats_report *report, double value, uint64_t key)
{
    npy_dtype dtype = report->input->array.dtype;
    if (dtype.kind == 'f' || dtype.bytes < 8)
        return value;
    return dtype.kind == 'u' ? (stats_value)key : (stats_value)(int64_t)(key ^ (uint64_t)1 << 63);
}

bool stats_report_count(stats_report *report, const buckets *b, const uint64_t *table, size_t bins,
                        bool logarithmic)
{
    const summary *s = &report->summary;
    double values[QUANTILES];
    report->quantiles = calloc(QUANTILES, sizeof *report->quantiles);
    if (!report->quantiles)
        return false;
    report->quantile_count = QUANTILES;
    report->min = end_of(report, s->min, s->min_key);
    report->max = end_of(report, s->max, s->max_key);
    buckets_quantiles(b, table, s->count, s->min, s->max, fractions, QUANTILES, values);
    for (size_t i = 0; i < QUANTILES; i++)
        report->quantiles[i] = (stats_quantile){fractions[i], values[i], b->exact ? 0 : 0x1p-8};
    report->histogram.logarithmic = logarithmic;
    return make_histogram(&report->histogram, s, b, table, bins);
}

void stats_report_free(stats_report *report)
{
    free(report->quantiles);
    free(report->histogram.edges);
    free(report->histogram.counts);
}
