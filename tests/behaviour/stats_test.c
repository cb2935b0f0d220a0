/* What `weir stats` computes, as a user sees it: the built command, files made here, its JSON.
 *
 * Works in a temporary directory of its own.  It must never depend on the number of cores, on
 * timing, or on files that it did not make. */
#include "command.h"

/* Values that change along the file, of about ten blocks. */
static void write_many(const char *path, size_t count)
{
    double *values = malloc(count * sizeof *values);
    uint64_t x = 42;
    char shape[32];
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        values[i] = (double)(x >> 11) * 0x1p-53 + (double)i * 1e-6;
    }
    snprintf(shape, sizeof shape, "(%zu,)", count);
    write_npy(path, "<f8", shape, values, count * sizeof *values);
    free(values);
}

static void a_small_array_gives_the_textbook_figures(void **state)
{
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    (void)state;
    write_npy("a.npy", "<f8", "(2, 4)", values, sizeof values);
    run_json("stats a.npy");
    assert_true(member("count") == 8 && member("nan") == 0 && member("inf") == 0);
    assert_true(member("mean") == 5 && member("variance") == 4 && member("std") == 2);
    assert_true(member("min") == 2 && member("max") == 9);
    assert_true(member("0.5") == 4 && member("quantiles_relative_error") == 0);
    assert_true(member("bytes") == 64 && member("seconds") > 0);
    assert_true(member("peak_bytes") > 0 && member("peak_bytes") <= member("certified_bytes"));
    assert_contains(r.out, "\"shape\": [2, 4]");
    run("stats a.npy");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "a.npy: float64, 2 x 4, C order, 64 B");
    assert_contains(r.out, "mean       5\n");
    assert_contains(r.out, "min, max   2, 9");
}

static void what_is_not_finite_is_counted_apart(void **state)
{
    const double values[] = {1, (double)NAN, HUGE_VAL, 3, -HUGE_VAL, -HUGE_VAL};
    (void)state;
    write_npy("a.npy", "<f8", "(6,)", values, sizeof values);
    run_json("stats a.npy");
    assert_true(member("count") == 6 && member("finite") == 2 && member("nan") == 1);
    assert_true(member("inf") == 3 && member("positive_inf") == 1 && member("negative_inf") == 2);
    assert_true(member("mean") == 2 && member("min") == 1 && member("max") == 3);
}

static void integers_of_64_bits_keep_their_ends(void **state)
{
    const int64_t s[] = {INT64_MIN + 1, 0, INT64_MAX - 1};
    const uint64_t u[] = {9007199254740993u, UINT64_MAX - 1};
    (void)state;
    write_npy("a.npy", "<i8", "(3,)", s, sizeof s);
    run_json("stats a.npy");
    assert_int_equal(strncmp(member_text("min"), "-9223372036854775807,", 21), 0);
    assert_int_equal(strncmp(member_text("max"), "9223372036854775806,", 20), 0);
    write_npy("a.npy", "<u8", "(2,)", u, sizeof u);
    run("stats a.npy");
    assert_contains(r.out, "min, max   9007199254740993, 18446744073709551614");
}

static void other_byte_orders_and_types_are_read(void **state)
{
    const unsigned char big[] = {0xff, 0xfe, 0, 0, 1, 0}; /* -2, 0, 256 */
    const unsigned char bools[] = {0, 1, 1, 1};
    (void)state;
    write_npy("a.npy", ">i2", "(3,)", big, sizeof big);
    run_json("stats a.npy");
    assert_true(member("min") == -2 && member("max") == 256 && member("0.5") == 0);
    assert_contains(r.out, "\"dtype\": \">i2\"");
    write_npy("a.npy", "|b1", "(4,)", bools, sizeof bools);
    run_json("stats a.npy");
    assert_true(member("mean") == 0.75);
    assert_contains(r.out, "\"counts\": [1, 3]");
    assert_contains(r.out, "\"per_value\": true");
    assert_contains(r.out, "\"edges\": [0, 1, 2]");
}

static void arrays_of_one_value_and_of_none_are_answers(void **state)
{
    const float one = 7;
    (void)state;
    write_npy("a.npy", "<f4", "()", &one, sizeof one);
    run_json("stats a.npy");
    assert_true(member("count") == 1 && member("mean") == 7 && member("variance") == 0);
    write_npy("a.npy", "<f4", "(3, 0)", &one, 0);
    run_json("stats a.npy");
    assert_true(member("count") == 0 && isnan(member("mean")) && isnan(member("min")));
    assert_true(isnan(member("0.5")));
    run("stats a.npy --plot a.svg");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "no finite values");
}

