/* What `weir stats` shows is in the data: counts for the edges that are printed, quantiles that are
 * elements, for small files and for those that take several passes.
 *
 * Works in a temporary directory of its own.  It must never compare with what the command printed
 * before, only with what is true of values that it made. */
#include "command.h"

static uint64_t seed;

static double uniform(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) * 0x1p-53;
}

static void write_doubles(const char *path, const double *values, size_t count)
{
    char shape[32];
    snprintf(shape, sizeof shape, "(%zu,)", count);
    write_npy(path, "<f8", shape, values, count * sizeof *values);
}

static void write_integers(const char *path, const int64_t *values, size_t count)
{
    char shape[32];
    snprintf(shape, sizeof shape, "(%zu,)", count);
    write_npy(path, "<i8", shape, values, count * sizeof *values);
}

/* Numbers of a JSON array, at most `most`; returns how many. */
static size_t numbers(const char *key, double *into, size_t most)
{
    const char *text = member_text(key);
    size_t n = 0;
    assert_int_equal(*text, '[');
    for (text++; *text != ']' && n < most; n++) {
        char *end;
        into[n] = strtod(text, &end);
        assert_ptr_not_equal(text, end);
        text = *end == ',' ? end + 1 : end;
    }
    return n;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The last report is true of these values, which get sorted: each count, and each quantile of those
 * that are shown unless told otherwise. */
static void assert_true_of(double *values, size_t count)
{
    static const char *const names[] = {"0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99"};
    double edges[300], counts[300];
    const size_t n = numbers("counts", counts, 300);
    qsort(values, count, sizeof *values, by_value);
    assert_int_equal(numbers("edges", edges, 300), n + 1);
    assert_true(n >= 1 && edges[0] <= values[0] && edges[n] >= values[count - 1]);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        size_t inside = 0;
        for (; at < count && (values[at] < edges[i + 1] || i + 1 == n); at++)
            inside++;
        if ((double)inside != counts[i])
            fail_msg("bin %zu from %.17g to %.17g has %zu values, not %.17g", i, edges[i],
                     edges[i + 1], inside, counts[i]);
    }
    for (size_t i = 0; i < 7; i++) {
        const size_t rank = (size_t)ceil(strtod(names[i], NULL) * (double)count - 1e-6);
        if (member(names[i]) != values[rank ? rank - 1 : 0])
            fail_msg("quantile %s is %.17g, not %.17g", names[i], member(names[i]),
                     values[rank ? rank - 1 : 0]);
    }
    assert_true(member("quantiles_relative_error") == 0 && member("relative_error") == 0);
    assert_true(member("peak_bytes") <= member("certified_bytes"));
}

static void integers_have_a_row_each_whatever_their_width(void **state)
{
    int64_t years[104];
    (void)state;
    for (size_t i = 0; i < 104; i++)
        years[i] = i < 100 ? 2001 : i < 103 ? 2003 : 2006;
    write_integers("a.npy", years, 104);
    run_json("stats a.npy");
    assert_contains(r.out, "\"counts\": [100, 0, 3, 0, 0, 1]");
    assert_contains(r.out, "\"edges\": [2001, 2002, 2003, 2004, 2005, 2006, 2007]");
    assert_true(member("0.5") == 2001 && member("0.99") == 2003);
    for (size_t i = 0; i < 104; i++)
        years[i] = 1700000000000000000 + years[i];
    write_integers("a.npy", years, 104);
    run_json("stats a.npy");
    assert_contains(r.out, "\"counts\": [100, 0, 3, 0, 0, 1]");
    assert_contains(r.out, "\"0.5\": 1700000000000002001");
    assert_contains(r.out, "\"edges\": [1700000000000002001, 1700000000000002002, ");
}

static void a_constant_is_one_row_of_that_value(void **state)
{
    const int64_t times[] = {1700000000000000000, 1700000000000000000, 1700000000000000000};
    const double tenths[] = {0.1, 0.1};
    (void)state;
    write_integers("a.npy", times, 3);
    run_json("stats a.npy");
    assert_contains(r.out, "\"counts\": [3]");
    assert_contains(r.out, "\"edges\": [1700000000000000000, 1700000000000000001]");
    write_doubles("a.npy", tenths, 2);
    run_json("stats a.npy --bins 7");
    assert_contains(r.out, "\"counts\": [2]");
    assert_contains(r.out, "\"edges\": [0.1, 0.1]");
}

static double small_value(int kind, size_t i)
{
    switch (kind) {
    case 0: /* halves */
        return (double)(i % 21) + 0.5;
    case 1:
        return (double)(i % 21) * 0.1 + 0.05;
    case 2: /* far from 0, and narrow */
        return 123456.789 + 0.001 * (uniform() + uniform() - 1);
    case 3: /* subnormal */
        return uniform() * 1e-310;
    case 4: /* more than half are 0, of either sign */
        return uniform() < 0.6 ? (i % 2 ? 0.0 : -0.0) : uniform() - 0.5;
    case 5: /* a few neighbouring doubles */
        return 1 + (double)(i % 5) * 0x1p-52;
    case 6:
        return (i % 2 ? 1 : -1) * 0x1.fffffffffffffp1023;
    default:
        return exp(1000 * uniform() - 500) * (i % 3 ? 1 : -1);
    }
}

