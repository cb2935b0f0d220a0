/* The records of numbers and the conversions before them, against sums in long double and exact
 * integers.
 *
 * All data are made here, from a seeded generator.  It must never compare with a tolerance wider
 * than the bound that summary.h states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "random.h"
#include "summary.h"

enum { MANY = 100000 };

static const double chunk_size = SUMMARY_CHUNK;

/* Reduces chunk by chunk and merges as a balanced tree, as the pipeline does. */
static summary reduce(const double *values, size_t count)
{
    const size_t chunks = (count + SUMMARY_CHUNK - 1) / SUMMARY_CHUNK;
    summary *parts = calloc(chunks, sizeof *parts), all;
    double chunk[SUMMARY_CHUNK];
    assert_non_null(parts);
    for (size_t i = 0; i < chunks; i++) {
        const size_t first = i * SUMMARY_CHUNK;
        const size_t n = count - first < SUMMARY_CHUNK ? count - first : SUMMARY_CHUNK;
        memcpy(chunk, values + first, n * sizeof *values);
        summary_of_chunk(chunk, n, &parts[i]);
    }
    summary_merge_all(parts, chunks, &all);
    free(parts);
    return all;
}

/* The reference: two passes in long double, the second with the correction. */
static void reference(const double *values, size_t count, long double *mean, long double *variance)
{
    long double sum = 0, rest = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    *mean = sum / (long double)count;
    for (size_t i = 0; i < count; i++) {
        const long double d = values[i] - *mean;
        rest += d;
        squares += d * d;
    }
    *mean += rest / (long double)count;
    *variance = (squares - rest * rest / (long double)count) / (long double)count;
}

static void assert_agrees(const double *values, size_t count)
{
    long double mean, variance;
    reference(values, count, &mean, &variance);
    const summary s = reduce(values, count);
    const double mean_error = (double)fabsl(summary_mean(&s) - mean);
    const double variance_error = (double)fabsl(summary_variance(&s, 0) - variance);
    const double deviation = (double)sqrtl(variance);
    assert_int_equal(s.count, count);
    if (!(mean_error <= 0x1p-53 * fabs((double)mean) + 260 * 0x1p-53 * deviation))
        fail_msg("mean %.17g, not %.17g", summary_mean(&s), (double)mean);
    if (!(variance_error <= 1e-13 * (double)variance))
        fail_msg("variance %.17g, not %.17g", summary_variance(&s, 0), (double)variance);
    assert_true(fabs(summary_deviation(&s, 0) - deviation) <= 1e-13 * deviation);
}

static void moments_of_random_values_agree_with_long_double(void **state)
{
    double *v = malloc(MANY * sizeof *v);
    (void)state;
    assert_non_null(v);
    seed = 1;
    for (int kind = 0; kind < 4; kind++)
        for (size_t n = 1; n <= MANY; n = n * 3 + 1) {
            for (size_t i = 0; i < n; i++) {
                const double u = uniform();
                v[i] = kind == 0   ? u
                       : kind == 1 ? sqrt(-2 * log(u + 0x1p-60)) * cos(6.283185307 * uniform())
                       : kind == 2 ? exp(20 * u)
                                   : -1e6 + u;
            }
            assert_agrees(v, n);
        }
    free(v);
}

static void small_differences_of_large_values_keep_their_digits(void **state)
{
    static const double offsets[] = {1e9, -1e9, 1e12, 4503599627370496.0};
    double *v = malloc(MANY * sizeof *v);
    (void)state;
    assert_non_null(v);
    seed = 2;
    for (size_t k = 0; k < sizeof offsets / sizeof offsets[0]; k++) {
        for (size_t i = 0; i < MANY; i++)
            v[i] = offsets[k] + floor(16 * uniform());
        assert_agrees(v, MANY);
    }
    free(v);
}

