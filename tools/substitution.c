/* One row after another; see substitution.h. */
#include "substitution.h"

#include <stdlib.h>

#include "digest.h"

static void fill(const mtx_matrix *m, substitution *s)
{
    const bool valued = m->field == MTX_REAL || m->field == MTX_INTEGER;
    uint64_t edge = 0;
    for (uint64_t i = 0; i < m->entries; i++) {
        const mtx_entry *e = &m->entry[i];
        if (e->column < e->row)
            s->below[edge++] = valued ? e->value : -1;
        else if (e->column == e->row)
            s->diagonal[e->row] =
                valued ? e->value
                       : (double)(edge - s->rows->first[e->row]) + 1; /* it is the last */
    }
}

bool substitution_create(const mtx_matrix *m, const dag *d, substitution *s)
{
    *s = (substitution){.rows = d};
    s->below = malloc((size_t)d->edges * sizeof *s->below + 1);
    s->diagonal = malloc(d->tasks * sizeof *s->diagonal + 1);
    s->x = calloc((size_t)d->tasks + 1, sizeof *s->x);
    if (s->below != NULL && s->diagonal != NULL && s->x != NULL) {
        fill(m, s);
        return true;
    }
    substitution_free(s);
    return false;
}

void substitution_free(substitution *s)
{
    free(s->below);
    free(s->diagonal);
    free(s->x);
    *s = (substitution){0};
}

int substitution_rows(void *arg, const uint32_t *index, uint32_t count)
{
    const substitution *s = arg;
    const dag *d = s->rows;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t row = index[i];
        double rest = 1;
        for (uint64_t e = d->first[row]; e < d->first[row + 1]; e++)
            rest -= s->below[e] * s->x[d->before[e]];
        s->x[row] = rest / s->diagonal[row];
    }
    return 0;
}

uint64_t substitution_digest(const substitution *s)
{
    return digest(DIGEST_BEGIN, s->x, s->rows->tasks);
}
