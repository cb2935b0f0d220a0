/* oneTBB's parallel_pipeline: blocks are made in order by one stage and summed by a parallel one.
 *
 * One contestant; tbb_threads.cpp has its threads. Its tokens bound the blocks at hand; they must
 * be two a worker, so that none waits for the source. */
#include <tbb/parallel_pipeline.h>

#include "tbb_threads.hpp"

static uint64_t sum_block(const problem *p, uint64_t *block)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < BLOCK_PARTS; i++)
        sum += block_part(p, block, i);
    block_destroy(block);
    return sum;
}

static uint64_t run_pipeline(const problem *p)
{
    uint64_t next = 0, total = 0;
    const auto source = [&](tbb::flow_control &control) -> uint64_t * {
        if (next == p->size) {
            control.stop();
            return nullptr;
        }
        return block_create(p, next++);
    };
    const auto work = [p](uint64_t *block) { return sum_block(p, block); };
    const auto sink = [&](uint64_t sum) { total += sum; };
    tbb::parallel_pipeline(
        2 * p->workers,
        tbb::make_filter<void, uint64_t *>(tbb::filter_mode::serial_in_order, source) &
            tbb::make_filter<uint64_t *, uint64_t>(tbb::filter_mode::parallel, work) &
            tbb::make_filter<uint64_t, void>(tbb::filter_mode::serial_out_of_order, sink));
    return total;
}

static uint64_t run_blocks(const problem *p)
{
    return in_arena([p] { return run_pipeline(p); });
}

const contest contestant_contests[] = {{"blocks", run_blocks}, {NULL, NULL}};