static void a_large_value_that_cancels_leaves_the_small_ones(void **state)
{
    double v[2 * SUMMARY_CHUNK];
    (void)state;
    for (size_t i = 0; i < 2 * SUMMARY_CHUNK; i++)
        v[i] = 1;
    v[0] = 0x1p70;
    v[2 * SUMMARY_CHUNK - 1] = -0x1p70;
    const summary s = reduce(v, 2 * SUMMARY_CHUNK);
    /* Within 260 u of the mean distance, which the two large values make large. */
    assert_true(fabs(summary_mean(&s) - (chunk_size - 1) / chunk_size) <=
                260 * 0x1p-53 * 0x1p70 / chunk_size);
    assert_true(s.min == -0x1p70 && s.max == 0x1p70);
}

static void equal_values_have_a_variance_of_exactly_zero(void **state)
{
    static const double values[] = {0.1, -1e300, 1e-310, 3, 0, DBL_MAX, -DBL_MAX};
    double *v = malloc(MANY * sizeof *v);
    (void)state;
    assert_non_null(v);
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        for (size_t i = 0; i < MANY; i++)
            v[i] = values[k];
        const summary s = reduce(v, MANY);
        assert_true(summary_mean(&s) == values[k]);
        assert_true(summary_variance(&s, 0) == 0);
    }
    free(v);
}

static void sums_that_overflow_do_not_spoil_the_mean(void **state)
{
    double v[6000];
    (void)state;
    for (size_t i = 0; i < 6000; i++)
        v[i] = i % 2 ? 1.5e308 : 1.0e308;
    summary s = reduce(v, 6000);
    assert_true(fabs(summary_mean(&s) - 1.25e308) < 1e293);
    assert_true(fabs(summary_deviation(&s, 0) - 0.25e308) < 1e293);
    assert_true(isinf(summary_variance(&s, 0)));
    for (size_t i = 0; i < 6000; i++)
        v[i] = i % 2 ? DBL_MAX : -DBL_MAX;
    s = reduce(v, 6000);
    assert_true(summary_mean(&s) == 0);
    assert_true(fabs(summary_deviation(&s, 0) / DBL_MAX - 1) < 1e-13);
    v[4000] = 1; /* beside values whose chunks are not scaled */
    s = reduce(v + 4000, 1);
    assert_true(summary_mean(&s) == 1);
}

static void tiny_values_have_a_deviation(void **state)
{
    double v[6000];
    (void)state;
    for (size_t i = 0; i < 6000; i++)
        v[i] = i % 2 ? 1e-200 : 3e-200;
    summary s = reduce(v, 6000);
    assert_true(fabs(summary_mean(&s) / 2e-200 - 1) < 1e-13);
    assert_true(fabs(summary_deviation(&s, 0) / 1e-200 - 1) < 1e-13);
    v[0] = 1; /* scales of chunks differ now */
    s = reduce(v, 6000);
    assert_true(fabs(summary_mean(&s) * 6000 - 1) < 1e-13);
}

static void values_that_are_not_finite_are_counted_and_left_out(void **state)
{
    double v[3 * SUMMARY_CHUNK];
    (void)state;
    for (size_t i = 0; i < 3 * SUMMARY_CHUNK; i++)
        v[i] = i < SUMMARY_CHUNK ? (double)NAN : (double)i;
    v[SUMMARY_CHUNK + 3] = HUGE_VAL;
    v[SUMMARY_CHUNK + 4] = -HUGE_VAL;
    v[2 * SUMMARY_CHUNK + 5] = -HUGE_VAL;
    const summary s = reduce(v, 3 * SUMMARY_CHUNK);
    assert_int_equal(s.nan, SUMMARY_CHUNK);
    assert_int_equal(s.positive_infinity, 1);
    assert_int_equal(s.negative_infinity, 2);
    assert_int_equal(s.count, 2 * SUMMARY_CHUNK - 3);
    assert_true(s.min == chunk_size && s.max == 3 * chunk_size - 1);
    const double sum = (double)(2 * SUMMARY_CHUNK) * (4 * SUMMARY_CHUNK - 1) / 2 -
                       (SUMMARY_CHUNK + 3) - (SUMMARY_CHUNK + 4) - (2 * SUMMARY_CHUNK + 5);
    assert_true(summary_mean(&s) == sum / (2 * SUMMARY_CHUNK - 3));
}

