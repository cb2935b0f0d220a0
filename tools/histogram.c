/* Quantiles and the display histogram, from the summed table of counts.
 *
 * stats.c calls it once, after the run.  It must never look at the file again: all that it knows
 * is the counts, the least and the greatest value. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "stats_report.h"

const double stats_fractions[STATS_QUANTILES] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

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

static void space_edges(histogram *h, double low, double high)
{
    for (size_t i = 0; i <= h->bins; i++) {
        double edge = between(low, high, (double)i / (double)h->bins, h->logarithmic);
        h->edges[i] = i && edge < h->edges[i - 1] ? h->edges[i - 1] : edge;
    }
    h->edges[0] = low;
    h->edges[h->bins] = high;
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
    h->exact = b->exact;
    h->cells = s->count ? buckets_used(b, table, s->min, s->max) : 0;
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
    space_edges(h, low, high);
    h->outside =
        s->count - buckets_histogram(b, table, s->min, s->max, h->edges, h->bins, h->counts);
    return true;
}

bool stats_report_count(stats_report *report, const buckets *b, const uint64_t *table, size_t bins,
                        bool logarithmic)
{
    const summary *s = &report->summary;
    report->exact_quantiles = b->exact;
    buckets_quantiles(b, table, s->count, s->min, s->max, stats_fractions, STATS_QUANTILES,
                      report->quantiles);
    report->histogram.logarithmic = logarithmic;
    return make_histogram(&report->histogram, s, b, table, bins);
}

void stats_report_free(stats_report *report)
{
    free(report->histogram.edges);
    free(report->histogram.counts);
}
