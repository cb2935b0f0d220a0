/* How many rounds a stress test does, and from which seed: WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED make it
 * longer or repeat one. */
#ifndef WEIR_TESTS_ROUNDS_H
#define WEIR_TESTS_ROUNDS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline uint64_t environment_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static inline void note_seed(uint64_t seed)
{
    if (getenv("WEIR_STRESS_SEED") != NULL || getenv("WEIR_STRESS_ROUNDS") != NULL)
        printf("seed %llu\n", (unsigned long long)seed), fflush(stdout);
}

#endif