static void finite_values_move_together_in_their_order(void **state)
{
    double v[] = {1, (double)NAN, 2, HUGE_VAL, 3};
    summary s;
    (void)state;
    assert_int_equal(summary_of_chunk(v, 5, &s), 3);
    assert_true(v[0] == 1 && v[1] == 2 && v[2] == 3);
}

static void nothing_has_no_mean(void **state)
{
    summary s, nothing;
    double v[] = {(double)NAN};
    (void)state;
    summary_merge_all(NULL, 0, &nothing);
    assert_true(isnan(summary_mean(&nothing)) && isnan(summary_variance(&nothing, 0)));
    summary_of_chunk(v, 1, &s);
    summary_merge(&s, &nothing);
    assert_true(s.count == 0 && s.nan == 1 && s.min > s.max && isnan(summary_deviation(&s, 0)));
}

static void merging_with_nothing_changes_no_bit(void **state)
{
    double v[100];
    summary s, before, nothing;
    (void)state;
    seed = 3;
    for (size_t i = 0; i < 100; i++)
        v[i] = uniform() * 1e-200;
    summary_of_chunk(v, 100, &s);
    before = s;
    summary_clear(&nothing);
    summary_merge(&s, &nothing);
    assert_true(s.m2 == before.m2 && s.origin == before.origin && s.rest == before.rest);
    summary_merge(&nothing, &before);
    assert_true(nothing.origin == before.origin && nothing.rest == before.rest);
    assert_true(nothing.m2 == before.m2);
}

static void sums_of_integers_of_32_bits_are_exact(void **state)
{
    double *v = malloc(MANY * sizeof *v);
    int64_t sum = 0;
    (void)state;
    assert_non_null(v);
    seed = 4;
    for (size_t i = 0; i < MANY; i++) {
        const uint32_t u = (uint32_t)next_random();
        v[i] = u;
        sum += u;
    }
    const summary s = reduce(v, MANY);
    assert_true((stats_value)s.count * s.origin + s.rest == (stats_value)sum);
    free(v);
}

/* Of integers start + d_i, in chunks as the pipeline makes them; the true variance is exact, since
 * sums of small d and of their squares are. */
static void assert_integers(npy_dtype dtype, uint64_t start, uint64_t spread)
{
    enum { COUNT = 5 * SUMMARY_CHUNK + 7 };
    static uint64_t raw[COUNT];
    static double values[COUNT];
    stats_value sum = 0, squares = 0;
    summary all, next;
    summary_clear(&all);
    for (size_t i = 0; i < COUNT; i++) {
        const uint64_t d = next_random() % (spread + 1);
        raw[i] = start + d;
        sum += (stats_value)d;
        squares += (stats_value)d * (stats_value)d;
    }
    convert_to_doubles(dtype, raw, COUNT, values);
    for (size_t i = 0; i < COUNT; i += SUMMARY_CHUNK) {
        const size_t n = COUNT - i < SUMMARY_CHUNK ? COUNT - i : SUMMARY_CHUNK;
        summary_of_integers(dtype, raw + i, values + i, n, &next);
        summary_merge(&all, &next);
    }
    const stats_value n = COUNT, variance = (squares - sum * (sum / n)) / n;
    const stats_value first = dtype.kind == 'u' ? (stats_value)start : (stats_value)(int64_t)start;
    const stats_value mean = first + sum / n;
    if (!(fabsl(summary_variance(&all, 0) - variance) <= 1e-13L * variance))
        fail_msg("%c8 from %llx: variance %.17g, not %.17g", dtype.kind, (unsigned long long)start,
                 summary_variance(&all, 0), (double)variance);
    assert_true(fabsl(summary_mean(&all) - mean) <= 0x1p-53L * fabsl(mean) + 1e-12L);
    assert_true(all.min >= first && all.max <= first + (stats_value)spread);
}

