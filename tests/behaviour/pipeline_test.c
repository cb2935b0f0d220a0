/* Tests what pipelines compute, through the public headers only: shapes, order,
 * counts of branches.
 *
 * Run by ctest.  It must never test who may run an engine (hosts_test), nor how a run fails
 * (failure_test), nor the memory that ops get (records_test). */
#include "support.h"

#include <stdlib.h>

static const unsigned worker_counts[] = {1, 2, 3, 8};
#define WORKER_COUNTS (sizeof worker_counts / sizeof *worker_counts)

/* A sum over three layers in doubles, in an order that the compiler may not change. */
static int part_split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b;
    *(double *)child = *(const double *)in / (i + 2);
    return 0;
}

static int part_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const double *result = results;
    double sum = *(const double *)in;
    (void)b;
    for (uint32_t i = 0; i < n; i++)
        sum = sum * 0.75 + result[i];
    *(double *)out = sum;
    return 0;
}

static int part_leaf(weir_branch *b, const void *in, void *out)
{
    const double x = *(const double *)in;
    (void)b;
    *(double *)out = x * x + 1.0 / 7.0;
    return 0;
}

static double three_layers_by_hand(double a)
{
    double sum_a = a;
    for (uint32_t i = 0; i < 3; i++) {
        const double b = a / (i + 2);
        double sum_b = b;
        for (uint32_t k = 0; k < 5; k++) {
            const double c = b / (k + 2);
            sum_b = sum_b * 0.75 + (c * c + 1.0 / 7.0);
        }
        sum_a = sum_a * 0.75 + sum_b;
    }
    return sum_a;
}

static void describe_three_layers(weir_layer layer[3])
{
    for (int i = 0; i < 3; i++)
        layer[i] = (weir_layer){.name = i == 0   ? "A"
                                        : i == 1 ? "B"
                                                 : "C",
                                .in_bytes = sizeof(double),
                                .out_bytes = sizeof(double),
                                .fanout = i == 0   ? 3
                                          : i == 1 ? 5
                                                   : 0,
                                .child = i < 2 ? &layer[i + 1] : NULL,
                                .split = i < 2 ? part_split : NULL,
                                .gather = i < 2 ? part_gather : NULL,
                                .leaf = i < 2 ? NULL : part_leaf};
}

static void three_layers_give_what_the_same_operations_give_by_hand(void **state)
{
    volatile double run_time = 2.5; /* a constant would be computed by the compiler, otherwise */
    const double in = run_time, right = three_layers_by_hand(in);
    weir_layer layer[3];
    (void)state;
    describe_three_layers(layer);
    weir_plan *plan = compile(layer);
    for (size_t w = 0; w < WORKER_COUNTS; w++) {
        weir_engine *engine = open_engine(worker_counts[w], 0, 0);
        double out = 0;
        assert_ok(weir_run(engine, plan, NULL, &in, &out));
        assert_memory_equal(&out, &right, sizeof out);
        assert_stats_hold(engine, plan, false);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

static void a_recursive_tree_gives_its_answer_and_counts_each_branch_once(void **state)
{
    (void)state;
    for (size_t w = 0; w < WORKER_COUNTS; w++) {
        weir_engine *engine = open_engine(worker_counts[w], 0, 0);
        assert_tree_runs(engine, 2, 13);
        assert_tree_runs(engine, 3, 0);
        assert_tree_runs(engine, 3, 8);
        assert_tree_runs(engine, 1, 200);
        assert_tree_runs(engine, 100, 2);
        weir_engine_close(engine);
    }
}

/* A data-dependent count: node n has n % 4 children, of about n / 2 each; without a leaf op, gather serves
 * the nodes without children. `count` notes in its own input record what it found. */
typedef struct ragged {
    uint32_t n, children;
} ragged;

static int ragged_count(weir_branch *b, void *in, uint32_t *n)
{
    ragged *r = in;
    (void)b;
    r->children = *n = r->n % 4;
    return 0;
}

static int ragged_split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    const ragged *r = in;
    (void)b;
    if (r->children != r->n % 4)
        return 1; /* what count completed has not arrived */
    *(ragged *)child = (ragged){.n = (r->n - 1 - i) / 2, .children = 77};
    return 0;
}

static int ragged_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const ragged *r = in;
    uint64_t sum = r->n + 1;
    (void)b;
    if (r->children != n || (n == 0) != (results == NULL))
        return 2;
    for (uint32_t i = 0; i < n; i++)
        sum = tree_fold(sum, ((const uint64_t *)results)[i]);
    *(uint64_t *)out = sum;
    return 0;
}

