/* libfork's coroutines: a fork for each child, a call for the last, then a join.
 *
 * One contestant; its pool keeps idle threads asleep.  Results of children lie in the coroutine's
 * frame or on libfork's own stack (co_new); a task must never allocate for itself. */
#include <libfork.hpp>

#include <optional>
#include <ranges>
#include <span>

#include "contestant.h"
#include "shapes.h"

static std::optional<lf::lazy_pool> pool;

static uint64_t sum_of(std::span<const uint64_t> part)
{
    uint64_t total = 0;
    for (const uint64_t x : part)
        total += x;
    return total;
}

inline constexpr auto fib = [](auto self, uint64_t n) -> lf::task<uint64_t> {
    if (n < 2)
        co_return n;
    uint64_t x, y;
    co_await lf::fork(&x, self)(n - 1);
    co_await lf::call(&y, self)(n - 2);
    co_await lf::join;
    co_return x + y;
};

static uint64_t run_fib(const problem *p)
{
    return lf::sync_wait(*pool, fib, p->size);
}

inline constexpr auto skynet = [](auto self, uint64_t first,
                                  uint64_t leaves) -> lf::task<uint64_t> {
    if (leaves == 1)
        co_return first;
    const uint64_t share = leaves / SKYNET_FANOUT, last = SKYNET_FANOUT - 1;
    uint64_t part[SKYNET_FANOUT];
    for (uint64_t i = 0; i < last; i++)
        co_await lf::fork(&part[i], self)(first + i * share, share);
    co_await lf::call(&part[last], self)(first + last * share, share);
    co_await lf::join;
    co_return sum_of(part);
};

static uint64_t run_skynet(const problem *p)
{
    return lf::sync_wait(*pool, skynet, uint64_t{0}, p->size);
}

inline constexpr auto tree_leaf = [](auto, uint64_t steps) -> lf::task<uint64_t> {
    co_return leaf_work(steps);
};

inline constexpr auto tree = [](auto self, uint64_t fanout, uint64_t depth,
                                uint64_t steps) -> lf::task<uint64_t> {
    auto [part] = co_await lf::co_new<uint64_t>(fanout);
    const uint64_t last = fanout - 1;
    if (depth == 0) {
        for (uint64_t i = 0; i < last; i++)
            co_await lf::fork(&part[i], tree_leaf)(steps);
        co_await lf::call(&part[last], tree_leaf)(steps);
    } else {
        for (uint64_t i = 0; i < last; i++)
            co_await lf::fork(&part[i], self)(uint64_t{TREE_FANOUT}, depth - 1, steps);
        co_await lf::call(&part[last], self)(uint64_t{TREE_FANOUT}, depth - 1, steps);
    }
    co_await lf::join;
    co_return sum_of(part);
};

static uint64_t run_tree(const problem *p)
{
    return lf::sync_wait(*pool, tree, p->size, p->depth, p->steps);
}

inline constexpr auto nqueens = [](auto self, queens q, uint32_t n) -> lf::task<uint64_t> {
    if (q.placed == n)
        co_return 1;
    uint32_t fitting[QUEENS_MOST], children = 0;
    for (uint32_t row = 0; row < n; row++)
        if (queens_fit(&q, row))
            fitting[children++] = row;
    if (children == 0)
        co_return 0;
    uint64_t part[QUEENS_MOST];
    const uint32_t last = children - 1;
    for (uint32_t i = 0; i < last; i++)
        co_await lf::fork(&part[i], self)(queens_place(&q, fitting[i]), n);
    co_await lf::call(&part[last], self)(queens_place(&q, fitting[last]), n);
    co_await lf::join;
    co_return sum_of({part, children});
};

static uint64_t run_nqueens(const problem *p)
{
    return lf::sync_wait(*pool, nqueens, queens{}, (uint32_t)p->size);
}

#ifdef BENCH_UTS
inline constexpr auto uts = [](auto self, uint64_t which, uts_node node) -> lf::task<uint64_t> {
    const uint32_t n = uts_children(which, &node);
    if (n == 0)
        co_return 1;
    auto [part] = co_await lf::co_new<uint64_t>(n);
    uts_node child;
    for (uint32_t i = 0; i < n - 1; i++) {
        uts_child(&node, i, &child);
        co_await lf::fork(&part[i], self)(which, uts_node(child));
    }
    uts_child(&node, n - 1, &child);
    co_await lf::call(&part[n - 1], self)(which, uts_node(child));
    co_await lf::join;
    co_return 1 + sum_of(part);
};

static uint64_t run_uts(const problem *p)
{
    uts_node root;
    uts_root(p->size, &root);
    return lf::sync_wait(*pool, uts, p->size, root);
}
#endif