static void plain_numbers_are_read_with_type_shape_and_offset(void **state)
{
    const unsigned char bytes[] = {9, 9, 9, 0, 1, 0, 2, 0, 3};
    (void)state;
    write_bytes("raw", bytes, sizeof bytes);
    run_json("stats raw --dtype >i2 --offset 3");
    assert_true(member("count") == 3 && member("mean") == 2);
    run_json("stats raw --dtype=>u2 --shape=2,1 --offset=3");
    assert_true(member("count") == 2 && member("max") == 2);
    assert_fails("stats raw --dtype f8", 1, "not a whole number of 8-byte values");
    assert_fails("stats raw --dtype f8 --shape 2", 1, "needs 16 bytes of values, the file has 9");
    assert_fails("stats raw --dtype i2 --offset 10", 1, "--offset is 10");
    assert_fails("stats raw --dtype q7", 2, "unknown type 'q7'");
    assert_fails("stats raw --dtype i2 --shape 3,x", 2, "--shape");
    assert_fails("stats raw --shape 3", 2, "give --dtype");
    assert_fails("stats raw", 1, "not a .npy file");
}

/* All but times, workers, and what the engine did. */
static void cut_figures(char *text)
{
    char *end = strstr(text, "\"seconds\"");
    assert_non_null(end);
    *end = '\0';
}

static void results_are_the_same_bits_for_all_workers_and_limits(void **state)
{
    static const char *const options[] = {"--workers 2", "--workers 3 --max-in-flight 1",
                                          "--workers 4 --max-bytes 32M", "--bind none"};
    static char first[OUTPUT_BYTES];
    (void)state;
    write_many("many.npy", 1200000); /* more than is kept: two passes */
    run_json("stats many.npy --workers 1");
    assert_true(member("passes") == 2);
    cut_figures(r.out);
    memcpy(first, r.out, sizeof first);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "stats many.npy %s", options[i]);
        run_json(line);
        cut_figures(r.out);
        assert_string_equal(r.out, first);
    }
}

static void bins_may_be_chosen_and_logarithmic(void **state)
{
    const double values[] = {1, 10, 100, 1000, -5};
    (void)state;
    write_npy("a.npy", "<f8", "(4,)", values, 32);
    run_json("stats a.npy --bins 3 --log");
    assert_contains(r.out, "\"logarithmic\": true");
    assert_contains(r.out, "\"edges\": [1, ");
    assert_contains(r.out, "\"outside\": 0");
    write_npy("a.npy", "<f8", "(5,)", values, 40);
    run_json("stats a.npy --log");
    assert_contains(r.out, "\"outside\": 1");
    assert_fails("stats a.npy --bins 0", 2, "--bins");
    assert_fails("stats a.npy --bins 1e9", 2, "--bins");
}

static void memory_stays_within_the_limit(void **state)
{
    (void)state;
    /* 1 GiB of zeros that takes no room on the disk. */
    write_npy("sparse.npy", "<f8", "(134217728,)", "", 0);
    struct stat info;
    assert_int_equal(stat("sparse.npy", &info), 0);
    assert_int_equal(truncate("sparse.npy", info.st_size + (1 << 30)), 0);
    run_json("stats sparse.npy --workers 2 --max-bytes 16M");
    assert_true(member("count") == 134217728 && member("variance") == 0);
    assert_true(member("max_bytes") == 16 << 20);
    assert_true(member("certified_bytes") <= 16 << 20);
    assert_true(member("peak_bytes") <= member("certified_bytes"));
    if (SLOW_BUILD == 1) /* sanitizers hold memory of their own */
        assert_true(r.rss_kb < (16 + 12) * 1024);
    unlink("sparse.npy");
}

/* As text and as JSON: readable, nothing that a terminal obeys, no two names alike. */
static void names_of_files_are_shown_unambiguously(void **state)
{
    static const struct {
        const char *name, *text, *json;
    } cases[] = {
        {"gr\xc3\xbc\xc3\x9f.npy", "gr\xc3\xbc\xc3\x9f.npy: float64", "\"gr\xc3\xbc\xc3\x9f.npy\""},
        {"a\033[2J.npy", "a\\x1b[2J.npy: float64", "\"a\\u001b[2J.npy\""},
        {"a\xff.npy", "a\\xff.npy: float64", "\"a\\\\xff.npy\""},
        {"a\xfe.npy", "a\\xfe.npy: float64", "\"a\\\\xfe.npy\""},
        {"a\\xfe.npy", "a\\x5cxfe.npy: float64", "\"a\\\\x5cxfe.npy\""}};
    const double value = 1;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[64];
        write_npy(cases[i].name, "<f8", "(1,)", &value, sizeof value);
        snprintf(line, sizeof line, "stats %s", cases[i].name);
        run(line);
        assert_int_equal(strncmp(r.out, cases[i].text, strlen(cases[i].text)), 0);
        run_json(line);
        assert_contains(r.out, cases[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_array_gives_the_textbook_figures),
        cmocka_unit_test(what_is_not_finite_is_counted_apart),
        cmocka_unit_test(integers_of_64_bits_keep_their_ends),
        cmocka_unit_test(other_byte_orders_and_types_are_read),
        cmocka_unit_test(arrays_of_one_value_and_of_none_are_answers),
        cmocka_unit_test(plain_numbers_are_read_with_type_shape_and_offset),
        cmocka_unit_test(results_are_the_same_bits_for_all_workers_and_limits),
        cmocka_unit_test(bins_may_be_chosen_and_logarithmic),
        cmocka_unit_test(names_of_files_are_shown_unambiguously),
        cmocka_unit_test(memory_stays_within_the_limit),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
