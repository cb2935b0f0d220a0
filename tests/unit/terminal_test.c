/* Lines that fit: where they break, and whose width is taken.
 *
 * It must never need a terminal; the tests of the command open one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"

static void assert_lines(const char *text, unsigned columns, const char *lines)
{
    char got[256] = "";
    FILE *file = fmemopen(got, sizeof got, "w");
    assert_non_null(file);
    terminal_print(file, text, columns, 2);
    fclose(file);
    assert_string_equal(got, lines);
}

static void lines_break_at_blanks(void **state)
{
    (void)state;
    assert_lines("one two three", 0, "one two three\n");
    assert_lines("one two three", 13, "one two three\n");
    assert_lines("one two three", 12, "one two\n  three\n");
    assert_lines("one two three", 7, "one two\n  three\n");
    assert_lines("one two three", 6, "one\n  two\n  three\n");
    assert_lines("one two three", 1, "one\n  two\n  three\n");
    assert_lines("  one two", 5, "  one\n  two\n");
    assert_lines("\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9 x", 5,
                 "\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\n  x\n");
}

static void without_a_terminal_columns_are_those_of_the_environment(void **state)
{
    const int fd = open("/dev/null", O_RDWR);
    (void)state;
    assert_true(fd >= 0);
    unsetenv("COLUMNS");
    assert_int_equal(terminal_columns(fd), 0);
    static const struct {
        const char *text;
        unsigned columns;
    } cases[] = {{"40", 40}, {"", 0}, {"0", 0}, {"-3", 0}, {"4x", 0}, {"99999999999999999999", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("COLUMNS", cases[i].text, 1);
        assert_int_equal(terminal_columns(fd), cases[i].columns);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_break_at_blanks),
        cmocka_unit_test(without_a_terminal_columns_are_those_of_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
