/* TooManyCooks' coroutines: spawn_many for the children of a node, awaited at once.
 *
 * One contestant.  It must never fork a task to await it later, which its authors find faster where
 * there are two children: gcc 12 cannot compile that. */
#define TMC_IMPL
#include <tmc/ex_cpu.hpp>
#include <tmc/latch.hpp>
#include <tmc/spawn.hpp>
#include <tmc/spawn_many.hpp>
#include <tmc/sync.hpp>
#include <tmc/task.hpp>
#include <tmc/utils.hpp>
#include <tmc/version.hpp>

#include <ranges>
#include <vector>

#include "contestant.h"

using number = tmc::task<uint64_t>;

/* The tasks make(0), make(1), ... */
template <class maker> static auto tasks(const maker &make)
{
    return tmc::iter_adapter(uint64_t{0}, make);
}

template <class numbers> static uint64_t sum_of(const numbers &part, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += part[i];
    return sum;
}

template <class task> static auto run(task &&root)
{
    return tmc::post_waitable(tmc::cpu_executor(), std::forward<task>(root)).get();
}

static number fib(uint64_t n)
{
    if (n < 2)
        co_return n;
    const auto part =
        co_await tmc::spawn_many<2>(tasks([n](uint64_t i) { return fib(n - 1 - i); }));
    co_return part[0] + part[1];
}

static uint64_t run_fib(const problem *p)
{
    return run(fib(p->size));
}

static number skynet(uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        co_return first;
    const uint64_t share = leaves / SKYNET_FANOUT;
    const auto part = co_await tmc::spawn_many<SKYNET_FANOUT>(
        tasks([=](uint64_t i) { return skynet(first + i * share, share); }));
    co_return sum_of(part, SKYNET_FANOUT);
}

static uint64_t run_skynet(const problem *p)
{
    return run(skynet(0, p->size));
}

static number tree_leaf(uint64_t steps)
{
    co_return leaf_work(steps);
}

static number tree(uint64_t depth, uint64_t steps)
{
    const auto part = co_await tmc::spawn_many<TREE_FANOUT>(
        tasks([=](uint64_t) { return depth == 0 ? tree_leaf(steps) : tree(depth - 1, steps); }));
    co_return sum_of(part, TREE_FANOUT);
}

static number tree_top(const problem *p)
{
    const auto part = co_await tmc::spawn_many(tasks([p](uint64_t) {
                                                   return p->depth == 0
                                                              ? tree_leaf(p->steps)
                                                              : tree(p->depth - 1, p->steps);
                                               }),
                                               p->size);
    co_return sum_of(part, part.size());
}

static uint64_t run_tree(const problem *p)
{
    return run(tree_top(p));
}

static number nqueens(queens q, uint32_t n)
{
    if (q.placed == n)
        co_return 1;
    uint32_t fitting[QUEENS_MOST], children = 0;
    for (uint32_t row = 0; row < n; row++)
        if (queens_fit(&q, row))
            fitting[children++] = row;
    if (children == 0)
        co_return 0;
    auto placed = std::views::iota(0u, children) | std::views::transform([&](uint32_t i) {
                      return nqueens(queens_place(&q, fitting[i]), n);
                  });
    const auto part = co_await tmc::spawn_many<QUEENS_MOST>(placed.begin(), placed.end());
    co_return sum_of(part, children);
}

static uint64_t run_nqueens(const problem *p)
{
    return run(nqueens(queens{}, (uint32_t)p->size));
}

#ifdef BENCH_UTS
static number uts(uint64_t which, uts_node node)
{
    const uint32_t n = uts_children(which, &node);
    if (n == 0)
        co_return 1;
    const auto part = co_await tmc::spawn_many(tasks([&](uint64_t i) {
                                                   uts_node child;
                                                   uts_child(&node, (uint32_t)i, &child);
                                                   return uts(which, child);
                                               }),
                                               n);
    co_return 1 + sum_of(part, n);
}

static uint64_t run_uts(const problem *p)
{
    uts_node root;
    uts_root(p->size, &root);
    return run(uts(p->size, root));
}
#endif

static tmc::task<void> matmul(const problem *p, quadrant q)
{
    if (q.size == MATMUL_BLOCK) {
        matmul_block(p, q.row, q.column);
        co_return;
    }
    co_await tmc::spawn_many<4>(
        tasks([&](uint64_t i) { return matmul(p, quadrant_of(&q, (uint32_t)i)); }));
}

static uint64_t run_matmul(const problem *p)
{
    run(matmul(p, {0, 0, (uint32_t)p->size}));
    return 0;
}

static tmc::task<void> mergesort(uint64_t *keys, uint64_t *room, uint64_t n)
{
    if (n <= SORT_BLOCK) {
        sort_block(keys, n);
        co_return;
    }
    const uint64_t half = n / 2;
    co_await tmc::spawn_many<2>(tasks([=](uint64_t i) {
        return i == 0 ? mergesort(keys, room, half) : mergesort(keys + half, room + half, n - half);
    }));
    sort_merge(keys, room, n);
}

static uint64_t run_mergesort(const problem *p)
{
    run(mergesort(p->keys, p->room, p->size));
    return 0;
}

static number sum_part(const problem *p, const uint64_t *block, uint32_t i)
{
    co_return block_part(p, block, i);
}

static tmc::task<void> sum_block(const problem *p, uint64_t *block, uint64_t *out, tmc::latch *done)
{
    const auto part = co_await tmc::spawn_many<BLOCK_PARTS>(
        tasks([=](uint64_t i) { return sum_part(p, block, (uint32_t)i); }));
    block_destroy(block);
    *out = sum_of(part, BLOCK_PARTS);
    done->count_down();
}

static number sum_blocks(const problem *p)
{
    std::vector<uint64_t> part(p->size);
    tmc::latch done(p->size);
    for (uint64_t i = 0; i < p->size; i++)
        tmc::spawn(sum_block(p, block_create(p, i), &part[i], &done)).detach();
    co_await done;
    co_return sum_of(part, part.size());
}

static uint64_t run_blocks(const problem *p)
{
    return run(sum_blocks(p));
}

const contest contestant_contests[] = {{"fib", run_fib},       {"skynet", run_skynet},
                                       {"tree", run_tree},     {"nqueens", run_nqueens},
#ifdef BENCH_UTS
                                       {"uts", run_uts},
#endif
                                       {"matmul", run_matmul}, {"mergesort", run_mergesort},
                                       {"blocks", run_blocks}, {NULL, NULL}};

bool contestant_open(const problem *p)
{
    tmc::cpu_executor()
        .set_thread_count(p->workers)
        .set_thread_pinning_level(tmc::topology::thread_pinning_level::CORE)
        .init();
    return true;
}

void contestant_close(void)
{
    tmc::cpu_executor().teardown();
}

const char *contestant_about(void)
{
    static char text[128];
    snprintf(text, sizeof text, "TooManyCooks %d.%d.%d, " __VERSION__, TMC_VERSION_MAJOR,
             TMC_VERSION_MINOR, TMC_VERSION_PATCH);
    return text;
}
