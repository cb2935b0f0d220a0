/* Passes over values in memory, against a sorted copy of them.
 *
 * All data are made here, from a seeded generator.  It must never take the number of passes for an
 * answer: quantiles and bins are compared with what is in the data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "refine.h"

enum { MANY = 200000, CHUNK = 2048, TARGETS = 9, WORKERS = 3, MOST_EDGES = 300 };

static const double fractions[TARGETS] = {0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1};
static const npy_dtype float64 = {'f', 8, false}, int64 = {'i', 8, false};

typedef struct problem {
    npy_dtype dtype;
    const void *raw; /* 8 bytes each */
    double values[MANY];
    uint64_t sorted[MANY], scratch[MANY];
    size_t count;
    refine x;
    refine_target targets[TARGETS];
    uint64_t edges[MOST_EDGES], bins[MOST_EDGES + 1];
    uint32_t *map;
} problem;

static problem p;

/* Coarse counts, and edges at equal distances between the ends. */
static void begin(npy_dtype dtype, const void *raw, size_t edges)
{
    const buckets b = buckets_for(dtype);
    p.dtype = dtype;
    p.raw = raw;
    p.count = MANY;
    for (size_t i = 0; i < MANY; i++) {
        if (dtype.kind == 'f')
            memcpy(&p.values[i], (const char *)raw + 8 * i, 8);
        else
            p.values[i] = (double)((const int64_t *)raw)[i];
        p.sorted[i] = key_at(dtype, raw, p.values, i);
    }
    keys_sort(p.sorted, MANY, p.scratch);
    const stats_value low = key_value(b.kind, p.sorted[0]);
    const stats_value high = key_value(b.kind, p.sorted[MANY - 1]);
    for (size_t i = 0; i < edges; i++)
        p.edges[i] = key_at_least(
            b.kind, (double)(low + (high - low) * (stats_value)i / (stats_value)edges));
    const double many = MANY;
    for (size_t t = 0; t < TARGETS; t++)
        p.targets[t] = (refine_target){.rank = (uint64_t)fmax(1, ceil(fractions[t] * many))};
    memset(p.bins, 0, sizeof p.bins);
    p.x = (refine){.dtype = dtype,
                   .targets = p.targets,
                   .target_count = TARGETS,
                   .edges = p.edges,
                   .edge_count = edges,
                   .bins = p.bins};
    uint64_t *table = calloc(1, buckets_bytes(&b));
    p.map = malloc(BUCKETS_SLOTS * sizeof *p.map);
    assert_true(table && p.map);
    for (size_t i = 0; i < MANY; i += CHUNK) {
        const size_t n = MANY - i < CHUNK ? MANY - i : CHUNK;
        double least = p.values[i], most = p.values[i];
        for (size_t k = i; k < i + n; k++) {
            least = fmin(least, p.values[k]);
            most = fmax(most, p.values[k]);
        }
        buckets_add(&b, table, p.values + i, n, least, most);
    }
    assert_true(refine_begin(&p.x, buckets_begin(&b, table, low, high)));
    free(table);
}

static void count_all(void)
{
    for (size_t i = 0; i < MANY; i += CHUNK) {
        const size_t n = MANY - i < CHUNK ? MANY - i : CHUNK;
        refine_count(&p.x, (unsigned)(next_random() % WORKERS), (const char *)p.raw + 8 * i,
                     p.values + i, n);
    }
}

/* Returns: how many passes it took. */
static unsigned solve(npy_dtype dtype, const void *raw, size_t edges)
{
    unsigned passes = 0;
    begin(dtype, raw, edges);
    for (; refine_is_open(&p.x); passes++) {
        assert_true(passes < 10 && refine_prepare(&p.x, p.map, WORKERS));
        count_all();
        assert_true(refine_finish(&p.x));
    }
    for (size_t t = 0; t < TARGETS; t++) {
        assert_true(p.targets[t].low == p.targets[t].high);
        if (p.targets[t].low != p.sorted[p.targets[t].rank - 1])
            fail_msg("quantile %g is another value", fractions[t]);
    }
    const key_runs all = {p.sorted, MANY, MANY};
    size_t below = 0;
    for (size_t i = 0; i <= edges; i++) {
        const size_t upto = i < edges ? keys_below(&all, p.edges[i]) : MANY;
        assert_int_equal(p.bins[i], upto - below);
        below = upto;
    }
    refine_free(&p.x);
    free(p.map);
    return passes;
}

static double value_of_kind(int kind)
{
    const double u = uniform();
    switch (kind) {
    case 0:
        return u;
    case 1: /* many equal ones, among others that are close */
        return u < 0.6 ? 19.99 : 19.9 + 0.2 * uniform();
    case 2: /* more than half are 0 */
        return u < 0.3 ? 0.0 : u < 0.6 ? -0.0 : uniform() - 0.5;
    case 3: /* all in one cell */
        return 123456.789 + 0.001 * (u - uniform());
    case 4:
        return (u - 0.5) * 1e-310;
    case 5:
        return exp(1400 * u - 700);
    case 6: /* clusters within clusters */
        return 1 + (uniform() < 0.5 ? 0 : 1e-3) + (uniform() < 0.9 ? 1e-9 : 1e-6) +
               1e-14 * floor(u * 50);
    default:
        return floor(u * 1000) / 10;
    }
}

