/* The recursive problems as pipelines: one layer below itself, or one layer a level.
 *
 * Layers whose ops take some nanoseconds bring their own loops, since the peers' functions are inlined
 * too; the program weir-called has none.  Every branch of the tree is a branch of weir's, down to the
 * leaves of the plain C program: no cut-off is put in by hand. */
#include "weir_contestant.h"

/* ---- fib ---- */

static int fib_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (*(uint32_t *)in < 2)
        *n = 0;
    return 0;
}

static int fib_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b;
    *(uint32_t *)child_in = *(const uint32_t *)in - 1 - i;
    return 0;
}

static int fib_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b;
    *(uint64_t *)out = *(const uint32_t *)in;
    return 0;
}

static int fib_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const uint64_t *part = results;
    (void)b, (void)in, (void)n;
    *(uint64_t *)out = part[0] + part[1];
    return 0;
}

static void fib_loop(weir_loop *loop);

static const weir_layer fib_layer = {.name = "fib",
                                     .in_bytes = sizeof(uint32_t),
                                     .out_bytes = sizeof(uint64_t),
                                     .fanout = 2,
                                     .child = &fib_layer,
                                     .count = fib_count,
                                     .split = fib_split,
                                     .gather = fib_gather,
                                     .leaf = fib_leaf,
                                     .loop = LOOP(fib_loop)};

static void fib_loop(weir_loop *loop)
{
    weir_loop_run(loop, &fib_layer, &fib_layer);
}

uint64_t run_fib(const problem *p)
{
    weir_layer fib = fib_layer;
    fib.max_depth = (uint32_t)p->size;
    fib.child = &fib;
    const uint32_t n = (uint32_t)p->size;
    uint64_t out;
    run_pipeline(&fib, p, &n, &out);
    return out;
}

/* ---- skynet ---- */

typedef struct span {
    uint64_t first, leaves;
} span;

static int skynet_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (((const span *)in)->leaves == 1)
        *n = 0;
    return 0;
}

static int skynet_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    const span *s = in;
    const uint64_t leaves = s->leaves / SKYNET_FANOUT;
    (void)b;
    *(span *)child_in = (span){s->first + i * leaves, leaves};
    return 0;
}

static int skynet_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b;
    *(uint64_t *)out = ((const span *)in)->first;
    return 0;
}

static void skynet_loop(weir_loop *loop);

static const weir_layer skynet = {.name = "skynet",
                                  .in_bytes = sizeof(span),
                                  .out_bytes = sizeof(uint64_t),
                                  .fanout = SKYNET_FANOUT,
                                  .max_depth = 20,
                                  .child = &skynet,
                                  .count = skynet_count,
                                  .split = skynet_split,
                                  .gather = gather_sum,
                                  .leaf = skynet_leaf,
                                  .loop = LOOP(skynet_loop)};

static void skynet_loop(weir_loop *loop)
{
    weir_loop_run(loop, &skynet, &skynet);
}

uint64_t run_skynet(const problem *p)
{
    const span all = {0, p->size};
    uint64_t out;
    run_pipeline(&skynet, p, &all, &out);
    return out;
}

/* ---- tree: one layer a level ---- */

enum { TREE_DEPTH_MOST = 30 };

static int tree_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b, (void)in, (void)i, (void)child_in;
    return 0;
}

static int tree_leaf(weir_branch *b, const void *in, void *out)
{
    const problem *p = weir_context(b);
    (void)in;
    *(uint64_t *)out = leaf_work(p->steps);
    return 0;
}

static void tree_loop(weir_loop *loop);

static const weir_layer tree_leaves = {
    .name = "leaf", .out_bytes = sizeof(uint64_t), .leaf = tree_leaf};

/* The last level but the leaves. */
static const weir_layer tree_level = {.name = "level",
                                      .out_bytes = sizeof(uint64_t),
                                      .fanout = TREE_FANOUT,
                                      .child = &tree_leaves,
                                      .split = tree_split,
                                      .gather = gather_sum,
                                      .loop = LOOP(tree_loop)};

static void tree_loop(weir_loop *loop)
{
    weir_loop_run(loop, &tree_level, &tree_leaves);
}

uint64_t run_tree(const problem *p)
{
    weir_layer layer[TREE_DEPTH_MOST + 2];
    const uint64_t depth = p->depth < TREE_DEPTH_MOST ? p->depth : TREE_DEPTH_MOST;
    for (uint64_t i = 0; i <= depth; i++) {
        layer[i] = tree_level;
        if (i == 0)
            layer[i].fanout = (uint32_t)p->size;
        if (i == 0 || i < depth)
            layer[i].loop = NULL;
        layer[i].child = &layer[i + 1];
    }
    layer[depth + 1] = tree_leaves;
    uint64_t out;
    run_pipeline(layer, p, NULL, &out);
    return out;
}

/* ---- chain: each link has a leaf and the next link ---- */

static int chain_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (*(uint64_t *)in <= 1)
        *n = 0;
    return 0;
}

static int chain_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b;
    *(uint64_t *)child_in = i == 0 ? 1 : *(const uint64_t *)in - 1;
    return 0;
}

static void chain_loop(weir_loop *loop);

static const weir_layer chain_layer = {.name = "chain",
                                       .in_bytes = sizeof(uint64_t),
                                       .out_bytes = sizeof(uint64_t),
                                       .fanout = 2,
                                       .child = &chain_layer,
                                       .count = chain_count,
                                       .split = chain_split,
                                       .gather = gather_sum,
                                       .leaf = tree_leaf,
                                       .loop = LOOP(chain_loop)};

