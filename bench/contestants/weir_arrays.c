/* The problems on matrices and arrays as pipelines; see weir_contestant.h.
 *
 * Layers follow the data: quadrants, rows of blocks, ranges of an array, rows of a grid. */
#include "weir_contestant.h"

static int gather_nothing(weir_branch *b, const void *in, const void *results, uint32_t n,
                          void *out)
{
    (void)b, (void)in, (void)results, (void)n, (void)out;
    return 0;
}

/* ---- matmul, by quadrants ---- */

static int quadrant_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (((const quadrant *)in)->size == MATMUL_BLOCK)
        *n = 0;
    return 0;
}

static int quadrant_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b;
    *(quadrant *)child_in = quadrant_of(in, i);
    return 0;
}

static int quadrant_leaf(weir_branch *b, const void *in, void *out)
{
    const quadrant *q = in;
    (void)out;
    matmul_block(weir_context(b), q->row, q->column);
    return 0;
}

uint64_t run_matmul(const problem *p)
{
    weir_layer layer = {.name = "quadrant",
                        .in_bytes = sizeof(quadrant),
                        .fanout = 4,
                        .max_depth = 32,
                        .child = &layer,
                        .count = quadrant_count,
                        .split = quadrant_split,
                        .gather = gather_nothing,
                        .leaf = quadrant_leaf};
    const quadrant whole = {0, 0, (uint32_t)p->size};
    run_pipeline(&layer, p, &whole, NULL);
    return 0;
}

/* ---- blocked: rows of blocks, then blocks ---- */

static int row_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b, (void)in;
    *(quadrant *)child_in = (quadrant){i * MATMUL_BLOCK, 0, MATMUL_BLOCK};
    return 0;
}

static int block_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    const quadrant *row = in;
    (void)b;
    *(quadrant *)child_in = (quadrant){row->row, i * MATMUL_BLOCK, MATMUL_BLOCK};
    return 0;
}

uint64_t run_blocked(const problem *p)
{
    const uint32_t blocks = (uint32_t)p->size / MATMUL_BLOCK;
    const weir_layer block = {.name = "block", .in_bytes = sizeof(quadrant), .leaf = quadrant_leaf};
    const weir_layer row = {.name = "row",
                            .in_bytes = sizeof(quadrant),
                            .fanout = blocks,
                            .child = &block,
                            .split = block_split,
                            .gather = gather_nothing};
    const weir_layer matrix = {.name = "matrix",
                               .fanout = blocks,
                               .child = &row,
                               .split = row_split,
                               .gather = gather_nothing};
    run_pipeline(&matrix, p, NULL, NULL);
    return 0;
}

/* ---- sum: ranges of an array ---- */

static int sum_leaves(weir_branch *b, const void *parent_in, uint32_t first, uint32_t n,
                      void *results)
{
    const problem *p = weir_context(b);
    double *sums = results;
    (void)parent_in;
    for (uint32_t i = 0; i < n; i++)
        sums[i] = sum_of_range(p, first + i);
    return 0;
}

static int sum_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    (void)b, (void)in;
    *(double *)out = sum_range(results, n);
    return 0;
}

uint64_t run_sum(const problem *p)
{
    const weir_layer range = {.name = "range", .out_bytes = sizeof(double), .leaves = sum_leaves};
    const weir_layer array = {.name = "array",
                              .out_bytes = sizeof(double),
                              .fanout = (uint32_t)sum_ranges(p),
                              .child = &range,
                              .gather = sum_gather};
    double out;
    run_pipeline(&array, p, NULL, &out);
    return (uint64_t)out;
}

/* ---- stencil: a run for each sweep ---- */

static int stencil_rows(weir_branch *b, const void *parent_in, uint32_t first, uint32_t n,
                        void *results)
{
    const uint64_t *sweep = parent_in;
    (void)results;
    for (uint32_t i = first; i < first + n; i++)
        stencil_row(weir_context(b), *sweep, i);
    return 0;
}

uint64_t run_stencil(const problem *p)
{
    const weir_layer row = {.name = "row", .leaves = stencil_rows};
    const weir_layer grid = {.name = "grid",
                             .in_bytes = sizeof(uint64_t),
                             .fanout = (uint32_t)p->size,
                             .child = &row,
                             .gather = gather_nothing};
    weir_plan *plan = compile_pipeline(&grid);
    for (uint64_t sweep = 0; sweep < p->depth; sweep++)
        run_plan(plan, p, &sweep, NULL);
    weir_plan_free(plan);
    return 0;
}

/* ---- blocks: a branch holds the block that the branch above made for it ---- */

typedef struct span_of_block {
    const uint64_t *block;
    uint32_t number;
} span_of_block;

static int blocks_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)in;
    *(uint64_t **)child_in = block_create(weir_context(b), i);
    return 0;
}

static int part_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b;
    *(span_of_block *)child_in = (span_of_block){*(uint64_t *const *)in, i};
    return 0;
}

static int part_leaf(weir_branch *b, const void *in, void *out)
{
    const span_of_block *part = in;
    *(uint64_t *)out = block_part(weir_context(b), part->block, part->number);
    return 0;
}

static int block_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    block_destroy(*(uint64_t *const *)in);
    return gather_sum(b, in, results, n, out);
}

uint64_t run_blocks(const problem *p)
{
    const weir_layer part = {.name = "part",
                             .in_bytes = sizeof(span_of_block),
                             .out_bytes = sizeof(uint64_t),
                             .leaf = part_leaf};
    const weir_layer block = {.name = "block",
                              .in_bytes = sizeof(uint64_t *),
                              .out_bytes = sizeof(uint64_t),
                              .held_bytes = p->bytes,
                              .fanout = BLOCK_PARTS,
                              .child = &part,
                              .split = part_split,
                              .gather = block_gather};
    const weir_layer all = {.name = "all",
                            .out_bytes = sizeof(uint64_t),
                            .fanout = (uint32_t)p->size,
                            .child = &block,
                            .split = blocks_split,
                            .gather = gather_sum};
    uint64_t out;
    run_pipeline(&all, p, NULL, &out);
    return out;
}
