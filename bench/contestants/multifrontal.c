/* The tools' own factorisation; see multifrontal.h. */
#include "multifrontal.h"

#include <math.h>
#include <stdlib.h>

#include "dissection.h"
#include "factor.h"
#include "mtx_order.h"

struct multifrontal {
    elimination tree;
    dag columns;
    factor factor;
};

static bool refuse(const char *why)
{
    fprintf(stderr, "factorising: %s\n", why);
    return false;
}

static bool dissect(mtx_matrix *m, mtx_fault *fault)
{
    uint32_t *order = malloc(m->rows * sizeof *order);
    const bool made = order != NULL && dissection_find(m, order) && mtx_permute(m, order, fault);
    free(order);
    return made;
}

static bool make(multifrontal *f, mtx_matrix *m)
{
    mtx_fault fault = {"no memory"};
    if (!elimination_prepare(m, &fault) || !dissect(m, &fault) ||
        !elimination_find(m, &f->tree, &fault))
        return refuse(fault.text);
    return (elimination_dag(&f->tree, &f->columns) &&
            factor_create(m, &f->tree, &f->columns, &f->factor)) ||
           refuse("no memory");
}

multifrontal *multifrontal_create(mtx_matrix *m)
{
    multifrontal *f = calloc(1, sizeof *f);
    if (f != NULL && make(f, m))
        return f;
    multifrontal_destroy(f);
    return NULL;
}

void multifrontal_destroy(multifrontal *f)
{
    if (f == NULL)
        return;
    if (f->factor.update != NULL)
        factor_free(&f->factor);
    dag_free(&f->columns);
    elimination_free(&f->tree);
    free(f);
}

uint32_t multifrontal_columns(const multifrontal *f)
{
    return f->tree.columns;
}

uint64_t multifrontal_entries(const multifrontal *f)
{
    return f->factor.first[f->tree.columns];
}

uint32_t multifrontal_children(const multifrontal *f, uint32_t j, const uint32_t **child)
{
    *child = f->columns.before + f->columns.first[j];
    return (uint32_t)(f->columns.first[j + 1] - f->columns.first[j]);
}

double multifrontal_work(const multifrontal *f, uint32_t j)
{
    return f->columns.work[j];
}

void multifrontal_reset(multifrontal *f)
{
    factor_clear(&f->factor);
    for (uint64_t e = 0; e < multifrontal_entries(f); e++)
        f->factor.value[e] = NAN;
}

bool multifrontal_run(multifrontal *f, const uint32_t *column, uint32_t count)
{
    const int code = factor_columns(&f->factor, column, count);
    return code == 0 || refuse(code == FACTOR_NOT_POSITIVE ? "the matrix is not positive definite"
                                                           : "no memory");
}

uint32_t multifrontal_column(const multifrontal *f, uint32_t j, const uint32_t **row,
                             const double **value)
{
    *row = f->factor.row + f->factor.first[j];
    *value = f->factor.value + f->factor.first[j];
    return f->tree.count[j];
}
