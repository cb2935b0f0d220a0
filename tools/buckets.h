/* Coarse counts of values by size: one pass over any data, in a table whose size depends on the
 * type only.
 *
 * stats_pipeline.c counts into one table a worker; stats_answer.c and refine.c read the sum of the
 * tables, cell by cell.  It must never keep a value itself.
 *
 * Integers of one and two bytes have a cell for each value, so everything is exact, and so has 0.
 * Other values share a cell with those of the same sign, exponent and first seven bits of the
 * fraction as a double: a cell is at most 1/128 of its values wide, but for the two beside 0. */
#ifndef WEIR_BUCKETS_H
#define WEIR_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys.h"

enum { BUCKETS_SLOTS = 1 << 19 }; /* sign, exponent and seven bits of a double */

typedef struct buckets {
    key_kind kind;
    size_t cells; /* counts of 64 bits in a table */
    bool exact;   /* a cell for each integer from `first` */
    double first;
} buckets;

buckets buckets_for(npy_dtype dtype);

/* Bytes of one table: cells counts of 64 bits, all 0 to begin with. */
size_t buckets_bytes(const buckets *b);

/* Counts finite values, all within min … max. */
void buckets_add(const buckets *b, uint64_t *table, const double *values, size_t count, double min,
                 double max);

/* Adds one table of values within min … max to another, and looks at no cell outside of them.
 * Counts commute: the sum does not depend on who counted what. */
void buckets_merge(const buckets *b, double min, double max, uint64_t *into, const uint64_t *from);

/* Where a double is looked up, for tables that say something of each cell: its upper 19 bits. 0 has
 * a cell of its own in counts, but shares the slot of the least positive (-0: negative) doubles. */
static inline size_t buckets_slot(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (size_t)(bits >> 45);
}

/* A walk through the cells that hold values, in ascending order. */
typedef struct buckets_walk {
    const buckets *b;
    const uint64_t *table;
    size_t next, last;
    uint64_t min_key, max_key;
} buckets_walk;

/* The keys that a cell's values are from and to, within the least and the greatest of all. */
typedef struct buckets_cell {
    uint64_t low, high, count;
    size_t slot; /* unless exact */
} buckets_cell;

/* min and max are those counted, min > max for none. */
buckets_walk buckets_begin(const buckets *b, const uint64_t *table, stats_value min,
                           stats_value max);
/* Returns: false at the end. */
bool buckets_next(buckets_walk *walk, buckets_cell *cell);

#endif
