/* OpenBLAS, the tiles, and the check of the factor; see cholesky.h. */
#include "cholesky.h"

#ifdef BENCH_OPENBLAS

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- OpenBLAS ---- */

/* Of cblas.h. */
enum { COLUMNS = 102, PLAIN = 111, TRANSPOSED = 112, LOWER = 122, NON_UNIT = 131, RIGHT = 142 };

static struct {
    void (*set_num_threads)(int n);
    void (*dgemm)(int layout, int turn_a, int turn_b, int m, int n, int k, double alpha,
                  const double *a, int lda, const double *b, int ldb, double beta, double *c,
                  int ldc);
    void (*dsyrk)(int layout, int part, int turn, int n, int k, double alpha, const double *a,
                  int lda, double beta, double *c, int ldc);
    void (*dtrsm)(int layout, int side, int part, int turn, int diagonal, int m, int n,
                  double alpha, const double *a, int lda, double *b, int ldb);
    void (*dpotrf)(const char *part, const int *n, double *a, const int *lda, int *info,
                   size_t part_length);
} blas;

/* A pointer to a function, by way of memory: C has no conversion. */
static bool find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

bool cholesky_load(void)
{
    if (blas.dpotrf != NULL)
        return true;
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* or it starts threads when it is loaded */
    void *library = dlopen(BENCH_OPENBLAS, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL && find(library, "openblas_set_num_threads", &blas.set_num_threads) &&
        find(library, "cblas_dgemm", &blas.dgemm) && find(library, "cblas_dsyrk", &blas.dsyrk) &&
        find(library, "cblas_dtrsm", &blas.dtrsm) && find(library, "dpotrf_", &blas.dpotrf)) {
        blas.set_num_threads(1);
        return true;
    }
    fprintf(stderr, "cholesky: %s\n", dlerror());
    return false;
}

static void factorise(int n, double *a, int stride)
{
    int info;
    blas.dpotrf("L", &n, a, &stride, &info, 1);
    if (info != 0)
        abort(); /* the matrix is positive definite, so a task came too early */
}

void cholesky_by_lapack(const problem *p)
{
    factorise((int)p->size, p->a, (int)p->size);
}

void cholesky_multiply(uint64_t n, const double *a, const double *b, double *c)
{
    const int rows = (int)n;
    blas.dgemm(COLUMNS, PLAIN, TRANSPOSED, rows, rows, rows, -1, a, rows, b, rows, 1, c, rows);
}

/* ---- the tiles ---- */

/* What a task does to tile (i, j), i >= j, because of column k <= j of tiles. */
typedef struct step {
    uint16_t i, j, k;
} step;

typedef struct factorisation {
    double *a;
    int n, tile;
    step step[];
} factorisation;

static double *tile_at(const factorisation *f, int i, int j)
{
    return f->a + (size_t)j * (size_t)f->tile * (size_t)f->n + (size_t)i * (size_t)f->tile;
}

static void run_step(const dag *d, uint32_t task)
{
    const factorisation *f = d->data;
    const step s = f->step[task];
    double *target = tile_at(f, s.i, s.j);
    if (s.i == s.k)
        factorise(f->tile, target, f->n);
    else if (s.j == s.k)
        blas.dtrsm(COLUMNS, RIGHT, LOWER, TRANSPOSED, NON_UNIT, f->tile, f->tile, 1,
                   tile_at(f, s.k, s.k), f->n, target, f->n);
    else if (s.i == s.j)
        blas.dsyrk(COLUMNS, LOWER, PLAIN, f->tile, f->tile, -1, tile_at(f, s.i, s.k), f->n, 1,
                   target, f->n);
    else
        blas.dgemm(COLUMNS, PLAIN, TRANSPOSED, f->tile, f->tile, f->tile, -1, tile_at(f, s.i, s.k),
                   f->n, tile_at(f, s.j, s.k), f->n, 1, target, f->n);
}

/* Operations on a tile of n rows, in units of n³, and about how much slower than a product. */
static double cost_of(step s)
{
    if (s.i == s.k)
        return 1.0 / 3 * 4;
    if (s.j == s.k)
        return 1.5;
    return s.i == s.j ? 1.2 : 2;
}

/* The task that wrote a tile last, or none. */
enum { NOBODY = -1 };

typedef struct maker {
    dag *d;
    factorisation *f;
    int64_t *writer;
    uint64_t tiles;
} maker;

