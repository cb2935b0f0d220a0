/* Records of what a set of numbers sums up to, and their merging.
 *
 * stats_pipeline.c makes one record a chunk and merges them up to one for the file; the reports
 * read it.  It must never depend on who computed a record or when: merging is a function of the
 * operands and their order.
 *
 * Error bounds, u = 2^-53: the mean is within u|mean| + 260 u times the mean distance of the values
 * from it, so cancellation between large values does not hurt; the variance has a relative error
 * below 10^-13 (500 u) as long as |mean| < 10^12 standard deviations, and for integers of every
 * size wherever they lie.  Neither overflows before the result itself does. */
#ifndef WEIR_SUMMARY_H
#define WEIR_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "keys.h"

enum { SUMMARY_CHUNK = 2048 }; /* values reduced at a time: 16 KiB, half of a first-level cache */

/* Of the finite values, but for the three counts of others. Their sum is count * origin + rest; m2
 * is the sum of the squared distances from the mean. Long doubles, since they hold integers of 64
 * bits, and the squares of all doubles.
 * Invariant: count == 0 <=> min > max; m2 >= 0. */
typedef struct summary {
    uint64_t count, nan, positive_infinity, negative_infinity;
    stats_value min, max;
    stats_value origin; /* a point near the mean of the first values */
    stats_value rest, m2;
} summary;

/* The record of no values: merging it changes nothing. */
void summary_clear(summary *s);

/* Makes the record of 1 … SUMMARY_CHUNK values.
 *
 * values:  in; afterwards the finite ones of them, in their order, at its beginning.
 * Returns: how many are finite. */
size_t summary_of_chunk(double *values, size_t count, summary *s);

/* Makes that of 1 … SUMMARY_CHUNK integers of 64 bits, exactly where a double is too short for them.
 *
 * raw:     in this machine's byte order.
 * values:  the same as doubles. */
void summary_of_integers(npy_dtype dtype, const void *raw, const double *values, size_t count,
                         summary *s);

/* Adds the record of the values that follow those of `into` (Chan, Golub and LeVeque 1979). */
void summary_merge(summary *into, const summary *later);

/* Merges n records as a balanced tree, whose shape depends on n only. */
void summary_merge_all(const summary *parts, size_t n, summary *out);

/* NaN for no values. The variance is m2 / (count - ddof): of the population for 0, the unbiased one
 * of a sample for 1; NaN unless count > ddof. */
double summary_mean(const summary *s);
double summary_variance(const summary *s, uint64_t ddof);
double summary_deviation(const summary *s, uint64_t ddof); /* finite even where the other is not */

#endif
