/* Files and grids, and their lower triangles; see matrix.h. */
#include "matrix.h"

#include <limits.h>
#include <stdlib.h>

#include "multifrontal.h"
#include "solve.h"
#include "substitution.h"

static bool refuse(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return false;
}

/* ---- matrices ---- */

static bool load(const char *path, mtx_matrix *m)
{
    mtx_fault fault;
    return mtx_load(path, m, &fault) || refuse(path, fault.text);
}

/* Point number `row`: each of its neighbours with a smaller number, the farthest first, and itself. */
static void add_point(mtx_matrix *m, uint32_t row, uint32_t side, unsigned dimensions)
{
    uint32_t stride = 1;
    for (unsigned d = 1; d < dimensions; d++)
        stride *= side;
    for (; stride > 0; stride /= side) {
        if (row / stride % side > 0)
            m->entry[m->entries++] = (mtx_entry){row, row - stride, -1};
        if (stride == 1)
            break;
    }
    m->entry[m->entries++] = (mtx_entry){row, row, 2.0 * dimensions};
}

static bool make_grid(uint64_t side, uint64_t dimensions, mtx_matrix *m)
{
    uint64_t points = 1;
    *m = (mtx_matrix){.field = MTX_REAL, .symmetry = MTX_SYMMETRIC};
    for (uint64_t d = 0; d < dimensions && points <= MTX_MOST_ROWS; d++)
        points = side > 100000000 ? UINT64_MAX : points * side;
    if (side == 0 || dimensions == 0 || dimensions > 3 || points > 100000000)
        return refuse("a grid",
                      "--size must be the points on a side and --depth 1 to 3 dimensions, at "
                      "most 100000000 points in all");
    m->rows = m->columns = (uint32_t)points;
    m->entry = malloc((dimensions + 1) * points * sizeof *m->entry);
    if (m->entry == NULL)
        return refuse("a grid", "no memory");
    for (uint32_t row = 0; row < m->rows; row++)
        add_point(m, row, (uint32_t)side, (unsigned)dimensions);
    return true;
}

bool matrix_create(const char *path, uint64_t side, uint64_t dimensions, mtx_matrix *m)
{
    return path != NULL ? load(path, m) : make_grid(side, dimensions, m);
}

/* ---- lower triangles ---- */

/* As `weir graph --solve` sees it: the edges of that graph are the columns of the rows. */
bool lower_of(const mtx_matrix *m, lower *l)
{
    mtx_fault fault;
    dag rows;
    substitution s;
    if (!solve_dag(m, &rows, &fault))
        return refuse("the lower triangle", fault.text);
    if (!substitution_create(m, &rows, &s)) {
        dag_free(&rows);
        return refuse("the lower triangle", "no memory");
    }
    *l = (lower){rows.tasks, rows.first, rows.before, s.below, s.diagonal};
    rows.first = NULL;
    rows.before = NULL;
    s.below = s.diagonal = NULL;
    dag_free(&rows);
    substitution_free(&s);
    return true;
}

void lower_free(lower *l)
{
    free(l->first);
    free(l->column);
    free(l->value);
    free(l->diagonal);
    *l = (lower){0};
}

static bool make_room(lower *l, uint32_t rows, uint64_t below)
{
    *l = (lower){.rows = rows,
                 .first = calloc((size_t)rows + 2, sizeof *l->first),
                 .column = malloc(below * sizeof *l->column + 1),
                 .value = malloc(below * sizeof *l->value + 1),
                 .diagonal = malloc(rows * sizeof *l->diagonal)};
    if (l->first != NULL && l->column != NULL && l->value != NULL && l->diagonal != NULL)
        return true;
    lower_free(l);
    return refuse("the factor", "no memory");
}

/* Column after column, so that the entries of each row come in their order. While they do, first[i + 1]
 * is the place of the next one of row i. */
static void turn(const multifrontal *f, lower *l)
{
    const uint32_t *row;
    const double *value;
    for (uint32_t j = 0; j < l->rows; j++)
        for (uint32_t e = multifrontal_column(f, j, &row, &value); e-- > 1;)
            l->first[row[e] + 2]++;
    for (uint32_t i = 0; i < l->rows; i++)
        l->first[i + 2] += l->first[i + 1];
    for (uint32_t j = 0; j < l->rows; j++) {
        const uint32_t count = multifrontal_column(f, j, &row, &value);
        l->diagonal[j] = value[0];
        for (uint32_t e = 1; e < count; e++) {
            const uint64_t at = l->first[row[e] + 1]++;
            l->column[at] = j;
            l->value[at] = value[e];
        }
    }
}

bool lower_factor_of(mtx_matrix *m, lower *l)
{
    multifrontal *f = multifrontal_create(m);
    if (f == NULL)
        return false;
    const uint32_t rows = multifrontal_columns(f);
    bool made = true;
    for (uint32_t j = 0; made && j < rows; j++)
        made = multifrontal_run(f, &j, 1);
    made = made && make_room(l, rows, multifrontal_entries(f) - rows);
    if (made)
        turn(f, l);
    multifrontal_destroy(f);
    return made;
}

/* ---- by columns ---- */

bool lower_by_columns(const lower *l, by_columns *c)
{
    const uint64_t entries = l->first[l->rows] + l->rows;
    if (entries > INT_MAX)
        return refuse("a matrix by columns", "too many entries");
    *c = (by_columns){.columns = (int)l->rows,
                      .first = calloc((size_t)l->rows + 2, sizeof *c->first),
                      .row = malloc(entries * sizeof *c->row),
                      .value = malloc(entries * sizeof *c->value)};
    if (c->first == NULL || c->row == NULL || c->value == NULL) {
        by_columns_free(c);
        return refuse("a matrix by columns", "no memory");
    }
    for (uint64_t e = 0; e < l->first[l->rows]; e++)
        c->first[l->column[e] + 2]++;
    for (uint32_t j = 0; j < l->rows; j++)
        c->first[j + 2] += c->first[j + 1] + 1;
    for (uint32_t i = 0; i < l->rows; i++) {
        for (uint64_t e = l->first[i]; e < l->first[i + 1]; e++) {
            const int at = c->first[l->column[e] + 1]++;
            c->row[at] = (int)i;
            c->value[at] = l->value[e];
        }
        /* all rows of column i come after this one */
        const int at = c->first[i + 1]++;
        c->row[at] = (int)i;
        c->value[at] = l->diagonal[i];
    }
    return true;
}

void by_columns_free(by_columns *c)
{
    free(c->first);
    free(c->row);
    free(c->value);
    *c = (by_columns){0};
}
