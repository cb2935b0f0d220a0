/* What a pass looks at, the pass itself, and what it found.
 *
 * stats_answer.c and stats_pipeline.c call it.  It must never look at a value that the coarse
 * counts have placed already: that is all of its speed. */
#include "refine.h"

#include <math.h>
#include <stdlib.h>

/* Of a quantile whose cell holds 400 000 values of smooth data, about 20 of 1000 finer cells are
 * kept: the guess may be off by one part in a hundred of the cell. */
enum {
    CELLS = 1024, /* finer cells a target */
    KEPT = 16384, /* values a window keeps */
    BATCH = 512,  /* values looked at together: what is listed of them stays in the cache */
    FEW_EDGES = 4 /* compared one by one from the first on */
};

typedef struct finer_cell {
    uint64_t count, min, max;
} finer_cell;

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
    finer_cell *cells;
    uint64_t *bins; /* two more than there are: for values that no edge is compared with */
};

uint64_t refine_bytes(size_t edges, size_t targets, unsigned workers)
{
    const uint64_t regions = (edges + targets + 1) * sizeof(refine_region);
    const uint64_t shared = edges * 2 * sizeof(uint32_t) + targets * CELLS +
                            targets * (sizeof(refine_window) + KEPT * sizeof(uint64_t));
    const uint64_t each = sizeof(refine_worker) + targets * CELLS * sizeof(finer_cell) +
                          (edges + 3) * sizeof(uint64_t);
    return workers ? regions + shared + workers * each : regions;
}

/* --- from coarse counts to regions ---------------------------------------------------------- */

/* Targets from `t` on that lie in the cell, below which there are `below` values. */
static bool place_targets(refine *x, size_t *t, const buckets_cell *c, uint64_t below)
{
    bool open = false;
    for (; *t < x->target_count && x->targets[*t].rank <= below + c->count; ++*t) {
        refine_target *target = &x->targets[*t];
        target->low = c->low;
        target->high = c->high;
        target->below = below;
        target->count = c->count;
        target->slot = c->slot;
        open |= c->low < c->high;
    }
    return open;
}

bool refine_begin(refine *x, buckets_walk walk)
{
    buckets_cell c;
    uint64_t below = 0;
    size_t edge = 0, t = 0;
    x->kind = key_kind_of(x->dtype);
    x->regions = calloc(x->edge_count + x->target_count + 1, sizeof *x->regions);
    if (!x->regions)
        return false;
    for (; buckets_next(&walk, &c); below += c.count) {
        size_t inside = 0;
        while (edge < x->edge_count && x->edges[edge] <= c.low)
            edge++;
        while (edge + inside < x->edge_count && x->edges[edge + inside] <= c.high)
            inside++;
        const bool wanted = place_targets(x, &t, &c, below);
        if (inside == 0)
            x->bins[edge] += c.count;
        if (inside > 0 || wanted)
            x->regions[x->region_count++] = (refine_region){.low = c.low,
                                                            .high = c.high,
                                                            .count = c.count,
                                                            .slot = c.slot,
                                                            .last = true,
                                                            .first_edge = (uint32_t)edge,
                                                            .edges = (uint32_t)inside,
                                                            .cells = wanted};
    }
    return true;
}

bool refine_is_open(const refine *x)
{
    return x->region_count > 0;
}

/* --- without a pass ------------------------------------------------------------------------- */

static double relative(stats_value distance, stats_value value)
{
    return distance == 0 ? 0 : (double)(distance / fabsl(value)) * (1 + DBL_EPSILON);
}

double refine_guess(const refine *x, const refine_target *target, stats_value *value)
{
    const stats_value low = key_value(x->kind, target->low),
                      high = key_value(x->kind, target->high);
    *value = low;
    if (target->low == target->high)
        return 0;
    stats_value middle = low / 2 + high / 2;
    middle = x->kind == KEY_FLOAT ? (double)middle : floorl(middle);
    middle = middle == 0 ? high : middle;
    *value = middle;
    return relative(fmaxl(middle - low, high - middle), middle);
}

