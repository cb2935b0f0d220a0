/* The tables of counts against sorted copies of the same values.
 *
 * All data are made here, from a seeded generator.  It must never compare with a tolerance wider
 * than the bound that buckets.h states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buckets.h"

enum { MANY = 50000, FRACTIONS = 7 };

static const npy_dtype float64 = {'f', 8, false}, int64 = {'i', 8, false}, int16 = {'i', 2, false};
static const double fractions[FRACTIONS] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
static uint64_t seed;

static double uniform(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) * 0x1p-53;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t *count(const buckets *b, const double *values, size_t n)
{
    uint64_t *table = calloc(1, buckets_bytes(b));
    assert_non_null(table);
    for (size_t i = 0; i < n; i += 2048) {
        const size_t chunk = n - i < 2048 ? n - i : 2048;
        double low = values[i], high = values[i];
        for (size_t k = i; k < i + chunk; k++) {
            low = fmin(low, values[k]);
            high = fmax(high, values[k]);
        }
        buckets_add(b, table, values + i, chunk, low, high);
    }
    return table;
}

/* Sorts the values, then checks every quantile by nearest rank. */
static void assert_quantiles(npy_dtype dtype, double *values, size_t n, double relative)
{
    const buckets b = buckets_for(dtype);
    uint64_t *table = count(&b, values, n);
    double got[FRACTIONS];
    qsort(values, n, sizeof *values, by_value);
    buckets_quantiles(&b, table, n, values[0], values[n - 1], fractions, FRACTIONS, got);
    for (size_t i = 0; i < FRACTIONS; i++) {
        size_t rank = (size_t)ceil(fractions[i] * (double)n - 1e-9);
        const double wanted = values[rank ? rank - 1 : 0];
        if (!(fabs(got[i] - wanted) <= relative * fabs(wanted)))
            fail_msg("quantile %g of %zu: %.17g, not %.17g", fractions[i], n, got[i], wanted);
    }
    free(table);
}

static void quantiles_of_any_size_and_sign_are_within_the_bound(void **state)
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
                       : kind == 1 ? -exp(500 * u)
                       : kind == 2 ? (u < 0.5 ? -1 : 1) * exp(40 * uniform() - 20)
                                   : 1000 + u;
            }
            assert_quantiles(float64, v, n, 0x1p-8);
        }
    free(v);
}

static void quantiles_of_small_integers_are_exact(void **state)
{
    double *v = malloc(MANY * sizeof *v);
    (void)state;
    assert_non_null(v);
    seed = 2;
    for (size_t i = 0; i < MANY; i++)
        v[i] = floor(65536 * uniform()) - 32768;
    assert_quantiles(int16, v, MANY, 0);
    for (size_t i = 0; i < MANY; i++)
        v[i] = floor(255 * uniform()) - 127;
    assert_quantiles(int64, v, MANY, 0);
    for (size_t i = 0; i < MANY; i++)
        v[i] = floor(1e15 * (uniform() - 0.5));
    assert_quantiles(int64, v, MANY, 0x1p-8);
    free(v);
}

static void one_value_is_all_of_its_quantiles(void **state)
{
    static const double values[] = {0, -0.0, 1, -7.3, 1e-320, DBL_MAX, -DBL_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        double v[] = {values[i], values[i], values[i]};
        assert_quantiles(float64, v, 3, 0);
    }
}

static void no_values_have_no_quantiles(void **state)
{
    const buckets b = buckets_for(float64);
    double got[FRACTIONS];
    (void)state;
    buckets_quantiles(&b, NULL, 0, HUGE_VAL, -HUGE_VAL, fractions, FRACTIONS, got);
    for (size_t i = 0; i < FRACTIONS; i++)
        assert_true(isnan(got[i]));
}

