/* The recursive problems for peers whose functions fork children and then block until they are
 * done: oneTBB's task_group, Taskflow's TaskGroup, citor's forkJoin.
 *
 * A peer's program instantiates each with its `way`.  Every node of the plain C program is one
 * task here; nothing may cut the recursion off earlier.
 *
 * A way has
 *   start(f)        runs f() -> uint64_t on the library's workers;
 *   both(f, g)      runs f() and g(), at once if it can, and waits for them;
 *   all(n, f)       the same with f(0) ... f(n - 1);
 *   group           only for `blocks`: fork(f) copies f and runs it some time, wait() waits. */
#ifndef WEIR_BENCH_FORK_JOIN_HPP
#define WEIR_BENCH_FORK_JOIN_HPP

#include <cstdlib>

#include "contestant.h"
#include "results.hpp"

namespace fork_join
{

/* both() and all() by means of a group. The last child needs no task of its own. */
template <class scope> struct by_group {
    using group = scope;

    template <class first, class second> static void both(const first &f, const second &g)
    {
        scope children;
        children.fork(f);
        g();
        children.wait();
    }

    template <class child> static void all(uint64_t n, const child &f)
    {
        if (n == 0)
            return;
        scope children;
        for (uint64_t i = 0; i < n - 1; i++)
            children.fork([&f, i] { f(i); });
        f(n - 1);
        children.wait();
    }
};

template <class way> uint64_t fib(uint64_t n)
{
    if (n < 2)
        return n;
    uint64_t x, y;
    way::both([&x, n] { x = fib<way>(n - 1); }, [&y, n] { y = fib<way>(n - 2); });
    return x + y;
}

template <class way> uint64_t run_fib(const problem *p)
{
    return way::start([p] { return fib<way>(p->size); });
}

template <class way> uint64_t skynet(uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        return first;
    const uint64_t share = leaves / SKYNET_FANOUT;
    results<SKYNET_FANOUT> part(SKYNET_FANOUT);
    way::all(SKYNET_FANOUT, [&](uint64_t i) { part[i] = skynet<way>(first + i * share, share); });
    return part.sum();
}

template <class way> uint64_t run_skynet(const problem *p)
{
    return way::start([p] { return skynet<way>(0, p->size); });
}

template <class way> uint64_t tree(uint64_t fanout, uint64_t depth, uint64_t steps)
{
    results<TREE_FANOUT> part(fanout);
    way::all(fanout, [&](uint64_t i) {
        part[i] = depth == 0 ? leaf_work(steps) : tree<way>(TREE_FANOUT, depth - 1, steps);
    });
    return part.sum();
}

template <class way> uint64_t run_tree(const problem *p)
{
    return way::start([p] { return tree<way>(p->size, p->depth, p->steps); });
}

template <class way> uint64_t nqueens(const queens &q, uint32_t n)
{
    if (q.placed == n)
        return 1;
    uint32_t fitting[QUEENS_MOST], children = 0;
    for (uint32_t row = 0; row < n; row++)
        if (queens_fit(&q, row))
            fitting[children++] = row;
    results<QUEENS_MOST> part(children);
    way::all(children,
             [&](uint64_t i) { part[i] = nqueens<way>(queens_place(&q, fitting[i]), n); });
    return part.sum();
}

template <class way> uint64_t run_nqueens(const problem *p)
{
    return way::start([p] { return nqueens<way>(queens{}, (uint32_t)p->size); });
}

#ifdef BENCH_UTS
enum { UTS_FEW = 16 }; /* more children than this are rare: their results go on the heap */

template <class way> uint64_t uts(uint64_t which, const uts_node &node)
{
    const uint32_t n = uts_children(which, &node);
    results<UTS_FEW> part(n);
    way::all(n, [&](uint64_t i) {
        uts_node child;
        uts_child(&node, (uint32_t)i, &child);
        part[i] = uts<way>(which, child);
    });
    return 1 + part.sum();
}

template <class way> uint64_t run_uts(const problem *p)
{
    uts_node root;
    uts_root(p->size, &root);
    return way::start([&] { return uts<way>(p->size, root); });
}
#endif

template <class way> void matmul(const problem *p, const quadrant &q)
{
    if (q.size == MATMUL_BLOCK)
        return matmul_block(p, q.row, q.column);
    way::all(4, [&](uint64_t i) { matmul<way>(p, quadrant_of(&q, (uint32_t)i)); });
}

template <class way> uint64_t run_matmul(const problem *p)
{
    return way::start([p] {
        matmul<way>(p, {0, 0, (uint32_t)p->size});
        return 0;
    });
}

template <class way> void mergesort(uint64_t *keys, uint64_t *room, uint64_t n)
{
    if (n <= SORT_BLOCK)
        return sort_block(keys, n);
    const uint64_t half = n / 2;
    way::both([=] { mergesort<way>(keys, room, half); },
              [=] { mergesort<way>(keys + half, room + half, n - half); });
    sort_merge(keys, room, n);
}

template <class way> uint64_t run_mergesort(const problem *p)
{
    return way::start([p] {
        mergesort<way>(p->keys, p->room, p->size);
        return 0;
    });
}

template <class way> uint64_t sum_block(const problem *p, uint64_t *block)
{
    results<BLOCK_PARTS> part(BLOCK_PARTS);
    way::all(BLOCK_PARTS, [&](uint64_t i) { part[i] = block_part(p, block, (uint32_t)i); });
    block_destroy(block);
    return part.sum();
}

template <class way> uint64_t sum_blocks(const problem *p)
{
    results<1> part(p->size);
    typename way::group blocks;
    for (uint64_t i = 0; i < p->size; i++) {
        uint64_t *block = block_create(p, i), *out = &part[i];
        blocks.fork([p, block, out] { *out = sum_block<way>(p, block); });
    }
    blocks.wait();
    return part.sum();
}

template <class way> uint64_t run_blocks(const problem *p)
{
    return way::start([p] { return sum_blocks<way>(p); });
}

} // namespace fork_join

#endif
