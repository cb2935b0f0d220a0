/* citor's forkJoin and forkJoinAll for the recursive problems, its parallel loops for the others.
 *
 * One contestant, without `blocks`: its forks need to know all their children beforehand, so that
 * nothing can run ahead.  It must never run with fewer workers than asked for, which citor does by
 * itself when there are fewer cores. */
#include <citor/hints.h>
#include <citor/thread_pool.h>
#include <citor/version.h>

#include <functional>
#include <optional>
#include <thread>

#include "fork_join.hpp"
#include "shapes.h"

using hints = citor::HintsDefaults;

static std::optional<citor::ThreadPool> pool;

struct by_citor {
    template <class function> static uint64_t start(const function &f)
    {
        return (uint64_t)f();
    }
    template <class first, class second> static void both(const first &f, const second &g)
    {
        pool->forkJoin<hints>(f, g);
    }
    template <class child> static void all(uint64_t n, const child &f)
    {
        pool->forkJoinAll<hints>(n, [&f](size_t i) { f(i); });
    }
};

static uint64_t run_blocked(const problem *p)
{
    const uint64_t blocks = (uint64_t)blocked_side(p) * blocked_side(p);
    pool->parallelFor<hints>(0, blocks, [p](size_t first, size_t end) {
        for (size_t i = first; i < end; i++)
            blocked_block(p, i);
    });
    return 0;
}

static uint64_t run_sum(const problem *p)
{
    const auto add = [p](size_t first, size_t end) {
        double sum = 0;
        for (size_t i = first; i < end; i++)
            sum += sum_of_range(p, i);
        return sum;
    };
    return (uint64_t)pool->parallelReduce<hints>(0, sum_ranges(p), 0.0, add, std::plus<double>());
}

static uint64_t run_stencil(const problem *p)
{
    for (uint64_t sweep = 0; sweep < p->depth; sweep++)
        pool->parallelFor<hints>(0, p->size, [=](size_t first, size_t end) {
            for (size_t row = first; row < end; row++)
                stencil_row(p, sweep, row);
        });
    return 0;
}

const contest contestant_contests[] = {{"fib", fork_join::run_fib<by_citor>},
                                       {"skynet", fork_join::run_skynet<by_citor>},
                                       {"tree", fork_join::run_tree<by_citor>},
                                       {"nqueens", fork_join::run_nqueens<by_citor>},
#ifdef BENCH_UTS
                                       {"uts", fork_join::run_uts<by_citor>},
#endif
                                       {"matmul", fork_join::run_matmul<by_citor>},
                                       {"blocked", run_blocked},
                                       {"mergesort", fork_join::run_mergesort<by_citor>},
                                       {"sum", run_sum},
                                       {"stencil", run_stencil},
                                       {NULL, NULL}};

const char *contestant_about(void)
{
    return "citor " CITOR_VERSION_STRING ", " __VERSION__;
}

bool contestant_open(const problem *p)
{
    /* As its authors do: one worker a core, and two on a core only when all are asked for. */
    pool.emplace(p->workers, p->workers == std::thread::hardware_concurrency()
                                 ? citor::Affinity::PerCpuSmtPair
                                 : citor::Affinity::PerCpu);
    if (pool->participants() != p->workers)
        fprintf(stderr, "citor runs %zu workers here, not %u\n", pool->participants(), p->workers);
    return pool->participants() == p->workers;
}

void contestant_close(void)
{
    pool.reset();
}
