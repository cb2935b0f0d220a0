/* Keys to values and back, and finding keys by their rank.
 *
 * stats_pipeline.c and the counting modules call it.  It must never allocate: small data is sorted
 * where it was read to, within the budget. */
#include "keys.h"

#include <math.h>
#include <stdbool.h>

key_kind key_kind_of(npy_dtype dtype)
{
    if (dtype.kind == 'f')
        return KEY_FLOAT;
    return dtype.kind == 'u' && dtype.bytes == 8 ? KEY_UNSIGNED : KEY_SIGNED;
}

stats_value key_value(key_kind kind, uint64_t key)
{
    const uint64_t top = (uint64_t)1 << 63;
    if (kind == KEY_UNSIGNED)
        return (stats_value)key;
    if (kind == KEY_SIGNED)
        return (stats_value)(int64_t)(key ^ top);
    const uint64_t bits = key & top ? key ^ top : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t key_at_least(key_kind kind, stats_value value)
{
    if (kind == KEY_FLOAT)
        return key_of_double((double)value);
    const stats_value least = ceill(value), first = kind == KEY_SIGNED ? -0x1p63L : 0;
    if (least <= first)
        return 0;
    if (least - first >= 0x1p64L)
        return UINT64_MAX;
    return (uint64_t)(least - first);
}

/* --- sorting -------------------------------------------------------------------------------- */

enum { DIGITS = 256, DIGIT_BITS = 8, PASSES = 8 };

/* Moves the keys to where their digit puts them, those with equal digits in the order they had. */
static void move_by_digit(const uint64_t *from, size_t count, unsigned shift, size_t place[DIGITS],
                          uint64_t *to)
{
    for (size_t i = 0; i < count; i++)
        to[place[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

/* From counts to where each digit's keys begin. Returns: false if all keys have the same digit. */
static bool count_to_place(size_t place[DIGITS], size_t count)
{
    size_t at = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        const size_t n = place[d];
        if (n == count)
            return false;
        place[d] = at;
        at += n;
    }
    return true;
}

/* Digit by digit from the last on. */
void keys_sort(uint64_t *keys, size_t count, uint64_t *scratch)
{
    size_t places[PASSES][DIGITS] = {{0}};
    uint64_t *from = keys, *to = scratch;
    for (size_t i = 0; i < count; i++)
        for (unsigned p = 0; p < PASSES; p++)
            places[p][keys[i] >> p * DIGIT_BITS & (DIGITS - 1)]++;
    for (unsigned p = 0; p < PASSES; p++) {
        if (!count_to_place(places[p], count))
            continue;
        move_by_digit(from, count, p * DIGIT_BITS, places[p], to);
        uint64_t *const moved = to;
        to = from;
        from = moved;
    }
    if (from != keys)
        memcpy(keys, from, count * sizeof *keys);
}

/* --- ranks ---------------------------------------------------------------------------------- */

static size_t below_in_run(const uint64_t *sorted, size_t count, uint64_t key)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sorted[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t keys_below(const key_runs *runs, uint64_t key)
{
    size_t below = 0;
    for (size_t from = 0; from < runs->count; from += runs->run) {
        const size_t left = runs->count - from;
        below += below_in_run(runs->keys + from, left < runs->run ? left : runs->run, key);
    }
    return below;
}

/* Bit by bit: the greatest key that fewer than `rank` keys are below. */
uint64_t keys_at_rank(const key_runs *runs, size_t rank)
{
    uint64_t key = 0;
    for (uint64_t bit = (uint64_t)1 << 63; bit != 0; bit >>= 1)
        if (keys_below(runs, key | bit) < rank)
            key |= bit;
    return key;
}

uint64_t keys_select(const uint64_t *keys, size_t count, size_t rank)
{
    uint64_t key = 0;
    for (uint64_t bit = (uint64_t)1 << 63; bit != 0; bit >>= 1) {
        size_t below = 0;
        for (size_t i = 0; i < count; i++)
            below += keys[i] < (key | bit);
        if (below < rank)
            key |= bit;
    }
    return key;
}
