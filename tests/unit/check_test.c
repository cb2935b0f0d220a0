/* Tests the checks of a pipeline's description: each wrong field is refused by its name.
 *
 * Run by ctest; it breaks one field of a right description at a time.  It must never test what a
 * right description compiles to, which is plan_test's. */
#include "support.h"

#include <stdlib.h>

#include "weir/inline.h"

static int leaf_nothing(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 0;
}

static int leaves_nothing(weir_branch *b, const void *in, uint32_t first, uint32_t n, void *results)
{
    (void)b, (void)in, (void)first, (void)n, (void)results;
    return 0;
}

static int count_none(weir_branch *b, void *in, uint32_t *n)
{
    (void)b, (void)in;
    *n = 0;
    return 0;
}

static int split_otherwise(weir_branch *b, const void *in, uint32_t i, void *child)
{
    return split_nothing(b, in, i, child);
}

/* A above B above the leaf layer C; R stands alone and is its own child. */
enum { A, B, C, R, LAYERS };

static void describe_right(weir_layer l[LAYERS])
{
    l[C] = (weir_layer){.name = "C", .leaf = leaf_nothing};
    l[B] = (weir_layer){
        .name = "B", .fanout = 5, .child = &l[C], .split = split_nothing, .gather = gather_nothing};
    l[A] = (weir_layer){
        .name = "A", .fanout = 3, .child = &l[B], .split = split_nothing, .gather = gather_nothing};
    l[R] = (weir_layer){.name = "R",
                        .fanout = 2,
                        .max_depth = 4,
                        .child = &l[R],
                        .count = count_none,
                        .split = split_nothing,
                        .gather = gather_nothing};
}

/* What the loops below are compiled for. */
static weir_layer compiled[LAYERS];

static void loop_b(weir_loop *loop)
{
    weir_loop_run(loop, &compiled[B], &compiled[C]);
}

static void loop_r(weir_loop *loop)
{
    weir_loop_run(loop, &compiled[R], &compiled[R]);
}

static void loop_without_a_run(weir_loop *loop)
{
    (void)loop;
}

#define BREAKER(name, statement)                                                                   \
    static void name(weir_layer *l)                                                                \
    {                                                                                              \
        statement;                                                                                 \
    }
BREAKER(b_without_name, l[B].name = NULL)
BREAKER(b_with_empty_name, l[B].name = "")
BREAKER(a_without_name, l[A].name = NULL)
BREAKER(leaf_layer_with_child, l[C].child = &l[B])
BREAKER(leaf_layer_with_itself_as_child, l[C].child = &l[C])
BREAKER(leaf_layer_with_max_depth, l[C].max_depth = 1)
BREAKER(leaf_layer_with_count, l[C].count = count_none)
BREAKER(leaf_layer_with_split, l[C].split = split_nothing)
BREAKER(leaf_layer_with_gather, l[C].gather = gather_nothing)
BREAKER(leaf_layer_without_leaf, l[C].leaf = NULL)
BREAKER(inner_without_child, l[B].child = NULL)
BREAKER(top_without_child, l[A].child = NULL)
BREAKER(inner_with_leaves, l[B].leaves = leaves_nothing)
BREAKER(inner_without_split, l[B].split = NULL)
BREAKER(top_without_split, l[A].split = NULL)
BREAKER(above_range_without_split, (l[C].leaves = leaves_nothing, l[A].split = NULL))
BREAKER(inner_without_gather, l[B].gather = NULL)
BREAKER(inner_with_max_depth, l[B].max_depth = 3)
BREAKER(recursive_without_max_depth, l[R].max_depth = 0)
BREAKER(recursive_without_count, l[R].count = NULL)
BREAKER(recursive_without_split, l[R].split = NULL)
BREAKER(recursive_without_gather, l[R].gather = NULL)
BREAKER(recursive_with_leaves, l[R].leaves = leaves_nothing)
BREAKER(recursive_below_without_max_depth, (l[B].child = &l[R], l[R].max_depth = 0))
BREAKER(top_leaf_layer_without_leaf,
        (l[A] = l[C], l[A].name = "A", l[A].leaf = NULL, l[A].leaves = leaves_nothing))

