/* The sequential twins: every problem in plain C, as one would write it without any library.
 *
 * Speed-ups and efficiencies of all contestants refer to it. */
#include <stdlib.h>

#include "contestant.h"
#include "wavefront.h"

/* The compiler must not see that a leaf does nothing, or it folds whole trees into a formula. */
static uint64_t opaque(uint64_t x)
{
    __asm__ volatile("" : "+r"(x));
    return x;
}

static uint64_t fib(uint64_t n)
{
    return n < 2 ? opaque(n) : fib(n - 1) + fib(n - 2);
}

static uint64_t run_fib(const problem *p)
{
    return fib(p->size);
}

static uint64_t skynet(uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        return opaque(first);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < SKYNET_FANOUT; i++)
        sum += skynet(first + i * (leaves / SKYNET_FANOUT), leaves / SKYNET_FANOUT);
    return sum;
}

static uint64_t run_skynet(const problem *p)
{
    return skynet(0, p->size);
}

static uint64_t tree(uint64_t fanout, uint64_t depth, uint64_t steps)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < fanout; i++)
        sum += depth == 0 ? leaf_work(steps) : tree(TREE_FANOUT, depth - 1, steps);
    return opaque(sum);
}

static uint64_t run_tree(const problem *p)
{
    return tree(p->size, p->depth, p->steps);
}

static uint64_t chain(uint64_t links, uint64_t steps)
{
    const uint64_t leaf = leaf_work(steps);
    return links > 1 ? opaque(leaf + chain(links - 1, steps)) : leaf;
}

static uint64_t run_chain(const problem *p)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < p->depth; i++)
        sum += chain(p->size, p->steps);
    return sum;
}

static uint64_t nqueens(const queens *q, uint32_t n)
{
    if (q->placed == n)
        return 1;
    uint64_t sum = 0;
    for (uint32_t row = 0; row < n; row++)
        if (queens_fit(q, row)) {
            const queens next = queens_place(q, row);
            sum += nqueens(&next, n);
        }
    return sum;
}

static uint64_t run_nqueens(const problem *p)
{
    const queens none = {0};
    return nqueens(&none, (uint32_t)p->size);
}

#ifdef BENCH_UTS
static uint64_t uts(uint64_t which, const uts_node *node)
{
    const uint32_t n = uts_children(which, node);
    uint64_t nodes = 1;
    for (uint32_t i = 0; i < n; i++) {
        uts_node child;
        uts_child(node, i, &child);
        nodes += uts(which, &child);
    }
    return nodes;
}

static uint64_t run_uts(const problem *p)
{
    uts_node root;
    uts_root(p->size, &root);
    return uts(p->size, &root);
}
#endif

static void matmul(const problem *p, const quadrant *q)
{
    if (q->size == MATMUL_BLOCK) {
        matmul_block(p, q->row, q->column);
        return;
    }
    for (uint32_t i = 0; i < 4; i++) {
        const quadrant child = quadrant_of(q, i);
        matmul(p, &child);
    }
}

static uint64_t run_matmul(const problem *p)
{
    const quadrant whole = {0, 0, (uint32_t)p->size};
    matmul(p, &whole);
    return 0;
}

static uint64_t run_blocked(const problem *p)
{
    const uint32_t n = (uint32_t)p->size;
    for (uint32_t row = 0; row < n; row += MATMUL_BLOCK)
        for (uint32_t column = 0; column < n; column += MATMUL_BLOCK)
            matmul_block(p, row, column);
    return 0;
}

static void mergesort(uint64_t *keys, uint64_t *room, uint64_t n)
{
    if (n <= SORT_BLOCK) {
        sort_block(keys, n);
        return;
    }
    mergesort(keys, room, n / 2);
    mergesort(keys + n / 2, room + n / 2, n - n / 2);
    sort_merge(keys, room, n);
}

static uint64_t run_mergesort(const problem *p)
{
    mergesort(p->keys, p->room, p->size);
    return 0;
}

static uint64_t run_sum(const problem *p)
{
    return (uint64_t)sum_range(p->a, p->size);
}

static uint64_t run_stencil(const problem *p)
{
    for (uint64_t sweep = 0; sweep < p->depth; sweep++)
        for (uint64_t row = 0; row < p->size; row++)
            stencil_row(p, sweep, row);
    return 0;
}

static uint64_t run_blocks(const problem *p)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < p->size; i++) {
        uint64_t *block = block_create(p, i);
        for (uint32_t part = 0; part < BLOCK_PARTS; part++)
            sum += block_part(p, block, part);
        block_destroy(block);
    }
    return sum;
}

static uint64_t run_dag(const problem *p)
{
    dag_all(p->dag);
    return 0;
}

static uint64_t run_wavefront(const problem *p)
{
    wavefront_by_rows(p);
    return 0;
}

const contest contestant_contests[] = {{"fib", run_fib},
                                       {"skynet", run_skynet},
                                       {"tree", run_tree},
                                       {"chain", run_chain},
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
                                       {"jacobi", run_stencil},
                                       {"wavefront", run_wavefront},
                                       DAG_SERIAL(run_dag),
                                       {NULL, NULL}};

const char *contestant_about(void)
{
    return "plain C, " __VERSION__;
}

bool contestant_open(const problem *p)
{
    if (p->workers != 1)
        fputs("the sequential program has one worker; --workers must be 1\n", stderr);
    return p->workers == 1;
}

void contestant_close(void)
{
}
