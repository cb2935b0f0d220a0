/* The elimination tree and the counts of its columns, from the lower triangle by rows and by columns;
 * see elimination.h. */
#include "elimination.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mtx_order.h"

#define NONE UINT32_MAX

/* ---- the matrix ---- */

static bool check_size(const mtx_matrix *m, mtx_fault *fault)
{
    if (m->rows != m->columns)
        snprintf(fault->text, sizeof fault->text,
                 "%" PRIu32 " rows and %" PRIu32 " columns; only a square matrix can be factorised",
                 m->rows, m->columns);
    else if (m->rows == 0)
        snprintf(fault->text, sizeof fault->text, "the matrix has no rows, so there is no graph");
    else if (m->rows > DAG_MOST_TASKS)
        snprintf(fault->text, sizeof fault->text,
                 "%" PRIu32 " rows are too many; a graph has at most %" PRIu32 " tasks", m->rows,
                 DAG_MOST_TASKS);
    else if (m->rows / 2 > m->entries) /* each entry is in one row and one column */
        snprintf(fault->text, sizeof fault->text,
                 "%" PRIu32 " rows need at least %" PRIu32 " entries, but there are only %" PRIu64
                 ", so the matrix is singular",
                 m->rows, m->rows / 2 + m->rows % 2, m->entries);
    else
        return true;
    return false;
}

static bool check_rows(const mtx_matrix *m, mtx_fault *fault)
{
    uint8_t *seen = calloc(m->rows, 1);
    uint32_t j = 0;
    if (seen == NULL) {
        snprintf(fault->text, sizeof fault->text, "there is no memory for %" PRIu32 " rows",
                 m->rows);
        return false;
    }
    for (uint64_t i = 0; i < m->entries; i++)
        seen[m->entry[i].row] = seen[m->entry[i].column] = 1;
    while (j < m->rows && seen[j])
        j++;
    free(seen);
    if (j == m->rows)
        return true;
    snprintf(fault->text, sizeof fault->text,
             "row %" PRIu32 " and its column have no entry, so the matrix is singular", j + 1);
    return false;
}

/* Both triangles of A become one; of a pattern the values are 1, wherever they come from. */
static bool fold(mtx_matrix *m, mtx_fault *fault)
{
    const bool general = m->symmetry == MTX_GENERAL;
    const uint64_t joined = m->joined;
    for (uint64_t i = 0; i < m->entries; i++) {
        mtx_entry *e = &m->entry[i];
        if (e->column > e->row)
            *e = (mtx_entry){.row = e->column, .column = e->row};
        e->value = 1;
    }
    m->field = MTX_PATTERN;
    m->symmetry = MTX_SYMMETRIC;
    if (general && (!mtx_sort(m, fault) || !mtx_join(m, fault)))
        return false;
    m->joined = joined;
    return true;
}

bool elimination_prepare(mtx_matrix *m, mtx_fault *fault)
{
    if (!check_size(m, fault) || !check_rows(m, fault))
        return false;
    return (m->symmetry == MTX_SYMMETRIC && m->field != MTX_COMPLEX) || fold(m, fault);
}

/* ---- the tree ---- */

/* Liu's algorithm: row by row, each entry leads up the tree so far to a root, whose parent the row
 * becomes. `up` remembers how far, so that no path is walked twice. */
static void find_parents(const mtx_matrix *m, uint32_t *parent, uint32_t *up)
{
    for (uint32_t j = 0; j < m->rows; j++)
        parent[j] = up[j] = NONE;
    for (uint64_t i = 0; i < m->entries; i++) {
        const uint32_t row = m->entry[i].row;
        uint32_t j = m->entry[i].column;
        while (j != NONE && j < row) {
            const uint32_t next = up[j];
            up[j] = row;
            if (next == NONE)
                parent[j] = row;
            j = next;
        }
    }
}

