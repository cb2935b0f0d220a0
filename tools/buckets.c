/* Tables of counts: a cell each small integer, or a cell each 1/128 of an octave's start.
 *
 * stats_pipeline.c counts on every worker at once, each into its own table; the rest runs after
 * the run.  It must never write to a cell that nothing was counted in: tables are allocated
 * lazily, and most of their memory stays untouched. */
#include "buckets.h"

#include <math.h>

/* The order of a large table: by the upper bits of doubles, which the inner loop gets for nothing,
 * so positive ones, then negative ones from the least magnitude on, then 0. Cells are numbered in
 * the order of their values everywhere else. */
enum { SHIFT = 45, HALF = BUCKETS_SLOTS / 2, ZERO_SLOT = BUCKETS_SLOTS };

buckets buckets_for(npy_dtype dtype)
{
    buckets b = {.kind = key_kind_of(dtype), .cells = BUCKETS_SLOTS + 1};
    if (dtype.kind != 'f' && dtype.bytes <= 2) {
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

static size_t slot_of(const buckets *b, double value)
{
    if (b->exact)
        return (size_t)(int32_t)(value - b->first);
    return value == 0 ? (size_t)ZERO_SLOT : buckets_slot(value);
}

/* --- counting ------------------------------------------------------------------------------- */

/* The loop counts zeros beside the smallest values of either sign; few chunks have any, and theirs
 * are moved to where they belong. */
static void move_zeros(uint64_t *table, const double *values, size_t count, uint64_t tiny_before)
{
    uint64_t zeros = 0, negative = 0;
    if (table[0] + table[HALF] == tiny_before)
        return;
    for (size_t i = 0; i < count; i++) {
        zeros += values[i] == 0;
        negative += values[i] == 0 && signbit(values[i]);
    }
    table[0] -= zeros - negative;
    table[HALF] -= negative;
    table[ZERO_SLOT] += zeros;
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
        const uint64_t tiny = table[0] + table[HALF];
        for (size_t i = 0; i < count; i++)
            table[buckets_slot(values[i])]++;
        move_zeros(table, values, count, tiny);
    }
}

/* --- cells ---------------------------------------------------------------------------------- */

static size_t cell_of(const buckets *b, double value)
{
    const size_t slot = slot_of(b, value);
    if (b->exact)
        return slot;
    return slot == ZERO_SLOT ? HALF : slot < HALF ? HALF + 1 + slot : (size_t)2 * HALF - 1 - slot;
}

static size_t slot_of_cell(const buckets *b, size_t cell)
{
    if (b->exact)
        return cell;
    return cell == HALF ? ZERO_SLOT : cell > HALF ? cell - HALF - 1 : (size_t)2 * HALF - 1 - cell;
}

void buckets_merge(const buckets *b, double min, double max, uint64_t *into, const uint64_t *from)
{
    if (!(min <= max))
        return;
    const size_t last = cell_of(b, max);
    for (size_t cell = cell_of(b, min); cell <= last; cell++) {
        const size_t slot = slot_of_cell(b, cell);
        if (from[slot])
            into[slot] += from[slot];
    }
}

/* The least positive integer that is rounded to at least `edge`, which begins a cell. From 2^53 up,
 * what is half a step of doubles below it is a tie, and goes to the even number: the edge. */
static stats_value least_rounded_to(double edge)
{
    if (edge <= 0x1p53)
        return ceil(edge);
    return edge - ((stats_value)edge - nextafter(edge, 0)) / 2;
}

static double edge_of(size_t magnitude)
{
    const uint64_t bits = (uint64_t)magnitude << SHIFT;
    double edge;
    memcpy(&edge, &bits, sizeof edge);
    return edge;
}

/* The keys of the doubles or integers in the cell whose magnitudes have these upper bits. */
static void key_range(key_kind kind, size_t slot, uint64_t *low, uint64_t *high)
{
    const bool negative = slot >= HALF;
    const size_t magnitude = slot % HALF;
    if (kind == KEY_FLOAT) {
        const uint64_t first = magnitude ? (uint64_t)magnitude << SHIFT : 1;
        const uint64_t last = ((uint64_t)(magnitude + 1) << SHIFT) - 1;
        const uint64_t top = (uint64_t)1 << 63;
        *low = negative ? ~(last | top) : first | top;
        *high = negative ? ~(first | top) : last | top;
        return;
    }
    const stats_value inner = fmaxl(least_rounded_to(edge_of(magnitude)), 1);
    const stats_value outer = least_rounded_to(edge_of(magnitude + 1)) - 1;
    *low = key_at_least(kind, negative ? -outer : inner);
    *high = key_at_least(kind, negative ? -inner : outer);
}

buckets_walk buckets_begin(const buckets *b, const uint64_t *table, stats_value min,
                           stats_value max)
{
    if (!(min <= max))
        return (buckets_walk){.b = b, .next = 1};
    return (buckets_walk){.b = b,
                          .table = table,
                          .next = cell_of(b, (double)min),
                          .last = cell_of(b, (double)max),
                          .min_key = key_at_least(b->kind, min),
                          .max_key = key_at_least(b->kind, max)};
}

bool buckets_next(buckets_walk *walk, buckets_cell *cell)
{
    const buckets *b = walk->b;
    while (walk->next <= walk->last && walk->table[slot_of_cell(b, walk->next)] == 0)
        walk->next++;
    if (walk->next > walk->last)
        return false;
    const size_t slot = slot_of_cell(b, walk->next);
    cell->slot = slot;
    cell->count = walk->table[slot];
    if (b->exact)
        cell->low = cell->high = key_at_least(b->kind, b->first + (double)slot);
    else if (slot == ZERO_SLOT)
        cell->low = cell->high = key_at_least(b->kind, 0);
    else
        key_range(b->kind, slot, &cell->low, &cell->high);
    cell->low = cell->low < walk->min_key ? walk->min_key : cell->low;
    cell->high = cell->high > walk->max_key ? walk->max_key : cell->high;
    walk->next++;
    return true;
}
