/* What a pass works on: regions of keys, their finer cells, and the counts of each worker.
 *
 * refine_pass.c lays it out and counts, refine.c says which regions there are and reads the counts.
 * It must never be needed by others: they know refine.h. */
#ifndef WEIR_REFINE_PASS_H
#define WEIR_REFINE_PASS_H

#include "refine.h"

/* Of a quantile whose cell holds 400 000 values of smooth data, about 20 of 1000 finer cells are
 * kept: the guess may be off by one part in a hundred of the cell. */
enum {
    REFINE_CELLS = 1024, /* finer cells a target */
    REFINE_KEPT = 16384  /* values a window keeps */
};

typedef struct refine_cell {
    uint64_t count, min, max;
} refine_cell;

struct refine_region {
    uint64_t low, high, count; /* keys, and the values in it */
    size_t slot;
    bool last;                  /* no other region lies in its slot after it */
    uint32_t first_edge, edges; /* those above low, up to high */
    uint64_t edge;              /* the first of them */
    uint32_t start;             /* of many edges: in x->starts, by key - low >> start_shift */
    uint32_t cell, cells;       /* its finer cells, by key - low >> cell_shift */
    unsigned char start_shift, cell_shift;
};

struct refine_worker {
    refine_cell *cells;
    uint64_t *bins; /* two more than there are: for values that no edge is compared with */
};

/* Is the target open, and in this region? */
static inline bool refine_in_region(const refine_target *t, const refine_region *r)
{
    return t->low == r->low && t->low < t->high;
}

/* What refine_prepare() has allocated. */
void refine_pass_free(refine *x);

#endif