static void the_variance_of_large_integers_keeps_its_digits(void **state)
{
    static const uint64_t spreads[] = {1, 7, 1000, 1000000};
    const npy_dtype i8 = {'i', 8, false}, u8 = {'u', 8, false};
    (void)state;
    seed = 5;
    for (size_t k = 0; k < 4; k++) {
        assert_integers(i8, (uint64_t)1 << 60, spreads[k]);
        assert_integers(i8, (uint64_t)INT64_MAX - spreads[k], spreads[k]);
        assert_integers(i8, (uint64_t)INT64_MIN, spreads[k]);
        assert_integers(i8, 1700000000123456789u, spreads[k]);
        assert_integers(i8, (uint64_t)-3, spreads[k]);
        assert_integers(u8, UINT64_MAX - spreads[k], spreads[k]);
        assert_integers(u8, (uint64_t)1 << 63, spreads[k]);
        assert_integers(u8, ((uint64_t)1 << 53) - 3, spreads[k]);
    }
}

static void one_that_differs_by_one_is_seen(void **state)
{
    const npy_dtype u8 = {'u', 8, false};
    uint64_t raw[SUMMARY_CHUNK];
    double values[SUMMARY_CHUNK];
    summary all, next;
    (void)state;
    summary_clear(&all);
    for (size_t chunk = 0; chunk < 64; chunk++) {
        for (size_t i = 0; i < SUMMARY_CHUNK; i++)
            raw[i] = UINT64_MAX - 1 + (chunk == 40 && i == 9);
        convert_to_doubles(u8, raw, SUMMARY_CHUNK, values);
        summary_of_integers(u8, raw, values, SUMMARY_CHUNK, &next);
        summary_merge(&all, &next);
    }
    const double n = 64 * chunk_size, wanted = (1 - 1 / n) / n;
    assert_true(fabs(summary_variance(&all, 0) - wanted) <= 1e-13 * wanted);
    assert_true(all.max - all.min == 1);
}

static void the_variance_of_a_sample_divides_by_less(void **state)
{
    double v[] = {1, 2, 3, 4};
    summary s;
    (void)state;
    summary_of_chunk(v, 4, &s);
    assert_true(summary_variance(&s, 0) == 1.25 && summary_variance(&s, 2) == 2.5);
    assert_true(fabs(summary_variance(&s, 1) * 3 - 5) < 1e-15);
    assert_true(summary_deviation(&s, 3) == sqrt(5));
    assert_true(isnan(summary_variance(&s, 4)) && isnan(summary_deviation(&s, 5)));
}

/* One value of each type through its bytes, in both byte orders. */
static void store(npy_dtype dtype, int64_t value, unsigned char *raw)
{
    uint64_t bits = (uint64_t)value;
    if (dtype.kind == 'f' && dtype.bytes == 8) {
        const double d = (double)value;
        memcpy(&bits, &d, 8);
    } else if (dtype.kind == 'f' && dtype.bytes == 4) {
        const float f = (float)value;
        uint32_t word;
        memcpy(&word, &f, 4);
        bits = word;
    } else if (dtype.kind == 'f') { /* whole numbers up to 2048, from the double's fields */
        const double d = (double)value;
        uint64_t word;
        memcpy(&word, &d, 8);
        bits = value == 0 ? 0
                          : (word >> 48 & 0x8000) | (((word >> 52 & 0x7ff) - 1008) << 10) |
                                (word >> 42 & 0x3ff);
    }
    for (unsigned i = 0; i < dtype.bytes; i++)
        raw[dtype.swapped ? i : dtype.bytes - 1 - i] =
            (unsigned char)(bits >> 8 * (dtype.bytes - 1 - i));
}

