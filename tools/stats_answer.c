/* From counts to a report.
 *
 * stats_run.c calls it on one thread, before and after each pass that goes on from the first.  It
 * must never take a guess for an answer: a value that is not known has its error beside it. */
#include "stats_answer.h"

#include <math.h>
#include <stdlib.h>

uint64_t stats_answer_bytes(const stats_wish *wish, unsigned workers)
{
    const size_t bins = wish->bins ? wish->bins : STATS_DEFAULT_BINS;
    return refine_bytes(bins, wish->quantile_count, workers) + 2 * (bins + 1) * sizeof(uint64_t) +
           wish->quantile_count * (sizeof(refine_target) + sizeof(stats_quantile)) +
           (bins + 1) * (sizeof(stats_value) + sizeof(uint64_t));
}

/* q * count, less its own rounding, so that the 0.07 quantile of 100 values is the 7th. */
static uint64_t rank_of(double fraction, uint64_t count)
{
    const double rank = ceil(fraction * (double)count * (1 - 4 * DBL_EPSILON));
    if (rank < 1)
        return 1;
    return rank >= (double)count ? count : (uint64_t)rank;
}

static bool list_targets(stats_answer *a, const stats_wish *wish)
{
    stats_report *report = a->report;
    const uint64_t count = report->summary.count;
    report->quantiles = calloc(wish->quantile_count + 1, sizeof *report->quantiles);
    a->refine.targets = calloc(wish->quantile_count + 1, sizeof *a->refine.targets);
    if (!report->quantiles || !a->refine.targets)
        return false;
    report->quantile_count = wish->quantile_count;
    a->refine.target_count = count ? wish->quantile_count : 0;
    for (size_t i = 0; i < wish->quantile_count; i++) {
        report->quantiles[i] = (stats_quantile){wish->quantiles[i], (stats_value)NAN, 0};
        a->refine.targets[i].rank = rank_of(wish->quantiles[i], count);
    }
    return true;
}

/* The axis goes from `low` to the greatest value. */
static bool list_edges(stats_answer *a, const stats_wish *wish, stats_value low)
{
    stats_report *report = a->report;
    histogram *h = &report->histogram;
    h->logarithmic = wish->logarithmic;
    const bool none = report->summary.count == 0 || (h->logarithmic && !(report->max > 0));
    if (none ? !histogram_empty(h)
             : !histogram_space(h, a->refine.dtype, low, report->max, wish->bins))
        return false;
    a->edge_keys = calloc(h->bins + 1, sizeof *a->edge_keys);
    a->refine.bins = calloc(h->bins + 1, sizeof *a->refine.bins);
    if (!a->edge_keys || !a->refine.bins)
        return false;
    for (size_t i = 0; i < h->bins; i++)
        a->edge_keys[i] = key_at_least(a->refine.kind, h->edges[i]);
    a->refine.edges = a->edge_keys;
    a->refine.edge_count = h->bins;
    return true;
}

static void begin(stats_answer *a)
{
    const summary *s = &a->report->summary;
    a->report->min = s->min;
    a->report->max = s->max;
    a->refine.dtype = a->report->input->array.dtype;
    a->refine.kind = key_kind_of(a->refine.dtype);
}

bool stats_answer_from_keys(stats_answer *a, const stats_wish *wish, const key_runs *keys)
{
    begin(a);
    const size_t count = (size_t)a->report->summary.count;
    const size_t others = keys_below(keys, key_at_least(a->refine.kind, 0) + 1); /* not positive */
    stats_value low = a->report->min;
    if (wish->logarithmic && others < count)
        low = key_value(a->refine.kind, keys_at_rank(keys, others + 1));
    if (!list_targets(a, wish) || !list_edges(a, wish, low))
        return false;
    for (size_t i = 0; i < a->refine.target_count; i++) {
        refine_target *t = &a->refine.targets[i];
        t->low = t->high = keys_at_rank(keys, (size_t)t->rank);
    }
    size_t below = 0;
    for (size_t i = 0; i < a->refine.edge_count; i++) {
        const size_t upto = keys_below(keys, a->edge_keys[i]);
        a->refine.bins[i] = upto - below;
        below = upto;
    }
    a->refine.bins[a->refine.edge_count] = count - below;
    return true;
}

/* The least positive value, or what its cell begins with. */
static stats_value least_positive(const stats_answer *a, buckets_walk walk)
{
    const uint64_t zero = key_at_least(a->refine.kind, 0);
    buckets_cell c;
    while (buckets_next(&walk, &c))
        if (c.low > zero)
            return key_value(a->refine.kind, c.low);
    return 0;
}

bool stats_answer_from_table(stats_answer *a, const stats_wish *wish, const buckets *b,
                             const uint64_t *table)
{
    begin(a);
    const summary *s = &a->report->summary;
    const buckets_walk walk = buckets_begin(b, table, s->min, s->max);
    return list_targets(a, wish) &&
           list_edges(a, wish, wish->logarithmic ? least_positive(a, walk) : s->min) &&
           refine_begin(&a->refine, walk);
}

bool stats_answer_finish(stats_answer *a)
{
    stats_report *report = a->report;
    histogram *h = &report->histogram;
    h->error = refine_guess_bins(&a->refine);
    for (size_t i = 0; i < a->refine.target_count; i++)
        report->quantiles[i].error =
            refine_guess(&a->refine, &a->refine.targets[i], &report->quantiles[i].value);
    h->outside = a->refine.bins[0];
    uint64_t all = h->outside;
    for (size_t i = 0; i < h->bins; i++) {
        h->counts[i] = a->refine.bins[i + 1];
        all += h->counts[i];
    }
    if (h->bins == 0)
        h->outside = all = report->summary.count;
    return all == report->summary.count;
}

void stats_answer_free(stats_answer *a)
{
    refine_free(&a->refine);
    free(a->refine.targets);
    free(a->refine.bins);
    free(a->edge_keys);
}

void stats_report_free(stats_report *report)
{
    free(report->quantiles);
    histogram_free(&report->histogram);
}
