/* The threads of oneTBB's three programs; see tbb_threads.hpp. */
#include "tbb_threads.hpp"

#include <tbb/global_control.h>
#include <tbb/version.h>

#include <optional>

static std::optional<tbb::global_control> threads, stacks;
static std::optional<tbb::task_arena> arena;

tbb::task_arena &tbb_threads()
{
    return *arena;
}

bool contestant_open(const problem *p)
{
    threads.emplace(tbb::global_control::max_allowed_parallelism, p->workers);
    stacks.emplace(tbb::global_control::thread_stack_size, size_t{256} << 20); /* for uts */
    arena.emplace((int)p->workers);
    return true;
}

void contestant_close(void)
{
    arena.reset();
    stacks.reset();
    threads.reset();
}

const char *contestant_about(void)
{
    return "oneTBB " TBB_VERSION_STRING ", " __VERSION__;
}
