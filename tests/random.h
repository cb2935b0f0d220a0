/* Random numbers for tests of the command's numerics: the same ones in each run.
 *
 * Test programs that need no engine include it.  It must never be seeded from the clock. */
#ifndef WEIR_TESTS_RANDOM_H
#define WEIR_TESTS_RANDOM_H

#include <stdint.h>

/* The generator's state: any number but 0 (Marsaglia's xorshift of 64 bits, 2003). */
static uint64_t seed = 7;

static inline uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* From 0 up to 1. */
static inline double uniform(void)
{
    return (double)(next_random() >> 11) * 0x1p-53;
}

#endif