static void cells_meet_without_gap_or_overlap(void **state)
{
    const buckets b = buckets_for(float64);
    double low, high, next_low, next_high;
    (void)state;
    const size_t first = (size_t)1 << 7, last = b.cells - first; /* the rest is infinity and NaN */
    for (size_t cell = first; cell + 1 < last; cell++) {
        buckets_cell(&b, cell, &low, &high);
        buckets_cell(&b, cell + 1, &next_low, &next_high);
        assert_true(low < high && high == next_low);
    }
}

static void tables_add_up_in_any_order(void **state)
{
    const buckets b = buckets_for(float64);
    double v[3000];
    (void)state;
    seed = 3;
    for (size_t i = 0; i < 3000; i++)
        v[i] = exp(10 * uniform()) - 50;
    uint64_t *all = count(&b, v, 3000), *first = count(&b, v, 1000),
             *rest = count(&b, v + 1000, 2000);
    buckets_merge(&b, -50, 30000, rest, first);
    assert_memory_equal(all, rest, buckets_bytes(&b));
    free(all);
    free(first);
    free(rest);
}

static void a_histogram_of_small_integers_is_exact(void **state)
{
    const buckets b = buckets_for(int16);
    double *v = malloc(MANY * sizeof *v), edges[] = {-1000, -500, -1.5, 0, 7, 7, 1000};
    uint64_t counts[6], wanted[6] = {0};
    (void)state;
    assert_non_null(v);
    seed = 4;
    for (size_t i = 0; i < MANY; i++) {
        v[i] = floor(2001 * uniform()) - 1000;
        for (size_t k = 0; k < 6; k++)
            wanted[k] += v[i] >= edges[k] && (v[i] < edges[k + 1] || (k == 5 && v[i] == 1000));
    }
    uint64_t *table = count(&b, v, MANY);
    assert_int_equal(buckets_histogram(&b, table, -1000, 1000, edges, 6, counts), MANY);
    assert_memory_equal(counts, wanted, sizeof wanted);
    free(table);
    free(v);
}

static void a_histogram_of_floats_keeps_every_value(void **state)
{
    const buckets b = buckets_for(float64);
    double *v = malloc(MANY * sizeof *v), edges[41];
    uint64_t counts[40];
    (void)state;
    assert_non_null(v);
    seed = 5;
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (size_t i = 0; i < MANY; i++) {
        v[i] = 10 * uniform() - 3;
        low = fmin(low, v[i]);
        high = fmax(high, v[i]);
    }
    for (size_t k = 0; k <= 40; k++)
        edges[k] = k == 40 ? high : low + (high - low) * (double)k / 40;
    uint64_t *table = count(&b, v, MANY);
    assert_int_equal(buckets_histogram(&b, table, low, high, edges, 40, counts), MANY);
    for (size_t k = 0; k < 40; k++) /* 1250 expected, six deviations */
        assert_in_range(counts[k], 1250 - 212, 1250 + 212);
    free(table);
    free(v);
}

static void values_outside_the_edges_are_left_out(void **state)
{
    const buckets b = buckets_for(float64);
    double v[] = {-5, -1, 0, 0.5, 3, 40, 100}, edges[] = {0.25, 10, 50};
    uint64_t counts[2];
    (void)state;
    uint64_t *table = count(&b, v, 7);
    assert_int_equal(buckets_histogram(&b, table, -5, 100, edges, 2, counts), 3);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 1);
    assert_int_equal(buckets_used(&b, table, -5, 100), 7);
    assert_true(buckets_smallest_positive(&b, table, -5, 100) == 0.5);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_of_any_size_and_sign_are_within_the_bound),
        cmocka_unit_test(quantiles_of_small_integers_are_exact),
        cmocka_unit_test(one_value_is_all_of_its_quantiles),
        cmocka_unit_test(no_values_have_no_quantiles),
        cmocka_unit_test(cells_meet_without_gap_or_overlap),
        cmocka_unit_test(tables_add_up_in_any_order),
        cmocka_unit_test(a_histogram_of_small_integers_is_exact),
        cmocka_unit_test(a_histogram_of_floats_keeps_every_value),
        cmocka_unit_test(values_outside_the_edges_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