BREAKER(leaf_layer_with_loop, l[C].loop = loop_b)
BREAKER(range_with_loop, (l[C].leaves = leaves_nothing, l[B].loop = loop_b))
BREAKER(loop_without_run, l[B].loop = loop_without_a_run)
BREAKER(loop_of_another_split, (l[B].loop = loop_b, l[B].split = split_otherwise))
BREAKER(loop_of_another_fanout, (l[B].loop = loop_b, l[B].fanout = 6))
BREAKER(loop_of_another_leaf, (l[B].loop = loop_b, compiled[C].leaf = NULL))
BREAKER(loop_of_another_result, (l[B].loop = loop_b, l[C].out_bytes = 8))
BREAKER(loop_of_another_input, (l[R].loop = loop_r, l[R].in_bytes = 8))
BREAKER(loop_of_another_count, (l[R].loop = loop_r, compiled[R].count = NULL))
BREAKER(loop_of_another_layer, l[R].loop = loop_b)

static void each_wrong_field_is_refused_by_layer_and_field(void **state)
{
    static const struct {
        void (*make_wrong)(weir_layer *l);
        int top;
        const char *where, *layer;
    } cases[] = {
        {b_without_name, A, "name", NULL},
        {b_with_empty_name, A, "name", NULL},
        {a_without_name, A, "name", NULL},
        {leaf_layer_with_child, A, "C.child", "'C'"},
        {leaf_layer_with_itself_as_child, A, "C.child", "'C'"},
        {leaf_layer_with_max_depth, A, "C.max_depth", "'C'"},
        {leaf_layer_with_count, A, "C.count", "'C'"},
        {leaf_layer_with_split, A, "C.split", "'C'"},
        {leaf_layer_with_gather, A, "C.gather", "'C'"},
        {leaf_layer_without_leaf, A, "C.leaf", "'C'"},
        {inner_without_child, A, "B.child", "'B'"},
        {top_without_child, A, "A.child", "'A'"},
        {inner_with_leaves, A, "B.leaves", "'B'"},
        {inner_without_split, A, "B.split", "'B'"},
        {top_without_split, A, "A.split", "'A'"},
        {above_range_without_split, A, "A.split", "'A'"},
        {inner_without_gather, A, "B.gather", "'B'"},
        {inner_with_max_depth, A, "B.max_depth", "'B'"},
        {recursive_without_max_depth, R, "R.max_depth", "'R'"},
        {recursive_without_count, R, "R.count", "'R'"},
        {recursive_without_split, R, "R.split", "'R'"},
        {recursive_without_gather, R, "R.gather", "'R'"},
        {recursive_with_leaves, R, "R.leaves", "'R'"},
        {recursive_below_without_max_depth, A, "R.max_depth", "'R'"},
        {top_leaf_layer_without_leaf, A, "A.leaf", "'A'"},
        {leaf_layer_with_loop, A, "C.loop", "'C'"},
        {range_with_loop, A, "B.loop", "'B'"},
        {loop_without_run, A, "B.loop", "'B'"},
        {loop_of_another_split, A, "B.loop", "'B'"},
        {loop_of_another_fanout, A, "B.loop", "'B'"},
        {loop_of_another_leaf, A, "B.loop", "'B'"},
        {loop_of_another_result, A, "B.loop", "'B'"},
        {loop_of_another_input, R, "R.loop", "'R'"},
        {loop_of_another_count, R, "R.loop", "'R'"},
        {loop_of_another_layer, R, "R.loop", "'R'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_layer l[LAYERS];
        describe_right(l);
        describe_right(compiled);
        cases[i].make_wrong(l);
        weir_plan *plan = (weir_plan *)l;
        if (weir_plan_compile(&l[cases[i].top], &plan) != WEIR_EINVAL)
            fail_msg("case %zu (%s) was compiled", i, cases[i].where);
        assert_null(plan);
        assert_int_equal(weir_last_error()->status, WEIR_EINVAL);
        assert_int_equal(weir_last_error()->code, 0);
        assert_string_equal(weir_last_error()->where, cases[i].where);
        assert_true(strlen(weir_last_error()->text) > 20);
        assert_null(strchr(weir_last_error()->text, '\n'));
        if (cases[i].layer != NULL)
            assert_contains(weir_last_error()->text, cases[i].layer);
    }
}

BREAKER(nothing, (void)l)
BREAKER(split_nothing_above_range, (l[C].leaves = leaves_nothing, l[B].split = NULL))
BREAKER(only_leaves, (l[C].leaves = leaves_nothing, l[C].leaf = NULL, l[B].split = NULL))
BREAKER(leaf_beside_split, (l[B].count = count_none, l[B].leaf = leaf_nothing))
BREAKER(count_without_leaf, l[A].count = count_none)
BREAKER(recursive_below, l[B].child = &l[R])
BREAKER(recursive_to_depth_one, l[R].max_depth = 1)
BREAKER(loops, (l[B].loop = loop_b, l[R].loop = loop_r))
BREAKER(loop_of_a_copy, (l[R].loop = loop_r, l[R].name = "copy", l[R].max_depth = 7,
                         l[R].scratch_bytes = 8, l[R].held_bytes = 8))

static void what_the_contract_allows_compiles(void **state)
{
    static const struct {
        void (*change)(weir_layer *l);
        int top;
        unsigned layers;
    } cases[] = {
        {nothing, A, 3},
        {nothing, B, 2},
        {nothing, C, 1},
        {nothing, R, 1},
        {split_nothing_above_range, A, 3},
        {only_leaves, A, 3},
        {leaf_beside_split, A, 3},
        {count_without_leaf, A, 3},
        {recursive_below, A, 3},
        {recursive_to_depth_one, R, 1},
        {loops, A, 3},
        {loops, R, 1},
        {loop_of_a_copy, R, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_layer l[LAYERS];
        describe_right(l);
        describe_right(compiled);
        cases[i].change(l);
        weir_plan *plan = compile(&l[cases[i].top]);
        assert_int_equal(weir_plan_layers(plan), cases[i].layers);
        weir_plan_free(plan);
    }
}

static void a_circle_through_another_layer_is_refused(void **state)
{
    weir_layer l[LAYERS];
    weir_plan *plan;
    (void)state;
    describe_right(l);
    l[B].child = &l[A];
    assert_status(WEIR_EINVAL, weir_plan_compile(&l[A], &plan));
    assert_null(plan);
    assert_contains(weir_last_error()->where, ".child");
    assert_contains(weir_last_error()->text, "own child");
}

static void a_long_chain_that_ends_compiles(void **state)
{
    enum { LONG = 1000 };
    weir_layer *l = calloc(LONG, sizeof *l);
    (void)state;
    assert_non_null(l);
    weir_layer right[LAYERS];
    describe_right(right);
    for (int i = 0; i < LONG; i++) {
        l[i] = i == LONG - 1 ? right[C] : right[A];
        l[i].fanout = i == LONG - 1 ? 0 : 1;
        l[i].child = i == LONG - 1 ? NULL : &l[i + 1];
    }
    weir_plan *plan = compile(l);
    assert_int_equal(weir_plan_layers(plan), LONG);
    weir_plan_free(plan);
    free(l);
}

static void a_missing_argument_is_named(void **state)
{
    weir_layer l[LAYERS];
    weir_plan *plan = (weir_plan *)l;
    (void)state;
    assert_status(WEIR_EINVAL, weir_plan_compile(NULL, &plan));
    assert_null(plan);
    assert_string_equal(weir_last_error()->where, "top");
    describe_right(l);
    assert_status(WEIR_EINVAL, weir_plan_compile(&l[A], NULL));
    assert_string_equal(weir_last_error()->where, "plan");
}

static void a_very_long_name_is_cut_and_the_field_still_named(void **state)
{
    weir_layer l[LAYERS];
    weir_plan *plan;
    char name[1000];
    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    describe_right(l);
    l[B].name = name;
    l[B].gather = NULL;
    assert_status(WEIR_EINVAL, weir_plan_compile(&l[A], &plan));
    const char *where = weir_last_error()->where;
    assert_true(strlen(where) < sizeof weir_last_error()->where);
    assert_string_equal(where + strlen(where) - strlen(".gather"), ".gather");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_field_is_refused_by_layer_and_field),
        cmocka_unit_test(what_the_contract_allows_compiles),
        cmocka_unit_test(a_circle_through_another_layer_is_refused),
        cmocka_unit_test(a_long_chain_that_ends_compiles),
        cmocka_unit_test(a_missing_argument_is_named),
        cmocka_unit_test(a_very_long_name_is_cut_and_the_field_still_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