static int ragged_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b;
    *(uint64_t *)out = ~(uint64_t)((const ragged *)in)->n;
    return ((const ragged *)in)->children == 0 ? 0 : 3;
}

static uint64_t ragged_answer(uint32_t n, bool with_leaf)
{
    if (n % 4 == 0)
        return with_leaf ? ~(uint64_t)n : (uint64_t)n + 1;
    uint64_t sum = n + 1;
    for (uint32_t i = 0; i < n % 4; i++)
        sum = tree_fold(sum, ragged_answer((n - 1 - i) / 2, with_leaf));
    return sum;
}

static void a_branch_whose_count_is_0_is_served_by_leaf_or_else_by_gather(void **state)
{
    weir_layer layer = {.name = "ragged",
                        .in_bytes = sizeof(ragged),
                        .out_bytes = sizeof(uint64_t),
                        .fanout = 3,
                        .max_depth = 64,
                        .child = &layer,
                        .count = ragged_count,
                        .split = ragged_split,
                        .gather = ragged_gather};
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    for (int with_leaf = 0; with_leaf < 2; with_leaf++) {
        layer.leaf = with_leaf ? ragged_leaf : NULL;
        weir_plan *plan = compile(&layer);
        for (uint32_t n = 0; n < 3000 / SLOW_BUILD; n++) {
            const ragged in = {.n = n, .children = 77};
            uint64_t out = 0;
            assert_ok(weir_run(engine, plan, NULL, &in, &out));
            assert_true(out == ragged_answer(in.n, with_leaf));
        }
        weir_plan_free(plan);
    }
    weir_engine_close(engine);
}

/* Range leaves that mark each index they are asked for. */
static int mark_leaves(weir_branch *b, const void *in, uint32_t first, uint32_t n, void *results)
{
    atomic_uchar *marks = weir_context(b);
    (void)in;
    for (uint32_t i = 0; i < n; i++) {
        atomic_fetch_add_explicit(&marks[first + i], 1, memory_order_relaxed);
        ((uint32_t *)results)[i] = first + i;
    }
    return n == 0;
}

static int check_range(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    uint64_t right = 0;
    (void)b, (void)in;
    for (uint32_t i = 0; i < n; i++)
        right += ((const uint32_t *)results)[i] == i;
    *(uint64_t *)out = right;
    return 0;
}

