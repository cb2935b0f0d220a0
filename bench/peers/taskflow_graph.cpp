/* Taskflow's static graph: the tree as tasks that precede one another, one a leaf and one a gather.
 *
 * One contestant; taskflow_threads.cpp has its executor.  The graph is made within the run, as
 * weir's plan is; it must never be kept for the next one. */
#include <memory>
#include <vector>

#include "shapes.h"
#include "taskflow_threads.hpp"

static uint64_t run_tree(const problem *p)
{
    const tree_shape shape = tree_shape_of(p);
    const std::unique_ptr<uint64_t[]> sums(new uint64_t[shape.nodes]);
    uint64_t *const sum = sums.get();
    tf::Taskflow flow;
    std::vector<tf::Task> tasks;
    tasks.reserve(shape.nodes);
    for (uint64_t i = 0; i < shape.inner; i++)
        tasks.push_back(flow.emplace([&shape, sum, i] {
            const uint64_t first = tree_first_child(&shape, i), n = tree_children(&shape, i);
            sum[i] = 0;
            for (uint64_t child = first; child < first + n; child++)
                sum[i] += sum[child];
        }));
    for (uint64_t i = shape.inner; i < shape.nodes; i++)
        tasks.push_back(flow.emplace([p, sum, i] { sum[i] = leaf_work(p->steps); }));
    for (uint64_t i = 0; i < shape.inner; i++) {
        const uint64_t first = tree_first_child(&shape, i), n = tree_children(&shape, i);
        for (uint64_t child = first; child < first + n; child++)
            tasks[child].precede(tasks[i]);
    }
    taskflow_threads().run(flow).get();
    return sum[0];
}

const contest contestant_contests[] = {{"tree", run_tree}, {NULL, NULL}};
