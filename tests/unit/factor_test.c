/* The sparse solve and the sparse factorisation against dense ones, on every kind of small random
 * matrix.
 *
 * Tasks run in the order of their numbers here, and one at a time.  It must never use what it tests to
 * find what must come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "factor.h"
#include "random.h"
#include "solve.h"
#include "substitution.h"

enum { MOST = 14, ROUNDS = 3000 };

/* Symmetric, with a diagonal that outweighs the rest; kind: real or pattern, which has values of its
 * own. Both triangles of dense get the values. */
static mtx_matrix random_matrix(uint32_t n, bool real, double dense[MOST][MOST])
{
    char text[64 + MOST * MOST * 32];
    char list[MOST * MOST * 32] = "";
    const double chance = uniform();
    size_t length = 0, count = 0;
    memset(dense, 0, MOST * sizeof dense[0]);
    for (uint32_t i = 0; i < n; i++)
        dense[i][i] = real ? 4 * MOST + (double)i : 1;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++) {
            if (i != j && uniform() >= chance)
                continue;
            if (i != j) {
                dense[i][j] = dense[j][i] = real ? (double)(next_random() % 8) - 4 : -1;
                dense[i][i] += !real;
                dense[j][j] += !real;
            }
            length += (size_t)sprintf(list + length, "%u %u", i + 1, j + 1);
            length += (size_t)sprintf(list + length, real ? " %g\n" : "\n", dense[i][j]);
            count++;
        }
    sprintf(text, "%%%%MatrixMarket matrix coordinate %s symmetric\n%u %u %zu\n%s",
            real ? "real" : "pattern", n, n, count, list);
    mtx_matrix m;
    mtx_fault fault;
    FILE *file = fmemopen(text, strlen(text), "r");
    assert_non_null(file);
    if (!mtx_read(file, strlen(text), &m, &fault))
        fail_msg("%s", fault.text);
    fclose(file);
    return m;
}

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-12 * (1 + fabs(wanted))))
        fail_msg("%.17g is not %.17g", value, wanted);
}

static void a_solve_gives_what_a_dense_one_gives(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        double dense[MOST][MOST], x[MOST];
        const uint32_t n = 1 + (uint32_t)(next_random() % MOST);
        const bool real = round % 2;
        mtx_matrix m = random_matrix(n, real, dense);
        mtx_fault fault;
        dag d;
        substitution s;
        assert_true(solve_dag(&m, &d, &fault));
        assert_true(substitution_create(&m, &d, &s));
        for (uint32_t i = 0; i < n; i++) {
            double rest = 1, diagonal = dense[i][i];
            for (uint32_t j = 0; j < i; j++)
                rest -= dense[i][j] * x[j];
            for (uint32_t j = i + 1; j < n && !real; j++) /* that of its own half row only */
                diagonal += dense[i][j];
            x[i] = rest / diagonal;
            assert_int_equal(substitution_rows(&s, &i, 1), 0);
            assert_near(s.x[i], x[i]);
        }
        substitution_free(&s);
        dag_free(&d);
        mtx_free(&m);
    }
}

/* By rows, as in a textbook. */
static void factorise(uint32_t n, double dense[MOST][MOST], double lower[MOST][MOST])
{
    memset(lower, 0, MOST * sizeof lower[0]);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++) {
            double rest = dense[i][j];
            for (uint32_t k = 0; k < j; k++)
                rest -= lower[i][k] * lower[j][k];
            lower[i][j] = i == j ? sqrt(rest) : rest / lower[j][j];
        }
}

static void a_factorisation_gives_what_a_dense_one_gives(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        double dense[MOST][MOST], lower[MOST][MOST];
        uint32_t index[MOST];
        const uint32_t n = 1 + (uint32_t)(next_random() % MOST);
        mtx_matrix m = random_matrix(n, round % 2, dense);
        mtx_fault fault;
        elimination tree;
        dag d;
        factor f;
        factorise(n, dense, lower);
        assert_true(elimination_prepare(&m, &fault) && elimination_find(&m, &tree, &fault));
        assert_true(elimination_dag(&tree, &d) && factor_create(&m, &tree, &d, &f));
        for (uint32_t j = 0; j < n; j++)
            index[j] = j;
        uint64_t digest = 0;
        for (int again = 0; again < 2; again++) { /* a factor can be computed again */
            assert_int_equal(factor_columns(&f, index, n), 0);
            for (uint32_t j = 0; j < n; j++) {
                assert_null(f.update[j]);
                for (uint64_t i = f.first[j]; i < f.first[j + 1]; i++) {
                    assert_in_range(f.row[i], j, n - 1);
                    assert_true(i == f.first[j] || f.row[i - 1] < f.row[i]);
                    assert_near(f.value[i], lower[f.row[i]][j]);
                }
            }
            assert_true(again == 0 || digest == factor_digest(&f));
            digest = factor_digest(&f);
        }
        assert_true(factor_error(&f) < 1e-11);
        factor_free(&f);
        dag_free(&d);
        elimination_free(&tree);
        mtx_free(&m);
    }
}

static void a_column_that_is_not_positive_ends_the_factorisation(void **state)
{
    static char text[] = "%%MatrixMarket matrix coordinate integer symmetric\n"
                         "4 4 5\n1 1 1\n2 1 2\n2 2 1\n3 3 9\n4 4 1\n";
    static const uint32_t index[] = {0, 1, 2, 3};
    mtx_matrix m;
    mtx_fault fault;
    elimination tree;
    dag d;
    factor f;
    (void)state;
    FILE *file = fmemopen(text, strlen(text), "r");
    assert_true(mtx_read(file, strlen(text), &m, &fault));
    fclose(file);
    assert_true(elimination_prepare(&m, &fault) && elimination_find(&m, &tree, &fault));
    assert_true(elimination_dag(&tree, &d) && factor_create(&m, &tree, &d, &f));
    assert_int_equal(factor_columns(&f, index, 1), 0);
    assert_non_null(f.update[0]);
    factor_clear(&f);
    assert_null(f.update[0]);
    assert_int_equal(factor_columns(&f, index, 4), FACTOR_NOT_POSITIVE);
    assert_int_equal(atomic_load(&f.failing), 1);
    assert_int_equal(factor_columns(&f, index + 2, 2), 0);
    factor_free(&f);
    dag_free(&d);
    elimination_free(&tree);
    mtx_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_solve_gives_what_a_dense_one_gives),
        cmocka_unit_test(a_factorisation_gives_what_a_dense_one_gives),
        cmocka_unit_test(a_column_that_is_not_positive_ends_the_factorisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
