/* The sparse triangular solve, L x = b by forward substitution: a task for each row, which comes after
 * those whose unknowns it needs. A row takes some nanoseconds.
 *
 * solve: L is the lower triangle of the matrix.  solve-factor: its Cholesky factor.
 * A result is right if each row's residual is what the rounding of that row explains; a row that was
 * solved too early has used a NaN. Against CXSparse's cs_lsolve it is compared in the checked run. */
#include "triangular.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "application.h"
#include "cxsparse.h"
#include "matrix.h"

typedef struct triangular {
    lower l;
    double *b, *x;
    by_columns columns; /* of the same, for the library; empty until it is asked for */
} triangular;

/* ---- the tasks ---- */

static inline void solve_row(const triangular *t, uint32_t i)
{
    const lower *l = &t->l;
    double rest = t->b[i];
    for (uint64_t e = l->first[i]; e < l->first[i + 1]; e++)
        rest -= l->value[e] * t->x[l->column[e]];
    t->x[i] = rest / l->diagonal[i];
}

static void run_row(const dag *d, uint32_t task)
{
    solve_row(d->data, task);
}

static void run_rows(const dag *d, const uint32_t *task, uint32_t n)
{
    const triangular *t = d->data;
    for (uint32_t i = 0; i < n; i++)
        solve_row(t, task[i]);
}

static void run_all(const dag *d)
{
    const triangular *t = d->data;
    for (uint32_t i = 0; i < t->l.rows; i++)
        solve_row(t, i);
}

static bool make(dag *d, const problem *p)
{
    triangular *t = p->data;
    d->data = t;
    d->kernel = run_row;
    d->several = run_rows;
    d->all = run_all;
    return dag_make_rows(d, t->l.rows, t->l.first, t->l.column);
}

/* ---- the problem ---- */

static void destroy(problem *p)
{
    triangular *t = p->data;
    lower_free(&t->l);
    by_columns_free(&t->columns);
    free(t->b);
    free(t->x);
    free(t);
}

/* Fills an empty triangle. */
static bool make_triangle(const problem *p, lower *l)
{
    mtx_matrix m;
    if (!matrix_create(p->matrix, p->size, p->depth, &m))
        return false;
    const bool factor = strcmp(p->name, "solve-factor") == 0;
    const bool made = factor ? lower_factor_of(&m, l) : lower_of(&m, l);
    mtx_free(&m);
    return made;
}

static bool create(problem *p)
{
    triangular *t = p->data = calloc(1, sizeof *t);
    if (t == NULL)
        return false;
    const bool made = make_triangle(p, &t->l);
    t->b = malloc(t->l.rows * sizeof *t->b + 1);
    t->x = malloc(t->l.rows * sizeof *t->x + 1);
    if (made && t->b != NULL && t->x != NULL) {
        for (uint32_t i = 0; i < t->l.rows; i++) /* from 1 to 2 */
            t->b[i] = 1 + (double)(i * UINT32_C(2654435761)) * 0x1p-32;
        return true;
    }
    destroy(p);
    p->data = NULL;
    return false;
}

triangle triangular_of(const problem *p)
{
    const triangular *t = p->data;
    return (triangle){.rows = t->l.rows,
                      .first = t->l.first,
                      .column = t->l.column,
                      .value = t->l.value,
                      .diagonal = t->l.diagonal,
                      .b = t->b,
                      .x = t->x};
}

static void reset(const problem *p)
{
    const triangular *t = p->data;
    for (uint32_t i = 0; i < t->l.rows; i++)
        t->x[i] = NAN;
}

/* ---- the check ---- */

/* Of row i: what x leaves of b, and how much of that rounding explains (Higham, "Accuracy and Stability
 * of Numerical Algorithms", theorem 8.5, twice for good measure). */
static double residual_of(const triangular *t, uint32_t i, const double *x, double *explained)
{
    const lower *l = &t->l;
    double rest = t->b[i] - l->diagonal[i] * x[i];
    double size = fabs(t->b[i]) + fabs(l->diagonal[i] * x[i]);
    for (uint64_t e = l->first[i]; e < l->first[i + 1]; e++) {
        rest -= l->value[e] * x[l->column[e]];
        size += fabs(l->value[e] * x[l->column[e]]);
    }
    *explained = 2 * DBL_EPSILON * (double)(l->first[i + 1] - l->first[i] + 2) * size;
    return rest;
}

static bool solves(const triangular *t, const double *x)
{
    double explained;
    for (uint32_t i = 0; i < t->l.rows; i++)
        if (!(fabs(residual_of(t, i, x, &explained)) <= explained))
            return false;
    return true;
}

#ifdef BENCH_CXSPARSE

void triangular_prepare_library(const problem *p)
{
    triangular *t = p->data;
    if (t->columns.first == NULL && (!cxsparse_load() || !lower_by_columns(&t->l, &t->columns)))
        exit(1);
}

static void solve_by_library(const triangular *t, double *x)
{
    const cs_di l = cs_of(&t->columns);
    memcpy(x, t->b, t->l.rows * sizeof *x);
    cs.lsolve(&l, x);
}

void triangular_by_library(const problem *p)
{
    const triangular *t = p->data;
    solve_by_library(t, t->x);
}

/* Two results of one triangle differ in row i at most by what rounding in that row explains, and by what
 * comes down from rows before, all with the same sign. */
static bool agree(const triangular *t, const double *y)
{
    const lower *l = &t->l;
    double *apart = malloc(l->rows * sizeof *apart);
    bool good = apart != NULL;
    for (uint32_t i = 0; good && i < l->rows; i++) {
        double explained, sum;
        residual_of(t, i, t->x, &explained);
        sum = 2 * explained;
        for (uint64_t e = l->first[i]; e < l->first[i + 1]; e++)
            sum += fabs(l->value[e]) * apart[l->column[e]];
        apart[i] = sum / fabs(l->diagonal[i]);
        good = fabs(t->x[i] - y[i]) <= apart[i];
    }
    free(apart);
    return good;
}

static bool library_agrees(const problem *p)
{
    const triangular *t = p->data;
    triangular_prepare_library(p);
    double *y = malloc(t->l.rows * sizeof *y);
    if (y == NULL)
        return false;
    solve_by_library(t, y);
    const bool good = agree(t, y);
    free(y);
    return good;
}

#else

static bool library_agrees(const problem *p)
{
    (void)p;
    return true;
}

#endif

/* The entries of the triangle, for a solution. */
static uint64_t check(const problem *p)
{
    const triangular *t = p->data;
    const bool good = solves(t, t->x) && (!p->checked || library_agrees(p));
    return good ? t->l.first[t->l.rows] + t->l.rows : 0;
}

const application application_solve = {.name = "solve",
                                       .create = create,
                                       .make = make,
                                       .reset = reset,
                                       .check = check,
                                       .destroy = destroy};

const application application_solve_factor = {.name = "solve-factor",
                                              .create = create,
                                              .make = make,
                                              .reset = reset,
                                              .check = check,
                                              .destroy = destroy};
