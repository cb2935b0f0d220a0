/* The clock of the benchmarks, and the middle of what it showed.
 *
 * The suite, its contestants and the other programs of bench/ include it.  It must never know what
 * is timed. */
#ifndef WEIR_BENCH_TIMING_H
#define WEIR_BENCH_TIMING_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t timing_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Seconds since some moment. */
static inline double timing_now(void)
{
    return 1e-9 * (double)timing_now_ns();
}

static inline int timing_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts n times, n > 0, and returns the one in the middle, or the mean of the two there. */
static inline double timing_median(double *seconds, size_t n)
{
    qsort(seconds, n, sizeof *seconds, timing_compare);
    return n % 2 == 1 ? seconds[n / 2] : (seconds[n / 2 - 1] + seconds[n / 2]) / 2;
}

#endif
