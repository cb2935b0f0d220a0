/* Tests layers that bring their own loop: in all that can be seen they are like layers without.
 *
 * Run by ctest.  Each test runs two plans of the same ops, one with loops and one without; it must
 * never say on its own what a right answer is, which the other tests do. */
#include "support.h"

#include "weir/inline.h"

/* NEST is below itself; TOP stands above ROWs of CELLs. */
enum { FANOUT = 3, ROW = 5, DEEPEST = 6 };

enum kind {
    NO_OP,
    NEST_COUNT,
    NEST_SPLIT,
    NEST_GATHER,
    NEST_LEAF,
    ROW_SPLIT,
    ROW_GATHER,
    CELL_LEAF
};

typedef struct node {
    uint64_t path; /* one digit of FANOUT + 1 for each step from the top */
    uint32_t depth;
} node;

/* Which op fails where, and how. */
typedef struct script {
    enum kind op;
    uint64_t path;
    uint32_t children; /* of a NEST branch that is not at the end */
    uint32_t depth;    /* where the recursion ends */
} script;

static int act(weir_branch *b, enum kind op, const node *at)
{
    const script *s = weir_context(b);
    return s->op == op && s->path == at->path ? 77 : 0;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    return (a ^ b) * 0x9E3779B97F4A7C15u + (a >> 7);
}

static int nest_count(weir_branch *b, void *in, uint32_t *n)
{
    const script *s = weir_context(b);
    const node *at = in;
    *n = at->depth >= s->depth ? 0 : s->children;
    return act(b, NEST_COUNT, at);
}

static int nest_split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    const node *at = in;
    *(node *)child = (node){at->path * (FANOUT + 1) + i + 1, at->depth + 1};
    return act(b, NEST_SPLIT, child);
}

static int fold(const node *at, const void *results, uint32_t n, void *out)
{
    uint64_t value = at->path;
    for (uint32_t i = 0; i < n; i++)
        value = mix(value, ((const uint64_t *)results)[i]);
    *(uint64_t *)out = value;
    return 0;
}

static int nest_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    fold(in, results, n, out);
    return act(b, NEST_GATHER, in);
}

static int nest_leaf(weir_branch *b, const void *in, void *out)
{
    fold(in, NULL, 0, out);
    return act(b, NEST_LEAF, in);
}

static int row_split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    *(node *)child = (node){((const node *)in)->path * ROW + i, 1};
    return act(b, ROW_SPLIT, child);
}

static int row_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    fold(in, results, n, out);
    return act(b, ROW_GATHER, in);
}

static int cell_leaf(weir_branch *b, const void *in, void *out)
{
    fold(in, NULL, 0, out);
    return act(b, CELL_LEAF, in);
}

static void nest_loop(weir_loop *loop);
static void top_loop(weir_loop *loop);
static void row_loop(weir_loop *loop);

static const weir_layer nest = {.name = "nest",
                                .in_bytes = sizeof(node),
                                .out_bytes = sizeof(uint64_t),
                                .fanout = FANOUT,
                                .max_depth = DEEPEST,
                                .child = &nest,
                                .count = nest_count,
                                .split = nest_split,
                                .gather = nest_gather,
                                .leaf = nest_leaf,
                                .loop = nest_loop};

static const weir_layer cell = {
    .name = "cell", .in_bytes = sizeof(node), .out_bytes = sizeof(uint64_t), .leaf = cell_leaf};

static const weir_layer row = {.name = "row",
                               .in_bytes = sizeof(node),
                               .out_bytes = sizeof(uint64_t),
                               .fanout = ROW,
                               .child = &cell,
                               .split = row_split,
                               .gather = row_gather,
                               .loop = row_loop};

/* Above rows, with the ops of a nest. */
static const weir_layer top = {.name = "top",
                               .in_bytes = sizeof(node),
                               .out_bytes = sizeof(uint64_t),
                               .fanout = FANOUT,
                               .child = &row,
                               .split = nest_split,
                               .gather = nest_gather,
                               .loop = top_loop};

static void nest_loop(weir_loop *loop)
{
    weir_loop_run(loop, &nest, &nest);
}

