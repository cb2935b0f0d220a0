/* Tests compiled plans: the certificate's arithmetic against one of the test's own, what overflows,
 * and that a plan is independent of its description.
 *
 * Run by ctest with the engine's internal headers, for the sizes of its records only.  It must
 * never compute an expected number with the engine's own functions. */
#include "support.h"

#include <stdlib.h>

#include "base/testing.h"
#include "pipeline/frame.h"

static int leaf_nothing(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 0;
}

static int count_none(weir_branch *b, void *in, uint32_t *n)
{
    (void)b, (void)in;
    *n = 0;
    return 0;
}

/* Three layers, A above B above C, with odd sizes everywhere. */
static void describe_three(weir_layer layer[3])
{
    layer[2] = (weir_layer){.name = "C",
                            .in_bytes = 20,
                            .out_bytes = 12,
                            .held_bytes = 7,
                            .scratch_bytes = 50,
                            .leaf = leaf_nothing};
    layer[1] = (weir_layer){.name = "B",
                            .in_bytes = 24,
                            .out_bytes = 40,
                            .held_bytes = 11,
                            .scratch_bytes = 1000,
                            .fanout = 5,
                            .child = &layer[2],
                            .split = split_nothing,
                            .gather = gather_nothing};
    layer[0] = (weir_layer){.name = "A",
                            .in_bytes = 8,
                            .out_bytes = 8,
                            .held_bytes = 100,
                            .fanout = 3,
                            .child = &layer[1],
                            .split = split_nothing,
                            .gather = gather_nothing};
}

static void describe_recursive(weir_layer *layer)
{
    *layer = (weir_layer){.name = "R",
                          .in_bytes = 40,
                          .out_bytes = 24,
                          .held_bytes = 9,
                          .fanout = 4,
                          .max_depth = 10,
                          .child = layer,
                          .count = count_none,
                          .split = split_nothing,
                          .gather = gather_nothing};
}

/* The test's own arithmetic. */
static uint64_t up(uint64_t bytes, uint64_t to)
{
    return bytes % to == 0 ? bytes : bytes + to - bytes % to;
}

