/* Raw OpenMP tasks that wait for their children with taskwait: the form most programs use.
 *
 * The compiler that builds it decides the runtime. The thread's places come from the environment,
 * which the suite sets. */
#include <omp.h>
#include <stdlib.h>

#include "contestant.h"

#if defined(__clang__) /* it warns of the bounds that it makes for a taskloop itself */
#pragma clang diagnostic ignored "-Wsign-conversion"
#pragma clang diagnostic ignored "-Wsign-compare"
#endif

static unsigned workers;

/* Runs one expression as the root task of a region. */
#define IN_REGION(statement)                                                                       \
    do {                                                                                           \
        _Pragma("omp parallel num_threads(workers)") _Pragma("omp single") statement;              \
    } while (0)

static uint64_t fib(uint64_t n)
{
    if (n < 2)
        return n;
    uint64_t x, y;
#pragma omp task shared(x) firstprivate(n)
    x = fib(n - 1);
    y = fib(n - 2);
#pragma omp taskwait
    return x + y;
}

static uint64_t run_fib(const problem *p)
{
    uint64_t out = 0;
    IN_REGION(out = fib(p->size));
    return out;
}

static uint64_t skynet(uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        return first;
    const uint64_t share = leaves / SKYNET_FANOUT;
    uint64_t part[SKYNET_FANOUT], sum = 0;
    for (uint64_t i = 0; i < SKYNET_FANOUT; i++) {
#pragma omp task shared(part) firstprivate(i, first, share)
        part[i] = skynet(first + i * share, share);
    }
#pragma omp taskwait
    for (uint64_t i = 0; i < SKYNET_FANOUT; i++)
        sum += part[i];
    return sum;
}

static uint64_t run_skynet(const problem *p)
{
    uint64_t out = 0;
    IN_REGION(out = skynet(0, p->size));
    return out;
}

enum { FANOUT_MOST = 4096 };

static uint64_t tree(uint64_t fanout, uint64_t depth, uint64_t steps)
{
    uint64_t part[FANOUT_MOST], sum = 0;
    for (uint64_t i = 0; i < fanout; i++) {
#pragma omp task shared(part) firstprivate(i, depth, steps)
        part[i] = depth == 0 ? leaf_work(steps) : tree(TREE_FANOUT, depth - 1, steps);
    }
#pragma omp taskwait
    for (uint64_t i = 0; i < fanout; i++)
        sum += part[i];
    return sum;
}

static uint64_t run_tree(const problem *p)
{
    uint64_t out = 0;
    if (p->size > FANOUT_MOST)
        abort();
    IN_REGION(out = tree(p->size, p->depth, p->steps));
    return out;
}

static uint64_t nqueens(const queens *q, uint32_t n)
{
    if (q->placed == n)
        return 1;
    uint64_t part[QUEENS_MOST], sum = 0;
    uint32_t children = 0;
    for (uint32_t row = 0; row < n; row++)
        if (queens_fit(q, row)) {
            const queens next = queens_place(q, row);
#pragma omp task shared(part) firstprivate(next, children, n)
            part[children] = nqueens(&next, n);
            children++;
        }
#pragma omp taskwait
    for (uint32_t i = 0; i < children; i++)
        sum += part[i];
    return sum;
}

static uint64_t run_nqueens(const problem *p)
{
    const queens none = {0, {0}};
    uint64_t out = 0;
    IN_REGION(out = nqueens(&none, (uint32_t)p->size));
    return out;
}

#ifdef BENCH_UTS
static uint64_t uts(uint64_t which, const uts_node *node)
{
    const uint32_t n = uts_children(which, node);
    uint64_t few[UTS_NODE_MOST], *part = few, nodes = 1;
    if (n > UTS_NODE_MOST)
        part = malloc(n * sizeof *part);
    for (uint32_t i = 0; i < n; i++) {
        uts_node child;
        uts_child(node, i, &child);
#pragma omp task shared(part) firstprivate(child, i, which)
        part[i] = uts(which, &child);
    }
#pragma omp taskwait
    for (uint32_t i = 0; i < n; i++)
        nodes += part[i];
    if (part != few)
        free(part);
    return nodes;
}