static void chain_loop(weir_loop *loop)
{
    weir_loop_run(loop, &chain_layer, &chain_layer);
}

uint64_t run_chain(const problem *p)
{
    weir_layer chain = chain_layer;
    chain.max_depth = (uint32_t)p->size;
    chain.child = &chain;
    weir_plan *plan = compile_pipeline(&chain);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < p->depth; i++) {
        uint64_t out;
        run_plan(plan, p, &p->size, &out);
        sum += out;
    }
    weir_plan_free(plan);
    return sum;
}

/* ---- nqueens: a branch notes which rows fit, so that its children are just those ---- */

typedef struct board {
    queens q;
    uint8_t fitting[QUEENS_MOST];
} board;

static int queens_count(weir_branch *b, void *in, uint32_t *n)
{
    const problem *p = weir_context(b);
    board *at = in;
    uint32_t fitting = 0;
    if (at->q.placed < p->size)
        for (uint32_t row = 0; row < p->size; row++)
            if (queens_fit(&at->q, row))
                at->fitting[fitting++] = (uint8_t)row;
    *n = fitting;
    return 0;
}

static int queens_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    const board *at = in;
    (void)b;
    ((board *)child_in)->q = queens_place(&at->q, at->fitting[i]);
    return 0;
}

static int queens_leaf(weir_branch *b, const void *in, void *out)
{
    const problem *p = weir_context(b);
    *(uint64_t *)out = ((const board *)in)->q.placed == p->size;
    return 0;
}

static void queens_loop(weir_loop *loop);

static const weir_layer queens_layer = {.name = "queens",
                                        .in_bytes = sizeof(board),
                                        .out_bytes = sizeof(uint64_t),
                                        .fanout = QUEENS_MOST,
                                        .max_depth = QUEENS_MOST + 1,
                                        .child = &queens_layer,
                                        .count = queens_count,
                                        .split = queens_split,
                                        .gather = gather_sum,
                                        .leaf = queens_leaf,
                                        .loop = LOOP(queens_loop)};

static void queens_loop(weir_loop *loop)
{
    weir_loop_run(loop, &queens_layer, &queens_layer);
}

uint64_t run_nqueens(const problem *p)
{
    const board none = {{0, {0}}, {0}};
    uint64_t out;
    run_pipeline(&queens_layer, p, &none, &out);
    return out;
}

/* ---- uts ---- */

#ifdef BENCH_UTS
static int uts_count(weir_branch *b, void *in, uint32_t *n)
{
    const problem *p = weir_context(b);
    *n = uts_children(p->size, in);
    return 0;
}

static int uts_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b;
    uts_child(in, i, child_in);
    return 0;
}

static int uts_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in;
    *(uint64_t *)out = 1;
    return 0;
}

static int uts_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    gather_sum(b, in, results, n, out);
    *(uint64_t *)out += 1; /* the node itself */
    return 0;
}

uint64_t run_uts(const problem *p)
{
    const bool binomial = p->size == 3;
    weir_layer node = {.name = "node",
                       .in_bytes = sizeof(uts_node),
                       .out_bytes = sizeof(uint64_t),
                       .fanout = binomial ? 8 : UTS_NODE_MOST,
                       .max_depth = binomial ? 2000 : 11,
                       .child = &node,
                       .count = uts_count,
                       .split = uts_split,
                       .gather = uts_gather,
                       .leaf = uts_leaf};
    const weir_layer root = {.name = "root",
                             .in_bytes = sizeof(uts_node),
                             .out_bytes = sizeof(uint64_t),
                             .fanout = UTS_ROOT_MOST,
                             .child = &node,
                             .count = uts_count,
                             .split = uts_split,
                             .gather = uts_gather,
                             .leaf = uts_leaf};
    uts_node in;
    uint64_t out;
    uts_root(p->size, &in);
    run_pipeline(&root, p, &in, &out);
    return out;
}
#endif

/* ---- mergesort ---- */

typedef struct run_of_keys {
    uint64_t first, n;
} run_of_keys;

static int sort_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (((const run_of_keys *)in)->n <= SORT_BLOCK)
        *n = 0;
    return 0;
}

static int sort_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    const run_of_keys *r = in;
    const uint64_t half = r->n / 2;
    (void)b;
    *(run_of_keys *)child_in =
        i == 0 ? (run_of_keys){r->first, half} : (run_of_keys){r->first + half, r->n - half};
    return 0;
}

static int sort_leaf(weir_branch *b, const void *in, void *out)
{
    const problem *p = weir_context(b);
    const run_of_keys *r = in;
    (void)out;
    sort_block(p->keys + r->first, r->n);
    return 0;
}

static int sort_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const problem *p = weir_context(b);
    const run_of_keys *r = in;
    (void)results, (void)n, (void)out;
    sort_merge(p->keys + r->first, p->room + r->first, r->n);
    return 0;
}

uint64_t run_mergesort(const problem *p)
{
    weir_layer sort = {.name = "sort",
                       .in_bytes = sizeof(run_of_keys),
                       .fanout = 2,
                       .max_depth = 64,
                       .child = &sort,
                       .count = sort_count,
                       .split = sort_split,
                       .gather = sort_gather,
                       .leaf = sort_leaf};
    const run_of_keys all = {0, p->size};
    run_pipeline(&sort, p, &all, NULL);
    return 0;
}
