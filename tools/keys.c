/* Keys to values and back, and the sorting of keys.
 *
 * stats_pipeline.c and the counting modules call it.  It must never need memory beside the keys:
 * small data is sorted where it was read to, within the budget. */
#include "keys.h"

#include <math.h>

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

enum { FEW = 24, DIGITS = 256 };

static void sort_few(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* By the byte at `shift`, in place: each key is swapped to where its digit's keys go, and what was
 * there goes on from here (the American flag; McIlroy, Bostic and McIlroy 1993). Then each digit's
 * keys by the bytes below. */
static void sort_digit(uint64_t *keys, size_t count, unsigned shift)
{
    size_t next[DIGITS] = {0}, end[DIGITS], at = 0;
    for (size_t i = 0; i < count; i++)
        next[keys[i] >> shift & (DIGITS - 1)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        const size_t n = next[d];
        next[d] = at;
        end[d] = at += n;
    }
    for (size_t d = 0; d < DIGITS; d++)
        while (next[d] < end[d]) {
            uint64_t key = keys[next[d]];
            for (size_t to; (to = key >> shift & (DIGITS - 1)) != d;) {
                const uint64_t other = keys[next[to]];
                keys[next[to]++] = key;
                key = other;
            }
            keys[next[d]++] = key;
        }
    for (size_t d = 0, from = 0; d < DIGITS && shift > 0; from = end[d++]) {
        const size_t n = end[d] - from;
        if (n <= FEW)
            sort_few(keys + from, n);
        else
            sort_digit(keys + from, n, shift - 8);
    }
}

void keys_sort(uint64_t *keys, size_t count)
{
    if (count <= FEW)
        sort_few(keys, count);
    else
        sort_digit(keys, count, 56);
}

size_t keys_below(const uint64_t *sorted, size_t count, uint64_t key)
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
