/* The graphs of sparse matrices against dense computations that need no ideas: every small random
 * pattern, its fill, its paths.
 *
 * It must never use what it tests to find what must come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dissection.h"
#include "elimination.h"
#include "mtx_order.h"
#include "random.h"
#include "solve.h"

enum { MOST = 14, ROUNDS = 4000 };

/* ---- matrices ---- */

static mtx_matrix read_text(const char *text)
{
    mtx_matrix m;
    mtx_fault fault;
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(file);
    if (!mtx_read(file, strlen(text), &m, &fault))
        fail_msg("%s", fault.text);
    fclose(file);
    return m;
}

/* A pattern that has each place with the same chance; the diagonal always. */
static mtx_matrix random_matrix(uint32_t n, bool general, bool dense[MOST][MOST])
{
    static char text[64 + MOST * MOST * 8];
    char entries[MOST * MOST * 8];
    const double chance = uniform() * uniform();
    size_t length = 0, count = 0;
    memset(dense, 0, MOST * sizeof dense[0]);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < (general ? n : i + 1); j++)
            if (i == j || uniform() < chance) {
                dense[i][j] = true;
                length += (size_t)sprintf(entries + length, "%u %u\n", i + 1, j + 1);
                count++;
            }
    sprintf(text, "%%%%MatrixMarket matrix coordinate pattern %s\n%u %u %zu\n%.*s",
            general ? "general" : "symmetric", n, n, count, (int)length, entries);
    return read_text(text);
}

/* ---- the solve ---- */

static void a_row_of_the_solve_needs_each_row_that_it_multiplies_with(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        bool dense[MOST][MOST];
        const uint32_t n = 1 + (uint32_t)(next_random() % MOST);
        mtx_matrix m = random_matrix(n, round % 2, dense);
        mtx_fault fault;
        dag d;
        assert_true(solve_dag(&m, &d, &fault));
        assert_true(dag_is_valid(&d));
        assert_int_equal(d.tasks, n);
        uint64_t edges = 0;
        for (uint32_t i = 0; i < n; i++) {
            uint64_t e = d.first[i];
            for (uint32_t j = 0; j < i; j++)
                if (dense[i][j])
                    assert_int_equal(d.before[e++], j);
            assert_int_equal(e, d.first[i + 1]);
            assert_true(d.work[i] == (double)(2 * (e - d.first[i]) + 1));
            edges = e;
        }
        assert_int_equal(edges, d.edges);
        dag_free(&d);
        mtx_free(&m);
    }
}

/* ---- the elimination ---- */

/* The factor's places, by eliminating column after column. */
static void fill(uint32_t n, bool dense[MOST][MOST], bool factor[MOST][MOST])
{
    memset(factor, 0, MOST * sizeof factor[0]);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++)
            factor[i][j] = dense[i][j] || dense[j][i];
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t i = k + 1; i < n; i++)
            for (uint32_t j = k + 1; j <= i; j++)
                factor[i][j] = factor[i][j] || (factor[i][k] && factor[j][k]);
}

static void the_tree_and_the_counts_are_those_of_the_filled_matrix(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        bool dense[MOST][MOST], factor[MOST][MOST];
        const uint32_t n = 1 + (uint32_t)(next_random() % MOST);
        mtx_matrix m = random_matrix(n, round % 2, dense);
        mtx_fault fault;
        elimination e;
        dag d;
        fill(n, dense, factor);
        assert_true(elimination_prepare(&m, &fault) && elimination_find(&m, &e, &fault));
        assert_true(elimination_is_valid(&e) && mtx_is_valid(&m));
        assert_true(elimination_dag(&e, &d) && dag_is_valid(&d));
        for (uint32_t j = 0; j < n; j++) {
            uint32_t count = 0, parent = ELIMINATION_ROOT;
            for (uint32_t i = n; i-- > j;)
                if (factor[i][j]) {
                    count++;
                    parent = i > j ? i : parent;
                }
            assert_int_equal(e.count[j], count);
            assert_int_equal(e.parent[j], parent);
            assert_true(d.work[j] == (double)count * count);
            bool found = parent == ELIMINATION_ROOT;
            for (uint64_t i = found ? 0 : d.first[parent]; !found && i < d.first[parent + 1]; i++)
                found = d.before[i] == j;
            assert_true(found);
        }
        dag_free(&d);
        elimination_free(&e);
        mtx_free(&m);
    }
}