static uint64_t run_uts(const problem *p)
{
    uts_node root;
    uint64_t out = 0;
    uts_root(p->size, &root);
    IN_REGION(out = uts(p->size, &root));
    return out;
}
#endif

static void matmul(const problem *p, quadrant q)
{
    if (q.size == MATMUL_BLOCK) {
        matmul_block(p, q.row, q.column);
        return;
    }
    for (uint32_t i = 0; i < 4; i++) {
#pragma omp task firstprivate(i, q, p)
        matmul(p, quadrant_of(&q, i));
    }
#pragma omp taskwait
}

static uint64_t run_matmul(const problem *p)
{
    const quadrant whole = {0, 0, (uint32_t)p->size};
    IN_REGION(matmul(p, whole));
    return 0;
}

static void mergesort(uint64_t *keys, uint64_t *room, uint64_t n)
{
    if (n <= SORT_BLOCK) {
        sort_block(keys, n);
        return;
    }
#pragma omp task firstprivate(keys, room, n)
    mergesort(keys, room, n / 2);
    mergesort(keys + n / 2, room + n / 2, n - n / 2);
#pragma omp taskwait
    sort_merge(keys, room, n);
}

static uint64_t run_mergesort(const problem *p)
{
    IN_REGION(mergesort(p->keys, p->room, p->size));
    return 0;
}

static uint64_t run_blocked(const problem *p)
{
    const uint32_t n = (uint32_t)p->size / MATMUL_BLOCK;
#pragma omp parallel num_threads(workers)
#pragma omp single
#pragma omp taskloop collapse(2) grainsize(1)
    for (uint32_t row = 0; row < n; row++)
        for (uint32_t column = 0; column < n; column++)
            matmul_block(p, row * MATMUL_BLOCK, column * MATMUL_BLOCK);
    return 0;
}

static uint64_t run_sum(const problem *p)
{
    double sum = 0;
    const uint64_t ranges = sum_ranges(p);
#pragma omp parallel num_threads(workers)
#pragma omp single
#pragma omp taskloop reduction(+ : sum)
    for (uint64_t i = 0; i < ranges; i++)
        sum += sum_of_range(p, i);
    return (uint64_t)sum;
}

static uint64_t run_stencil(const problem *p)
{
    for (uint64_t sweep = 0; sweep < p->depth; sweep++) {
#pragma omp parallel num_threads(workers)
#pragma omp single
#pragma omp taskloop
        for (uint64_t row = 0; row < p->size; row++)
            stencil_row(p, sweep, row);
    }
    return 0;
}

static uint64_t sum_block(const problem *p, uint64_t *block)
{
    uint64_t part[BLOCK_PARTS], sum = 0;
    for (uint32_t i = 0; i < BLOCK_PARTS; i++) {
#pragma omp task shared(part) firstprivate(i, p, block)
        part[i] = block_part(p, block, i);
    }
#pragma omp taskwait
    for (uint32_t i = 0; i < BLOCK_PARTS; i++)
        sum += part[i];
    block_destroy(block);
    return sum;
}

static uint64_t sum_blocks(const problem *p)
{
    uint64_t sum = 0;
    uint64_t *part = calloc(p->size, sizeof *part);
    for (uint64_t i = 0; i < p->size; i++) {
        uint64_t *block = block_create(p, i);
#pragma omp task firstprivate(i, p, block, part)
        part[i] = sum_block(p, block);
    }
#pragma omp taskwait
    for (uint64_t i = 0; i < p->size; i++)
        sum += part[i];
    free(part);
    return sum;
}

static uint64_t run_blocks(const problem *p)
{
    uint64_t out = 0;
    IN_REGION(out = sum_blocks(p));
    return out;
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

const char *contestant_about(void)
{
    return "OpenMP task and taskwait, " WEIR_BENCH_OPENMP ", " __VERSION__;
}

bool contestant_open(const problem *p)
{
    workers = p->workers;
    return true;
}

void contestant_close(void)
{
}
