/* The state behind testing.h: which allocation fails, and the random delays.
 *
 * Only the test build of the library has it.  It must never take part in an ordering that the
 * engine relies on: all its atomics are relaxed. */
#include "base/testing.h"

#include <sched.h>
#include <stdatomic.h>
#include <time.h>

static atomic_uint_least64_t fail_countdown;
static atomic_int_least64_t live_blocks;
static atomic_uint_least64_t yield_seed;
static atomic_uint_least64_t yield_threads;

void weir__testing_fail_allocation(uint64_t nth)
{
    atomic_store_explicit(&fail_countdown, nth, memory_order_relaxed);
}

bool weir__testing_allocation_fails(void)
{
    uint64_t n = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    while (n > 0)
        if (atomic_compare_exchange_weak_explicit(&fail_countdown, &n, n - 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return n == 1;
    return false;
}

int64_t weir__testing_live_blocks(void)
{
    return atomic_load_explicit(&live_blocks, memory_order_relaxed);
}

void weir__testing_count_block(int change)
{
    atomic_fetch_add_explicit(&live_blocks, change, memory_order_relaxed);
}

void weir__testing_seed(uint64_t seed)
{
    atomic_store_explicit(&yield_seed, seed, memory_order_relaxed);
}

/* xorshift64*, one state a thread, started anew whenever the seed changes. */
static uint64_t next_random(uint64_t seed)
{
    static _Thread_local uint64_t state, started_with, thread;
    if (started_with != seed) {
        if (thread == 0)
            thread = 1 + atomic_fetch_add_explicit(&yield_threads, 1, memory_order_relaxed);
        started_with = seed;
        state = seed * 0x9E3779B97F4A7C15u + thread * 0xBF58476D1CE4E5B9u;
        if (state == 0)
            state = 1;
    }
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1Du;
}

void weir__testing_yield_point(void)
{
    const uint64_t seed = atomic_load_explicit(&yield_seed, memory_order_relaxed);
    if (seed == 0)
        return;
    const uint64_t r = next_random(seed) >> 32;
    if (r % 8 == 0) {
        sched_yield();
    } else if (r % 64 == 1) {
        const struct timespec pause = {0, (long)(r >> 8) % 50000};
        nanosleep(&pause, NULL);
    }
}
