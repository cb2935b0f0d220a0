/* What `weir stats` found, and how it is told: as text, as JSON, as a picture.
 *
 * stats.c fills it after the run and prints it; the plots read the histogram.  It must never
 * change a number on the way: text shows as many digits as make the same double again. */
#ifndef WEIR_STATS_REPORT_H
#define WEIR_STATS_REPORT_H

#include "buckets.h"
#include "number.h"
#include "stats_input.h"
#include "summary.h"
#include "weir.h"

enum { STATS_DEFAULT_BINS = 20, STATS_MAX_BINS = 100000 };

/* Any value of any type, exactly: 64 bits of mantissa hold all integers of 64 bits. */
typedef long double stats_value;

/* Bin i holds the values edges[i] <= v < edges[i + 1], the last one its upper edge as well.
 * Invariant: edges ascend, and are doubles unless the values are integers. */
typedef struct histogram {
    size_t bins;
    stats_value *edges; /* bins + 1 */
    uint64_t *counts;   /* bins */
    uint64_t outside;   /* values that a logarithmic axis has no place for */
    bool logarithmic;
    bool per_value; /* of integers: bin i holds just the value edges[i], edges are consecutive */
    double error;   /* 0: the counts are exact; else a value may have been counted on the wrong
                       side of an edge that is less than this share of the value away */
} histogram;

typedef struct stats_quantile {
    double fraction;
    stats_value value; /* NaN if there are no values */
    double error;      /* 0: an element of the data; else the true one is within error * |value| */
} stats_quantile;

typedef struct stats_report {
    const stats_input *input;
    summary summary;
    stats_value min, max; /* if summary.count > 0 */
    stats_quantile *quantiles;
    size_t quantile_count;
    histogram histogram;
    weir_stats run;
    unsigned passes;      /* over the file */
    unsigned ddof;        /* the variance is divided by count - ddof */
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

/* Whether all values are the same, and in one bin: then its edges tell nothing. */
bool stats_is_single(const stats_report *report);

void stats_report_text(const stats_report *report);
void stats_report_json(const stats_report *report);

/* "1000 x 3", or "a single value"; cut with "..." if it does not fit; returned. */
const char *stats_shape_text(const npy_array *array, char *text, size_t size);

/* A value of this type: all digits of an integer, else the shortest form that reads back as the
 * same double.  Returns `text`. */
const char *stats_value_text(npy_dtype dtype, stats_value value, char text[NUMBER_TEXT]);
decimal stats_value_decimal(npy_dtype dtype, stats_value value);

/* The greatest relative error of all quantiles, 0 if they are exact. */
double stats_quantile_error(const stats_report *report);

/* A relative error > 0 in percents, rounded up to three digits.  Returns `text`. */
const char *stats_error_text(double error, char text[NUMBER_TEXT]);

#endif