static void every_type_and_byte_order_converts(void **state)
{
    static const char *const codes[] = {"|b1", "|i1", "<i2", ">i2", "<i4", ">i4", "<i8",
                                        ">i8", "|u1", "<u2", ">u2", "<u4", ">u4", "<u8",
                                        ">u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"};
    enum { COUNT = 101 };
    (void)state;
    for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
        npy_dtype dtype;
        npy_fault fault;
        uint64_t space[COUNT];
        double out[COUNT];
        assert_true(npy_parse_dtype(codes[k], 3, &dtype, &fault));
        const int64_t first = dtype.kind == 'b' || dtype.kind == 'u' ? 0 : -50;
        for (int64_t i = 0; i < COUNT; i++)
            store(dtype, dtype.kind == 'b' ? i % 3 : first + i,
                  (unsigned char *)space + i * dtype.bytes);
        if (dtype.swapped)
            convert_swap(dtype, space, COUNT);
        convert_to_doubles(dtype, space, COUNT, out);
        for (int64_t i = 0; i < COUNT; i++)
            if (out[i] != (double)(dtype.kind == 'b' ? i % 3 != 0 : first + i))
                fail_msg("%s: value %d became %g", codes[k], (int)i, out[i]);
    }
}

static void all_halves_convert_to_their_values(void **state)
{
    const npy_dtype half = {'f', 2, false};
    (void)state;
    for (unsigned bits = 0; bits < 65536; bits++) {
        const uint16_t raw = (uint16_t)bits;
        const int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
        double wanted = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
        double got;
        if (exponent == 31)
            wanted = fraction ? (double)NAN : HUGE_VAL;
        wanted = bits & 0x8000 ? -wanted : wanted;
        convert_to_doubles(half, &raw, 1, &got);
        if (!(got == wanted || (isnan(got) && isnan(wanted))))
            fail_msg("half %04x became %g, not %g", bits, got, wanted);
    }
}

static void the_range_of_64_bit_integers_is_exact(void **state)
{
    const npy_dtype i8 = {'i', 8, false}, u8 = {'u', 8, false};
    const int64_t s[] = {INT64_MAX - 1, INT64_MIN + 1, 0, INT64_MAX - 2};
    const uint64_t u[] = {UINT64_MAX - 1, 9007199254740993u, UINT64_MAX - 2};
    uint64_t low, high;
    (void)state;
    convert_key_range(i8, s, 4, &low, &high);
    assert_true((int64_t)(low ^ (uint64_t)1 << 63) == INT64_MIN + 1);
    assert_true((int64_t)(high ^ (uint64_t)1 << 63) == INT64_MAX - 1);
    convert_key_range(u8, u, 3, &low, &high);
    assert_true(low == 9007199254740993u && high == UINT64_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_of_random_values_agree_with_long_double),
        cmocka_unit_test(small_differences_of_large_values_keep_their_digits),
        cmocka_unit_test(a_large_value_that_cancels_leaves_the_small_ones),
        cmocka_unit_test(equal_values_have_a_variance_of_exactly_zero),
        cmocka_unit_test(sums_that_overflow_do_not_spoil_the_mean),
        cmocka_unit_test(tiny_values_have_a_deviation),
        cmocka_unit_test(values_that_are_not_finite_are_counted_and_left_out),
        cmocka_unit_test(finite_values_move_together_in_their_order),
        cmocka_unit_test(nothing_has_no_mean),
        cmocka_unit_test(merging_with_nothing_changes_no_bit),
        cmocka_unit_test(sums_of_integers_of_32_bits_are_exact),
        cmocka_unit_test(the_variance_of_large_integers_keeps_its_digits),
        cmocka_unit_test(one_that_differs_by_one_is_seen),
        cmocka_unit_test(the_variance_of_a_sample_divides_by_less),
        cmocka_unit_test(every_type_and_byte_order_converts),
        cmocka_unit_test(all_halves_convert_to_their_values),
        cmocka_unit_test(the_range_of_64_bit_integers_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
