/* Fronts are not kept: a column is assembled where it stays, and what is below it in its update; see
 * factor.h. */
#include "factor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"

/* ---- packed lower triangles, column by column ---- */

static uint64_t packed(uint64_t size)
{
    return size * (size + 1) / 2;
}

/* Where column q begins, so that row p >= q is at that + p. */
static uint64_t column_at(uint64_t size, uint64_t q)
{
    return q * size - q * (q + 1) / 2;
}

uint64_t factor_update_bytes(uint32_t count)
{
    return count > 1 ? packed(count - 1) * sizeof(double) : 0;
}

/* ---- making ---- */

static uint64_t count_entries(const elimination *tree)
{
    uint64_t entries = 0;
    for (uint32_t j = 0; j < tree->columns; j++)
        entries += tree->count[j];
    return entries;
}

uint64_t factor_bytes(const elimination *tree)
{
    return count_entries(tree) * (sizeof(double) + sizeof(uint32_t));
}

/* The matrix is sorted by rows; this makes columns of it, whose rows rise. */
static void fill(const mtx_matrix *m, factor *f)
{
    const bool valued = m->field != MTX_PATTERN;
    uint64_t *const next = f->given_first;
    for (uint64_t i = 0; i < m->entries; i++)
        if (m->entry[i].column < m->entry[i].row)
            next[m->entry[i].column + 1]++;
    for (uint32_t j = 0; j < m->columns; j++) {
        next[j + 1] += next[j];
        f->diagonal[j] = valued ? 0 : 1;
    }
    for (uint64_t i = 0; i < m->entries; i++) {
        const mtx_entry *e = &m->entry[i];
        if (e->column == e->row) {
            f->diagonal[e->row] = valued ? e->value : f->diagonal[e->row];
            continue;
        }
        f->given_row[next[e->column]] = e->row;
        f->given[next[e->column]++] = valued ? e->value : -1;
        if (!valued) {
            f->diagonal[e->row] += 1;
            f->diagonal[e->column] += 1;
        }
    }
    memmove(next + 1, next,
            m->columns * sizeof *next); /* each has moved on to the next one's place */
    next[0] = 0;
}

bool factor_create(const mtx_matrix *m, const elimination *tree, const dag *columns, factor *f)
{
    const size_t n = tree->columns, entries = (size_t)count_entries(tree);
    *f = (factor){.tree = tree, .columns = columns};
    atomic_init(&f->failing, 0);
    f->first = malloc((n + 1) * sizeof *f->first);
    f->row = malloc(entries * sizeof *f->row + 1);
    f->value = malloc(entries * sizeof *f->value + 1);
    f->given_first = calloc(n + 2, sizeof *f->given_first);
    f->given_row = malloc((size_t)m->entries * sizeof *f->given_row + 1);
    f->given = malloc((size_t)m->entries * sizeof *f->given + 1);
    f->diagonal = malloc(n * sizeof *f->diagonal + 1);
    f->update = calloc(n + 1, sizeof *f->update);
    if (!f->first || !f->row || !f->value || !f->given_first || !f->given_row || !f->given ||
        !f->diagonal || !f->update) {
        factor_free(f);
        return false;
    }
    f->first[0] = 0;
    for (uint32_t j = 0; j < n; j++)
        f->first[j + 1] = f->first[j] + tree->count[j];
    fill(m, f);
    return true;
}

void factor_clear(factor *f)
{
    for (uint32_t j = 0; f->update != NULL && j < f->tree->columns; j++) {
        free(f->update[j]);
        f->update[j] = NULL;
    }
}

void factor_free(factor *f)
{
    factor_clear(f);
    free(f->first);
    free(f->row);
    free(f->value);
    free(f->given_first);
    free(f->given_row);
    free(f->given);
    free(f->diagonal);
    free(f->update);
    *f = (factor){0};
}

/* ---- one column ---- */

/* Adds the rows of `more` that are not in set[0 … size-1] to it; both rise, and have room. Returns the
 * new size. */
static uint32_t join(uint32_t *set, uint32_t size, const uint32_t *more, uint32_t count)
{
    uint32_t added = 0, at = 0;
    for (uint32_t i = 0; i < count; i++) {
        while (at < size && set[at] < more[i])
            at++;
        added += at == size || set[at] != more[i];
    }
    const uint32_t total = size + added;
    for (uint32_t to = size + added; count > 0;) /* from the end, so that nothing is overwritten */
        if (size > 0 && set[size - 1] >= more[count - 1]) {
            count -= set[size - 1] == more[count - 1];
            set[--to] = set[--size];
        } else {
            set[--to] = more[--count];
        }
    return total;
}

/* Which rows the column has: its own, those of A, and those of its children's updates. */
static void find_rows(factor *f, uint32_t j)
{
    uint32_t *const row = f->row + f->first[j];
    const uint64_t given = f->given_first[j];
    uint32_t size = 1;
    row[0] = j;
    size = join(row, size, f->given_row + given, (uint32_t)(f->given_first[j + 1] - given));
    for (uint64_t e = f->columns->first[j]; e < f->columns->first[j + 1]; e++) {
        const uint32_t child = f->columns->before[e];
        size = join(row, size, f->row + f->first[child] + 1, f->tree->count[child] - 1);
    }
}

