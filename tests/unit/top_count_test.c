/* The table of keys and its budget: counts against a plain list, growth, merging, the top, limits.
 *
 * Keys are made from numbers, of many lengths.  It must never depend on the seed of the hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "top_count.h"

enum { KEYS = 5000, KEY_BYTES = 64 };

/* The nth key: distinct for distinct n, of 4 to 63 bytes that may be any. */
static size_t make_key(unsigned n, char key[KEY_BYTES])
{
    const size_t length = 4 + n * 7 % 60;
    memset(key, (int)(n % 3 * 120), length);
    memcpy(key, &n, sizeof n);
    return length;
}

static void add(top_table *t, unsigned n)
{
    char key[KEY_BYTES];
    const size_t length = make_key(n, key);
    assert_int_equal(top_table_add(t, key, length), TOP_COUNTED);
}

/* Key n was counted times(n) times; all of them are there and nothing else. */
static void assert_counts(top_table *t, uint64_t (*times)(unsigned n))
{
    static unsigned char seen[KEYS];
    memset(seen, 0, sizeof seen);
    assert_int_equal(t->used, KEYS);
    assert_int_equal(top_table_select(t, SIZE_MAX), KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        unsigned n;
        char key[KEY_BYTES];
        memcpy(&n, t->slots[i].key, sizeof n);
        assert_in_range(n, 0, KEYS - 1);
        assert_int_equal(t->slots[i].length, make_key(n, key));
        assert_memory_equal(t->slots[i].key, key, t->slots[i].length);
        assert_int_equal(t->slots[i].count, times(n));
        assert_int_equal(seen[n]++, 0);
    }
}

static uint64_t times_once(unsigned n)
{
    return 1 + n % 5;
}

static uint64_t times_merged(unsigned n)
{
    return 3 * (uint64_t)(1 + n % 5);
}

static void fill(top_table *t)
{
    for (unsigned round = 0; round < 5; round++)
        for (unsigned n = 0; n < KEYS; n++)
            if (round <= n % 5)
                add(t, n);
}

static void every_key_is_counted_while_the_table_grows(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 3; seed++) {
        top_budget budget;
        top_table t;
        top_budget_open(&budget, UINT64_MAX);
        top_table_open(&t, &budget, seed * 0x9e3779b97f4a7c15u);
        fill(&t);
        assert_counts(&t, times_once);
        assert_true(budget.used > KEYS * sizeof(top_entry) && budget.peak >= budget.used);
        top_table_close(&t);
        assert_int_equal(budget.used, 0);
    }
}

static void merged_tables_have_the_sum(void **state)
{
    top_budget budget;
    top_table t[4];
    (void)state;
    top_budget_open(&budget, UINT64_MAX);
    for (unsigned i = 0; i < 4; i++)
        top_table_open(&t[i], &budget, 7);
    fill(&t[1]);
    fill(&t[2]);
    for (unsigned n = KEYS; n-- > 0;)
        for (unsigned i = 0; i < times_once(n); i++)
            add(&t[n % 2 ? 0 : 1], n);
    for (unsigned i = 1; i < 4; i++) /* the last one is empty */
        assert_int_equal(top_table_merge(&t[0], &t[i]), TOP_COUNTED);
    assert_counts(&t[0], times_merged);
    for (unsigned i = 0; i < 4; i++)
        top_table_close(&t[i]);
    assert_int_equal(budget.used, 0);
}

/* Two tables of one seed have their keys in one order; inserting in it makes one run of a table. */
static void merging_large_tables_takes_no_longer_than_filling_them(void **state)
{
    enum { MANY = 600000 };
    top_budget budget;
    top_table t[2];
    (void)state;
    top_budget_open(&budget, UINT64_MAX);
    for (unsigned i = 0; i < 2; i++)
        top_table_open(&t[i], &budget, 11);
    const clock_t begin = clock();
    for (unsigned n = 0; n < MANY; n++)
        assert_int_equal(top_table_add(&t[n % 2], (const char *)&n, sizeof n), TOP_COUNTED);
    const clock_t filled = clock();
    assert_int_equal(top_table_merge(&t[0], &t[1]), TOP_COUNTED);
    assert_true(clock() - filled < 5 * (filled - begin)); /* it is less than once that */
    assert_int_equal(t[0].used, MANY);
    for (unsigned i = 0; i < 2; i++)
        top_table_close(&t[i]);
    assert_int_equal(budget.used, 0);
}