static void quantiles_and_bins_of_floats_are_those_of_the_data(void **state)
{
    double *v = malloc(MANY * sizeof *v);
    (void)state;
    assert_non_null(v);
    for (int kind = 0; kind < 8; kind++)
        for (size_t edges = 1; edges <= MOST_EDGES; edges = edges * 4 + 3) {
            seed = 11 + (uint64_t)kind;
            for (size_t i = 0; i < MANY; i++)
                v[i] = value_of_kind(kind);
            const unsigned passes = solve(float64, v, edges);
            if (kind == 0)
                assert_int_equal(passes, 1);
        }
    free(v);
}

static void quantiles_and_bins_of_integers_are_those_of_the_data(void **state)
{
    static const int64_t starts[] = {0, -5, INT64_MIN, INT64_MAX - 1000000, (int64_t)1 << 60};
    static const uint64_t spreads[] = {3, 1000, 1000000};
    int64_t *v = malloc(MANY * sizeof *v);
    (void)state;
    assert_non_null(v);
    seed = 12;
    for (size_t k = 0; k < 5; k++)
        for (size_t s = 0; s < 3; s++) {
            for (size_t i = 0; i < MANY; i++)
                v[i] = starts[k] + (int64_t)(next_random() % (spreads[s] + 1));
            solve(int64, v, 7);
        }
    for (size_t i = 0; i < MANY; i++)
        v[i] = (int64_t)next_random();
    solve(int64, v, 20);
    free(v);
}

static void values_that_are_not_finite_are_passed_over(void **state)
{
    double *v = malloc(MANY * sizeof *v),
           extra[] = {(double)NAN, HUGE_VAL, -HUGE_VAL, -(double)NAN};
    (void)state;
    assert_non_null(v);
    seed = 13;
    for (size_t i = 0; i < MANY; i++)
        v[i] = uniform() * 1e300 * (i % 2 ? 1e8 : -1e8);
    begin(float64, v, 20);
    assert_true(refine_prepare(&p.x, p.map, WORKERS));
    count_all();
    refine_count(&p.x, 0, extra, extra, 4);
    assert_true(refine_finish(&p.x));
    refine_free(&p.x);
    free(p.map);
    free(v);
}

static void data_that_changes_between_passes_is_noticed(void **state)
{
    double *v = malloc(MANY * sizeof *v);
    (void)state;
    assert_non_null(v);
    seed = 14;
    for (size_t i = 0; i < MANY; i++)
        v[i] = uniform();
    begin(float64, v, 20);
    for (size_t i = 0; i < MANY / 2; i++)
        p.values[i] = 0.5;
    assert_true(refine_prepare(&p.x, p.map, WORKERS));
    count_all();
    assert_false(refine_finish(&p.x));
    refine_free(&p.x);
    free(p.map);
    free(v);
}

/* Without a further pass, a guess is as far off as it says at most. */
static void guesses_say_how_far_off_they_are(void **state)
{
    double *v = malloc(MANY * sizeof *v);
    (void)state;
    assert_non_null(v);
    for (int kind = 0; kind < 8; kind++) {
        seed = 15;
        for (size_t i = 0; i < MANY; i++)
            v[i] = value_of_kind(kind);
        begin(float64, v, 20);
        for (size_t t = 0; t < TARGETS; t++) {
            stats_value got, wanted = key_value(KEY_FLOAT, p.sorted[p.targets[t].rank - 1]);
            const double error = refine_guess(&p.x, &p.targets[t], &got);
            if (!(fabsl(got - wanted) <= error * fabsl(got)))
                fail_msg("kind %d, quantile %g: %Lg, not %Lg", kind, fractions[t], got, wanted);
            if (fabsl(wanted) > 1e-300L)
                assert_true(error <= 0x1p-8 * 1.001);
        }
        const double width = refine_guess_bins(&p.x);
        uint64_t all = 0;
        for (size_t i = 0; i <= 20; i++)
            all += p.bins[i];
        assert_int_equal(all, MANY);
        assert_true(kind == 4 || width <= 0x1p-7);
        refine_free(&p.x);
        free(p.map);
    }
    free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_and_bins_of_floats_are_those_of_the_data),
        cmocka_unit_test(quantiles_and_bins_of_integers_are_those_of_the_data),
        cmocka_unit_test(values_that_are_not_finite_are_passed_over),
        cmocka_unit_test(data_that_changes_between_passes_is_noticed),
        cmocka_unit_test(guesses_say_how_far_off_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
