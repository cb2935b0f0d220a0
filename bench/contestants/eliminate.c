/* The sparse Cholesky factorisation, as `weir graph --eliminate` has it: a task for each column, which
 * comes after its children in the elimination tree.
 *
 * A factor is right if A x and L (L' x) agree for a random x; in the checked run it is compared with
 * that of CXSparse's cs_chol as well, entry by entry. */
#include "eliminate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "application.h"
#include "cxsparse.h"
#include "multifrontal.h"

typedef struct sparse_cholesky {
    mtx_matrix a; /* in the order of the factorisation */
    multifrontal *f;
#ifdef BENCH_CXSPARSE
    by_columns upper; /* of A; empty until the library is asked for */
    struct cs_symbolic *symbolic;
    cs_numeric *numeric; /* the library's result, in place of ours where there is one */
#endif
} sparse_cholesky;

/* ---- the tasks ---- */

static void run_columns(const dag *d, const uint32_t *task, uint32_t n)
{
    if (!multifrontal_run(d->data, task, n))
        abort(); /* which has been said */
}

static void run_column(const dag *d, uint32_t task)
{
    run_columns(d, &task, 1);
}

static bool make(dag *d, const problem *p)
{
    sparse_cholesky *s = p->data;
    const uint32_t columns = multifrontal_columns(s->f);
    d->data = s->f;
    d->kernel = run_column;
    d->several = run_columns;
    d->cost_ns = malloc(columns * sizeof *d->cost_ns);
    if (d->cost_ns == NULL)
        return false;
    for (uint32_t j = 0; j < columns; j++) {
        const uint32_t *child, children = multifrontal_children(s->f, j, &child);
        d->cost_ns[j] = multifrontal_work(s->f, j);
        if (!dag_add_task(d))
            return false;
        for (uint32_t i = 0; i < children; i++)
            if (!dag_add_edge(d, child[i]))
                return false;
    }
    return true;
}

/* ---- the library ---- */

#ifdef BENCH_CXSPARSE

/* The lower triangle by rows is the upper one by columns. */
static bool make_upper(const mtx_matrix *m, by_columns *c)
{
    *c = (by_columns){.columns = (int)m->columns,
                      .first = calloc((size_t)m->columns + 1, sizeof *c->first),
                      .row = malloc(m->entries * sizeof *c->row),
                      .value = malloc(m->entries * sizeof *c->value)};
    if (c->first == NULL || c->row == NULL || c->value == NULL)
        return false;
    for (uint64_t e = 0; e < m->entries; e++) {
        c->first[m->entry[e].row + 1]++;
        c->row[e] = (int)m->entry[e].column;
        c->value[e] = m->entry[e].value;
    }
    for (uint32_t j = 0; j < m->columns; j++)
        c->first[j + 1] += c->first[j];
    return true;
}

void eliminate_prepare_library(const problem *p)
{
    sparse_cholesky *s = p->data;
    if (s->symbolic != NULL)
        return;
    if (!cxsparse_load() || !make_upper(&s->a, &s->upper))
        exit(1);
    const cs_di a = cs_of(&s->upper);
    s->symbolic = cs.schol(0, &a); /* in the order that the matrix has */
    if (s->symbolic == NULL)
        exit(1);
}

void eliminate_by_library(const problem *p)
{
    sparse_cholesky *s = p->data;
    const cs_di a = cs_of(&s->upper);
    cs.nfree(s->numeric);
    s->numeric = cs.chol(&a, s->symbolic);
}

static void free_library(sparse_cholesky *s)
{
    if (s->symbolic == NULL)
        return;
    cs.nfree(s->numeric);
    cs.sfree(s->symbolic);
    by_columns_free(&s->upper);
}

/* Columns have the same rows, and values no more apart than an ill-conditioned matrix makes them. */
static bool column_agrees(const sparse_cholesky *s, const cs_di *l, uint32_t j)
{
    const uint32_t *row;
    const double *value;
    const uint32_t count = multifrontal_column(s->f, j, &row, &value);
    const int first = l->p[j];
    double largest = 0;
    if ((uint32_t)(l->p[j + 1] - first) != count)
        return false;
    for (uint32_t e = 0; e < count; e++)
        largest = fmax(largest, fabs(value[e]));
    for (uint32_t e = 0; e < count; e++)
        if ((uint32_t)l->i[first + (int)e] != row[e] ||
            !(fabs(l->x[first + (int)e] - value[e]) <= 1e-6 * largest))
            return false;
    return true;
}

