/* The grain: how many short things are done in one batch, learnt from the time that batches take.
 *
 * Workers ask for `n` and say how long a batch took: leaves of one range op in pipelines, calls of one
 * claim in streams.  A batch that takes less than half of the aim makes the next twice as large, one
 * that takes more than twice the aim makes the next half as large.  A small batch, one of what is left
 * or what is there, is seldom worth two looks at the clock, so only one in some is timed.  The grain
 * must never be kept for work of another kind: what was learnt on leaves of a nanosecond would let a
 * worker do a million leaves of a millisecond in one call.
 *
 * Halving, not the ratio of time to aim: a batch during which the worker lost its core says little
 * about the next, and costs one doubling to make good.
 *
 * Who may call what at the same time: nobody anything; a worker has its own, a stage's is under its
 * lock. Several batches of one grain may be under way all the same. */
#ifndef WEIR_GRAIN_H
#define WEIR_GRAIN_H

#include "base/base.h"

/* What a batch should be like. */
typedef struct weir__aim {
    uint64_t ns; /* its time: long beside the cost of a batch, short beside what others notice */
    uint32_t untimed; /* small batches between two that are timed */
} weir__aim;

/* Invariant: 1 <= n <= most. */
typedef struct weir__grain {
    uint32_t n;       /* things in one batch */
    uint32_t most;    /* that they may come to; set once */
    uint32_t untimed; /* small batches since one was timed */
} weir__grain;

static inline bool weir__grain_is_valid(const weir__grain *grain)
{
    return grain->n >= 1 && grain->n <= grain->most;
}

/* A batch of n begins. True: it is to be timed, for weir__grain_end(). */
static inline bool weir__grain_begin(weir__grain *grain, const weir__aim *aim, uint32_t n)
{
    if (n < grain->n && grain->untimed++ < aim->untimed)
        return false;
    grain->untimed = 0;
    return true;
}

/* A batch of n took so long. */
static inline void weir__grain_end(weir__grain *grain, const weir__aim *aim, uint32_t n,
                                   uint64_t ns)
{
    WEIR_ASSERT(weir__grain_is_valid(grain));
    if (ns < aim->ns / 2 && n >= grain->n) {
        grain->n = grain->n < grain->most / 2 ? grain->n * 2 : grain->most;
    } else if (ns > aim->ns * 2) {
        const uint32_t half = n > 1 ? n / 2 : 1;
        if (half < grain->n) /* another batch may have told of it already */
            grain->n = half;
    }
    WEIR_ASSERT(weir__grain_is_valid(grain));
}

#endif
