/* What the passes are to look at, and what they found; see refine.h.
 *
 * stats_answer.c calls it between passes; refine_pass.c makes them.  It must never have a pass look
 * at a value that the coarse counts have placed already: that is all of its speed. */
#include "refine_pass.h"

#include <math.h>
#include <stdlib.h>

uint64_t refine_bytes(size_t edges, size_t targets, unsigned workers)
{
    const uint64_t regions = (edges + targets + 1) * sizeof(refine_region);
    const uint64_t shared = edges * 2 * sizeof(uint32_t) + targets * REFINE_CELLS +
                            targets * (sizeof(refine_window) + REFINE_KEPT * sizeof(uint64_t));
    const uint64_t each = sizeof(refine_worker) + targets * REFINE_CELLS * sizeof(refine_cell) +
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

/* --- after a pass --------------------------------------------------------------------------- */

static void add_up(const refine *x)
{
    refine_cell *sum = x->workers[0].cells;
    for (unsigned w = 0; w < x->worker_count; w++)
        for (size_t i = 0; i <= x->edge_count; i++)
            x->bins[i] += x->workers[w].bins[i];
    for (unsigned w = 1; w < x->worker_count; w++)
        for (size_t i = 0; i < x->cell_count; i++) {
            const refine_cell *c = &x->workers[w].cells[i];
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
    const refine_cell *cells = x->workers[0].cells + r->cell;
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
        atomic_load_explicit(&x->windows[owner - 1].used, memory_order_relaxed) <= REFINE_KEPT)
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
        if (target->low == target->high || (before && refine_in_region(target, before)))
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
               !(x->regions[i].cells && refine_in_region(&x->targets[t], &x->regions[i])))
            i++;
        whole &= i < x->region_count && narrow_target(x, &x->regions[i], &x->targets[t]);
    }
    refine_pass_free(x);
    choose_regions(x);
    return whole;
}

void refine_free(refine *x)
{
    refine_pass_free(x);
    free(x->regions);
    x->regions = NULL;
}