static void top_loop(weir_loop *loop)
{
    weir_loop_run(loop, &top, &row);
}

static void row_loop(weir_loop *loop)
{
    weir_loop_run(loop, &row, &cell);
}

/* The same layers, called through pointers. */
static weir_plan *compile_called(const weir_layer *first)
{
    weir_layer copy[3];
    uint32_t i = 0;
    for (const weir_layer *from = first;; from = from->child, i++) {
        copy[i] = *from;
        copy[i].loop = NULL;
        copy[i].child = from->child == from ? &copy[i] : &copy[i + 1];
        if (from->child == from || from->child == NULL)
            break;
    }
    if (copy[i].fanout == 0)
        copy[i].child = NULL;
    return compile(copy);
}

typedef struct outcome {
    weir_status status;
    uint64_t out, branches;
    weir_error error;
} outcome;

static outcome run_plan(weir_engine *engine, const weir_plan *plan, script *s)
{
    const node in = {0, 1};
    outcome o = {.out = 0};
    weir_stats stats;
    o.status = weir_run(engine, plan, s, &in, &o.out);
    weir_engine_stats(engine, &stats);
    o.branches = stats.branches;
    if (o.status != WEIR_OK)
        o.error = *weir_last_error();
    assert_true(stats.peak_bytes <= stats.certified_bytes);
    return o;
}

/* Both plans: they end alike. Returns how. */
static outcome run_both(weir_engine *engine, const weir_layer *first, script s)
{
    weir_plan *inlined = compile(first), *called = compile_called(first);
    const outcome a = run_plan(engine, inlined, &s), b = run_plan(engine, called, &s);
    assert_int_equal(weir_plan_serial_bytes(inlined), weir_plan_serial_bytes(called));
    assert_int_equal(a.status, b.status);
    if (a.status == WEIR_OK) {
        assert_true(a.out == b.out);
        assert_int_equal(a.branches, b.branches);
    } else if (weir_engine_workers(engine) == 1) {
        assert_int_equal(a.error.code, b.error.code);
        assert_string_equal(a.error.where, b.error.where);
        assert_string_equal(a.error.text, b.error.text);
    }
    weir_plan_free(inlined);
    weir_plan_free(called);
    return a;
}

static const script all_is_well = {NO_OP, 0, FANOUT, DEEPEST};

static void results_and_branches_are_those_of_called_ops(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 8; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (uint32_t depth = 1; depth <= DEEPEST; depth++) {
            script s = all_is_well;
            s.depth = depth;
            assert_int_equal(run_both(engine, &nest, s).status, WEIR_OK);
            assert_int_equal(run_both(engine, &top, s).status, WEIR_OK);
        }
        weir_engine_close(engine);
    }
}

/* Each op fails at each branch of the first levels. */
static void a_failed_op_is_reported_as_that_of_a_called_one(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int op = NEST_COUNT; op <= CELL_LEAF; op++)
            for (uint64_t path = 0; path < 64; path++) {
                script s = all_is_well;
                s.op = (enum kind)op;
                s.path = path;
                s.depth = 3;
                run_both(engine, op < ROW_SPLIT ? &nest : &top, s);
            }
        script s = all_is_well;
        s.op = CELL_LEAF;
        s.path = 2 * ROW + 4;
        const outcome o = run_both(engine, &top, s);
        assert_int_equal(o.status, WEIR_EOP);
        assert_int_equal(o.error.code, 77);
        assert_string_equal(o.error.where, "top/row[1]/cell[4]");
        weir_engine_close(engine);
    }
}

static void too_many_children_and_too_deep_a_tree_are_refused(void **state)
{
    script wide = all_is_well, deep = all_is_well;
    (void)state;
    wide.children = FANOUT + 1;
    deep.depth = DEEPEST + 1;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        assert_int_equal(run_both(engine, &nest, wide).status, WEIR_EINVAL);
        assert_int_equal(run_both(engine, &nest, deep).status, WEIR_EINVAL);
        weir_engine_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_and_branches_are_those_of_called_ops),
        cmocka_unit_test(a_failed_op_is_reported_as_that_of_a_called_one),
        cmocka_unit_test(too_many_children_and_too_deep_a_tree_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