static void small_data_is_told_exactly(void **state)
{
    double v[1000];
    (void)state;
    seed = 21;
    for (int kind = 0; kind < 8; kind++) {
        for (size_t i = 0; i < 1000; i++)
            v[i] = small_value(kind, i);
        write_doubles("a.npy", v, 1000);
        run_json("stats a.npy");
        assert_true_of(v, 1000);
        assert_true(member("passes") == 1);
        run_json("stats a.npy --bins 100");
        assert_true_of(v, 1000);
    }
}

static void large_data_is_told_exactly_after_further_passes(void **state)
{
    enum { COUNT = 1100000 }; /* more than is kept */
    double *v = malloc(COUNT * sizeof *v);
    (void)state;
    assert_non_null(v);
    seed = 22;
    for (int kind = 2; kind < 8; kind += SLOW_BUILD > 1 ? 2 : 1) {
        for (size_t i = 0; i < COUNT; i++)
            v[i] = small_value(kind, i);
        write_doubles("big.npy", v, COUNT);
        run_json("stats big.npy --workers 2");
        assert_true_of(v, COUNT);
        assert_true(member("passes") <= 4);
    }
    run_json("stats big.npy --workers 2 --max-bytes 10M");
    assert_true_of(v, COUNT);
    assert_true(member("passes") > 1 && member("certified_bytes") <= 10 << 20);
    if (SLOW_BUILD == 1) /* sanitizers hold memory of their own */
        assert_true(r.rss_kb < (10 + 12) * 1024);
    unlink("big.npy");
    free(v);
}

static void constant_large_data_takes_one_pass(void **state)
{
    enum { COUNT = 1100000 };
    double *v = malloc(COUNT * sizeof *v);
    (void)state;
    assert_non_null(v);
    for (size_t i = 0; i < COUNT; i++)
        v[i] = 0.1;
    write_doubles("big.npy", v, COUNT);
    run_json("stats big.npy --workers 2");
    assert_true_of(v, COUNT);
    assert_true(member("passes") == 1);
    unlink("big.npy");
    free(v);
}

static void one_pass_says_how_far_off_it_is(void **state)
{
    enum { COUNT = 1100000 };
    double *v = malloc(COUNT * sizeof *v);
    (void)state;
    assert_non_null(v);
    seed = 23;
    for (size_t i = 0; i < COUNT; i++)
        v[i] = i % 5 ? exp(3 * uniform()) : 0;
    write_doubles("big.npy", v, COUNT);
    run_json("stats big.npy --workers 2 --one-pass");
    const double error = member("quantiles_relative_error");
    qsort(v, COUNT, sizeof *v, by_value);
    assert_true(member("passes") == 1 && error > 0 && error < 0.004);
    assert_true(fabs(member("0.5") - v[COUNT / 2 - 1]) <= error * v[COUNT / 2 - 1] * 1.01);
    assert_true(member("0.01") == 0);
    assert_true(member("relative_error") > 0 && member("relative_error") <= 0x1p-7);
    assert_contains(r.out, "\"exact\": false");
    run("stats big.npy --one-pass");
    assert_contains(r.out, "within 0.");
    unlink("big.npy");
    free(v);
}

static void quantiles_may_be_chosen(void **state)
{
    double v[100];
    (void)state;
    for (size_t i = 0; i < 100; i++)
        v[i] = (double)(99 - i);
    write_doubles("a.npy", v, 100);
    run_json("stats a.npy --quantile 0.9 --quantile 0 --quantile=1 --quantile .333 --quantile 0.9");
    assert_true(member("0") == 0 && member("0.333") == 33 && member("0.9") == 89);
    assert_true(member("1") == 99);
    assert_null(strstr(r.out, "\"0.5\""));
}

static void the_variance_may_be_that_of_a_sample(void **state)
{
    const double v[] = {2, 4, 4, 4, 5, 5, 7, 9};
    (void)state;
    write_doubles("a.npy", v, 8);
    run_json("stats a.npy --ddof 4");
    assert_true(member("variance") == 8 && fabs(member("std") - sqrt(8)) < 1e-15);
    run_json("stats a.npy --ddof 8");
    assert_true(isnan(member("variance")) && isnan(member("std")));
}

static void the_variance_of_time_stamps_has_its_digits(void **state)
{
    int64_t v[8];
    (void)state;
    for (int64_t i = 0; i < 8; i++)
        v[i] = ((int64_t)1 << 60) + i;
    write_integers("a.npy", v, 8);
    run_json("stats a.npy");
    assert_true(member("variance") == 5.25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_have_a_row_each_whatever_their_width),
        cmocka_unit_test(a_constant_is_one_row_of_that_value),
        cmocka_unit_test(small_data_is_told_exactly),
        cmocka_unit_test(large_data_is_told_exactly_after_further_passes),
        cmocka_unit_test(constant_large_data_takes_one_pass),
        cmocka_unit_test(one_pass_says_how_far_off_it_is),
        cmocka_unit_test(quantiles_may_be_chosen),
        cmocka_unit_test(the_variance_may_be_that_of_a_sample),
        cmocka_unit_test(the_variance_of_time_stamps_has_its_digits),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
