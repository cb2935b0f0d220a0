/* A pass over values: lays out what is counted, and counts; see refine.h.
 *
 * stats_answer.c has it prepared, the pipeline's second leaf counts.  It must never decide what is
 * looked at: that is refine.c's. */
#include "refine_pass.h"

#include <math.h>
#include <stdlib.h>

enum {
    BATCH = 512,  /* values looked at together: what is listed of them stays in the cache */
    FEW_EDGES = 4 /* compared one by one from the first on */
};

/* --- before a pass -------------------------------------------------------------------------- */

/* The least shift that leaves fewer than `most` different numbers of 0 … span. */
static unsigned char shift_for(uint64_t span, uint64_t most)
{
    unsigned char shift = 0;
    while (span >> shift >= most)
        shift++;
    return shift;
}

static void lay_out_region(refine *x, refine_region *r, size_t *starts)
{
    const uint64_t span = r->high - r->low;
    size_t targets = 0;
    if (r->edges == 0)
        r->first_edge = (uint32_t)x->edge_count + 1;
    r->edge = r->edges ? x->edges[r->first_edge] : 0;
    for (size_t t = 0; r->cells && t < x->target_count; t++)
        targets += refine_in_region(&x->targets[t], r);
    r->cell = (uint32_t)x->cell_count;
    if (targets) {
        r->cell_shift = shift_for(span, targets * REFINE_CELLS);
        r->cells = (uint32_t)(span >> r->cell_shift) + 1;
        x->cell_count += r->cells;
    }
    r->start = (uint32_t)*starts;
    if (r->edges > FEW_EDGES) {
        r->start_shift = shift_for(span, (uint64_t)2 * r->edges);
        *starts += (size_t)(span >> r->start_shift) + 1;
    }
}

/* How many edges of the region are at or below where each of its starts begins. */
static void fill_starts(const refine *x, const refine_region *r)
{
    const uint64_t *edges = x->edges + r->first_edge;
    uint32_t passed = 0;
    if (r->edges <= FEW_EDGES)
        return;
    for (uint64_t i = 0; i <= (r->high - r->low) >> r->start_shift; i++) {
        while (passed < r->edges && edges[passed] <= r->low + (i << r->start_shift))
            passed++;
        x->starts[r->start + i] = passed;
    }
}

/* The target's window: the finer cells about where it would be if the region's values were evenly
 * spread, as many as are expected to fit. */
static void place_window(refine *x, const refine_region *r, size_t t)
{
    const refine_target *target = &x->targets[t];
    const double share = ((double)(target->rank - target->below) - 0.5) / (double)target->count;
    const double most = REFINE_KEPT, width = 0.75 * most / (double)target->count * r->cells;
    const double at = share * r->cells;
    const double first = target->count <= REFINE_KEPT ? 0 : fmax(0, floor(at - width / 2));
    const double last =
        target->count <= REFINE_KEPT ? r->cells - 1.0 : fmin(r->cells - 1.0, floor(at + width / 2));
    for (size_t cell = (size_t)first; cell <= (size_t)last; cell++)
        if (x->window_of[r->cell + cell] == 0)
            x->window_of[r->cell + cell] = (uint8_t)(t + 1);
}

static bool alloc_pass(refine *x, size_t starts, unsigned workers)
{
    x->starts = calloc(starts + 1, sizeof *x->starts);
    x->window_of = calloc(x->cell_count + 1, 1);
    x->windows = calloc(x->target_count + 1, sizeof *x->windows);
    x->window_keys = malloc((x->target_count * REFINE_KEPT + 1) * sizeof *x->window_keys);
    x->workers = calloc(workers, sizeof *x->workers);
    if (!x->starts || !x->window_of || !x->windows || !x->window_keys || !x->workers)
        return false;
    x->worker_count = workers;
    for (size_t t = 0; t < x->target_count; t++)
        x->windows[t].keys = x->window_keys + t * REFINE_KEPT;
    for (unsigned w = 0; w < workers; w++) {
        x->workers[w].cells = calloc(x->cell_count + 1, sizeof *x->workers[w].cells);
        x->workers[w].bins = calloc(x->edge_count + 3, sizeof *x->workers[w].bins);
        if (!x->workers[w].cells || !x->workers[w].bins)
            return false;
        for (size_t i = 0; i < x->cell_count; i++)
            x->workers[w].cells[i].min = UINT64_MAX;
    }
    return true;
}

void refine_pass_free(refine *x)
{
    for (unsigned w = 0; x->workers && w < x->worker_count; w++) {
        free(x->workers[w].cells);
        free(x->workers[w].bins);
    }
    free(x->workers);
    free(x->windows);
    free(x->window_keys);
    free(x->window_of);
    free(x->starts);
    x->workers = NULL;
    x->windows = NULL;
    x->window_keys = NULL;
    x->window_of = NULL;
    x->starts = NULL;
    x->worker_count = 0;
}

