/* The edges of histograms: short decimals, and all values between the first and the last.
 *
 * It must never accept an edge whose text would be another number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "histogram.h"

static const npy_dtype f8 = {'f', 8, false}, i8 = {'i', 8, false}, u8 = {'u', 8, false},
                       u1 = {'u', 1, false};

/* Digits of the shortest decimal form that reads back as the same double. */
static int digits_of(double value)
{
    char text[40];
    int digits = 0;
    do
        snprintf(text, sizeof text, "%.*e", digits++, value);
    while (strtod(text, NULL) != value);
    return digits;
}

static void assert_edges(const histogram *h, stats_value low, stats_value high, size_t most)
{
    assert_true(h->bins >= 1 && h->bins <= most);
    assert_true(h->edges[0] <= low && h->edges[h->bins] >= high);
    for (size_t i = 0; i <= h->bins; i++) {
        assert_true(isfinite(h->edges[i]));
        assert_true(i == 0 || h->edges[i - 1] < h->edges[i] || (h->bins == 1 && low == high));
    }
}

/* With so many digits at most; bins differ in width by two parts in a hundred. */
static void assert_short(double low, double high, size_t bins, int digits)
{
    histogram h = {0};
    assert_true(histogram_space(&h, f8, low, high, bins));
    assert_edges(&h, low, high, bins ? bins : STATS_DEFAULT_BINS);
    const stats_value width = (high - low) / (stats_value)h.bins;
    for (size_t i = 0; i <= h.bins; i++) {
        const double edge = (double)h.edges[i];
        assert_true(edge == h.edges[i]);
        if (digits_of(edge) > digits)
            fail_msg("%.17g has more than %d digits", edge, digits);
        if (i)
            assert_true(fabsl((h.edges[i] - h.edges[i - 1]) / width - 1) < 0.03L);
    }
    histogram_free(&h);
}

static void edges_are_short_decimals(void **state)
{
    (void)state;
    assert_short(0.5, 20.5, 0, 3);
    assert_short(0.05, 2.05, 0, 4);
    assert_short(1, 1000.3, 0, 5);
    assert_short(-3.437374348193563, 3.5799170230631603, 0, 4);
    assert_short(123456.78642391069, 123456.79262445017, 0, 12);
    assert_short(-1e300, 1e-300, 7, 4);
    assert_short(1e-310, 3e-310, 10, 4);
    assert_short(0.1, 0.3, 1000, 7);
}

static void the_ends_lie_outside_whatever_the_digits(void **state)
{
    static const double ends[] = {
        -DBL_MAX, -1e300, -123.456,           -0.1,   -5e-324, 0,      5e-324, 0.1,
        0.3,      1,      1.0000000000000002, 1.7e16, 1e300,   DBL_MAX};
    enum { ENDS = sizeof ends / sizeof ends[0] };
    (void)state;
    for (size_t i = 0; i < ENDS; i++)
        for (size_t k = i; k < ENDS; k++)
            for (int logarithmic = 0; logarithmic < 1 + (ends[i] > 0); logarithmic++)
                for (size_t bins = 1; bins < 3000; bins *= 7) {
                    histogram h = {.logarithmic = logarithmic};
                    assert_true(histogram_space(&h, f8, ends[i], ends[k], bins));
                    assert_edges(&h, ends[i], ends[k], bins);
                    histogram_free(&h);
                }
}

static void fewer_doubles_than_bins_have_a_bin_each_at_most(void **state)
{
    histogram h = {0};
    (void)state;
    assert_true(histogram_space(&h, f8, 1, 1 + 3 * DBL_EPSILON, 20));
    assert_edges(&h, 1, 1 + 3 * DBL_EPSILON, 3);
    histogram_free(&h);
    assert_true(histogram_space(&h, f8, 0, 1e-323, 20));
    assert_edges(&h, 0, 1e-323, 2);
    histogram_free(&h);
}

static void a_constant_is_one_bin_of_that_value(void **state)
{
    histogram h = {0};
    (void)state;
    assert_true(histogram_space(&h, f8, 0.1, 0.1, 0));
    assert_true(h.bins == 1 && h.edges[0] == 0.1 && h.edges[1] == 0.1 && !h.per_value);
    histogram_free(&h);
    assert_true(histogram_space(&h, i8, 1700000000000000000, 1700000000000000000, 5));
    assert_true(h.bins == 1 && h.per_value && h.edges[0] == 1700000000000000000);
    assert_true(h.edges[1] == 1700000000000000001);
    histogram_free(&h);
}

static void integers_of_a_narrow_range_have_a_bin_each(void **state)
{
    histogram h = {0};
    (void)state;
    assert_true(histogram_space(&h, u8, 0x1p64L - 20, 0x1p64L - 1, 0));
    assert_true(h.per_value && h.bins == 20 && h.edges[20] == 0x1p64L);
    histogram_free(&h);
    h = (histogram){0};
    assert_true(histogram_space(&h, i8, 2001, 2006, 6));
    assert_true(h.per_value && h.bins == 6 && h.edges[0] == 2001 && h.edges[6] == 2007);
    histogram_free(&h);
    h = (histogram){0};
    assert_true(histogram_space(&h, i8, 2001, 2006, 3));
    assert_true(!h.per_value && h.bins == 3 && h.edges[1] == 2003 && h.edges[2] == 2005);
    histogram_free(&h);
}

static void edges_of_integers_are_integers_of_their_type(void **state)
{
    histogram h = {0};
    (void)state;
    assert_true(histogram_space(&h, i8, INT64_MIN, INT64_MAX, 0));
    assert_edges(&h, INT64_MIN, INT64_MAX, 20);
    assert_true(h.edges[0] == INT64_MIN && h.edges[20] == 0x1p63L);
    for (size_t i = 1; i < 20; i++) /* three digits of 9.2e17, the width */
        assert_true(fmodl(h.edges[i], 1e15L) == 0);
    histogram_free(&h);
    assert_true(histogram_space(&h, i8, 1000000000, 1000000999, 0));
    assert_edges(&h, 1000000000, 1000001000, 20);
    for (size_t i = 0; i <= 20; i++)
        assert_true(h.edges[i] == 1000000000 + 50 * (stats_value)i);
    histogram_free(&h);
    h.logarithmic = true;
    assert_true(histogram_space(&h, u1, 1, 255, 0));
    assert_edges(&h, 1, 256, 20);
    for (size_t i = 0; i <= h.bins; i++)
        assert_true(h.edges[i] == floorl(h.edges[i]));
    histogram_free(&h);
}

static void bins_of_equal_ratio_grow(void **state)
{
    histogram h = {.logarithmic = true};
    (void)state;
    assert_true(histogram_space(&h, f8, 1, 1000, 3));
    assert_true(h.bins == 3 && h.edges[0] == 1 && h.edges[3] == 1000);
    assert_true(fabsl(h.edges[1] - 10) < 0.1L && fabsl(h.edges[2] - 100) < 1);
    histogram_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_short_decimals),
        cmocka_unit_test(the_ends_lie_outside_whatever_the_digits),
        cmocka_unit_test(fewer_doubles_than_bins_have_a_bin_each_at_most),
        cmocka_unit_test(a_constant_is_one_bin_of_that_value),
        cmocka_unit_test(integers_of_a_narrow_range_have_a_bin_each),
        cmocka_unit_test(edges_of_integers_are_integers_of_their_type),
        cmocka_unit_test(bins_of_equal_ratio_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
