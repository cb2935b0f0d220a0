/* Tests that a loop is refused that was compiled with the headers of another version than the
 * library it is linked with, before it touches a frame.
 *
 * Run by ctest; the loops are other_loop.c, compiled with changed headers.  It must never run a plan
 * with one of them. */
#include "support.h"

#include "other_loop.h"
#include "weir/inline.h"

static int leaf_nothing(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 0;
}

weir_layer other_layers[2] = {{.name = "TOP",
                               .fanout = 2,
                               .child = &other_layers[1],
                               .split = split_nothing,
                               .gather = gather_nothing},
                              {.name = "LEAF", .leaf = leaf_nothing}};

static void loop_of_this_version(weir_loop *loop)
{
    weir_loop_run(loop, &other_layers[0], &other_layers[1]);
}

/* Before there was an ABI number, the loop wrote what it was compiled for into weir_loop itself. */
static void loop_from_before_the_number(weir_loop *loop)
{
    const weir_layer *const layers[] = {&other_layers[0], &other_layers[1]};
    memcpy((char *)loop + 64, layers, sizeof layers);
}

static void refuses(void (*loop)(weir_loop *loop))
{
    weir_plan *plan = (weir_plan *)(void *)other_layers;
    other_layers[0].loop = loop;
    assert_status(WEIR_EINVAL, weir_plan_compile(&other_layers[0], &plan));
    assert_null(plan);
    assert_string_equal(weir_last_error()->where, "TOP.loop");
    assert_contains(weir_last_error()->text, "recompile");
}

static void a_loop_with_another_number_is_refused(void **state)
{
    (void)state;
    refuses(loop_of_another_number);
}

static void a_loop_with_other_records_is_refused_though_the_number_is_the_same(void **state)
{
    (void)state;
    refuses(loop_of_another_record);
}

static void a_loop_from_before_there_was_a_number_is_refused(void **state)
{
    (void)state;
    refuses(loop_from_before_the_number);
}

static void a_loop_of_this_version_compiles(void **state)
{
    (void)state;
    other_layers[0].loop = loop_of_this_version;
    weir_plan_free(compile(&other_layers[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_with_another_number_is_refused),
        cmocka_unit_test(a_loop_with_other_records_is_refused_though_the_number_is_the_same),
        cmocka_unit_test(a_loop_from_before_there_was_a_number_is_refused),
        cmocka_unit_test(a_loop_of_this_version_compiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
