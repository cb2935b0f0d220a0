/* Keys: their order, the way back, and the sorting of them.
 *
 * All data are made here, from a seeded generator.  It must never compare keys by anything but the
 * values that they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "keys.h"
#include "random.h"

static void doubles_have_the_order_of_their_keys(void **state)
{
    static const double ascending[] = {-DBL_MAX, -1.5,    -1,    -DBL_MIN, -5e-324, 0,
                                       5e-324,   DBL_MIN, 0.999, 1,        1e300,   DBL_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof ascending / sizeof ascending[0]; i++) {
        const uint64_t key = key_of_double(ascending[i]);
        assert_true(key_value(KEY_FLOAT, key) == ascending[i]);
        assert_true(i == 0 || key_of_double(ascending[i - 1]) < key);
        assert_true(key_at_least(KEY_FLOAT, ascending[i]) == key);
        assert_true(key != KEY_NOT_FINITE);
    }
    assert_true(key_of_double(-0.0) == key_of_double(0.0));
    assert_false(signbit(key_value(KEY_FLOAT, key_of_double(-0.0))));
}

static void integers_of_64_bits_are_exact_as_values(void **state)
{
    static const uint64_t keys[] = {
        0, 1, 2, (uint64_t)1 << 63, UINT64_MAX - 1, UINT64_MAX, 9007199254740993u};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_true(key_at_least(KEY_UNSIGNED, key_value(KEY_UNSIGNED, keys[i])) == keys[i]);
        assert_true(key_at_least(KEY_SIGNED, key_value(KEY_SIGNED, keys[i])) == keys[i]);
    }
    assert_true(key_value(KEY_SIGNED, 0) == (stats_value)INT64_MIN);
    assert_true(key_value(KEY_UNSIGNED, UINT64_MAX) == (stats_value)UINT64_MAX);
}

static void a_value_between_integers_is_the_next_key(void **state)
{
    (void)state;
    assert_true(key_at_least(KEY_SIGNED, 2.25L) == key_of_signed(3));
    assert_true(key_at_least(KEY_SIGNED, -2.25L) == key_of_signed(-2));
    assert_true(key_at_least(KEY_UNSIGNED, -7) == 0);
    assert_true(key_at_least(KEY_UNSIGNED, 0x1p64L) == UINT64_MAX);
    assert_true(key_at_least(KEY_SIGNED, -0x1p70L) == 0);
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void any_keys_are_sorted(void **state)
{
    enum { MOST = 20000 };
    uint64_t *keys = malloc(MOST * sizeof *keys), *wanted = malloc(MOST * sizeof *wanted);
    (void)state;
    uint64_t *scratch = malloc(MOST * sizeof *scratch);
    assert_true(keys && wanted && scratch);
    for (int kind = 0; kind < 5; kind++)
        for (size_t n = 0; n <= MOST; n = n * 3 + 1) {
            for (size_t i = 0; i < n; i++) {
                const uint64_t x = next_random();
                keys[i] = kind == 0   ? x
                          : kind == 1 ? x % 3
                          : kind == 2 ? x << 40
                          : kind == 3 ? n - i
                                      : (i % 2 ? UINT64_MAX : x >> 60 << 60);
                wanted[i] = keys[i];
            }
            keys_sort(keys, n, scratch);
            qsort(wanted, n, sizeof *wanted, by_key);
            if (n)
                assert_memory_equal(keys, wanted, n * sizeof *keys);
        }
    free(keys);
    free(wanted);
    free(scratch);
}

static void ranks_are_found_in_runs_and_without_order(void **state)
{
    enum { COUNT = 1000, RUN = 64 };
    uint64_t keys[COUNT], mixed[COUNT], sorted[COUNT], scratch[COUNT];
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < COUNT; i++)
            mixed[i] = keys[i] = sorted[i] = kind == 0   ? next_random()
                                             : kind == 1 ? next_random() % 7
                                                         : UINT64_MAX - next_random() % 2;
        qsort(sorted, COUNT, sizeof *sorted, by_key);
        for (size_t i = 0; i < COUNT; i += RUN)
            keys_sort(keys + i, COUNT - i < RUN ? COUNT - i : RUN, scratch);
        const key_runs runs = {keys, COUNT, RUN};
        for (size_t rank = 1; rank <= COUNT; rank++) {
            assert_true(keys_at_rank(&runs, rank) == sorted[rank - 1]);
            assert_true(keys_select(mixed, COUNT, rank) == sorted[rank - 1]);
            assert_true(keys_below(&runs, sorted[rank - 1]) < rank);
        }
        assert_int_equal(keys_below(&runs, 0), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_have_the_order_of_their_keys),
        cmocka_unit_test(integers_of_64_bits_are_exact_as_values),
        cmocka_unit_test(a_value_between_integers_is_the_next_key),
        cmocka_unit_test(any_keys_are_sorted),
        cmocka_unit_test(ranks_are_found_in_runs_and_without_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
