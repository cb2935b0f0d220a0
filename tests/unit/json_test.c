/* Strings in JSON: what is read back, and that no two names are written alike.
 *
 * It must never write a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

static char got[512];

static const char *write_member(const char *value, size_t length, bool escaped)
{
    FILE *file = fmemopen(got, sizeof got, "w");
    assert_non_null(file);
    json j = json_begin(file);
    if (escaped)
        json_escaped(&j, NULL, value, length);
    else
        json_string(&j, NULL, value);
    fclose(file);
    return got;
}

static void names_of_utf8_are_read_back_as_they_are(void **state)
{
    (void)state;
    assert_string_equal(write_member("a\"b\\c", 0, false), "\"a\\\"b\\\\c\"");
    assert_string_equal(write_member("\033\n\x7f", 0, false), "\"\\u001b\\n\\u007f\"");
    assert_string_equal(write_member("\xc2\x9b", 0, false), "\"\\u009b\"");
    assert_string_equal(write_member("\xc3\xa9", 0, false), "\"\xc3\xa9\"");
}

static void names_that_differ_are_written_differently(void **state)
{
    (void)state;
    assert_string_equal(write_member("a\xff", 0, false), "\"a\\\\xff\"");
    assert_string_equal(write_member("a\xfe", 0, false), "\"a\\\\xfe\"");
    assert_string_equal(write_member("a\\xff", 0, false), "\"a\\\\x5cxff\"");
    assert_string_equal(write_member("a\0b", 3, true), "\"a\\\\x00b\"");
    assert_string_equal(write_member("a\\x00b", 6, true), "\"a\\\\x5cx00b\"");
    assert_string_equal(write_member("\033\xc2\x9b", 3, true), "\"\\\\x1b\\\\xc2\\\\x9b\"");
}

static void numbers_are_short_and_complete(void **state)
{
    FILE *file = fmemopen(got, sizeof got, "w");
    (void)state;
    assert_non_null(file);
    json j = json_begin(file);
    json_open_array(&j, NULL);
    json_double(&j, NULL, 0.1);
    json_double(&j, NULL, (double)INFINITY);
    json_number(&j, NULL, "18446744073709551616");
    json_close_array(&j);
    fclose(file);
    assert_string_equal(got, "[0.1, null, 18446744073709551616]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_utf8_are_read_back_as_they_are),
        cmocka_unit_test(names_that_differ_are_written_differently),
        cmocka_unit_test(numbers_are_short_and_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
