/* oneTBB's flow graph: the tree as a graph of continue_nodes, one a leaf and one a gather.
 *
 * One contestant; tbb_threads.cpp has its threads.  The graph is made within the run, as weir's
 * plan is; it must never be kept for the next one. */
#include <tbb/flow_graph.h>

#include <deque>
#include <memory>

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

const contest contestant_contests[] = {{"tree", run_tree}, {NULL, NULL}};
