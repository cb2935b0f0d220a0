/* The LU factorisation of a dense matrix by tiles, with partial pivoting in panels: right-looking, as
 * LAPACK's dgetrf is by blocks of columns.
 *
 * Step k: its panel, which is column k of tiles from row k down, is factorised by LAPACK, and its
 * pivots are found; in each column of tiles to the right the rows change places, and a triangular
 * solve makes tile (k, j) of U; then each tile below it is one product.  To the left rows change
 * places at the end, all at once.
 *
 * A factor is right if P A x and L (U x) agree for a random x. The answer is made of the pivots, which
 * dgetrf on the whole matrix must find as well. */
#include <stdlib.h>

#include "application.h"
#include "dense.h"
#include "openblas.h"
#include "tiles.h"

/* Rows `first` to n of columns; pivots are counted from `first` as LAPACK has them. */
static void factorise(const tiles *t, int first, int columns)
{
    const int rows = t->n - first;
    int info, *pivot = t->pivot + first;
    blas.dgetrf(&rows, &columns, t->a + (size_t)first * (size_t)t->n + (size_t)first, &t->n, pivot,
                &info);
    for (int i = 0; i < columns; i++) /* from the matrix's first row */
        pivot[i] += first;
}

void lu_by_lapack(const problem *p)
{
    const tiles *t = p->data;
    factorise(t, 0, t->n);
}

/* ---- the tasks ---- */

/* What was done to rows `first` to `last` when they were pivots, to column j of tiles. */
static void swap_rows(const tiles *t, int j, int first, int last)
{
    const int columns = tile_rows(t, j), from = first + 1, forward = 1;
    blas.dlaswp(&columns, tile_at(t, 0, j), &t->n, &from, &last, t->pivot, &forward);
}

static void swap_and_solve(const tiles *t, int j, int k)
{
    const int first = k * t->tile, rows = tile_rows(t, k);
    swap_rows(t, j, first, first + rows);
    blas.dtrsm(BLAS_COLUMNS, BLAS_LEFT, BLAS_LOWER, BLAS_PLAIN, BLAS_UNIT, rows, tile_rows(t, j), 1,
               tile_at(t, k, k), t->n, tile_at(t, k, j), t->n);
}

static void run_step(const dag *d, uint32_t task)
{
    const tiles *t = d->data;
    const step s = t->step[task];
    if (s.i > s.k)
        blas.dgemm(BLAS_COLUMNS, BLAS_PLAIN, BLAS_PLAIN, tile_rows(t, s.i), tile_rows(t, s.j),
                   tile_rows(t, s.k), -1, tile_at(t, s.i, s.k), t->n, tile_at(t, s.k, s.j), t->n, 1,
                   tile_at(t, s.i, s.j), t->n);
    else if (s.j > s.k)
        swap_and_solve(t, s.j, s.k);
    else if (s.j == s.k)
        factorise(t, s.k * t->tile, tile_rows(t, s.k));
    else /* the last one, k, has the pivots of all that came after column j */
        swap_rows(t, s.j, (s.j + 1) * t->tile, t->n);
}

/* A panel, or a column of tiles whose rows change places: rows k and below. */
static bool add_column(tiles *t, int j, int k, double operations)
{
    bool made = tiles_step(t, k, j, k, operations);
    if (j > k)
        made = made && tiles_use(t, k, k);
    for (int i = k; made && i < t->count; i++)
        made = tiles_use(t, i, j);
    for (int i = k; made && i < t->count; i++)
        tiles_write(t, i, j);
    return made;
}

static bool add_product(tiles *t, int i, int j, int k, double operations)
{
    const bool made = tiles_step(t, i, j, k, operations) && tiles_use(t, k, j);
    if (made)
        tiles_write(t, i, j);
    return made; /* the solve of (k, j) came after the panel, and after all that wrote (i, j) */
}

/* Operations at the speed of a product: a panel is about half as fast, swaps take a third of the solve. */
static bool add_steps(tiles *t, int k)
{
    const double tile = t->tile, cube = tile * tile * tile;
    bool made = add_column(t, k, k, 2 * (t->count - k) * cube);
    for (int j = k + 1; made && j < t->count; j++)
        made = add_column(t, j, k, 2 * cube);
    for (int j = k + 1; made && j < t->count; j++)
        for (int i = k + 1; made && i < t->count; i++)
            made = add_product(t, i, j, k, 2 * cube);
    return made;
}

static bool make(dag *d, const problem *p)
{
    tiles *t = p->data;
    const uint64_t n = (uint64_t)t->count;
    bool made = tiles_begin(t, d, n + n * n + n * n * n / 3, run_step);
    for (int k = 0; made && k < t->count; k++)
        made = add_steps(t, k);
    for (int j = 0; made && j < t->count - 1;
         j++) /* the last panel comes after all that read these */
        made = tiles_step(t, t->count - 1, j, t->count - 1, 0) &&
               tiles_use(t, t->count - 1, t->count - 1);
    tiles_end(t);
    return made;
}

/* ---- the problem ---- */

static bool create(problem *p)
{
    return (p->data = tiles_create(p, false)) != NULL;
}

static void reset(const problem *p)
{
    tiles_reset(p->data);
}

/* z = L (U x), in room for y. */
static void multiply_factors(const tiles *t, const double *x, double *y, double *z)
{
    const size_t n = (size_t)t->n;
    for (size_t j = 0; j < n; j++) {
        y[j] = z[j] = 0;
        for (size_t i = 0; i <= j; i++)
            y[i] += t->a[j * n + i] * x[j];
    }
    for (size_t j = 0; j < n; j++) {
        z[j] += y[j];
        for (size_t i = j + 1; i < n; i++)
            z[i] += t->a[j * n + i] * y[j];
    }
}

static void permute(const tiles *t, double *y)
{
    for (int i = 0; i < t->n; i++) {
        const double other = y[t->pivot[i] - 1];
        y[t->pivot[i] - 1] = y[i];
        y[i] = other;
    }
}

static bool pivots_are_rows(const tiles *t)
{
    for (int i = 0; i < t->n; i++)
        if (t->pivot[i] <= i || t->pivot[i] > t->n)
            return false;
    return true;
}

static uint64_t digest_pivots(const tiles *t)
{
    uint64_t sum = 1;
    for (int i = 0; i < t->n; i++)
        sum = (sum ^ (uint64_t)t->pivot[i]) * 0x100000001b3u;
    return sum;
}

static uint64_t check(const problem *p)
{
    const tiles *t = p->data;
    const size_t n = (size_t)t->n;
    double *x = malloc(3 * n * sizeof *x), *y = x + n, *z = x + 2 * n;
    if (x == NULL || !pivots_are_rows(t)) {
        free(x);
        return 0;
    }
    tiles_draw(t, x);
    multiply_factors(t, x, y, z);
    tiles_multiply(t, x, y);
    permute(t, y);
    const uint64_t agree = tiles_agree(t, y, z);
    free(x);
    return agree ? digest_pivots(t) : 0;
}

static void destroy(problem *p)
{
    tiles_destroy(p->data);
}

const application application_lu = {.name = "lu",
                                    .create = create,
                                    .make = make,
                                    .reset = reset,
                                    .check = check,
                                    .destroy = destroy};
