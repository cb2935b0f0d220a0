/* The incomplete Cholesky factorisation without fill, IC(0): A = L L' in the places where A has entries,
 * and L has none elsewhere.  A task for each row, which comes after the rows of its entries. A row takes
 * some ten nanoseconds.
 *
 * A factor is right if it is the one that independent code has found, which goes by columns and to the
 * right, and if L L' is A on A's pattern; a row that was computed too early has used a NaN.  Where a
 * pivot would not be positive, the diagonal is enlarged first: Manteuffel, "An incomplete factorization
 * technique for positive definite linear systems", Math. Comp. 34 (1980). */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "application.h"
#include "matrix.h"

/* All arrays of values stand as A's entries do. */
typedef struct incomplete {
    lower a;
    double *value, *diagonal;             /* of L */
    double *right_value, *right_diagonal; /* as the independent code has found it */
} incomplete;

/* ---- the tasks ---- */

/* Of row i and row k of L the products in the columns that both have: from entry `at` to `end` of row i. */
static inline double multiply_rows(const incomplete *f, uint64_t at, uint64_t end, uint32_t k)
{
    const uint32_t *column = f->a.column;
    uint64_t other = f->a.first[k];
    const uint64_t other_end = f->a.first[k + 1];
    double sum = 0;
    while (at < end && other < other_end)
        if (column[at] == column[other])
            sum += f->value[at++] * f->value[other++];
        else if (column[at] < column[other])
            at++;
        else
            other++;
    return sum;
}

static inline void factorise_row(const incomplete *f, uint32_t i)
{
    const lower *a = &f->a;
    double rest = a->diagonal[i];
    for (uint64_t e = a->first[i]; e < a->first[i + 1]; e++) {
        const uint32_t k = a->column[e];
        const double value = (a->value[e] - multiply_rows(f, a->first[i], e, k)) / f->diagonal[k];
        f->value[e] = value;
        rest -= value * value;
    }
    f->diagonal[i] = sqrt(rest);
}

static void run_row(const dag *d, uint32_t task)
{
    factorise_row(d->data, task);
}

static void run_rows(const dag *d, const uint32_t *task, uint32_t n)
{
    const incomplete *f = d->data;
    for (uint32_t i = 0; i < n; i++)
        factorise_row(f, task[i]);
}

static void run_all(const dag *d)
{
    const incomplete *f = d->data;
    for (uint32_t i = 0; i < f->a.rows; i++)
        factorise_row(f, i);
}

static bool make(dag *d, const problem *p)
{
    incomplete *f = p->data;
    d->data = f;
    d->kernel = run_row;
    d->several = run_rows;
    d->all = run_all;
    return dag_make_rows(d, f->a.rows, f->a.first, f->a.column);
}

/* ---- the independent code: each column takes its products off the columns to the right ---- */

/* Takes entries e … end - 1 of a column, times `factor`, off those of column j in the same rows, where
 * it has such. */
static void subtract(const by_columns *c, int e, int end, double factor, int j)
{
    for (int at = c->first[j]; e < end && at < c->first[j + 1];)
        if (c->row[e] == c->row[at])
            c->value[at++] -= factor * c->value[e++];
        else if (c->row[e] < c->row[at])
            e++;
        else
            at++;
}

/* A becomes L. False where a pivot is not positive. */
static bool factorise_columns(const by_columns *c)
{
    for (int k = 0; k < c->columns; k++) {
        const int first = c->first[k], end = c->first[k + 1];
        if (!(c->value[first] > 0))
            return false;
        c->value[first] = sqrt(c->value[first]);
        for (int e = first + 1; e < end; e++)
            c->value[e] /= c->value[first];
        for (int e = first + 1; e < end; e++)
            subtract(c, e, end, c->value[e], c->row[e]);
    }
    return true;
}

/* From columns to rows: the rows of a column rise. */
static void keep(const incomplete *f, const by_columns *c, int *next)
{
    memcpy(next, c->first, (size_t)c->columns * sizeof *next);
    for (uint32_t i = 0; i < f->a.rows; i++) {
        f->right_diagonal[i] = c->value[next[i]++];
        for (uint64_t e = f->a.first[i]; e < f->a.first[i + 1]; e++)
            f->right_value[e] = c->value[next[f->a.column[e]]++];
    }
}

/* 1 keeps going with a larger diagonal, 0 has found it, less has no memory. */
static int find_right(incomplete *f)
{
    by_columns c;
    if (!lower_by_columns(&f->a, &c))
        return -1;
    int *next = malloc((size_t)f->a.rows * sizeof *next);
    const bool positive = factorise_columns(&c);
    if (positive && next != NULL)
        keep(f, &c, next);
    by_columns_free(&c);
    free(next);
    return next == NULL ? -1 : !positive;
}

