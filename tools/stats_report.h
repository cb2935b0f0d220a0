/* What `weir stats` found, and how it is told: as text, as JSON, as a picture.
 *
 * stats.c fills it after the run and prints it; the plots read the histogram.  It must never
 * change a number on the way: text shows as many digits as make the same double again. */
#ifndef WEIR_STATS_REPORT_H
#define WEIR_STATS_REPORT_H

#include "histogram.h"
#include "number.h"
#include "stats_input.h"
#include "summary.h"
#include "weir.h"

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
    unsigned workers_asked; /* run.workers is what OpenMP gave */
    unsigned passes;        /* over the file */
    const char *why;        /* that many, in some words */
    unsigned ddof;          /* the variance is divided by count - ddof */
    double seconds;         /* reading, reducing, and reading off quantiles and histogram */
    uint64_t table_bytes;   /* counts; part of the three below */
    uint64_t peak_bytes, certified_bytes, max_bytes; /* max_bytes 0: no limit */
} stats_report;

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