/* Depth first, without recursion since trees may be chains: post[k] is the k-th column that is done. */
static void find_postorder(uint32_t n, const uint32_t *parent, uint32_t *post, uint32_t *child,
                           uint32_t *sibling)
{
    uint32_t done = 0;
    for (uint32_t j = 0; j < n; j++)
        child[j] = NONE;
    for (uint32_t j = n; j-- > 0;)
        if (parent[j] != NONE) {
            sibling[j] = child[parent[j]];
            child[parent[j]] = j;
        }
    for (uint32_t root = 0; root < n; root++)
        for (uint32_t j = parent[root] == NONE ? root : NONE; j != NONE;) {
            const uint32_t down = child[j];
            if (down != NONE) {
                child[j] = sibling[down]; /* the next, when j is seen again */
                j = down;
            } else {
                post[done++] = j;
                j = parent[j];
            }
        }
}

/* ---- the counts ---- */

/* What counting needs of the matrix by columns: the rows below the diagonal of column j are
 * row[first[j]] up to row[first[j + 1]]. */
typedef struct columns {
    uint64_t *first;
    uint32_t *row;
} columns;

static void fill_columns(const mtx_matrix *m, columns *c)
{
    memset(c->first, 0, ((size_t)m->columns + 1) * sizeof *c->first);
    for (uint64_t i = 0; i < m->entries; i++)
        if (m->entry[i].column < m->entry[i].row)
            c->first[m->entry[i].column + 1]++;
    for (uint32_t j = 0; j < m->columns; j++)
        c->first[j + 1] += c->first[j];
    for (uint64_t i = 0; i < m->entries; i++)
        if (m->entry[i].column < m->entry[i].row)
            c->row[c->first[m->entry[i].column]++] = m->entry[i].row;
    for (uint32_t j = m->columns; j > 0; j--) /* each has moved on to where the next begins */
        c->first[j] = c->first[j - 1];
    c->first[0] = 0;
}

/* All arrays by column; `lowest` is the least position in postorder of a column's subtree. */
typedef struct counting {
    const uint32_t *parent;
    uint32_t *post, *lowest, *up;
    uint32_t *latest; /* by row: the last leaf of its subtree so far */
    uint32_t *beyond; /* by row: the greatest `lowest` of its leaves so far, and 1; 0: none yet */
    int64_t *delta;
} counting;

/* The root of the columns that are joined with j, of which it leaves a shorter path. */
static uint32_t find_top(uint32_t *up, uint32_t j)
{
    uint32_t top = j;
    while (up[top] != top)
        top = up[top];
    while (up[j] != top) {
        const uint32_t next = up[j];
        up[j] = top;
        j = next;
    }
    return top;
}

/* Entry (row, j) of A. The columns in which the row has an entry of L are a subtree, whose leaves are
 * the entries of A that have no other below them. It counts 1 at each leaf, and -1 where the paths of
 * two neighbouring leaves meet. */
static void count_entry(counting *c, uint32_t row, uint32_t j)
{
    if (c->lowest[j] < c->beyond[row]) /* the leaf before is below j */
        return;
    c->beyond[row] = c->lowest[j] + 1;
    c->delta[j]++;
    if (c->latest[row] != NONE)
        c->delta[find_top(c->up, c->latest[row])]--;
    c->latest[row] = j;
}

/* So the sum of delta over the subtree of j is how many rows have an entry in column j. */
static void count_columns(const mtx_matrix *m, const columns *a, counting *c, uint32_t *count)
{
    const uint32_t n = m->columns;
    for (uint32_t j = 0; j < n; j++) {
        c->lowest[j] = c->latest[j] = NONE;
        c->beyond[j] = 0;
        c->delta[j] = 0;
        c->up[j] = j;
    }
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t j = c->post[k];
        if (c->lowest[j] == NONE) { /* no child was here: its own row has it as the only leaf */
            c->lowest[j] = k;
            c->delta[j]++;
        }
        const uint32_t p = c->parent[j];
        if (p != NONE) {
            if (c->lowest[p] == NONE)
                c->lowest[p] = c->lowest[j];
            c->delta[p]--; /* the subtree of row j ends at j */
        }
        for (uint64_t i = a->first[j]; i < a->first[j + 1]; i++)
            count_entry(c, a->row[i], j);
        if (p != NONE)
            c->up[j] = p;
    }
    for (uint32_t j = 0; j < n; j++) { /* children before parents */
        if (c->parent[j] != NONE)
            c->delta[c->parent[j]] += c->delta[j];
        count[j] = (uint32_t)c->delta[j];
    }
}

