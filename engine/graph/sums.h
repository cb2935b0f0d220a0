/* A Fenwick tree: sums over the first elements of an array that changes, each in O(log n).
 *
 * An array of n numbers that are 0 has a tree of n numbers that are 0.  Numbers are modulo 2^64.
 * Threads: one at a time. */
#ifndef WEIR_SUMS_H
#define WEIR_SUMS_H

#include <stdint.h>

/* Element i grows by that much. */
static inline void weir__sums_add(uint64_t *tree, uint32_t n, uint32_t i, uint64_t more)
{
    for (uint32_t j = i + 1; j <= n; j += j & -j)
        tree[j - 1] += more;
}

/* The sum of the elements below i. */
static inline uint64_t weir__sums_below(const uint64_t *tree, uint32_t i)
{
    uint64_t sum = 0;
    for (uint32_t j = i; j > 0; j -= j & -j)
        sum += tree[j - 1];
    return sum;
}

#endif