/* ---- shapes ---- */

/* Longest paths by trying all of them. */
static double longest(const dag *d, uint32_t t, bool by_work)
{
    double before = 0;
    for (uint64_t e = d->first[t]; e < d->first[t + 1]; e++) {
        const double path = longest(d, d->before[e], by_work);
        before = path > before ? path : before;
    }
    return before + (by_work ? d->work[t] : 1);
}

static void assert_shape(dag *d)
{
    enum { SMALL = 10 };
    dag_shape shape;
    uint32_t size[SMALL + 1] = {0}, roots = 0, ends = 0, widest = 0;
    double depth = 0, span = 0, work = 0;
    for (uint32_t t = 0; t < d->tasks; t++) {
        const double path = longest(d, t, false), until = longest(d, t, true);
        depth = path > depth ? path : depth;
        span = until > span ? until : span;
        work += d->work[t];
        widest = ++size[(int)path] > widest ? size[(int)path] : widest;
        roots += path == 1;
        bool followed = false;
        for (uint64_t e = 0; e < d->edges; e++)
            followed = followed || d->before[e] == t;
        ends += !followed;
    }
    assert_true(dag_measure(d, &shape));
    assert_true(shape.depth == depth && shape.span == span && shape.work == work);
    assert_int_equal(shape.roots, roots);
    assert_int_equal(shape.ends, ends);
    assert_int_equal(shape.widest, widest);
    assert_int_equal(size[shape.widest_level + 1], widest);
}

static void depth_width_work_and_span_are_those_of_the_longest_paths(void **state)
{
    enum { SMALL = 10 };
    (void)state;
    for (int round = 0; round < ROUNDS / 4; round++) {
        bool dense[MOST][MOST];
        mtx_matrix m = random_matrix(1 + (uint32_t)(next_random() % SMALL), round % 2, dense);
        mtx_fault fault;
        dag d;
        assert_true(solve_dag(&m, &d, &fault));
        for (uint32_t t = 0; t < d.tasks; t++)
            d.work[t] = (double)(next_random() % 100);
        assert_shape(&d);
        dag_free(&d);
        mtx_free(&m);
    }
}

static void a_chain_and_an_arrow_of_many_columns_take_no_longer_than_their_entries(void **state)
{
    enum { COLUMNS = 100000, LINE = 24 };
    (void)state;
    for (int arrow = 0; arrow < 2; arrow++) {
        char *text = malloc(256 + (size_t)COLUMNS * 2 * LINE);
        assert_non_null(text);
        size_t length = (size_t)sprintf(
            text, "%%%%MatrixMarket matrix coordinate pattern symmetric\n%d %d %d\n", COLUMNS,
            COLUMNS, 2 * COLUMNS - 1);
        for (int i = 1; i <= COLUMNS; i++)
            length += (size_t)sprintf(text + length, "%d %d\n", i, i);
        for (int i = 2; i <= COLUMNS; i++)
            length += (size_t)sprintf(text + length, "%d %d\n", i, arrow ? 1 : i - 1);
        mtx_matrix m = read_text(text);
        mtx_fault fault;
        elimination e;
        free(text);
        assert_true(elimination_prepare(&m, &fault) && elimination_find(&m, &e, &fault));
        for (uint32_t j = 0; j < COLUMNS; j++) { /* an arrow that points up fills all of L */
            const uint32_t last = COLUMNS - 1 - j;
            assert_int_equal(e.count[j], arrow ? last + 1 : last > 0 ? 2 : 1);
            assert_int_equal(e.parent[j], last > 0 ? j + 1 : ELIMINATION_ROOT);
        }
        elimination_free(&e);
        mtx_free(&m);
    }
}

/* ---- the order ---- */

