/* The report of `weir stats` on terminals of several widths.
 *
 * Works in a temporary directory of its own.  It must never depend on what the numbers are. */
#include "command.h"
#include "on_terminal.h"

/* The longest numbers of either kind. */
static void write_arrays(void)
{
    const int64_t integers[] = {INT64_MIN, INT64_MIN + 1, 0, INT64_MAX - 1, INT64_MAX};
    const double floats[] = {-1.7976931348623157e308, -2.2250738585072014e-308,
                             1.7976931348623157e308, 1.2345678901234567e-300};
    write_npy("integers.npy", "<i8", "(5,)", integers, sizeof integers);
    write_npy("floats.npy", "<f8", "(4,)", floats, sizeof floats);
}

static void no_line_of_the_report_is_wider_than_the_terminal(void **state)
{
    static const char *const lines[] = {
        "stats integers.npy", "stats integers.npy --one-pass", "stats integers.npy --bins 2",
        "stats floats.npy",   "stats floats.npy --one-pass",   "stats floats.npy --log --ddof 1"};
    static const unsigned short widths[] = {40, 57, 80, 200};
    (void)state;
    write_arrays();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
            run_on_terminal(widths[w], lines[i]);
            assert_int_equal(r.code, 0);
            assert_contains(r.out, "Histogram");
            if (widest_line() > widths[w])
                fail_msg("%s: %u columns on %u:\n%s", lines[i], widest_line(), widths[w], r.out);
        }
}

static void a_variance_beyond_doubles_is_said_as_a_bound(void **state)
{
    const double tiny[] = {0, 5e-324};
    (void)state;
    write_arrays();
    run("stats floats.npy");
    assert_contains(r.out, "variance   more than 1.7976931348623157e+308\n");
    write_npy("tiny.npy", "<f8", "(2,)", tiny, sizeof tiny);
    run("stats tiny.npy --ddof 1");
    assert_contains(r.out, "variance   less than 5e-324 (divided by count - 1)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_of_the_report_is_wider_than_the_terminal),
        cmocka_unit_test(a_variance_beyond_doubles_is_said_as_a_bound),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
