/* The sequential twins of the benchmark's pipelines: plain recursive C.
 *
 * costs.c times them beside weir. They are compiled in a file of their own, so that the compiler
 * cannot fold them into their caller. */
#ifndef WEIR_BENCH_TWINS_H
#define WEIR_BENCH_TWINS_H

#include <stdint.h>

/* Leaves of an empty tree of that fan-out and depth. */
uint64_t twin_tree(uint32_t fanout, uint32_t depth);
uint64_t twin_fib(uint32_t n);
/* Sum of first … first + leaves - 1, by splitting in ten down to single leaves. */
uint64_t twin_skynet(uint64_t first, uint64_t leaves);

#endif
