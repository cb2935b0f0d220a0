/* Numbers as text: short, complete, read back as the same.
 *
 * It must never compare with what printf makes of a number, but for integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

static void the_shortest_form_that_reads_back_is_printed(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {123456.789, "123456.789"},
                 {100, "100"},
                 {1e22, "1e+22"},
                 {-0.0, "0"},
                 {DBL_MAX, "1.7976931348623157e+308"},
                 {DBL_MIN, "2.2250738585072014e-308"},
                 {5e-324, "5e-324"},
                 {-1e-323, "-1e-323"},
                 {1.2345e-310, "1.2345e-310"},
                 {(double)0.1f, "0.10000000149011612"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[NUMBER_TEXT];
        assert_string_equal(number_double(cases[i].value, text), cases[i].text);
    }
}

static void every_double_reads_back_as_itself(void **state)
{
    uint64_t bits = 42;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[NUMBER_TEXT];
        double value;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            assert_true(strtod(number_double(value, text), NULL) == value);
    }
}

static void integers_keep_all_digits(void **state)
{
    char text[NUMBER_TEXT];
    (void)state;
    assert_string_equal(number_integer(UINT64_MAX, text), "18446744073709551615");
    assert_string_equal(number_integer((long double)UINT64_MAX + 1, text), "18446744073709551616");
    assert_string_equal(number_integer(INT64_MIN, text), "-9223372036854775808");
    assert_string_equal(number_integer(9007199254740993, text), "9007199254740993");
    assert_string_equal(number_integer(-0.0L, text), "0");
}

static void decimals_are_the_shortest(void **state)
{
    static const struct {
        double value;
        long double digits;
        int exponent;
    } cases[] = {
        {0, 0, 0},     {100, 1, 2},       {-0.25, -25, -2}, {123.456, 123456, -3},
        {1e22, 1, 22}, {5e-324, 5, -324}, {1e300, 1, 300},  {0.1 + 0.2, 30000000000000004, -17}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const decimal d = number_decimal(cases[i].value);
        assert_true(d.digits == cases[i].digits);
        assert_int_equal(d.exponent, cases[i].exponent);
    }
}

static void plain_forms_are_padded_and_scientific_ones_short(void **state)
{
    static const struct {
        decimal d;
        int decimals;
        const char *plain, *scientific;
    } cases[] = {
        {{0, 0}, 0, "0", "0"},
        {{0, 0}, 2, "0.00", "0"},
        {{25, -2}, 2, "0.25", "2.5e-1"},
        {{-25, -2}, 4, "-0.2500", "-2.5e-1"},
        {{25, -1}, 1, "2.5", "2.5"},
        {{25, 3}, 0, "25000", "2.5e4"},
        {{2500, 1}, 1, "25000.0", "2.5e4"},
        {{1, -5}, 5, "0.00001", "1e-5"},
        {{1, 300}, 0, "", "1e300"},
        {{5, -324}, 324, "", "5e-324"},
        {{18446744073709551616.0L, 0}, 0, "18446744073709551616", "1.8446744073709551616e19"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[NUMBER_TEXT] = "";
        const int length = number_plain(cases[i].d, cases[i].decimals, text);
        assert_int_equal(length, strlen(cases[i].plain));
        assert_string_equal(text, cases[i].plain);
        number_scientific(cases[i].d, text);
        assert_string_equal(text, cases[i].scientific);
    }
}

static void percents_have_the_digits_of_the_share(void **state)
{
    char text[NUMBER_TEXT];
    (void)state;
    assert_string_equal(number_percent(0.5, text), "50");
    assert_string_equal(number_percent(0.07, text), "7");
    assert_string_equal(number_percent(0.999, text), "99.9");
    assert_string_equal(number_percent(0.30000000000000004, text), "30.000000000000004");
    assert_string_equal(number_percent(0, text), "0");
    assert_string_equal(number_percent(1, text), "100");
    assert_string_equal(number_percent(1e-300, text), "1e-298");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_form_that_reads_back_is_printed),
        cmocka_unit_test(every_double_reads_back_as_itself),
        cmocka_unit_test(integers_keep_all_digits),
        cmocka_unit_test(decimals_are_the_shortest),
        cmocka_unit_test(plain_forms_are_padded_and_scientific_ones_short),
        cmocka_unit_test(percents_have_the_digits_of_the_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
