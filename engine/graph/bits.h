/* A set of small numbers, in which the next one is found in O(log n): bits, and a bit for each word of
 * them that is not 0, and so on.
 *
 * Threads: one at a time. */
#ifndef WEIR_BITS_H
#define WEIR_BITS_H

#include "base/base.h"

#define WEIR_BITS_LEVELS 6 /* 64 to the 6th is more than there are numbers */
#define WEIR_BITS_NONE   UINT32_MAX

/* Invariant: bit i of level l + 1 is set <=> word i of level l is not 0. The last level is one word. */
typedef struct weir__bits {
    uint64_t *level[WEIR_BITS_LEVELS];
    unsigned levels;
    uint32_t n; /* numbers are below this */
} weir__bits;

/* Words that a set of numbers below n has, n > 0. */
size_t weir__bits_words(uint32_t n);
/* In memory that is 0: the empty set. Returns what is behind it. */
uint64_t *weir__bits_open(weir__bits *bits, uint32_t n, uint64_t *memory);
void weir__bits_set(weir__bits *bits, uint32_t i);
void weir__bits_clear(weir__bits *bits, uint32_t i);
/* The smallest number in the set that is not below i; WEIR_BITS_NONE: there is none. */
uint32_t weir__bits_next(const weir__bits *bits, uint32_t i);

static inline bool weir__bits_has(const weir__bits *bits, uint32_t i)
{
    return (bits->level[0][i / 64] >> i % 64 & 1) != 0;
}

#endif
