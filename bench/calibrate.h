/* How many multiplications a leaf of a given time has, on this machine as it is now.
 *
 * Programs that time single leaves include it; the suite measures more finely.  It must never take a wrong
 * answer for a time. */
#ifndef WEIR_BENCH_CALIBRATE_H
#define WEIR_BENCH_CALIBRATE_H

#include "leaf.h"
#include "timing.h"

enum { CALIBRATE_ROUNDS = 5 };

/* Multiplications of a leaf that takes 100 ns. */
static inline uint64_t calibrate_100_ns(void)
{
    const uint64_t steps = LEAF_ROW / 2, leaves = 20000;
    double best = 0;
    for (int round = 0; round < CALIBRATE_ROUNDS; round++) {
        const double began = timing_now();
        uint64_t sum = 0;
        for (uint64_t i = 0; i < leaves; i++)
            sum += leaf_work(steps);
        const double seconds = sum == leaves ? timing_now() - began : 1.0;
        best = round == 0 || seconds < best ? seconds : best;
    }
    return (uint64_t)(100e-9 * (double)(steps * leaves) / best + 0.5);
}

#endif
