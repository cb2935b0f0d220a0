/* oneTBB's flow graph: the tree as a graph of continue_nodes, one a leaf and one a gather; and the
 * problems that are graphs.
 *
 * One contestant; tbb_threads.cpp has its threads.  The tree's graph is made within the run, as weir's
 * plan is, and must never be kept for the next one; the others are made once and run again and again. */
#include <tbb/flow_graph.h>

#include <deque>
#include <memory>
#include <optional>
#include <string_view>

#include "shapes.h"
#include "tbb_threads.hpp"

using tbb::flow::continue_msg;

static uint64_t run_graph(const problem *p)
{
    const tree_shape shape = tree_shape_of(p);
    const std::unique_ptr<uint64_t[]> sums(new uint64_t[shape.nodes]);
    uint64_t *const sum = sums.get();
    tbb::flow::graph graph;
    tbb::flow::broadcast_node<continue_msg> start(graph);
    std::deque<tbb::flow::continue_node<continue_msg>> nodes;
    for (uint64_t i = 0; i < shape.inner; i++)
        nodes.emplace_back(graph, [&shape, sum, i](const continue_msg &) {
            const uint64_t first = tree_first_child(&shape, i), n = tree_children(&shape, i);
            sum[i] = 0;
            for (uint64_t child = first; child < first + n; child++)
                sum[i] += sum[child];
        });
    for (uint64_t i = shape.inner; i < shape.nodes; i++)
        nodes.emplace_back(graph,
                           [p, sum, i](const continue_msg &) { sum[i] = leaf_work(p->steps); });
    for (uint64_t i = 0; i < shape.inner; i++) {
        const uint64_t first = tree_first_child(&shape, i), n = tree_children(&shape, i);
        for (uint64_t child = first; child < first + n; child++)
            tbb::flow::make_edge(nodes[child], nodes[i]);
    }
    for (uint64_t i = shape.inner; i < shape.nodes; i++)
        tbb::flow::make_edge(start, nodes[i]);
    start.try_put(continue_msg());
    graph.wait_for_all();
    return sum[0];
}

static uint64_t run_tree(const problem *p)
{
    return in_arena([p] { return run_graph(p); });
}

class dag_flow
{
  public:
    explicit dag_flow(dag *d) : start(graph)
    {
        for (uint32_t i = 0; i < d->tasks; i++)
            nodes.emplace_back(graph, [d, i](const continue_msg &) { dag_task(d, i); });
        for (uint64_t e = 0; e < d->edges; e++)
            tbb::flow::make_edge(nodes[d->before[e]], nodes[d->after[e]]);
        for (uint32_t i = 0; i < d->tasks; i++)
            if (d->first[i] == d->first[i + 1])
                tbb::flow::make_edge(start, nodes[i]);
    }

    void run()
    {
        start.try_put(continue_msg());
        graph.wait_for_all();
    }

  private:
    tbb::flow::graph graph;
    tbb::flow::broadcast_node<continue_msg> start;
    std::deque<tbb::flow::continue_node<continue_msg>> nodes;
};

static std::optional<dag_flow> made;

static uint64_t run_dag(const problem *)
{
    return in_arena([] { return made->run(), uint64_t{0}; });
}

static uint64_t run_dag_build(const problem *p)
{
    return in_arena([p] { return made.emplace(p->dag), p->dag->tasks + p->dag->edges; });
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
    in_arena([] { return made.reset(), uint64_t{0}; });
}

const contest contestant_contests[] = {
    {"tree", run_tree}, {"dag-build", run_dag_build}, DAG_CONTESTS(run_dag), {NULL, NULL}};
