/* A histogram and the choice of its edges.
 *
 * stats_answer.c makes one from the least and the greatest value, and counts between its edges;
 * the reports show it.  It must never have an edge that is not printed as it is: edges are short
 * decimals, each the double that is read back from them, or integers. */
#ifndef WEIR_HISTOGRAM_H
#define WEIR_HISTOGRAM_H

#include <stdbool.h>

#include "keys.h"

enum { STATS_DEFAULT_BINS = 20, STATS_MAX_BINS = 100000 };

/* Bin i holds the values edges[i] <= v < edges[i + 1], the last one its upper edge as well.
 * Invariant: edges ascend, and are doubles unless the values are integers. They are different,
 * but for the two of one bin that holds a single float: both are that value. */
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

/* Chooses edges for values from low to high; h->logarithmic must be there, and asks for low > 0.
 *
 * bins:    how many at most, 0 for the default; integers of fewer different values have a bin
 *          each, floats between which there are fewer doubles a bin each.
 * Returns: false if there is no memory. The caller frees with histogram_free(). */
bool histogram_space(histogram *h, npy_dtype dtype, stats_value low, stats_value high, size_t bins);

/* One without bins, for no values. */
bool histogram_empty(histogram *h);
void histogram_free(histogram *h);

#endif