static void keys_of_every_short_length_are_told_apart(void **state)
{
    static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    top_budget budget;
    top_table t;
    (void)state;
    top_budget_open(&budget, UINT64_MAX);
    top_table_open(&t, &budget, 0);
    for (size_t length = 0; length < 50; length++) {
        char *exact = malloc(length + 1); /* for the address sanitizer; malloc(0) may be NULL */
        assert_non_null(exact);
        char *key = exact + 1;
        memcpy(key, text, length);
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(top_table_add(&t, key, length), TOP_COUNTED);
        free(exact);
    }
    assert_int_equal(t.used, 50);
    assert_int_equal(top_table_select(&t, 50), 50);
    for (size_t i = 0; i < 50; i++) { /* ties: the shorter one is the less */
        assert_int_equal(t.slots[i].length, i);
        assert_int_equal(t.slots[i].count, 2);
    }
    top_table_close(&t);
}

static void the_top_is_sorted_by_count_then_by_bytes(void **state)
{
    static const char *const keys[] = {"b", "\xff", "a", "ab", "c", "zz"};
    static const unsigned counts[] = {2, 2, 2, 2, 9, 1};
    static const char *const sorted[] = {"c", "a", "ab", "b", "\xff", "zz"};
    (void)state;
    for (size_t most = 0; most <= 7; most++) {
        top_budget budget;
        top_table t;
        top_budget_open(&budget, UINT64_MAX);
        top_table_open(&t, &budget, most);
        for (size_t i = 0; i < 6; i++)
            for (unsigned n = 0; n < counts[i]; n++)
                assert_int_equal(top_table_add(&t, keys[i], strlen(keys[i])), TOP_COUNTED);
        const size_t count = top_table_select(&t, most);
        assert_int_equal(count, most < 6 ? most : 6);
        for (size_t i = 0; i < count; i++)
            assert_memory_equal(t.slots[i].key, sorted[i], t.slots[i].length);
        top_table_close(&t);
    }
}

static void a_table_never_outgrows_its_budget(void **state)
{
    (void)state;
    for (uint64_t limit = 0; limit < 600000; limit = limit * 2 + 1000) {
        top_budget budget;
        top_table t[2];
        top_code code = TOP_COUNTED;
        top_budget_open(&budget, limit);
        for (unsigned i = 0; i < 2; i++)
            top_table_open(&t[i], &budget, 3);
        for (unsigned n = 0; n < KEYS && !code; n++) {
            char key[KEY_BYTES];
            const size_t length = make_key(n, key);
            code = top_table_add(&t[n % 2], key, length);
        }
        if (!code)
            code = top_table_merge(&t[0], &t[1]);
        assert_true(code == TOP_OVER_BUDGET || limit > KEYS * 24);
        assert_true(budget.used <= budget.peak && budget.peak <= limit);
        for (unsigned i = 0; i < 2; i++)
            top_table_close(&t[i]);
        assert_int_equal(budget.used, 0);
    }
}

static void an_empty_table_has_no_top(void **state)
{
    top_budget budget;
    top_table t;
    (void)state;
    top_budget_open(&budget, 0);
    top_table_open(&t, &budget, 1);
    assert_int_equal(top_table_select(&t, 10), 0);
    assert_int_equal(top_table_add(&t, "x", 1), TOP_OVER_BUDGET);
    top_table_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_counted_while_the_table_grows),
        cmocka_unit_test(merged_tables_have_the_sum),
        cmocka_unit_test(merging_large_tables_takes_no_longer_than_filling_them),
        cmocka_unit_test(keys_of_every_short_length_are_told_apart),
        cmocka_unit_test(the_top_is_sorted_by_count_then_by_bytes),
        cmocka_unit_test(a_table_never_outgrows_its_budget),
        cmocka_unit_test(an_empty_table_has_no_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
