/* The state behind testing.h: which allocation fails, and the random delays.
 *
 * Only the test build of the library has it.  It must never take part in an ordering that the
 * engine relies on: all its atomics are relaxed. */
#include "base/testing.h"

#include <malloc.h>
#include <sched.h>
#include <time.h>

#include "base/atomics.h"
#include "base/base.h"

static atomic_uint_least64_t fail_countdown;
static atomic_uint_least64_t asked_bytes;
static atomic_int_least64_t live_blocks, live_bytes, peak_bytes;
static atomic_uint_least64_t yield_seed;
static atomic_uint_least64_t yield_threads;

void weir__testing_fail_allocation(uint64_t nth)
{
    store_relaxed(&fail_countdown, nth);
}

bool weir__testing_allocation_fails(void)
{
    uint64_t n = load_relaxed(&fail_countdown);
    while (n > 0)
        if (cas_weak_relaxed(&fail_countdown, &n, n - 1))
            return n == 1;
    return false;
}

int64_t weir__testing_live_blocks(void)
{
    return load_relaxed(&live_blocks);
}

int64_t weir__testing_live_bytes(void)
{
    return load_relaxed(&live_bytes);
}

int64_t weir__testing_peak_bytes(void)
{
    return load_relaxed(&peak_bytes);
}

void weir__testing_begin_peak(void)
{
    store_relaxed(&peak_bytes, weir__testing_live_bytes());
}

uint64_t weir__testing_asked_bytes(void)
{
    return load_relaxed(&asked_bytes);
}

void weir__testing_count_asked(uint64_t bytes)
{
    add_relaxed(&asked_bytes, bytes);
}

void weir__testing_count_block(void *block, int change)
{
    const int64_t before = add_relaxed(&live_blocks, change);
    const int64_t bytes = change * (int64_t)malloc_usable_size(block);
    const int64_t now = add_relaxed(&live_bytes, bytes) + bytes;
    int64_t peak = load_relaxed(&peak_bytes);
    WEIR_ASSERT(before + change >= 0); /* nothing is given back that was not taken */
    (void)before;
    while (now > peak && !cas_weak_relaxed(&peak_bytes, &peak, now))
        continue;
}

void weir__testing_seed(uint64_t seed)
{
    store_relaxed(&yield_seed, seed);
}

/* xorshift64*, one state a thread, started anew whenever the seed changes. */
static uint64_t next_random(uint64_t seed)
{
    static _Thread_local uint64_t state, started_with, thread;
    if (started_with != seed) {
        if (thread == 0)
            thread = 1 + add_relaxed(&yield_threads, 1);
        started_with = seed;
        state = seed * 0x9E3779B97F4A7C15u + thread * 0xBF58476D1CE4E5B9u;
        if (state == 0)
            state = 1;
    }
    WEIR_ASSERT(state != 0); /* or it would stay 0 */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1Du;
}

uint64_t weir__testing_alone_ns(void)
{
    const uint64_t seed = load_relaxed(&yield_seed);
    const uint64_t r = seed != 0 ? next_random(seed) >> 32 : 0;
    return r % 2 == 0 ? 0 : 1 + (r >> 8) % 20000;
}

void weir__testing_yield_point(void)
{
    const uint64_t seed = load_relaxed(&yield_seed);
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