double refine_guess_bins(refine *x)
{
    double width = 0;
    for (size_t i = 0; i < x->region_count; i++) {
        const refine_region *r = &x->regions[i];
        const stats_value low = key_value(x->kind, r->low), high = key_value(x->kind, r->high);
        const stats_value unit = x->kind == KEY_FLOAT ? 0 : 1; /* integers fill low … high */
        uint64_t below = 0;
        for (size_t e = 0; e < r->edges; e++) {
            const stats_value edge = key_value(x->kind, x->edges[r->first_edge + e]);
            const stats_value share = (edge - low) / (high + unit - low);
            const uint64_t upto = (uint64_t)llrintl(share * (stats_value)r->count);
            x->bins[r->first_edge + e] += upto - below;
            below = upto;
        }
        if (r->edges) {
            x->bins[r->first_edge + r->edges] += r->count - below;
            width = fmax(width, relative(high - low, fminl(fabsl(low), fabsl(high))));
        }
    }
    return width;
}

/* --- before a pass -------------------------------------------------------------------------- */

/* The least shift that leaves fewer than `most` different numbers of 0 … span. */
static unsigned char shift_for(uint64_t span, uint64_t most)
{
    unsigned char shift = 0;
    while (span >> shift >= most)
        shift++;
    return shift;
}

static bool in_region(const refine_target *t, const refine_region *r)
{
    return t->low == r->low && t->low < t->high;
}

