/* The Cholesky factorisation of a dense matrix by tiles, each task one call of BLAS or LAPACK on tiles,
 * by columns of tiles as LAPACK's is by columns.
 *
 * A factor is right if A x and L (L' x) agree for a random x. */
#include <stdlib.h>

#include "application.h"
#include "dense.h"
#include "openblas.h"
#include "tiles.h"

static void factorise(int n, double *a, int stride)
{
    int info;
    blas.dpotrf("L", &n, a, &stride, &info, 1);
    if (info != 0)
        abort(); /* the matrix is positive definite, so a task came too early */
}

void cholesky_by_lapack(const problem *p)
{
    const tiles *t = p->data;
    factorise(t->n, t->a, t->n);
}

void dense_multiply(uint64_t n, const double *a, const double *b, double *c)
{
    const int rows = (int)n;
    blas.dgemm(BLAS_COLUMNS, BLAS_PLAIN, BLAS_TRANSPOSED, rows, rows, rows, -1, a, rows, b, rows, 1,
               c, rows);
}

/* ---- the tasks ---- */

static void run_step(const dag *d, uint32_t task)
{
    const tiles *t = d->data;
    const step s = t->step[task];
    const int rows = tile_rows(t, s.i), columns = tile_rows(t, s.j), inner = tile_rows(t, s.k);
    double *target = tile_at(t, s.i, s.j);
    if (s.i == s.k)
        factorise(rows, target, t->n);
    else if (s.j == s.k)
        blas.dtrsm(BLAS_COLUMNS, BLAS_RIGHT, BLAS_LOWER, BLAS_TRANSPOSED, BLAS_NON_UNIT, rows,
                   columns, 1, tile_at(t, s.k, s.k), t->n, target, t->n);
    else if (s.i == s.j)
        blas.dsyrk(BLAS_COLUMNS, BLAS_LOWER, BLAS_PLAIN, rows, inner, -1, tile_at(t, s.i, s.k),
                   t->n, 1, target, t->n);
    else
        blas.dgemm(BLAS_COLUMNS, BLAS_PLAIN, BLAS_TRANSPOSED, rows, columns, inner, -1,
                   tile_at(t, s.i, s.k), t->n, tile_at(t, s.j, s.k), t->n, 1, target, t->n);
}

/* About as many operations of a product take as long, in units of tile³. */
static double cost_of(int i, int j, int k)
{
    if (i == k)
        return 1.0 / 3 * 4;
    if (j == k)
        return 1.5;
    return i == j ? 1.2 : 2;
}

static bool add_step(tiles *t, int i, int j, int k)
{
    const double size = t->tile;
    bool made = tiles_step(t, i, j, k, cost_of(i, j, k) * size * size * size) && tiles_use(t, i, j);
    if (i > k)
        made = made && tiles_use(t, j == k ? k : i, k);
    if (i > j && j > k)
        made = made && tiles_use(t, j, k);
    if (made)
        tiles_write(t, i, j);
    return made;
}

static bool make(dag *d, const problem *p)
{
    tiles *t = p->data;
    const uint64_t n = (uint64_t)t->count;
    bool made = tiles_begin(t, d, n * (n + 1) * (n + 2) / 6, run_step);
    for (int k = 0; made && k < t->count; k++)
        for (int j = k; made && j < t->count; j++)
            for (int i = j; made && i < t->count; i++)
                made = add_step(t, i, j, k);
    tiles_end(t);
    return made;
}

/* ---- the problem ---- */

static bool create(problem *p)
{
    return (p->data = tiles_create(p, true)) != NULL;
}

static void reset(const problem *p)
{
    tiles_reset(p->data);
}

/* z = L (L' x), in room for y. */
static void multiply_factor(const tiles *t, const double *x, double *y, double *z)
{
    const size_t n = (size_t)t->n;
    for (size_t j = 0; j < n; j++) {
        y[j] = z[j] = 0;
        for (size_t i = j; i < n; i++)
            y[j] += t->a[j * n + i] * x[i];
    }
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++)
            z[i] += t->a[j * n + i] * y[j];
}

static uint64_t check(const problem *p)
{
    const tiles *t = p->data;
    const size_t n = (size_t)t->n;
    double *x = malloc(3 * n * sizeof *x), *y = x + n, *z = x + 2 * n;
    if (x == NULL)
        return 0;
    tiles_draw(t, x);
    multiply_factor(t, x, y, z);
    tiles_multiply(t, x, y);
    const uint64_t agree = tiles_agree(t, y, z);
    free(x);
    return agree;
}

static void destroy(problem *p)
{
    tiles_destroy(p->data);
}

const application application_cholesky = {.name = "cholesky",
                                          .create = create,
                                          .make = make,
                                          .reset = reset,
                                          .check = check,
                                          .destroy = destroy};
