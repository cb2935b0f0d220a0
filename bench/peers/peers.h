/* Peers of weir that the benchmarks can run beside it; each is optional when configuring.
 *
 * The benchmarks call these from C; the implementations are C++ and link the peer's own library.
 * They must never be part of anything but a benchmark. */
#ifndef WEIR_BENCH_PEERS_H
#define WEIR_BENCH_PEERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A oneTBB parallel_pipeline of source, work and consumer with that many tokens and threads; work
 * does leaf_work(steps) for each of `items` numbers. Returns the sum of the numbers' doubles, in the
 * consumer's order if it is ordered. */
uint64_t peer_tbb_pipeline(uint64_t items, unsigned tokens, unsigned threads, int ordered,
                           uint64_t steps);

#ifdef __cplusplus
}
#endif
#endif
