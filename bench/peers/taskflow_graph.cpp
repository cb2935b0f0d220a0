/* Taskflow's static graph: the tree as tasks that precede one another, one a leaf and one a gather; and
 * the problems that are graphs.
 *
 * One contestant; taskflow_threads.cpp has its executor.  The tree's graph is made within the run, as
 * weir's plan is, and must never be kept for the next one; the others are made once and run again and
 * again. */
#include <memory>
#include <optional>
#include <string_view>
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

static std::optional<tf::Taskflow> made;

static uint64_t run_dag(const problem *)
{
    taskflow_threads().run(*made).get();
    return 0;
}

static uint64_t run_dag_build(const problem *p)
{
    dag *const d = p->dag;
    std::vector<tf::Task> tasks;
    made.emplace();
    tasks.reserve(d->tasks);
    for (uint32_t i = 0; i < d->tasks; i++)
        tasks.push_back(made->emplace([d, i] { dag_task(d, i); }));
    for (uint64_t e = 0; e < d->edges; e++)
        tasks[d->before[e]].precede(tasks[d->after[e]]);
    return d->tasks + d->edges;
}

void contestant_prepare(const problem *p)
{
    const bool builds = std::string_view(p->name) == "dag-build";
    if (builds)
        contestant_finish(p);
    else if (p->dag != nullptr && !made)
        run_dag_build(p);
}

void contestant_finish(const problem *)
{
    made.reset();
}

const contest contestant_contests[] = {
    {"tree", run_tree}, {"dag-build", run_dag_build}, DAG_CONTESTS(run_dag), {NULL, NULL}};