inline constexpr auto matmul = [](auto self, const problem *p, quadrant q) -> lf::task<void> {
    if (q.size == MATMUL_BLOCK) {
        matmul_block(p, q.row, q.column);
        co_return;
    }
    for (uint32_t i = 0; i < 3; i++)
        co_await lf::fork(self)(p, quadrant_of(&q, i));
    co_await lf::call(self)(p, quadrant_of(&q, 3));
    co_await lf::join;
};

static uint64_t run_matmul(const problem *p)
{
    lf::sync_wait(*pool, matmul, p, quadrant{0, 0, (uint32_t)p->size});
    return 0;
}

inline constexpr auto mergesort = [](auto self, uint64_t *keys, uint64_t *room,
                                     uint64_t n) -> lf::task<void> {
    if (n <= SORT_BLOCK) {
        sort_block(keys, n);
        co_return;
    }
    co_await lf::fork(self)(keys, room, n / 2);
    co_await lf::call(self)(keys + n / 2, room + n / 2, n - n / 2);
    co_await lf::join;
    sort_merge(keys, room, n);
};

static uint64_t run_mergesort(const problem *p)
{
    lf::sync_wait(*pool, mergesort, p->keys, p->room, p->size);
    return 0;
}

static uint64_t run_blocked(const problem *p)
{
    const auto blocks = std::views::iota(0u, blocked_side(p) * blocked_side(p));
    lf::sync_wait(*pool, lf::for_each, blocks.begin(), blocks.end(),
                  [p](uint32_t i) { blocked_block(p, i); });
    return 0;
}

/* As lf::fold does it, which gcc 12 cannot compile for doubles. */
inline constexpr auto sum = [](auto self, const problem *p, uint64_t from,
                               uint64_t to) -> lf::task<double> {
    if (to - from == 1)
        co_return sum_of_range(p, from);
    const uint64_t middle = from + (to - from) / 2;
    double left, right;
    co_await lf::fork(&left, self)(p, from, middle);
    co_await lf::call(&right, self)(p, middle, to);
    co_await lf::join;
    co_return left + right;
};

static uint64_t run_sum(const problem *p)
{
    return (uint64_t)lf::sync_wait(*pool, sum, p, uint64_t{0}, sum_ranges(p));
}

static uint64_t run_stencil(const problem *p)
{
    const auto rows = std::views::iota(0u, (uint32_t)p->size);
    for (uint64_t sweep = 0; sweep < p->depth; sweep++)
        lf::sync_wait(*pool, lf::for_each, rows.begin(), rows.end(),
                      [=](uint32_t row) { stencil_row(p, sweep, row); });
    return 0;
}

inline constexpr auto sum_part = [](auto, const problem *p, const uint64_t *block,
                                    uint32_t i) -> lf::task<uint64_t> {
    co_return block_part(p, block, i);
};

inline constexpr auto sum_block = [](auto, const problem *p,
                                     uint64_t *block) -> lf::task<uint64_t> {
    const uint32_t last = BLOCK_PARTS - 1;
    uint64_t part[BLOCK_PARTS];
    for (uint32_t i = 0; i < last; i++)
        co_await lf::fork(&part[i], sum_part)(p, block, i);
    co_await lf::call(&part[last], sum_part)(p, block, last);
    co_await lf::join;
    block_destroy(block);
    co_return sum_of(part);
};

inline constexpr auto sum_blocks = [](auto, const problem *p) -> lf::task<uint64_t> {
    auto [part] = co_await lf::co_new<uint64_t>(p->size);
    for (uint64_t i = 0; i < p->size; i++)
        co_await lf::fork(&part[i], sum_block)(p, block_create(p, i));
    co_await lf::join;
    co_return sum_of(part);
};

static uint64_t run_blocks(const problem *p)
{
    return lf::sync_wait(*pool, sum_blocks, p);
}

const contest contestant_contests[] = {{"fib", run_fib},
                                       {"skynet", run_skynet},
                                       {"tree", run_tree},
                                       {"nqueens", run_nqueens},
#ifdef BENCH_UTS
                                       {"uts", run_uts},
#endif
                                       {"matmul", run_matmul},
                                       {"blocked", run_blocked},
                                       {"mergesort", run_mergesort},
                                       {"sum", run_sum},
                                       {"stencil", run_stencil},
                                       {"blocks", run_blocks},
                                       {NULL, NULL}};

bool contestant_open(const problem *p)
{
    pool.emplace(p->workers);
    return true;
}

void contestant_close(void)
{
    pool.reset();
}

const char *contestant_about(void)
{
    static char text[128];
    snprintf(text, sizeof text, "libfork %d.%d.%d, " __VERSION__, LF_VERSION_MAJOR,
             LF_VERSION_MINOR, LF_VERSION_PATCH);
    return text;
}
