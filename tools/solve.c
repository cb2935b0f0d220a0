/* The entries below the diagonal, row by row, are the edges; see solve.h. */
#include "solve.h"

#include <inttypes.h>

static bool check_size(const mtx_matrix *m, mtx_fault *fault)
{
    if (m->rows != m->columns)
        snprintf(fault->text, sizeof fault->text,
                 "%" PRIu32 " rows and %" PRIu32
                 " columns; a triangular matrix has as many of both",
                 m->rows, m->columns);
    else if (m->rows == 0)
        snprintf(fault->text, sizeof fault->text, "the matrix has no rows, so there is no graph");
    else if (m->rows > DAG_MOST_TASKS)
        snprintf(fault->text, sizeof fault->text,
                 "%" PRIu32 " rows are too many; a graph has at most %" PRIu32 " tasks", m->rows,
                 DAG_MOST_TASKS);
    else
        return true;
    return false;
}

/* Each row has one entry on the diagonal, which is not zero. So there are no more rows than entries,
 * whatever the header said. */
static bool check_diagonal(const mtx_matrix *m, mtx_fault *fault)
{
    uint32_t row = 0; /* the next without one */
    for (uint64_t i = 0; i < m->entries && m->entry[i].row <= row; i++) {
        const mtx_entry *e = &m->entry[i];
        if (e->row != e->column || e->row != row)
            continue;
        if (e->value == 0 && m->field != MTX_COMPLEX) {
            snprintf(fault->text, sizeof fault->text,
                     "row %" PRIu32 " has 0 on the diagonal, by which its solve would divide",
                     row + 1);
            return false;
        }
        row++;
    }
    if (row == m->rows)
        return true;
    snprintf(fault->text, sizeof fault->text,
             "row %" PRIu32 " has no entry on the diagonal, by which its solve would divide",
             row + 1);
    return false;
}

bool solve_dag(const mtx_matrix *m, dag *d, mtx_fault *fault)
{
    uint64_t edges = 0, at = 0;
    *d = (dag){0};
    if (!check_size(m, fault) || !check_diagonal(m, fault))
        return false;
    for (uint64_t i = 0; i < m->entries; i++)
        edges += m->entry[i].column < m->entry[i].row;
    if (!dag_create(m->rows, edges, d)) {
        snprintf(fault->text, sizeof fault->text,
                 "there is no memory for a graph of %" PRIu32 " rows and %" PRIu64 " edges",
                 m->rows, edges);
        return false;
    }
    edges = 0;
    for (uint32_t row = 0; row < m->rows; row++) {
        d->first[row] = edges;
        for (; at < m->entries && m->entry[at].row == row; at++)
            if (m->entry[at].column < row)
                d->before[edges++] = m->entry[at].column;
        d->work[row] = 2 * (double)(edges - d->first[row]) + 1;
    }
    d->first[m->rows] = edges;
    return true;
}
