/* The graph of blocks and sweeps; see jacobi.h. */
#include "jacobi.h"

#include <stdio.h>
#include <stdlib.h>

#include "application.h"

uint32_t jacobi_blocks(const problem *p)
{
    return p->bytes == 0 ? 0 : (uint32_t)((p->size + p->bytes - 1) / p->bytes);
}

static void run_block(const dag *d, uint32_t task)
{
    const problem *p = d->data;
    const uint32_t blocks = jacobi_blocks(p);
    const uint64_t from = task % blocks * p->bytes;
    const uint64_t to = from + p->bytes < p->size ? from + p->bytes : p->size;
    for (uint64_t row = from; row < to; row++)
        stencil_row(p, task / blocks, row);
}

/* Two grids in turn: what a block reads is overwritten in the next sweep, by itself and by its
 * neighbours, which come after it for what they read. */
static bool add_block(dag *d, uint32_t sweep, uint32_t block, uint32_t blocks)
{
    if (!dag_add_task(d))
        return false;
    if (sweep == 0)
        return true;
    const uint32_t before = (sweep - 1) * blocks;
    const uint32_t from = block > 0 ? block - 1 : 0, to = block + 1 < blocks ? block + 1 : block;
    for (uint32_t other = from; other <= to; other++)
        if (!dag_add_edge(d, before + other))
            return false;
    return true;
}

static bool make(dag *d, const problem *p)
{
    const uint32_t blocks = jacobi_blocks(p);
    d->data = (void *)(uintptr_t)p;
    d->kernel = run_block;
    for (uint32_t sweep = 0; sweep < p->depth; sweep++)
        for (uint32_t block = 0; block < blocks; block++)
            if (!add_block(d, sweep, block, blocks))
                return false;
    return true;
}

static bool create(problem *p)
{
    const uint64_t bytes = p->size * p->size * sizeof(double), lines = (bytes + 4095) / 4096 * 4096;
    if (p->size == 0 || p->bytes == 0 || p->depth == 0 ||
        p->depth > UINT32_MAX / jacobi_blocks(p)) {
        fputs("jacobi: --size, --bytes (the rows of a block) and --depth (the sweeps) must be at "
              "least "
              "1, and there can be 2^32 tasks\n",
              stderr);
        return false;
    }
    p->a = aligned_alloc(4096, lines);
    p->b = aligned_alloc(4096, lines);
    if (p->a == NULL || p->b == NULL)
        return false;
    memset(p->b, 0, bytes);
    return true;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

static void reset(const problem *p)
{
    for (uint64_t i = 0; i < p->size * p->size; i++)
        p->a[i] = (double)(mix(i) % 256);
}

/* Of all bits of the grid and their places. */
static uint64_t check(const problem *p)
{
    const double *grid = p->depth % 2 == 0 ? p->a : p->b;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < p->size * p->size; i++) {
        uint64_t bits;
        memcpy(&bits, &grid[i], sizeof bits);
        sum += mix(bits + i);
    }
    return sum != 0 ? sum : 1;
}

/* The grids are the problem's, which frees them: nothing is left to destroy. */
const application application_jacobi = {
    .name = "jacobi", .create = create, .make = make, .reset = reset, .check = check};