/* A piece of memory as the window takes it: one line for its own use, then whole lines. */
static uint64_t block(uint64_t bytes)
{
    return 64 + up(bytes, 64);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void the_certificate_of_three_layers_is_root_parts_and_scratch(void **state)
{
    weir_layer layer[3];
    (void)state;
    describe_three(layer);
    weir_plan *plan = compile(layer);
    const uint64_t frame = sizeof(weir__frame), record = sizeof(weir__part);
    const uint64_t c = up(20, 16);
    const uint64_t b = frame + up(24, 16) + up(5 * 12, 16) + c;
    const uint64_t a = frame + up(8, 16) + up(3 * 40, 16) + b;
    const uint64_t root = block(record + a) + 100 + 11 + 7;
    const uint64_t part_of_a = block(record + b) + 11 + 7, part_of_b = block(record + c) + 7;
    const uint64_t largest = most(part_of_a, part_of_b);
    assert_true(weir_plan_serial_bytes(plan) == root + block(1000));
    for (uint64_t parts = 0; parts < 20; parts++)
        for (unsigned workers = 1; workers < 20; workers++) {
            const uint64_t scratch = least(workers, parts + 1) * block(1000);
            assert_true(weir_plan_certified_bytes(plan, parts, workers) ==
                        root + parts * largest + scratch);
            assert_true(weir_plan_certified_bytes_many(plan, parts, workers) ==
                        root + parts * most(largest, root) + scratch);
        }
    weir_plan_free(plan);
}

static void a_recursive_layer_counts_max_depth_frames(void **state)
{
    weir_layer layer;
    (void)state;
    describe_recursive(&layer);
    weir_plan *plan = compile(&layer);
    const uint64_t frame = sizeof(weir__frame) + up(40, 16) + up(4 * 24, 16);
    const uint64_t root = block(sizeof(weir__part) + 10 * frame) + 10 * 9;
    assert_true(weir_plan_serial_bytes(plan) == root);
    assert_true(weir_plan_certified_bytes(plan, 6, 4) == root + 6 * root);
    weir_plan_free(plan);
}

static void a_layer_with_one_child_adds_no_part(void **state)
{
    weir_layer layer[3];
    (void)state;
    describe_three(layer);
    layer[0].fanout = 1;
    layer[1].fanout = 1;
    layer[1].scratch_bytes = layer[2].scratch_bytes = 0;
    weir_plan *plan = compile(layer);
    assert_true(weir_plan_certified_bytes(plan, 1000, 8) == weir_plan_serial_bytes(plan));
    assert_true(weir_plan_certified_bytes_many(plan, 1, 8) > weir_plan_serial_bytes(plan));
    weir_plan_free(plan);
}

static void no_part_and_one_worker_is_the_serial_need_and_more_of_either_never_less(void **state)
{
    static const size_t parts[] = {0, 1, 2, 3, 7, 8, 62, 1000, SIZE_MAX / 2, SIZE_MAX};
    static const unsigned workers[] = {1, 2, 3, 8, 64, 4096, 4000000000u};
    weir_layer layer[3], recursive;
    (void)state;
    describe_three(layer);
    describe_recursive(&recursive);
    for (int t = 0; t < 2; t++) {
        weir_plan *plan = compile(t == 0 ? layer : &recursive);
        assert_true(weir_plan_certified_bytes(plan, 0, 1) == weir_plan_serial_bytes(plan));
        assert_true(weir_plan_certified_bytes_many(plan, 0, 1) == weir_plan_serial_bytes(plan));
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
            for (size_t w = 0; w < sizeof workers / sizeof *workers; w++) {
                const uint64_t here = weir_plan_certified_bytes(plan, parts[p], workers[w]);
                const uint64_t many = weir_plan_certified_bytes_many(plan, parts[p], workers[w]);
                assert_true(many >= here);
                if (p > 0)
                    assert_true(here >= weir_plan_certified_bytes(plan, parts[p - 1], workers[w]));
                if (w > 0)
                    assert_true(here >= weir_plan_certified_bytes(plan, parts[p], workers[w - 1]));
            }
        assert_int_equal(weir_plan_layers(plan), t == 0 ? 3 : 1);
        weir_plan_free(plan);
    }
}

static void a_certificate_that_does_not_fit_is_uint64_max(void **state)
{
    weir_layer layer[3];
    (void)state;
    describe_three(layer);
    layer[2].held_bytes = (size_t)1 << 61;
    weir_plan *plan = compile(layer);
    assert_true(weir_plan_serial_bytes(plan) < UINT64_MAX);
    assert_true(weir_plan_certified_bytes(plan, 6, 1) < UINT64_MAX);
    assert_true(weir_plan_certified_bytes(plan, 8, 1) == UINT64_MAX);
    assert_true(weir_plan_certified_bytes(plan, SIZE_MAX, 4096) == UINT64_MAX);
    assert_true(weir_plan_certified_bytes_many(plan, SIZE_MAX, 4096) == UINT64_MAX);
    weir_plan_free(plan);
    describe_three(layer);
    layer[1].scratch_bytes = (size_t)1 << 61; /* scratch alone, one more a worker */
    plan = compile(layer);
    assert_true(weir_plan_certified_bytes(plan, 100, 7) < UINT64_MAX);
    assert_true(weir_plan_certified_bytes(plan, 100, 8) == UINT64_MAX);
    weir_plan_free(plan);
}

static void make_results_too_large(weir_layer *l)
{
    l[1].fanout = UINT32_MAX;
    l[2].out_bytes = (size_t)1 << 32;
}

static void make_results_wrap_to_few(weir_layer *l)
{
    l[1].fanout = 1u << 31;
    l[2].out_bytes = ((size_t)1 << 33) + 1;
}

static void make_b_input_too_large(weir_layer *l)
{
    l[1].in_bytes = SIZE_MAX;
}

static void make_leaf_input_too_large(weir_layer *l)
{
    l[2].in_bytes = SIZE_MAX;
}

static void make_leaf_input_just_too_large(weir_layer *l)
{
    l[2].in_bytes = (size_t)1 << 63;
}

static void make_leaf_held_too_large(weir_layer *l)
{
    l[2].held_bytes = SIZE_MAX;
}

static void make_sum_of_held_too_large(weir_layer *l)
{
    l[0].held_bytes = l[1].held_bytes = l[2].held_bytes = (size_t)3 << 60;
}

static void make_scratch_too_large(weir_layer *l)
{
    l[1].scratch_bytes = (size_t)1 << 63;
}

static void make_depth_too_large(weir_layer *l)
{
    describe_recursive(&l[0]);
    l[0].max_depth = UINT32_MAX;
    l[0].in_bytes = (size_t)1 << 32;
}

static void make_held_depth_too_large(weir_layer *l)
{
    describe_recursive(&l[0]);
    l[0].max_depth = UINT32_MAX;
    l[0].held_bytes = (size_t)1 << 32;
}

static void what_no_machine_can_address_is_refused_naming_the_layer(void **state)
{
    static const struct {
        void (*make)(weir_layer *layers);
        const char *layer;
    } cases[] = {
        {make_results_too_large, "B"},         {make_results_wrap_to_few, "B"},
        {make_b_input_too_large, "B"},         {make_leaf_input_too_large, "C"},
        {make_leaf_input_just_too_large, "C"}, {make_leaf_held_too_large, "C"},
        {make_sum_of_held_too_large, "A"},     {make_scratch_too_large, "B"},
        {make_depth_too_large, "R"},           {make_held_depth_too_large, "R"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_layer layer[3];
        describe_three(layer);
        cases[i].make(layer);
        weir_plan *plan = (weir_plan *)layer;
        assert_status(WEIR_EINVAL, weir_plan_compile(layer, &plan));
        assert_null(plan);
        char quoted[8];
        snprintf(quoted, sizeof quoted, "'%s'", cases[i].layer);
        assert_contains(weir_last_error()->text, quoted);
        assert_int_equal(strncmp(weir_last_error()->where, cases[i].layer, 1), 0);
    }
}

static void a_plan_keeps_its_own_copy_of_layers_and_names(void **state)
{
    weir_layer *layer = malloc(sizeof *layer);
    char *name = malloc(5);
    (void)state;
    assert_non_null(layer);
    assert_non_null(name);
    tree_describe(layer, 3, 6);
    layer->name = strcpy(name, "tree");
    weir_plan *plan = compile(layer);
    const uint64_t serial = weir_plan_serial_bytes(plan);
    memset(layer, 0xA5, sizeof *layer);
    memset(name, 0xA5, 5);
    free(layer);
    free(name);
    weir_engine *engine = open_engine(2, 0, 0);
    tree context = {.fanout = 3};
    const tree_node in = {.id = 1, .height = 6};
    uint64_t out = 0;
    assert_ok(weir_run(engine, plan, &context, &in, &out));
    assert_true(out == tree_answer(in, 3));
    assert_true(weir_plan_serial_bytes(plan) == serial);
    const tree_node too_deep = {.id = 1, .height = 7};
    assert_status(WEIR_EINVAL, weir_run(engine, plan, &context, &too_deep, &out));
    assert_int_equal(strncmp(weir_last_error()->where, "tree/tree[", 10), 0);
    weir_plan_layer described;
    assert_ok(weir_plan_describe(plan, 0, &described));
    assert_string_equal(described.name, "tree");
    weir_engine_close(engine);
    weir_plan_free(plan);
}

static void describe_tells_every_layer_from_the_top(void **state)
{
    weir_layer layer[3];
    weir_plan_layer a, b, c, none;
    (void)state;
    describe_three(layer);
    weir_plan *plan = compile(layer);
    const uint64_t frame = sizeof(weir__frame), record = sizeof(weir__part);
    assert_int_equal(weir_plan_layers(plan), 3);
    assert_ok(weir_plan_describe(plan, 0, &a));
    assert_ok(weir_plan_describe(plan, 1, &b));
    assert_ok(weir_plan_describe(plan, 2, &c));
    assert_string_equal(a.name, "A");
    assert_string_equal(b.name, "B");
    assert_string_equal(c.name, "C");
    assert_int_equal(a.fanout, 3);
    assert_int_equal(b.fanout, 5);
    assert_int_equal(c.fanout, 0);
    assert_int_equal(a.max_branches, 1);
    assert_int_equal(b.max_branches, 3);
    assert_int_equal(c.max_branches, 15);
    assert_int_equal(a.scratch_bytes, 0);
    assert_int_equal(b.scratch_bytes, 1000);
    assert_int_equal(c.scratch_bytes, 50);
    assert_int_equal(c.branch_bytes, 32 + 7);
    assert_int_equal(c.frame_bytes, c.branch_bytes);
    assert_int_equal(c.part_bytes, 0);
    assert_int_equal(b.frame_bytes, frame + 32 + 64 + 11);
    assert_int_equal(b.branch_bytes, b.frame_bytes + c.branch_bytes);
    assert_int_equal(b.part_bytes, block(record + 32) + 7);
    assert_int_equal(a.branch_bytes, a.frame_bytes + b.branch_bytes);
    assert_status(WEIR_EINVAL, weir_plan_describe(plan, 3, &none));
    assert_status(WEIR_EINVAL, weir_plan_describe(plan, UINT32_MAX, &none));
    weir_plan_free(plan);
}

static void describe_counts_the_branches_of_a_recursive_layer_or_says_too_many(void **state)
{
    weir_layer layer;
    weir_plan_layer d;
    (void)state;
    describe_recursive(&layer); /* 1 + 4 + … + 4^9 */
    weir_plan *plan = compile(&layer);
    assert_ok(weir_plan_describe(plan, 0, &d));
    assert_int_equal(d.max_depth, 10);
    assert_int_equal(d.max_branches, 349525);
    weir_plan_free(plan);
    layer.max_depth = 40;
    plan = compile(&layer);
    assert_ok(weir_plan_describe(plan, 0, &d));
    assert_true(d.max_branches == UINT64_MAX);
    weir_plan_free(plan);
    layer.fanout = 1;
    layer.max_depth = 1000000;
    plan = compile(&layer);
    assert_ok(weir_plan_describe(plan, 0, &d));
    assert_int_equal(d.max_branches, 1000000);
    weir_plan_free(plan);
}

static void freeing_no_plan_is_allowed(void **state)
{
    (void)state;
    weir_plan_free(NULL);
    assert_int_equal(weir__testing_live_blocks(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_certificate_of_three_layers_is_root_parts_and_scratch),
        cmocka_unit_test(a_recursive_layer_counts_max_depth_frames),
        cmocka_unit_test(a_layer_with_one_child_adds_no_part),
        cmocka_unit_test(no_part_and_one_worker_is_the_serial_need_and_more_of_either_never_less),
        cmocka_unit_test(a_certificate_that_does_not_fit_is_uint64_max),
        cmocka_unit_test(what_no_machine_can_address_is_refused_naming_the_layer),
        cmocka_unit_test(a_plan_keeps_its_own_copy_of_layers_and_names),
        cmocka_unit_test(describe_tells_every_layer_from_the_top),
        cmocka_unit_test(describe_counts_the_branches_of_a_recursive_layer_or_says_too_many),
        cmocka_unit_test(freeing_no_plan_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
