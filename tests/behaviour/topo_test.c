/* What `weir topo` shows on terminals of several widths.
 *
 * The machines are made up, so that the answers are the same everywhere.  It must never depend on
 * the machine that it runs on. */
#include "command.h"
#include "on_terminal.h"

static void no_line_is_wider_than_the_terminal(void **state)
{
    static const char *const machines[] = {
        "pack:1\tcore:2\tpu:1", "pack:2\tnuma:2\tl3:2\tcore:64\tpu:4", "pack:1\tcore:3\tpu:16"};
    static const char *const policies[] = {"core", "pu", "spread", "none"};
    static const unsigned short widths[] = {40, 57, 80, 96, 200};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 4; k++)
            for (size_t w = 0; w < 5; w++) {
                char line[160];
                snprintf(line, sizeof line, "topo --bind %s --workers 300 --synthetic %s",
                         policies[k], machines[i]);
                run_on_terminal(widths[w], line);
                assert_int_equal(r.code, 0);
                assert_contains(r.out, "package 0");
                if (widest_line() > widths[w])
                    fail_msg("%u columns on %u:\n%s", widest_line(), widths[w], r.out);
            }
}

static void a_drawing_holds_long_descriptions_and_leaves_no_half_file(void **state)
{
    (void)state;
    run("topo --svg a.svg --synthetic "
        "Package:1\tNUMANode:1(memory=17179869184)\tL3Cache:1(size=33554432)\t"
        "L2Cache:2(size=1048576)\tCore:1\tPU:1");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "2 workers");
    read_file("a.svg", r.out);
    assert_contains(r.out, "Package:1 NUMANode:1(");
    assert_contains(r.out, "…</text>");
    assert_string_equal(r.out + strlen(r.out) - 7, "</svg>\n");
    run("topo --svg - --synthetic core:2\tpu:1");
    assert_int_equal(r.code, 0);
    assert_int_equal(strncmp(r.out, "<svg xmlns", 10), 0);
    assert_string_equal(r.out + strlen(r.out) - 7, "</svg>\n");
    assert_fails("topo --svg - --json", 2, "both write to standard output");
    assert_fails("topo --svg no/such/place.svg", 1, "no/such/place.svg: No such file");
    if (access("/dev/full", W_OK) == 0)
        assert_fails("topo --svg /dev/full", 1, "--svg /dev/full: No space left");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(a_drawing_holds_long_descriptions_and_leaves_no_half_file),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
