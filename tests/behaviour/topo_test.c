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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
