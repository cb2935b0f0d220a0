/* oneTBB as a contestant: the threads that its three programs run on.
 *
 * Their run functions call in_arena(); tbb_threads.cpp opens and closes the arena.  A run function
 * must never start work outside of it. */
#ifndef WEIR_BENCH_TBB_THREADS_HPP
#define WEIR_BENCH_TBB_THREADS_HPP

#include <tbb/task_arena.h>

#include "contestant.h"

tbb::task_arena &tbb_threads();

template <class function> uint64_t in_arena(const function &f)
{
    return tbb_threads().execute(f);
}

#endif
