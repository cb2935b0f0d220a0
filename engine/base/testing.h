/* Hooks that exist only in the test build of the library (WEIR_TESTING): failing allocations and
 * seeded delays.
 *
 * Tests call the setters between runs; memory.c and the yield points call the rest from any
 * thread.  A release build must never contain any of it. */
#ifndef WEIR_TESTING_H
#define WEIR_TESTING_H

#include <stdbool.h>
#include <stdint.h>

/* The nth allocation from now on fails, once (1: the next one); 0 switches it off. */
void weir__testing_fail_allocation(uint64_t nth);
bool weir__testing_allocation_fails(void);

/* Blocks taken from the allocator and not given back, their bytes, and the most bytes since the last
 * weir__testing_begin_peak(). */
int64_t weir__testing_live_blocks(void);
int64_t weir__testing_live_bytes(void);
int64_t weir__testing_peak_bytes(void);
void weir__testing_begin_peak(void);
/* Bytes that were asked of the allocator since the program began, given back or not. */
uint64_t weir__testing_asked_bytes(void);
void weir__testing_count_asked(uint64_t bytes);
/* change: +1 or -1. */
void weir__testing_count_block(void *block, int change);

/* Yield points delay the thread at random, a different sequence for each seed and thread; 0
 * switches them off. */
void weir__testing_seed(uint64_t seed);
void weir__testing_yield_point(void);
/* With a seed some runs begin alone: for so many ns at most; 0: this one does not. */
uint64_t weir__testing_alone_ns(void);

#endif
