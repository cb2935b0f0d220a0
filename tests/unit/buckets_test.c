/* The tables of coarse counts: which cell a value is in, and what its cell says of it.
 *
 * All data are made here, from a seeded generator.  It must never take a cell's word for its ends:
 * they are compared with the values that were counted. */
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
#include "convert.h"

enum { MANY = 50000 };

static const npy_dtype float64 = {'f', 8, false}, int64 = {'i', 8, false}, uint64 = {'u', 8, false},
                       int16 = {'i', 2, false}, uint8 = {'u', 1, false};
static uint64_t seed, sort_scratch[MANY];

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static double uniform(void)
{
    return (double)(next_random() >> 11) * 0x1p-53;
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

/* Walks through the cells beside the sorted keys: each cell has those that lie between its ends, no
 * cell is missing, and no cell is wider than 1/128 unless it is beside 0. */
static void assert_cells(npy_dtype dtype, uint64_t *keys, const double *values, size_t n)
{
    const buckets b = buckets_for(dtype);
    uint64_t *table = count(&b, values, n);
    buckets_cell c;
    size_t at = 0;
    keys_sort(keys, n, sort_scratch);
    buckets_walk walk =
        buckets_begin(&b, table, key_value(b.kind, keys[0]), key_value(b.kind, keys[n - 1]));
    while (buckets_next(&walk, &c)) {
        assert_true(c.low <= c.high && c.count > 0);
        for (uint64_t i = 0; i < c.count; i++, at++)
            if (at >= n || keys[at] < c.low || keys[at] > c.high)
                fail_msg("%c%d: value %zu of %zu is not in its cell", dtype.kind, dtype.bytes, at,
                         n);
        const stats_value low = key_value(b.kind, c.low), high = key_value(b.kind, c.high);
        if (fminl(fabsl(low), fabsl(high)) >= DBL_MIN)
            assert_true(high - low <= fminl(fabsl(low), fabsl(high)) / 128);
        assert_true(!b.exact || c.low == c.high);
    }
    assert_int_equal(at, n);
    free(table);
}

static void floats_of_any_size_and_sign_are_between_the_ends_of_their_cells(void **state)
{
    double *v = malloc(MANY * sizeof *v);
    uint64_t *keys = malloc(MANY * sizeof *keys);
    (void)state;
    assert_true(v && keys);
    seed = 1;
    for (int kind = 0; kind < 6; kind++) {
        for (size_t i = 0; i < MANY; i++) {
            const double u = uniform();
            v[i] = kind == 0   ? u
                   : kind == 1 ? -exp(500 * u)
                   : kind == 2 ? (u < 0.5 ? -1 : 1) * exp(40 * uniform() - 20)
                   : kind == 3 ? (u - 0.5) * 1e-310
                   : kind == 4 ? (u < 0.2   ? 0.0
                                  : u < 0.4 ? -0.0
                                            : (u - 0.7) * DBL_MIN)
                               : (u < 0.5 ? -DBL_MAX : DBL_MAX);
            keys[i] = key_of_double(v[i]);
        }
        assert_cells(float64, keys, v, MANY);
    }
    free(v);
    free(keys);
}

/* About each power of two, where rounding to double moves integers from one cell to the next. */
static void integers_are_between_the_ends_of_their_cells(void **state)
{
    enum { NEAR = 3000 };
    uint64_t raw[NEAR], keys[NEAR];
    double v[NEAR];
    (void)state;
    seed = 2;
    for (int is_signed = 0; is_signed < 2; is_signed++)
        for (unsigned power = 0; power < 64u - (unsigned)is_signed; power++)
            for (int eighth = 0; eighth < 2; eighth++) {
                const npy_dtype dtype = is_signed ? int64 : uint64;
                uint64_t centre = (uint64_t)1 << power;
                centre += eighth ? centre >> 3 : 0;
                for (size_t i = 0; i < NEAR; i++) {
                    raw[i] = centre + i - NEAR / 2;
                    if (is_signed && power % 2)
                        raw[i] = (uint64_t)0 - raw[i];
                }
                convert_to_doubles(dtype, raw, NEAR, v);
                for (size_t i = 0; i < NEAR; i++)
                    keys[i] = key_at(dtype, raw, v, i);
                assert_cells(dtype, keys, v, NEAR);
            }
}

static void small_integers_have_a_cell_each(void **state)
{
    double *v = malloc(MANY * sizeof *v);
    uint64_t *keys = malloc(MANY * sizeof *keys);
    (void)state;
    assert_true(v && keys);
    seed = 3;
    for (size_t i = 0; i < MANY; i++) {
        v[i] = floor(65536 * uniform()) - 32768;
        keys[i] = key_of_signed((int64_t)v[i]);
    }
    assert_cells(int16, keys, v, MANY);
    for (size_t i = 0; i < MANY; i++) {
        v[i] = floor(256 * uniform());
        keys[i] = key_of_signed((int64_t)v[i]);
    }
    assert_cells(uint8, keys, v, MANY);
    free(v);
    free(keys);
}

static void zero_of_either_sign_has_a_cell_of_its_own(void **state)
{
    const buckets b = buckets_for(float64);
    double v[] = {-0.0, 0.0, 5e-324, -5e-324, 0.0, 1, -0.0};
    buckets_cell c;
    (void)state;
    uint64_t *table = count(&b, v, 7);
    buckets_walk walk = buckets_begin(&b, table, -5e-324, 1);
    assert_true(buckets_next(&walk, &c) && c.count == 1);
    assert_true(key_value(KEY_FLOAT, c.high) == -5e-324);
    assert_true(buckets_next(&walk, &c) && c.count == 4);
    assert_true(c.low == c.high && key_value(KEY_FLOAT, c.low) == 0);
    assert_true(buckets_next(&walk, &c) && c.count == 1);
    assert_true(key_value(KEY_FLOAT, c.low) == 5e-324);
    assert_true(buckets_next(&walk, &c) && c.count == 1 && !buckets_next(&walk, &c));
    free(table);
}

static void no_values_have_no_cells(void **state)
{
    const buckets b = buckets_for(float64);
    buckets_cell c;
    (void)state;
    buckets_walk walk = buckets_begin(&b, NULL, HUGE_VALL, -HUGE_VALL);
    assert_false(buckets_next(&walk, &c));
}

static void tables_add_up_in_any_order(void **state)
{
    const buckets b = buckets_for(float64);
    double v[3000];
    (void)state;
    seed = 4;
    for (size_t i = 0; i < 3000; i++)
        v[i] = i % 10 ? exp(10 * uniform()) - 50 : 0;
    uint64_t *all = count(&b, v, 3000), *first = count(&b, v, 1000),
             *rest = count(&b, v + 1000, 2000);
    buckets_merge(&b, -50, 30000, rest, first);
    assert_memory_equal(all, rest, buckets_bytes(&b));
    free(all);
    free(first);
    free(rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_of_any_size_and_sign_are_between_the_ends_of_their_cells),
        cmocka_unit_test(integers_are_between_the_ends_of_their_cells),
        cmocka_unit_test(small_integers_have_a_cell_each),
        cmocka_unit_test(zero_of_either_sign_has_a_cell_of_its_own),
        cmocka_unit_test(no_values_have_no_cells),
        cmocka_unit_test(tables_add_up_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