static void an_order_has_each_row_once_and_the_matrix_stays_the_same(void **state)
{
    enum { SIDE = 17, ROWS = SIDE * SIDE, LINE = 16 };
    (void)state;
    for (int round = 0; round < 40; round++) {
        static char text[128 + ROWS * 3 * LINE], list[ROWS * 3 * LINE];
        static uint32_t order[ROWS], place[ROWS];
        const double chance = uniform(); /* a grid with edges missing falls into many pieces */
        size_t length = 0, entries = 0;
        for (uint32_t i = 0; i < ROWS; i++) {
            length += (size_t)sprintf(list + length, "%u %u %u\n", i + 1, i + 1, i + 1);
            entries++;
            for (uint32_t step = 1; step <= SIDE; step += SIDE - 1)
                if (i >= step && uniform() < chance) {
                    length += (size_t)sprintf(list + length, "%u %u -1\n", i + 1, i + 1 - step);
                    entries++;
                }
        }
        sprintf(text, "%%%%MatrixMarket matrix coordinate real symmetric\n%d %d %zu\n%s", ROWS,
                ROWS, entries, list);
        mtx_matrix m = read_text(text);
        mtx_fault fault;
        assert_true(dissection_find(&m, order));
        memset(place, 0xff, sizeof place);
        for (uint32_t k = 0; k < ROWS; k++) {
            assert_true(order[k] < ROWS && place[order[k]] == UINT32_MAX);
            place[order[k]] = k;
        }
        assert_true(mtx_permute(&m, order, &fault) && mtx_is_valid(&m));
        assert_int_equal(m.entries, entries);
        for (uint64_t i = 0; i < m.entries; i++)
            if (m.entry[i].row == m.entry[i].column)
                assert_true(m.entry[i].value == order[m.entry[i].row] + 1);
        assert_true(mtx_permute(&m, place, &fault)); /* and back */
        for (uint64_t i = 0; i < m.entries; i++) {
            const uint32_t apart = m.entry[i].row - m.entry[i].column;
            assert_true(apart == 0 || apart == 1 || apart == SIDE);
        }
        mtx_free(&m);
    }
}

/* ---- what is refused ---- */

static void assert_refused(const char *text, bool solve, const char *says)
{
    char whole[256];
    mtx_fault fault;
    dag d;
    snprintf(whole, sizeof whole, "%%%%MatrixMarket matrix coordinate %s", text);
    mtx_matrix m = read_text(whole);
    if (solve ? solve_dag(&m, &d, &fault) : elimination_prepare(&m, &fault))
        fail_msg("accepted: %s", text);
    if (!strstr(fault.text, says))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, fault.text, says);
    mtx_free(&m);
}

static void matrices_that_have_no_such_graph_are_refused(void **state)
{
    (void)state;
    assert_refused("real general\n2 3 1\n1 1 1\n", true, "2 rows and 3 columns");
    assert_refused("real general\n2 3 1\n1 1 1\n", false, "only a square matrix");
    assert_refused("real general\n0 0 0\n", true, "no rows");
    assert_refused("real general\n0 0 0\n", false, "no rows");
    assert_refused("real general\n2 2 1\n1 1 1\n", true, "row 2 has no entry on the diagonal");
    assert_refused("real general\n2 2 2\n1 1 1\n2 2 0\n", true, "row 2 has 0 on the diagonal");
    assert_refused("pattern general\n3 3 2\n1 1\n3 1\n", false, "row 2 and its column have no");
    assert_refused("pattern general\n9 9 1\n1 1\n", false,
                   "9 rows need at least 5 entries, but there are only 1");
    assert_refused("pattern general\n4294967294 4294967294 1\n1 1\n", false, "too many");
    assert_refused("pattern general\n1073741824 1073741824 1\n1 1\n", true, "row 2 has no entry");
    assert_refused("pattern general\n1073741824 1073741824 1\n1 1\n", false, "there are only 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_of_the_solve_needs_each_row_that_it_multiplies_with),
        cmocka_unit_test(the_tree_and_the_counts_are_those_of_the_filled_matrix),
        cmocka_unit_test(depth_width_work_and_span_are_those_of_the_longest_paths),
        cmocka_unit_test(a_chain_and_an_arrow_of_many_columns_take_no_longer_than_their_entries),
        cmocka_unit_test(an_order_has_each_row_once_and_the_matrix_stays_the_same),
        cmocka_unit_test(matrices_that_have_no_such_graph_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
