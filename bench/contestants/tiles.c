/* The matrix as it was, and who wrote a tile last; see tiles.h. */
#include "tiles.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "openblas.h"

/* ---- the matrix ---- */

/* In [-1/2, 1/2). */
static double draw(uint64_t i, uint64_t j, uint64_t n)
{
    uint64_t x = (i * n + j + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return (double)(x >> 11) * 0x1p-53 - 0.5;
}

/* With its size on the diagonal a symmetric one is positive definite. */
static double element(const tiles *t, int i, int j)
{
    const bool diagonal = t->symmetric && i == j;
    return diagonal ? t->n : draw((uint64_t)i, (uint64_t)j, (uint64_t)t->n);
}

static bool load_file(tiles *t, const char *path)
{
    mtx_fault fault;
    if (!mtx_load(path, &t->file, &fault)) {
        fprintf(stderr, "%s: %s\n", path, fault.text);
        return false;
    }
    const mtx_matrix *m = &t->file;
    if (m->rows != m->columns || m->rows == 0 || m->rows > 100000 || m->field == MTX_COMPLEX ||
        m->field == MTX_PATTERN || (m->symmetry != MTX_SYMMETRIC && m->symmetry != MTX_GENERAL) ||
        (t->symmetric && m->symmetry != MTX_SYMMETRIC)) {
        fprintf(stderr, "%s: it must be a square real matrix of at most 100000 rows%s\n", path,
                t->symmetric ? ", symmetric and positive definite" : ", symmetric or general");
        return false;
    }
    t->n = (int)m->rows;
    for (uint64_t e = 0; e < m->entries; e++)
        t->largest = fmax(t->largest, fabs(m->entry[e].value));
    return true;
}

static bool find_size(tiles *t, const problem *p)
{
    if (p->bytes == 0 || p->bytes > 10000 ||
        (p->matrix == NULL && (p->size == 0 || p->size > 100000))) {
        fprintf(stderr,
                "%s: --size must be from 1 to 100000, and --bytes, the rows of a tile, from "
                "1 to 10000\n",
                p->name);
        return false;
    }
    if (p->matrix != NULL && !load_file(t, p->matrix))
        return false;
    if (p->matrix == NULL) {
        t->n = (int)p->size;
        t->largest = t->symmetric ? t->n : 0.5;
    }
    t->tile = (int)p->bytes;
    t->count = (t->n + t->tile - 1) / t->tile;
    return true;
}

tiles *tiles_create(const problem *p, bool symmetric)
{
    tiles *t = openblas_load() ? calloc(1, sizeof *t) : NULL;
    if (t == NULL)
        return NULL;
    t->symmetric = symmetric;
    if (find_size(t, p)) {
        const size_t n = (size_t)t->n, bytes = (n * n * sizeof *t->a + 4095) / 4096 * 4096;
        t->a = aligned_alloc(4096, bytes);
        t->pivot = malloc(n * sizeof *t->pivot);
        if (t->a != NULL && t->pivot != NULL) {
            memset(t->a, 0, bytes);
            return t;
        }
        fprintf(stderr, "%s: no memory for %d rows\n", p->name, t->n);
    }
    tiles_destroy(t);
    return NULL;
}

void tiles_destroy(tiles *t)
{
    if (t == NULL)
        return;
    mtx_free(&t->file);
    free(t->a);
    free(t->pivot);
    free(t->step);
    free(t->writer);
    free(t);
}

static void reset_from_file(const tiles *t)
{
    const mtx_matrix *m = &t->file;
    const size_t n = (size_t)t->n;
    memset(t->a, 0, n * n * sizeof *t->a);
    for (uint64_t e = 0; e < m->entries; e++) {
        const mtx_entry *entry = &m->entry[e];
        t->a[entry->column * n + entry->row] = entry->value;
        if (m->symmetry == MTX_SYMMETRIC && !t->symmetric)
            t->a[entry->row * n + entry->column] = entry->value;
    }
}

void tiles_reset(const tiles *t)
{
    const size_t n = (size_t)t->n;
    if (t->file.entry != NULL) {
        reset_from_file(t);
        return;
    }
    for (int j = 0; j < t->n; j++)
        for (int i = t->symmetric ? j : 0; i < t->n; i++)
            t->a[(size_t)j * n + (size_t)i] = element(t, i, j);
}

static void multiply_file(const mtx_matrix *m, const double *x, double *y)
{
    for (uint64_t e = 0; e < m->entries; e++) {
        const mtx_entry *entry = &m->entry[e];
        y[entry->row] += entry->value * x[entry->column];
        if (m->symmetry == MTX_SYMMETRIC && entry->row != entry->column)
            y[entry->column] += entry->value * x[entry->row];
    }
}

void tiles_multiply(const tiles *t, const double *x, double *y)
{
    for (int i = 0; i < t->n; i++)
        y[i] = 0;
    if (t->file.entry != NULL) {
        multiply_file(&t->file, x, y);
        return;
    }
    for (int j = 0; j < t->n; j++)
        for (int i = t->symmetric ? j : 0; i < t->n; i++) {
            const double a = element(t, i, j);
            y[i] += a * x[j];
            if (t->symmetric && i != j)
                y[j] += a * x[i];
        }
}

/* ---- the check ---- */

void tiles_draw(const tiles *t, double *x)
{
    for (int i = 0; i < t->n; i++)
        x[i] = draw((uint64_t)t->n, (uint64_t)i, (uint64_t)t->n);
}

uint64_t tiles_agree(const tiles *t, const double *y, const double *z)
{
    double worst = 0;
    for (int i = 0; i < t->n; i++)
        worst = fmax(worst, isfinite(y[i] - z[i]) ? fabs(y[i] - z[i]) : INFINITY);
    return worst <= 1e-13 * t->n * t->largest;
}

/* ---- the graph ---- */

bool tiles_begin(tiles *t, dag *d, uint64_t steps_most, void (*run)(const dag *d, uint32_t task))
{
    const uint64_t all = (uint64_t)t->count * (uint64_t)t->count;
    if (t->count > UINT16_MAX || steps_most > UINT32_MAX)
        return false;
    t->graph = d;
    t->steps_most = steps_most;
    t->step = malloc(steps_most * sizeof *t->step);
    t->writer = malloc(all * sizeof *t->writer);
    d->cost_ns = malloc(steps_most * sizeof *d->cost_ns);
    d->kernel = run;
    d->data = t;
    for (uint64_t i = 0; t->writer != NULL && i < all; i++)
        t->writer[i] = TILES_NOBODY;
    return t->step != NULL && t->writer != NULL && d->cost_ns != NULL;
}

static int64_t *writer_of(const tiles *t, int i, int j)
{
    return &t->writer[(size_t)j * (size_t)t->count + (size_t)i];
}

bool tiles_step(tiles *t, int i, int j, int k, double operations)
{
    const uint32_t task = t->graph->tasks;
    if (task == t->steps_most || !dag_add_task(t->graph))
        return false;
    t->step[task] = (step){(uint16_t)i, (uint16_t)j, (uint16_t)k};
    t->graph->cost_ns[task] = 0.05 * operations; /* at 20 GFLOP/s */
    return true;
}

bool tiles_use(tiles *t, int i, int j)
{
    const int64_t writer = *writer_of(t, i, j);
    return writer == TILES_NOBODY || dag_add_edge(t->graph, (uint32_t)writer);
}

void tiles_write(tiles *t, int i, int j)
{
    *writer_of(t, i, j) = t->graph->tasks - 1;
}

void tiles_end(tiles *t)
{
    free(t->writer);
    t->writer = NULL;
}
