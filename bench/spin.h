/* Work of a known length: a loop that no compiler removes.
 *
 * Benchmarks give it to weir and to peers alike.  It must never touch memory. */
#ifndef WEIR_BENCH_SPIN_H
#define WEIR_BENCH_SPIN_H

#include <stdint.h>

static inline void spin(uint64_t spins)
{
    for (uint64_t i = 0; i < spins; i++)
        __asm__ volatile("" : "+r"(i));
}

#endif