static bool add_edge_from(maker *m, uint64_t i, uint64_t j)
{
    const int64_t writer = m->writer[i * m->tiles + j];
    return writer == NOBODY || dag_add_edge(m->d, (uint32_t)writer);
}

static bool add_step(maker *m, uint64_t i, uint64_t j, uint64_t k)
{
    const uint32_t task = m->d->tasks;
    bool made = dag_add_task(m->d) && add_edge_from(m, i, j);
    if (i > k)
        made = made && add_edge_from(m, j == k ? k : i, k);
    if (i > j && j > k)
        made = made && add_edge_from(m, j, k);
    m->writer[i * m->tiles + j] = task;
    m->f->step[task] = (step){(uint16_t)i, (uint16_t)j, (uint16_t)k};
    m->d->cost_ns[task] = cost_of(m->f->step[task]) * 0.05 * pow(m->f->tile, 3);
    return made;
}

static bool add_all(maker *m)
{
    for (uint64_t k = 0; k < m->tiles; k++)
        for (uint64_t j = k; j < m->tiles; j++)
            for (uint64_t i = j; i < m->tiles; i++)
                if (!add_step(m, i, j, k))
                    return false;
    return true;
}

bool cholesky_make(dag *d, const problem *p)
{
    const uint64_t tiles = p->bytes == 0 ? 0 : p->size / p->bytes;
    const uint64_t steps = tiles * (tiles + 1) * (tiles + 2) / 6;
    if (tiles == 0 || tiles > UINT16_MAX || tiles * p->bytes != p->size || p->size > 100000) {
        fputs("cholesky: --size must be a multiple of --bytes, the rows of a tile\n", stderr);
        return false;
    }
    factorisation *f = malloc(sizeof *f + steps * sizeof *f->step);
    maker m = {d, f, malloc(tiles * tiles * sizeof *m.writer), tiles};
    d->data = f;
    d->cost_ns = malloc(steps * sizeof *d->cost_ns);
    bool made = f != NULL && m.writer != NULL && d->cost_ns != NULL;
    if (made) {
        *f = (factorisation){.a = p->a, .n = (int)p->size, .tile = (int)p->bytes};
        for (uint64_t i = 0; i < tiles * tiles; i++)
            m.writer[i] = NOBODY;
        d->kernel = run_step;
        made = add_all(&m);
    }
    free(m.writer);
    return made;
}

/* ---- the matrix ---- */

/* In [-1/2, 1/2); with the size on the diagonal such a matrix is positive definite. */
static double element(uint64_t n, uint64_t i, uint64_t j)
{
    uint64_t x = (i * n + j + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return i == j ? (double)n : (double)(x >> 11) * 0x1p-53 - 0.5;
}

void cholesky_reset(const problem *p)
{
    const uint64_t n = p->size;
    for (uint64_t j = 0; j < n; j++)
        for (uint64_t i = j; i < n; i++)
            p->a[j * n + i] = element(n, i, j);
}

/* y += A x for the matrix as it was, and z = L' x, in one way over the columns. */
static void multiply(const problem *p, const double *x, double *y, double *z)
{
    const uint64_t n = p->size;
    for (uint64_t j = 0; j < n; j++) {
        y[j] += element(n, j, j) * x[j];
        z[j] = p->a[j * n + j] * x[j];
        for (uint64_t i = j + 1; i < n; i++) {
            const double a = element(n, i, j);
            y[i] += a * x[j];
            y[j] += a * x[i];
            z[j] += p->a[j * n + i] * x[i];
        }
    }
}

uint64_t cholesky_check(const problem *p)
{
    const uint64_t n = p->size;
    double *x = calloc(3 * n, sizeof *x), *y = x + n, *z = x + 2 * n, worst = 0;
    if (x == NULL)
        return 0;
    for (uint64_t i = 0; i < n; i++)
        x[i] = element(n, n, i);
    multiply(p, x, y, z);
    for (uint64_t j = 0; j < n; j++)
        for (uint64_t i = j; i < n; i++)
            y[i] -= p->a[j * n + i] * z[j];
    for (uint64_t i = 0; i < n; i++)
        worst = fmax(worst, isfinite(y[i]) ? fabs(y[i]) : INFINITY);
    free(x);
    return worst <= 1e-12 * (double)n;
}

#else

bool cholesky_make(dag *d, const problem *p)
{
    (void)d, (void)p;
    return false;
}

bool cholesky_load(void)
{
    return false;
}

void cholesky_reset(const problem *p)
{
    (void)p;
}

uint64_t cholesky_check(const problem *p)
{
    return (void)p, 0;
}

#endif
