/* oneTBB's parallel_pipeline on the same job as bench/streams.c; see peers.h.
 *
 * streams.c calls it when the build has -DWEIR_PEER_TBB=ON.  It must never do less per item than
 * weir's stages do. */
#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>

#include "leaf.h"
#include "peers.h"

uint64_t peer_tbb_pipeline(uint64_t items, unsigned tokens, unsigned threads, int ordered,
                           uint64_t steps)
{
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    uint64_t next = 0, sum = 0;
    const auto serial =
        ordered ? tbb::filter_mode::serial_in_order : tbb::filter_mode::serial_out_of_order;
    tbb::parallel_pipeline(
        tokens,
        tbb::make_filter<void, uint64_t>(serial, [&](tbb::flow_control &control) -> uint64_t {
            if (next == items) {
                control.stop();
                return 0;
            }
            return next++;
        }) & tbb::make_filter<uint64_t, uint64_t>(tbb::filter_mode::parallel, [=](uint64_t item) {
            return 2 * item * leaf_work(steps);
        }) & tbb::make_filter<uint64_t, void>(serial, [&](uint64_t item) { sum += item; }));
    return sum;
}
