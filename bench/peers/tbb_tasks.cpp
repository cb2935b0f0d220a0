/* oneTBB's task_group for the recursive problems, its parallel loops for the others.
 *
 * One contestant; tbb_threads.cpp has its threads. Loops must never get another grain than the
 * default one, but for blocks of a matrix, which are tasks of their own. */
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/task_group.h>

#include <functional>

#include "fork_join.hpp"
#include "shapes.h"
#include "tbb_threads.hpp"

using range = tbb::blocked_range<uint64_t>;

class scope
{
  public:
    template <class function> void fork(const function &f)
    {
        group.run(f);
    }
    void wait()
    {
        group.wait();
    }

  private:
    tbb::task_group group;
};

struct by_tbb : fork_join::by_group<scope> {
    template <class function> static uint64_t start(const function &f)
    {
        return in_arena(f);
    }
};

static uint64_t run_blocked(const problem *p)
{
    const uint64_t blocks = (uint64_t)blocked_side(p) * blocked_side(p);
    return in_arena([=] {
        tbb::parallel_for(range(0, blocks, 1), [p](const range &r) {
            for (uint64_t i = r.begin(); i < r.end(); i++)
                blocked_block(p, i);
        });
        return 0;
    });
}

static uint64_t run_sum(const problem *p)
{
    return in_arena([p] {
        const auto add = [p](const range &r, double sum) {
            for (uint64_t i = r.begin(); i < r.end(); i++)
                sum += sum_of_range(p, i);
            return sum;
        };
        return (uint64_t)tbb::parallel_reduce(range(0, sum_ranges(p)), 0.0, add, std::plus<>());
    });
}

static uint64_t run_stencil(const problem *p)
{
    return in_arena([p] {
        for (uint64_t sweep = 0; sweep < p->depth; sweep++)
            tbb::parallel_for(range(0, p->size), [=](const range &r) {
                for (uint64_t row = r.begin(); row < r.end(); row++)
                    stencil_row(p, sweep, row);
            });
        return 0;
    });
}

const contest contestant_contests[] = {{"fib", fork_join::run_fib<by_tbb>},
                                       {"skynet", fork_join::run_skynet<by_tbb>},
                                       {"tree", fork_join::run_tree<by_tbb>},
                                       {"nqueens", fork_join::run_nqueens<by_tbb>},
#ifdef BENCH_UTS
                                       {"uts", fork_join::run_uts<by_tbb>},
#endif
                                       {"matmul", fork_join::run_matmul<by_tbb>},
                                       {"blocked", run_blocked},
                                       {"mergesort", fork_join::run_mergesort<by_tbb>},
                                       {"sum", run_sum},
                                       {"stencil", run_stencil},
                                       {"blocks", fork_join::run_blocks<by_tbb>},
                                       {NULL, NULL}};
