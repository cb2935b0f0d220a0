/* Tables of counts: a cell each small integer, or a cell each 1/128 of an octave's start.
 *
 * stats_pipeline.c counts on every worker at once, each into its own table; the rest runs after
 * the run.  It must never write to a cell that nothing was counted in: tables are allocated
 * lazily, and most of their memory stays untouched. */
#include "buckets.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Where sign, exponent and the first seven bits of the fraction of a double begin. */
enum { SHIFT = 45, HALF = 1 << 18 };

buckets buckets_for(npy_dtype dtype)
{
    buckets b = {.cells = (size_t)2 * HALF, .integers = dtype.kind != 'f'};
    if (b.integers && dtype.bytes <= 2) {
        b.exact = true;
        b.cells = (size_t)1 << (8 * dtype.bytes);
        b.first = dtype.kind == 'i' ? -(double)(b.cells / 2) : 0;
    }
    return b;
}

size_t buckets_bytes(const buckets *b)
{
    return b->cells * sizeof(uint64_t);
}

/* The cell of a value.  Bits of positive doubles have the order of their values, those of negative
 * ones the opposite; the table is laid out by plain bits, which the inner loop gets for nothing,
 * and cells are numbered in order of values everywhere else. */
static size_t slot_of_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (size_t)(bits >> SHIFT);
}

static size_t slot_of_cell(const buckets *b, size_t cell)
{
    if (b->exact)
        return cell;
    return cell < HALF ? (size_t)2 * HALF - 1 - cell : cell - HALF;
}

static size_t slot_of(const buckets *b, double value)
{
    return b->exact ? (size_t)(int32_t)(value - b->first) : slot_of_bits(value);
}

/* Four tables to keep equal neighbours apart gained nothing: the store of a count is forwarded to
 * the next load within a cycle or two. */
void buckets_add(const buckets *b, uint64_t *table, const double *values, size_t count, double min,
                 double max)
{
    if (count == 0)
        return;
    if (slot_of(b, min) == slot_of(b, max)) {
        table[slot_of(b, min)] += count;
    } else if (b->exact) {
        const double first = b->first;
        for (size_t i = 0; i < count; i++)
            table[(size_t)(int32_t)(values[i] - first)]++;
    } else {
        for (size_t i = 0; i < count; i++)
            table[slot_of_bits(values[i])]++;
    }
}

/* The cells that values from min to max may be in: no other page of a table is looked at. */
typedef struct span {
    size_t first, last; /* first > last: none */
} span;

static size_t cell_of(const buckets *b, double value)
{
    size_t slot = slot_of(b, value);
    if (b->exact)
        return slot;
    return slot < HALF ? slot + HALF : (size_t)2 * HALF - 1 - slot;
}

/* Zero has two signs and so two cells; either may be min or max for both. */
static span span_of(const buckets *b, double min, double max)
{
    if (!(min <= max))
        return (span){1, 0};
    return (span){cell_of(b, min == 0 ? -0.0 : min), cell_of(b, max == 0 ? 0.0 : max)};
}

void buckets_merge(const buckets *b, double min, double max, uint64_t *into, const uint64_t *from)
{
    span all = span_of(b, min, max);
    for (size_t cell = all.first; cell <= all.last; cell++) {
        size_t slot = slot_of_cell(b, cell);
        if (from[slot])
            into[slot] += from[slot];
    }
}

void buckets_cell(const buckets *b, size_t cell, double *low, double *high)
{
    if (b->exact) {
        *low = *high = b->first + (double)cell;
        return;
    }
    bool negative = cell < HALF;
    uint64_t magnitude = negative ? HALF - 1 - cell : cell - HALF;
    uint64_t bits = magnitude << SHIFT, end_bits = (magnitude + 1) << SHIFT;
    double inner, outer;
    memcpy(&inner, &bits, sizeof inner);
    memcpy(&outer, &end_bits, sizeof outer);
    if (b->integers) { /* those of inner <= |v| < outer */
        inner = ceil(inner);
        outer = ceil(outer) - 1;
    }
    *low = negative ? -outer : inner;
    *high = negative ? -inner : outer;
}