static void lay_out_region(refine *x, refine_region *r, size_t *starts)
{
    const uint64_t span = r->high - r->low;
    size_t targets = 0;
    if (r->edges == 0)
        r->first_edge = (uint32_t)x->edge_count + 1;
    r->edge = r->edges ? x->edges[r->first_edge] : 0;
    for (size_t t = 0; r->cells && t < x->target_count; t++)
        targets += in_region(&x->targets[t], r);
    r->cell = (uint32_t)x->cell_count;
    if (targets) {
        r->cell_shift = shift_for(span, targets * CELLS);
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
    const double most = KEPT, width = 0.75 * most / (double)target->count * r->cells;
    const double at = share * r->cells;
    const double first = target->count <= KEPT ? 0 : fmax(0, floor(at - width / 2));
    const double last =
        target->count <= KEPT ? r->cells - 1.0 : fmin(r->cells - 1.0, floor(at + width / 2));
    for (size_t cell = (size_t)first; cell <= (size_t)last; cell++)
        if (x->window_of[r->cell + cell] == 0)
            x->window_of[r->cell + cell] = (uint8_t)(t + 1);
}

static bool alloc_pass(refine *x, size_t starts, unsigned workers)
{
    x->starts = calloc(starts + 1, sizeof *x->starts);
    x->window_of = calloc(x->cell_count + 1, 1);
    x->windows = calloc(x->target_count + 1, sizeof *x->windows);
    x->window_keys = malloc((x->target_count * KEPT + 1) * sizeof *x->window_keys);
    x->workers = calloc(workers, sizeof *x->workers);
    if (!x->starts || !x->window_of || !x->windows || !x->window_keys || !x->workers)
        return false;
    x->worker_count = workers;
    for (size_t t = 0; t < x->target_count; t++)
        x->windows[t].keys = x->window_keys + t * KEPT;
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
            if (in_region(&x->targets[t], &x->regions[i]))
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

static inline void count_finer(refine *x, finer_cell *cells, const refine_region *r, uint64_t key)
{
    const size_t at = r->cell + (size_t)((key - r->low) >> r->cell_shift);
    finer_cell *c = &cells[at];
    c->count++;
    c->min = key < c->min ? key : c->min;
    c->max = key > c->max ? key : c->max;
    if (x->window_of[at] == 0)
        return;
    refine_window *w = &x->windows[x->window_of[at] - 1];
    if (atomic_load_explicit(&w->used, memory_order_relaxed) > KEPT)
        return;
    const size_t place = atomic_fetch_add_explicit(&w->used, 1, memory_order_relaxed);
    if (place < KEPT)
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

/* --- after a pass --------------------------------------------------------------------------- */

static void free_pass(refine *x)
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

static void add_up(const refine *x)
{
    finer_cell *sum = x->workers[0].cells;
    for (unsigned w = 0; w < x->worker_count; w++)
        for (size_t i = 0; i <= x->edge_count; i++)
            x->bins[i] += x->workers[w].bins[i];
    for (unsigned w = 1; w < x->worker_count; w++)
        for (size_t i = 0; i < x->cell_count; i++) {
            const finer_cell *c = &x->workers[w].cells[i];
            sum[i].count += c->count;
            sum[i].min = c->min < sum[i].min ? c->min : sum[i].min;
            sum[i].max = c->max > sum[i].max ? c->max : sum[i].max;
        }
}

/* Among the window's keys, those of one finer cell are brought together. */
static void take_from_window(const refine_region *r, size_t cell, refine_window *w,
                             refine_target *target)
{
    const size_t used = atomic_load_explicit(&w->used, memory_order_relaxed);
    size_t n = 0;
    for (size_t i = 0; i < used; i++)
        if ((w->keys[i] - r->low) >> r->cell_shift == cell) {
            const uint64_t key = w->keys[i];
            w->keys[i] = w->keys[n];
            w->keys[n++] = key;
        }
    target->low = target->high = keys_select(w->keys, n, (size_t)(target->rank - target->below));
}

/* The finer cell of the target; then, if its values were kept, the target itself. */
static bool narrow_target(refine *x, const refine_region *r, refine_target *target)
{
    const finer_cell *cells = x->workers[0].cells + r->cell;
    size_t at = 0;
    for (; at < r->cells && target->below + cells[at].count < target->rank; at++)
        target->below += cells[at].count;
    if (at == r->cells)
        return false;
    target->low = cells[at].min;
    target->high = cells[at].max;
    target->count = cells[at].count;
    const uint8_t owner = x->window_of[r->cell + at];
    if (target->low < target->high && owner &&
        atomic_load_explicit(&x->windows[owner - 1].used, memory_order_relaxed) <= KEPT)
        take_from_window(r, at, &x->windows[owner - 1], target);
    return true;
}

/* A region for each target that is still open. */
static void choose_regions(refine *x)
{
    x->region_count = 0;
    for (size_t t = 0; t < x->target_count; t++) {
        const refine_target *target = &x->targets[t];
        refine_region *before = x->region_count ? &x->regions[x->region_count - 1] : NULL;
        if (target->low == target->high || (before && in_region(target, before)))
            continue;
        if (before && before->slot == target->slot)
            before->last = false;
        x->regions[x->region_count++] = (refine_region){.low = target->low,
                                                        .high = target->high,
                                                        .count = target->count,
                                                        .slot = target->slot,
                                                        .last = true,
                                                        .cells = 1};
    }
}

bool refine_finish(refine *x)
{
    bool whole = true;
    add_up(x);
    for (size_t i = 0; i < x->region_count; i++) {
        const refine_region *r = &x->regions[i];
        uint64_t count = 0;
        for (size_t k = 0; k < r->cells; k++)
            count += x->workers[0].cells[r->cell + k].count;
        whole &= r->cells == 0 || count == r->count;
    }
    /* Targets and regions have the same order. */
    for (size_t t = 0, i = 0; whole && t < x->target_count; t++) {
        if (x->targets[t].low == x->targets[t].high)
            continue;
        while (i < x->region_count &&
               !(x->regions[i].cells && in_region(&x->targets[t], &x->regions[i])))
            i++;
        whole &= i < x->region_count && narrow_target(x, &x->regions[i], &x->targets[t]);
    }
    free_pass(x);
    choose_regions(x);
    return whole;
}

void refine_free(refine *x)
{
    free_pass(x);
    free(x->regions);
    x->regions = NULL;
}
