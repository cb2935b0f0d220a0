/* What `weir stats` found, and how it is told: as text, as JSON, as a picture.
 *
 * stats.c fills it after the run and prints it; the plots read the histogram.  It must never
 * change a number on the way: text shows as many digits as make the same double again. */
#ifndef WEIR_STATS_REPORT_H
#define WEIR_STATS_REPORT_H

#include "buckets.h"
#include "stats_input.h"
#include "summary.h"
#include "weir.h"

enum { STATS_QUANTILES = 7, STATS_DEFAULT_BINS = 20, STATS_MAX_BINS = 100000 };

extern const double stats_fractions[STATS_QUANTILES];

/* Bin i goes from edges[i] to edges[i + 1]. Invariant: edges ascend; bins > 0 unless empty. */
typedef struct histogram {
    size_t bins;
    double *edges;    /* bins + 1 */
    uint64_t *counts; /* bins */
    uint64_t outside; /* values that a logarithmic axis has no place for */
    bool logarithmic;
    bool exact;
    bool per_value; /* each bin is one integer, at its middle */
    size_t cells;   /* counted cells that it was made from: its true resolution */
} histogram;

typedef struct stats_report {
    const stats_input *input;
    summary summary;
    double quantiles[STATS_QUANTILES];
    bool exact_quantiles;
    histogram histogram;
    weir_stats run;
    double seconds;       /* reading, reducing, and reading off quantiles and histogram */
    uint64_t table_bytes; /* counts; part of the three below */
    uint64_t peak_bytes, certified_bytes, max_bytes; /* max_bytes 0: no limit */
} stats_report;

/* Quantiles and histogram from the summed table; report->summary must be there.
 *
 * bins:    0 for the default, which shows integers of a narrow range one by one.
 * Returns: false if there is no memory. The caller frees with stats_report_free(). */
bool stats_report_count(stats_report *report, const buckets *b, const uint64_t *table, size_t bins,
                        bool logarithmic);
void stats_report_free(stats_report *report);

void stats_report_text(const stats_report *report);
void stats_report_json(const stats_report *report);

/* "1000 x 3", or "a single value"; cut with "..." if it does not fit; returned. */
const char *stats_shape_text(const npy_array *array, char *text, size_t size);

/* The shortest decimal form that reads back as the same double; text has 32 bytes; returned. */
const char *stats_number_text(double value, char text[32]);

#endif