static bool library_agrees(const problem *p)
{
    sparse_cholesky *s = p->data;
    eliminate_prepare_library(p);
    eliminate_by_library(p);
    bool good = s->numeric != NULL;
    for (uint32_t j = 0; good && j < multifrontal_columns(s->f); j++)
        good = column_agrees(s, s->numeric->l, j);
    cs.nfree(s->numeric);
    s->numeric = NULL;
    return good;
}

#endif

/* ---- the problem ---- */

static void destroy(problem *p)
{
    sparse_cholesky *s = p->data;
#ifdef BENCH_CXSPARSE
    free_library(s);
#endif
    multifrontal_destroy(s->f);
    mtx_free(&s->a);
    free(s);
}

static bool create(problem *p)
{
    sparse_cholesky *s = p->data = calloc(1, sizeof *s);
    if (s == NULL)
        return false;
    if (matrix_create(p->matrix, p->size, p->depth, &s->a) &&
        (s->f = multifrontal_create(&s->a)) != NULL)
        return true;
    destroy(p);
    p->data = NULL;
    return false;
}

static void reset(const problem *p)
{
    const sparse_cholesky *s = p->data;
    multifrontal_reset(s->f);
}

/* ---- the check ---- */

/* The tasks' factor, or the library's where that has taken its place. */
static uint32_t column_of(const sparse_cholesky *s, uint32_t j, const uint32_t **row,
                          const double **value)
{
#ifdef BENCH_CXSPARSE
    if (s->numeric != NULL) {
        const cs_di *l = s->numeric->l;
        *row = (const uint32_t *)l->i + l->p[j]; /* none is below 0 */
        *value = l->x + l->p[j];
        return (uint32_t)(l->p[j + 1] - l->p[j]);
    }
#endif
    return multifrontal_column(s->f, j, row, value);
}

/* z = L (L' x), for z of zeros. */
static void multiply_factor(const sparse_cholesky *s, const double *x, double *z)
{
    const uint32_t *row;
    const double *value;
    for (uint32_t j = 0; j < s->a.columns; j++) {
        const uint32_t count = column_of(s, j, &row, &value);
        double sum = 0;
        for (uint32_t e = 0; e < count; e++)
            sum += value[e] * x[row[e]];
        for (uint32_t e = 0; e < count; e++)
            z[row[e]] += value[e] * sum;
    }
}

/* z -= A x; size += |A| |x|. */
static void subtract_matrix(const mtx_matrix *a, const double *x, double *z, double *size)
{
    for (uint64_t e = 0; e < a->entries; e++) {
        const mtx_entry *entry = &a->entry[e];
        z[entry->row] -= entry->value * x[entry->column];
        size[entry->row] += fabs(entry->value * x[entry->column]);
        if (entry->row == entry->column)
            continue;
        z[entry->column] -= entry->value * x[entry->row];
        size[entry->column] += fabs(entry->value * x[entry->row]);
    }
}

static bool factor_multiplies(const sparse_cholesky *s)
{
    const size_t n = s->a.columns;
    double *x = calloc(3 * n, sizeof *x), *z = x + n, *size = x + 2 * n, worst = 0, largest = 0;
    if (x == NULL)
        return false;
    for (size_t i = 0; i < n; i++) /* from 1 to 2 */
        x[i] = 1 + (double)((uint32_t)i * UINT32_C(2654435761)) * 0x1p-32;
    multiply_factor(s, x, z);
    subtract_matrix(&s->a, x, z, size);
    for (size_t i = 0; i < n; i++) {
        worst = fmax(worst, isfinite(z[i]) ? fabs(z[i]) : INFINITY);
        largest = fmax(largest, size[i]);
    }
    free(x);
    return worst <= 1e-13 * largest;
}

/* The entries of the factor, for a right one. */
static uint64_t check(const problem *p)
{
    const sparse_cholesky *s = p->data;
    bool good = factor_multiplies(s);
#ifdef BENCH_CXSPARSE
    good = good && (s->numeric != NULL || !p->checked || library_agrees(p));
#endif
    return good ? multifrontal_entries(s->f) : 0;
}

const application application_eliminate = {.name = "eliminate",
                                           .create = create,
                                           .make = make,
                                           .reset = reset,
                                           .check = check,
                                           .destroy = destroy};