/* ---- the whole ---- */

static bool work_through(const mtx_matrix *m, elimination *e)
{
    const size_t n = m->columns;
    columns a = {malloc((n + 1) * sizeof *a.first), malloc((size_t)m->entries * sizeof *a.row + 1)};
    uint32_t *space = malloc(5 * n * sizeof *space);
    int64_t *delta = malloc(n * sizeof *delta);
    const bool good = a.first != NULL && a.row != NULL && space != NULL && delta != NULL;
    if (good) {
        counting c = {.parent = e->parent,
                      .post = space,
                      .lowest = space + n,
                      .up = space + 2 * n,
                      .latest = space + 3 * n,
                      .beyond = space + 4 * n,
                      .delta = delta};
        find_parents(m, e->parent, c.up);
        find_postorder(m->columns, e->parent, c.post, c.lowest, c.up);
        fill_columns(m, &a);
        count_columns(m, &a, &c, e->count);
    }
    free(a.first);
    free(a.row);
    free(space);
    free(delta);
    return good;
}

bool elimination_find(const mtx_matrix *matrix, elimination *e, mtx_fault *fault)
{
    *e = (elimination){0};
    e->columns = matrix->columns;
    e->parent = malloc(e->columns * sizeof *e->parent);
    e->count = malloc(e->columns * sizeof *e->count);
    if (e->parent != NULL && e->count != NULL && work_through(matrix, e))
        return true;
    elimination_free(e);
    snprintf(fault->text, sizeof fault->text,
             "there is no memory for the elimination tree of %" PRIu32 " columns", matrix->columns);
    return false;
}

void elimination_free(elimination *e)
{
    free(e->parent);
    free(e->count);
    *e = (elimination){0};
}

bool elimination_is_valid(const elimination *e)
{
    for (uint32_t j = 0; j < e->columns; j++) {
        const uint32_t p = e->parent[j];
        if (e->count[j] < 1 || (p == ELIMINATION_ROOT) != (e->count[j] == 1))
            return false;
        if (p != ELIMINATION_ROOT && (p <= j || p >= e->columns || e->count[j] > e->count[p] + 1))
            return false;
    }
    return true;
}

bool elimination_dag(const elimination *e, dag *d)
{
    uint64_t edges = 0;
    for (uint32_t j = 0; j < e->columns; j++)
        edges += e->parent[j] != ELIMINATION_ROOT;
    if (!dag_create(e->columns, edges, d))
        return false;
    memset(d->first, 0, ((size_t)d->tasks + 1) * sizeof *d->first);
    for (uint32_t j = 0; j < e->columns; j++) {
        d->work[j] = (double)e->count[j] * e->count[j];
        if (e->parent[j] != ELIMINATION_ROOT)
            d->first[e->parent[j] + 1]++;
    }
    for (uint32_t j = 0; j < e->columns; j++)
        d->first[j + 1] += d->first[j];
    for (uint32_t j = 0; j < e->columns; j++)
        if (e->parent[j] != ELIMINATION_ROOT)
            d->before[d->first[e->parent[j]]++] = j;
    for (uint32_t j = e->columns; j > 0; j--) /* each has moved on to where the next begins */
        d->first[j] = d->first[j - 1];
    d->first[0] = 0;
    return true;
}