bool refine_prepare(refine *x, uint32_t *map, unsigned workers)
{
    size_t starts = 0;
    x->map = map;
    x->cell_count = 0;
    memset(map, 0, BUCKETS_SLOTS * sizeof *map);
    for (size_t i = 0; i < x->region_count; i++) {
        lay_out_region(x, &x->regions[i], &starts);
        if (map[x->regions[i].slot] == 0)
            map[x->regions[i].slot] = (uint32_t)i + 1;
    }
    if (!alloc_pass(x, starts, workers))
        return false;
    for (size_t i = 0; i < x->region_count; i++) {
        fill_starts(x, &x->regions[i]);
        for (size_t t = 0; x->regions[i].cells && t < x->target_count; t++)
            if (refine_in_region(&x->targets[t], &x->regions[i]))
                place_window(x, &x->regions[i], t);
    }
    return true;
}

/* --- a pass --------------------------------------------------------------------------------- */

/* The region that the key lies in, if any, from the first one of its slot on. */
static inline const refine_region *find_region(const refine_region *r, uint64_t key)
{
    while (key > r->high) {
        if (r->last)
            return NULL;
        r++;
    }
    return key < r->low ? NULL : r;
}

static inline void count_finer(refine *x, refine_cell *cells, const refine_region *r, uint64_t key)
{
    const size_t at = r->cell + (size_t)((key - r->low) >> r->cell_shift);
    refine_cell *c = &cells[at];
    c->count++;
    c->min = key < c->min ? key : c->min;
    c->max = key > c->max ? key : c->max;
    if (x->window_of[at] == 0)
        return;
    refine_window *w = &x->windows[x->window_of[at] - 1];
    if (atomic_load_explicit(&w->used, memory_order_relaxed) > REFINE_KEPT)
        return;
    const size_t place = atomic_fetch_add_explicit(&w->used, 1, memory_order_relaxed);
    if (place < REFINE_KEPT)
        w->keys[place] = key;
}

/* Without a branch where one edge is compared with, as a rule: either answer is as likely. */
static inline size_t bin_of(const refine *x, const refine_region *r, uint64_t key)
{
    const uint64_t *edges = x->edges + r->first_edge;
    uint32_t passed = 0;
    if (r->edges <= 1)
        return r->first_edge + (key >= r->edge);
    if (r->edges > FEW_EDGES)
        passed = x->starts[r->start + ((key - r->low) >> r->start_shift)];
    while (passed < r->edges && edges[passed] <= key)
        passed++;
    return r->first_edge + passed;
}

/* Those in finer cells are listed first: which of the values they are is hard to predict. */
static inline void count_found(refine *x, npy_dtype dtype, unsigned worker, const void *raw,
                               const double *values, const uint16_t *found, size_t count)
{
    uint64_t *bins = x->workers[worker].bins, keys[BATCH];
    const refine_region *regions[BATCH];
    size_t n = 0;
    for (size_t k = 0; k < count; k++) {
        const size_t i = found[k];
        const uint64_t key = key_at(dtype, raw, values, i);
        const refine_region *r = &x->regions[x->map[buckets_slot(values[i])] - 1];
        if (key < r->low || key > r->high) {
            r = find_region(r, key);
            if (!r)
                continue;
        }
        keys[n] = key;
        regions[n] = r;
        n += r->cells != 0;
        bins[bin_of(x, r, key)]++;
    }
    for (size_t k = 0; k < n; k++)
        count_finer(x, x->workers[worker].cells, regions[k], keys[k]);
}

/* First a filter without branches, since all values go through it: which are in a slot that has a
 * region?  Those of floats are counted by code of their own, which has no choice of types. */
static void count_batch(refine *x, unsigned worker, const void *raw, const double *values,
                        size_t count)
{
    uint16_t found[BATCH];
    const uint32_t *map = x->map;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        found[n] = (uint16_t)i;
        n += map[buckets_slot(values[i])] != 0;
    }
    if (x->dtype.kind == 'f')
        count_found(x, (npy_dtype){'f', 8, false}, worker, raw, values, found, n);
    else
        count_found(x, x->dtype, worker, raw, values, found, n);
}

void refine_count(refine *x, unsigned worker, const void *raw, const double *values, size_t count)
{
    for (size_t from = 0; from < count; from += BATCH) {
        const size_t n = count - from < BATCH ? count - from : BATCH;
        count_batch(x, worker, (const char *)raw + from * x->dtype.bytes, values + from, n);
    }
}
