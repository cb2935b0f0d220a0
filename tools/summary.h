/* Records of what a set of numbers sums up to, and their merging.
 *
 * stats_pipeline.c makes one record a chunk and merges them up to one for the file; the reports
 * read it.  It must never depend on who computed a record or when: merging is a function of the
 * operands and their order.
 *
 * Error bounds, u = 2^-53: the mean is within u|mean| + 260 u times the mean distance of the values
 * from the mean of their chunk, so cancellation between large values does not hurt; the variance
 * has a relative error below 10^-13 (500 u) as long as |mean| < 10^12 standard deviations.  Integers
 * of up to 32 bits are summed exactly.  Neither overflows before the result itself does. */
#ifndef WEIR_SUMMARY_H
#define WEIR_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

enum { SUMMARY_CHUNK = 2048 }; /* values reduced at a time: 16 KiB, half of a first-level cache */

/* Of the finite values, but for the three counts of others.  The true sum is
 * (sum + sum_low) * 2^scale, that of the squared distances from the mean m2 * 2^(2 scale).
 * Invariant: count == 0 <=> min > max; m2 >= 0; sum + sum_low rounds to sum. */
typedef struct summary {
    uint64_t count, nan, positive_infinity, negative_infinity;
    double sum, sum_low, m2;
    double min, max;
    uint64_t min_key, max_key; /* of 64-bit integers, exact: see convert_key_range() */
    int scale;                 /* -600, 0 or 600: keeps squares of extreme values in range */
} summary;

/* The record of no values: merging it changes nothing. */
void summary_clear(summary *s);

/* Makes the record of 1 … SUMMARY_CHUNK values.
 *
 * values:  in; afterwards the finite ones of them, in their order, at its beginning.
 * Returns: how many are finite. */
size_t summary_of_chunk(double *values, size_t count, summary *s);

/* Adds the record of the values that follow those of `into` (Chan, Golub and LeVeque 1979). */
void summary_merge(summary *into, const summary *later);

/* Merges n records as a balanced tree, whose shape depends on n only. */
void summary_merge_all(const summary *parts, size_t n, summary *out);

/* NaN for no values. The variance is that of the population: m2 / count. */
double summary_mean(const summary *s);
double summary_variance(const summary *s);
double summary_deviation(const summary *s); /* finite even where the variance is not */

#endif
