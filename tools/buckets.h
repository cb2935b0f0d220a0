/* Counts of values by size, and the quantiles and histograms that are read from them.
 *
 * stats_pipeline.c counts into one table a worker; stats_report.c and the plots read the sum of
 * the tables.  It must never keep a value itself: a table's size depends on the type only.
 *
 * Integers of one and two bytes have a cell for each value, so everything is exact.  Other values
 * share a cell with those of the same sign, exponent and first seven bits of the fraction; a cell
 * is at most 1/128 of its values wide, and its midpoint at most 1/256 (0.4 %) of the value away.
 * Integers below 128 have cells of their own there as well. */
#ifndef WEIR_BUCKETS_H
#define WEIR_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npy.h"

/* How the cells of a table lie; cells are numbered from 0 in the order of their values. */
typedef struct buckets {
    size_t cells;
    bool exact;    /* a cell for each integer from `first` */
    bool integers; /* only integers occur */
    double first;
} buckets;

buckets buckets_for(npy_dtype dtype);

/* Bytes of one table: cells counts of 64 bits, all 0 to begin with. */
size_t buckets_bytes(const buckets *b);

/* Counts finite values, all within min … max. */
void buckets_add(const buckets *b, uint64_t *table, const double *values, size_t count, double min,
                 double max);

/* What follows takes the least and the greatest value counted, and touches no cell outside of
 * them; min > max for an empty table, which may be NULL then. */

/* Adds one table to another.  Counts commute: the sum does not depend on who counted what. */
void buckets_merge(const buckets *b, double min, double max, uint64_t *into, const uint64_t *from);

/* The values of a cell: those from low to high for integers, else from low (inclusive; exclusive
 * below 0) to high. */
void buckets_cell(const buckets *b, size_t cell, double *low, double *high);

/* Quantiles by nearest rank: for each fraction q, ascending, the smallest value that at least
 * q * count values do not exceed; as the midpoint of its cell, and within min … max. */
void buckets_quantiles(const buckets *b, const uint64_t *table, uint64_t count, double min,
                       double max, const double *fractions, size_t n, double *quantiles);

/* A histogram: bin i holds values from edges[i] up to edges[i + 1], the last one its upper edge as
 * well; values outside the edges are left out.  The count of a cell that lies in several bins is
 * spread over them in proportion.  Returns how many values are in the bins. */
uint64_t buckets_histogram(const buckets *b, const uint64_t *table, double min, double max,
                           const double *edges, size_t bins, uint64_t *counts);

/* How many cells between min and max hold values. */
size_t buckets_used(const buckets *b, const uint64_t *table, double min, double max);

/* The smallest positive value that is known of, at most one cell's width too small; 0 for none. */
double buckets_smallest_positive(const buckets *b, const uint64_t *table, double min, double max);

#endif