/* Where the rows of an update stand among those of the column that it is added to. */
static void find_places(const uint32_t *row, const uint32_t *part, uint32_t count, uint32_t *place)
{
    for (uint32_t i = 0, at = 0; i < count; i++) {
        while (row[at] != part[i])
            at++;
        place[i] = at;
    }
}

/* A front is the column, whose place is 0, and the update: row p, column q of it are in the one or in
 * the other. */
typedef struct front {
    uint32_t below; /* rows under the diagonal */
    double *column, *update;
} front;

static void add_given(const factor *f, uint32_t j, const uint32_t *row, front *to)
{
    to->column[0] = f->diagonal[j];
    uint32_t at = 0;
    for (uint64_t i = f->given_first[j]; i < f->given_first[j + 1]; i++) {
        while (row[at] != f->given_row[i])
            at++;
        to->column[at] = f->given[i];
    }
}

/* Rows of an update count from 0, those of a front from 1. */
static void add_update(const double *update, uint32_t count, const uint32_t *place, front *to)
{
    for (uint32_t q = 0; q < count; q++) {
        const double *from = update + column_at(count, q);
        if (place[q] == 0) {
            for (uint32_t p = q; p < count; p++)
                to->column[place[p]] += from[p];
            continue;
        }
        double *into = to->update + column_at(to->below, place[q] - 1);
        for (uint32_t p = q; p < count; p++)
            into[place[p] - 1] += from[p];
    }
}

/* Of L the column is its root and quotients; what is under it loses their products. */
static bool eliminate(front *in)
{
    if (!(in->column[0] > 0) || !isfinite(in->column[0]))
        return false;
    const double root = sqrt(in->column[0]);
    double *const below = in->column + 1;
    in->column[0] = root;
    for (uint32_t p = 0; p < in->below; p++)
        below[p] /= root;
    for (uint32_t q = 0; q < in->below; q++) {
        double *const update = in->update + column_at(in->below, q);
        for (uint32_t p = q; p < in->below; p++)
            update[p] -= below[p] * below[q];
    }
    return true;
}

static int factor_column(factor *f, uint32_t j)
{
    const uint32_t count = f->tree->count[j];
    uint32_t *const place = malloc(count * sizeof *place);
    front new = {.below = count - 1, .column = f->value + f->first[j]};
    if (new.below > 0)
        f->update[j] = new.update = calloc((size_t)packed(new.below), sizeof *new.update);
    if (place == NULL || (new.below > 0 && new.update == NULL)) {
        free(place);
        return FACTOR_NO_MEMORY;
    }
    const uint32_t *const row = f->row + f->first[j];
    find_rows(f, j);
    memset(new.column, 0, count * sizeof *new.column);
    add_given(f, j, row, &new);
    for (uint64_t e = f->columns->first[j]; e < f->columns->first[j + 1]; e++) {
        const uint32_t child = f->columns->before[e], rows = f->tree->count[child] - 1;
        find_places(row, f->row + f->first[child] + 1, rows, place);
        add_update(f->update[child], rows, place, &new);
        free(f->update[child]);
        f->update[child] = NULL;
    }
    free(place);
    if (eliminate(&new))
        return 0;
    atomic_store(&f->failing, j);
    return FACTOR_NOT_POSITIVE;
}

int factor_columns(void *arg, const uint32_t *index, uint32_t count)
{
    int code = 0;
    for (uint32_t i = 0; i < count && code == 0; i++)
        code = factor_column(arg, index[i]);
    return code;
}

/* ---- the result ---- */

uint64_t factor_digest(const factor *f)
{
    return digest(DIGEST_BEGIN, f->value, f->first[f->tree->columns]);
}

/* The sums of the rows of A. */
static void add_rows(const factor *f, double *b)
{
    const uint32_t n = f->tree->columns;
    memcpy(b, f->diagonal, n * sizeof *b);
    for (uint32_t j = 0; j < n; j++)
        for (uint64_t i = f->given_first[j]; i < f->given_first[j + 1]; i++) {
            b[j] += f->given[i];
            b[f->given_row[i]] += f->given[i];
        }
}

double factor_error(const factor *f)
{
    const uint32_t n = f->tree->columns;
    double *x = malloc(n * sizeof *x + 1), error = 0;
    if (x == NULL)
        return -1;
    add_rows(f, x);
    for (uint32_t j = 0; j < n; j++) { /* L y = b */
        x[j] /= f->value[f->first[j]];
        for (uint64_t i = f->first[j] + 1; i < f->first[j + 1]; i++)
            x[f->row[i]] -= f->value[i] * x[j];
    }
    for (uint32_t j = n; j-- > 0;) { /* L' x = y */
        for (uint64_t i = f->first[j] + 1; i < f->first[j + 1]; i++)
            x[j] -= f->value[i] * x[f->row[i]];
        x[j] /= f->value[f->first[j]];
        error = fmax(error, fabs(x[j] - 1));
    }
    free(x);
    return error;
}