/* Shifts of 0, 0.001, 0.002, 0.004, … of the diagonal. */
static bool enlarge_and_find(incomplete *f)
{
    double so_far = 1, shift = 0.001;
    int more;
    while ((more = find_right(f)) > 0 && shift < 100) {
        for (uint32_t i = 0; i < f->a.rows; i++)
            f->a.diagonal[i] *= (1 + shift) / so_far;
        so_far = 1 + shift;
        shift *= 2;
    }
    if (more != 0)
        fputs("incomplete: no memory, or the diagonal is not positive\n", stderr);
    return more == 0;
}

/* ---- the problem ---- */

static void destroy(problem *p)
{
    incomplete *f = p->data;
    lower_free(&f->a);
    free(f->value);
    free(f->diagonal);
    free(f->right_value);
    free(f->right_diagonal);
    free(f);
}

static bool make_matrix(const problem *p, lower *a)
{
    mtx_matrix m;
    bool made = false;
    if (!matrix_create(p->matrix, p->size, p->depth, &m))
        return false;
    if (m.symmetry == MTX_SYMMETRIC && m.field != MTX_COMPLEX)
        made = lower_of(&m, a);
    else
        fprintf(stderr, "incomplete: %s: it must be a symmetric real matrix\n", p->matrix);
    mtx_free(&m);
    return made;
}

static bool make_room(incomplete *f)
{
    const uint64_t below = f->a.first[f->a.rows];
    f->value = malloc(below * sizeof(double) + 1);
    f->diagonal = malloc(f->a.rows * sizeof(double));
    f->right_value = malloc(below * sizeof(double) + 1);
    f->right_diagonal = malloc(f->a.rows * sizeof(double));
    return f->value != NULL && f->diagonal != NULL && f->right_value != NULL &&
           f->right_diagonal != NULL;
}

static bool create(problem *p)
{
    incomplete *f = p->data = calloc(1, sizeof *f);
    if (f == NULL)
        return false;
    if (make_matrix(p, &f->a) && make_room(f) && enlarge_and_find(f))
        return true;
    destroy(p);
    p->data = NULL;
    return false;
}

static void reset(const problem *p)
{
    const incomplete *f = p->data;
    for (uint64_t e = 0; e < f->a.first[f->a.rows]; e++)
        f->value[e] = NAN;
    for (uint32_t i = 0; i < f->a.rows; i++)
        f->diagonal[i] = NAN;
}

/* ---- the check ---- */

/* No entry of a row of L is greater than the root of A's diagonal there. */
static bool row_is_right(const incomplete *f, uint32_t i)
{
    const double allowed = 1e-10 * sqrt(f->a.diagonal[i]);
    bool good = fabs(f->diagonal[i] - f->right_diagonal[i]) <= allowed;
    for (uint64_t e = f->a.first[i]; e < f->a.first[i + 1]; e++)
        good = good && fabs(f->value[e] - f->right_value[e]) <= allowed;
    return good;
}

/* L L' is A in the places of row i but for rounding: the products of two rows are at most the roots of
 * both diagonals (Cauchy, Schwarz). */
static bool row_multiplies(const incomplete *f, uint32_t i)
{
    const lower *a = &f->a;
    const uint64_t first = a->first[i], end = a->first[i + 1];
    const double unit = 4 * DBL_EPSILON * (double)(end - first + 2);
    double rest = a->diagonal[i] - f->diagonal[i] * f->diagonal[i];
    bool good = true;
    for (uint64_t e = first; e < end; e++) {
        const uint32_t k = a->column[e];
        const double left =
            a->value[e] - multiply_rows(f, first, e, k) - f->value[e] * f->diagonal[k];
        good = good && fabs(left) <= unit * sqrt(a->diagonal[i] * a->diagonal[k]);
        rest -= f->value[e] * f->value[e];
    }
    return good && fabs(rest) <= unit * a->diagonal[i];
}

/* The entries of the factor, for a right one. */
static uint64_t check(const problem *p)
{
    const incomplete *f = p->data;
    for (uint32_t i = 0; i < f->a.rows; i++)
        if (!row_is_right(f, i) || (p->checked && !row_multiplies(f, i)))
            return 0;
    return f->a.first[f->a.rows] + f->a.rows;
}

const application application_incomplete = {.name = "incomplete",
                                            .create = create,
                                            .make = make,
                                            .reset = reset,
                                            .check = check,
                                            .destroy = destroy};