static void range_leaves_cover_each_index_of_a_huge_fanout_exactly_once(void **state)
{
    enum { MANY = 1000000 };
    const weir_layer leaf = {.name = "leaf", .out_bytes = sizeof(uint32_t), .leaves = mark_leaves};
    const weir_layer top = {.name = "top",
                            .out_bytes = sizeof(uint64_t),
                            .fanout = MANY,
                            .child = &leaf,
                            .gather = check_range};
    atomic_uchar *marks = malloc(MANY);
    (void)state;
    assert_non_null(marks);
    weir_plan *plan = compile(&top);
    for (size_t w = 0; w < WORKER_COUNTS; w++) {
        weir_engine *engine = open_engine(worker_counts[w], 0, 0);
        for (int i = 0; i < MANY; i++)
            atomic_init(&marks[i], 0);
        uint64_t out = 0;
        assert_ok(weir_run(engine, plan, marks, NULL, &out));
        assert_int_equal(out, MANY);
        for (int i = 0; i < MANY; i++)
            if (atomic_load_explicit(&marks[i], memory_order_relaxed) != 1)
                fail_msg("leaf %d ran %d times", i, atomic_load(&marks[i]));
        assert_stats_hold(engine, plan, false);
        weir_stats s;
        weir_engine_stats(engine, &s);
        assert_int_equal(s.branches, MANY + 1);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
    free(marks);
}

static void many_inputs_give_their_results_in_the_same_order(void **state)
{
    static const size_t counts[] = {0, 1, 2, 1000};
    enum { MOST = 1000 };
    static tree_node in[MOST];
    static uint64_t out[MOST + 1];
    weir_layer layer;
    tree context = {.fanout = 3};
    (void)state;
    tree_describe(&layer, 3, 4);
    weir_plan *plan = compile(&layer);
    for (uint32_t i = 0; i < MOST; i++)
        in[i] = (tree_node){.id = i * 1000, .height = i % 5};
    for (size_t w = 0; w < WORKER_COUNTS; w++) {
        weir_engine *engine = open_engine(worker_counts[w], 0, 0);
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            memset(out, 0xEE, sizeof out);
            assert_ok(weir_run_many(engine, plan, &context, counts[c], in, out));
            uint64_t branches = 0;
            for (size_t i = 0; i < counts[c]; i++) {
                assert_true(out[i] == tree_answer(in[i], 3));
                branches += tree_branches(in[i].height, 3);
            }
            assert_true(out[counts[c]] == 0xEEEEEEEEEEEEEEEE); /* and not one more */
            weir_stats s;
            weir_engine_stats(engine, &s);
            assert_true(s.branches == branches);
            assert_stats_hold(engine, plan, true);
        }
        assert_ok(weir_run_many(engine, plan, &context, 0, NULL, NULL));
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
}

static void a_top_layer_may_be_a_leaf_layer(void **state)
{
    enum { MANY = 500 };
    const weir_layer layer = {
        .name = "leaf", .in_bytes = sizeof(double), .out_bytes = sizeof(double), .leaf = part_leaf};
    double in[MANY], out[MANY];
    (void)state;
    weir_plan *plan = compile(&layer);
    weir_engine *engine = open_engine(2, 0, 0);
    for (int i = 0; i < MANY; i++)
        in[i] = i;
    assert_ok(weir_run(engine, plan, NULL, in, out));
    assert_true(out[0] == 1.0 / 7.0);
    assert_ok(weir_run_many(engine, plan, NULL, MANY, in, out));
    for (int i = 0; i < MANY; i++)
        assert_true(out[i] == (double)i * i + 1.0 / 7.0);
    weir_plan_free(plan);
    weir_engine_close(engine);
}

static void statistics_are_all_zero_before_the_first_run(void **state)
{
    weir_stats s, zero;
    (void)state;
    memset(&s, 0xEE, sizeof s);
    memset(&zero, 0, sizeof zero);
    weir_engine *engine = open_engine(2, 0, 0);
    weir_engine_stats(engine, &s);
    assert_int_equal(s.workers, 0);
    assert_true(s.branches == 0 && s.promotions == 0 && s.gathers_promoted == 0);
    assert_true(s.peak_in_flight == 0 && s.peak_bytes == 0 && s.certified_bytes == 0);
    assert_true(s.seconds == zero.seconds);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_layers_give_what_the_same_operations_give_by_hand),
        cmocka_unit_test(a_recursive_tree_gives_its_answer_and_counts_each_branch_once),
        cmocka_unit_test(a_branch_whose_count_is_0_is_served_by_leaf_or_else_by_gather),
        cmocka_unit_test(range_leaves_cover_each_index_of_a_huge_fanout_exactly_once),
        cmocka_unit_test(many_inputs_give_their_results_in_the_same_order),
        cmocka_unit_test(a_top_layer_may_be_a_leaf_layer),
        cmocka_unit_test(statistics_are_all_zero_before_the_first_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
