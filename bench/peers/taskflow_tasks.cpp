/* Taskflow's TaskGroup for the recursive problems, its parallel loops for the others.
 *
 * One contestant; taskflow_threads.cpp has its executor. A task group must never be made outside
 * of a worker, so that everything starts as an async task. */
#include <taskflow/algorithm/for_each.hpp>
#include <taskflow/algorithm/reduce.hpp>

#include <functional>
#include <optional>

#include "fork_join.hpp"
#include "shapes.h"
#include "taskflow_threads.hpp"

class scope
{
  public:
    template <class function> void fork(const function &f)
    {
        group.silent_async(f);
    }
    void wait()
    {
        group.corun();
    }

  private:
    tf::TaskGroup group = taskflow_threads().task_group();
};

struct by_taskflow : fork_join::by_group<scope> {
    template <class function> static uint64_t start(const function &f)
    {
        return (uint64_t)taskflow_threads().async(f).get();
    }
};

static uint64_t run_blocked(const problem *p)
{
    const uint64_t blocks = (uint64_t)blocked_side(p) * blocked_side(p);
    tf::Taskflow flow;
    flow.for_each_index(uint64_t{0}, blocks, uint64_t{1}, [p](uint64_t i) { blocked_block(p, i); });
    taskflow_threads().run(flow).get();
    return 0;
}

static uint64_t run_sum(const problem *p)
{
    using range = tf::IndexRange<uint64_t>;
    const auto add = [p](const range &r, std::optional<double> before) {
        double sum = before.value_or(0.0);
        for (uint64_t i = r.begin(); i < r.end(); i += r.step_size())
            sum += sum_of_range(p, i);
        return sum;
    };
    double sum = 0;
    tf::Taskflow flow;
    flow.reduce_by_index(range(0, sum_ranges(p), 1), sum, add, std::plus<double>());
    taskflow_threads().run(flow).get();
    return (uint64_t)sum;
}

static uint64_t run_stencil(const problem *p)
{
    for (uint64_t sweep = 0; sweep < p->depth; sweep++) {
        tf::Taskflow flow;
        flow.for_each_index(uint64_t{0}, p->size, uint64_t{1},
                            [=](uint64_t row) { stencil_row(p, sweep, row); });
        taskflow_threads().run(flow).get();
    }
    return 0;
}

const contest contestant_contests[] = {{"fib", fork_join::run_fib<by_taskflow>},
                                       {"skynet", fork_join::run_skynet<by_taskflow>},
                                       {"tree", fork_join::run_tree<by_taskflow>},
                                       {"nqueens", fork_join::run_nqueens<by_taskflow>},
#ifdef BENCH_UTS
                                       {"uts", fork_join::run_uts<by_taskflow>},
#endif
                                       {"matmul", fork_join::run_matmul<by_taskflow>},
                                       {"blocked", run_blocked},
                                       {"mergesort", fork_join::run_mergesort<by_taskflow>},
                                       {"sum", run_sum},
                                       {"stencil", run_stencil},
                                       {"blocks", fork_join::run_blocks<by_taskflow>},
                                       {NULL, NULL}};