static double clamp(double value, double min, double max)
{
    return value < min ? min : value > max ? max : value;
}

/* Halves first: the sum of two large ones may overflow. */
static double midpoint(const buckets *b, size_t cell)
{
    double low, high;
    buckets_cell(b, cell, &low, &high);
    double middle = low / 2 + high / 2;
    return b->integers && low < high ? floor(middle) : middle;
}

/* q * count, less its own rounding, so that the 0.07 quantile of 100 values is the 7th. */
static uint64_t rank_of(double fraction, uint64_t count)
{
    double rank = ceil(fraction * (double)count * (1 - 4 * DBL_EPSILON));
    if (rank < 1)
        return 1;
    return rank >= (double)count ? count : (uint64_t)rank;
}

void buckets_quantiles(const buckets *b, const uint64_t *table, uint64_t count, double min,
                       double max, const double *fractions, size_t n, double *quantiles)
{
    size_t done = 0;
    uint64_t below = 0;
    span all = span_of(b, min, max);
    for (size_t cell = all.first; cell <= all.last && done < n; cell++) {
        below += table[slot_of_cell(b, cell)];
        while (done < n && rank_of(fractions[done], count) <= below) {
            quantiles[done] = clamp(midpoint(b, cell), min, max);
            done++;
        }
    }
    for (; done < n; done++)
        quantiles[done] = count ? max : (double)NAN;
}

/* How much of the range low … high lies below `edge`, as a share of count. */
static uint64_t share_below(double low, double high, double edge, uint64_t count)
{
    if (edge <= low)
        return 0;
    if (edge > high)
        return count;
    double share = (edge / 2 - low / 2) / (high / 2 - low / 2);
    double part = nearbyint(share * (double)count);
    return part >= (double)count ? count : (uint64_t)part;
}

uint64_t buckets_histogram(const buckets *b, const uint64_t *table, double min, double max,
                           const double *edges, size_t bins, uint64_t *counts)
{
    memset(counts, 0, bins * sizeof *counts);
    uint64_t total = 0;
    size_t first_bin = 0;
    span all = span_of(b, min, max);
    for (size_t cell = all.first; cell <= all.last; cell++) {
        uint64_t count = table[slot_of_cell(b, cell)];
        if (count == 0)
            continue;
        double low, high;
        buckets_cell(b, cell, &low, &high);
        low = clamp(low, min, max);
        high = clamp(high, min, max);
        while (first_bin + 1 < bins && edges[first_bin + 1] <= low)
            first_bin++;
        uint64_t below = share_below(low, high, edges[0], count);
        for (size_t bin = first_bin; bin < bins; bin++) {
            uint64_t upto = share_below(low, high, edges[bin + 1], count);
            if (bin + 1 == bins && high <= edges[bins])
                upto = count;
            counts[bin] += upto - below;
            total += upto - below;
            below = upto;
            if (upto == count)
                break;
        }
    }
    return total;
}

size_t buckets_used(const buckets *b, const uint64_t *table, double min, double max)
{
    size_t used = 0;
    span all = span_of(b, min, max);
    for (size_t cell = all.first; cell <= all.last; cell++)
        used += table[slot_of_cell(b, cell)] != 0;
    return used;
}

double buckets_smallest_positive(const buckets *b, const uint64_t *table, double min, double max)
{
    if (min > 0)
        return min;
    span all = span_of(b, 0, max);
    for (size_t cell = all.first; cell <= all.last; cell++) {
        double low, high;
        if (table[slot_of_cell(b, cell)] == 0)
            continue;
        buckets_cell(b, cell, &low, &high);
        if (low > 0)
            return low;
    }
    return 0;
}
