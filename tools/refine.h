/* Exact quantiles and exact counts between edges, over as many passes as they take.
 *
 * Coarse counts of a first pass tell which cell holds a quantile, and which cells an edge goes
 * through; all other cells are counted already.  A further pass looks at the values of those cells
 * only: it compares them with the edges, and counts them in finer cells about the quantiles, keeping
 * the values of the few finer cells where a quantile is expected.  What is still open then goes on
 * in the same way, in cells that are a thousandth as wide.  stats_answer.c drives it, the
 * pipeline's second leaf counts.  It must never let who counted what show in a result.
 *
 *                Who may call what at the same time ("-" free, "X" never)
 *                begin, prepare, finish   count
 *   begin …               X                 X      only between runs
 *   count                 X                 -      each worker its own `worker` */
#ifndef WEIR_REFINE_H
#define WEIR_REFINE_H

#include <stdatomic.h>

#include "buckets.h"

/* One quantile. Invariant: below < rank <= below + count, the number of values in low … high, all of
 * them keys. It is known once low == high. */
typedef struct refine_target {
    uint64_t rank; /* from 1 */
    uint64_t low, high, below, count;
    size_t slot;
} refine_target;

typedef struct refine_region refine_region;
typedef struct refine_worker refine_worker;

typedef struct refine_window {
    uint64_t *keys;
    _Atomic size_t used; /* by any worker; beyond its capacity: keys are missing */
} refine_window;

typedef struct refine {
    /* Given by the caller before refine_begin. */
    npy_dtype dtype;
    refine_target *targets; /* ascending by rank */
    size_t target_count;
    const uint64_t *edges; /* keys, ascending */
    size_t edge_count;
    uint64_t *bins; /* edge_count + 1: bin i has the values that i edges do not exceed */
    /* Of the pass to come; read-only while it goes on, but for the workers and windows. */
    key_kind kind;
    refine_region *regions; /* ascending, apart from each other */
    size_t region_count;
    uint32_t *map;      /* by slot: 1 + the first region in it, or 0 */
    uint32_t *starts;   /* of regions with many edges: where to begin to compare */
    uint8_t *window_of; /* by finer cell: 1 + the window that keeps its values, or 0 */
    refine_window *windows;
    uint64_t *window_keys;
    refine_worker *workers;
    unsigned worker_count;
    size_t cell_count;
} refine;

enum { REFINE_MOST_TARGETS = 200 };

/* Bytes that the passes hold at most, beside the map, for so many edges and targets; with 0 workers,
 * those of refine_begin alone. */
uint64_t refine_bytes(size_t edges, size_t targets, unsigned workers);

/* Reads the coarse counts.  Returns: false if there is no memory. */
bool refine_begin(refine *x, buckets_walk walk);

/* Whether another pass would tell more. */
bool refine_is_open(const refine *x);

/* Makes ready for a pass; map has room for BUCKETS_SLOTS numbers. Returns: false if no memory. */
bool refine_prepare(refine *x, uint32_t *map, unsigned workers);

/* Counts values, raw ones in this machine's order and the same as doubles; those that are not
 * finite are passed over. */
void refine_count(refine *x, unsigned worker, const void *raw, const double *values, size_t count);

/* Takes the pass in.  Returns: false if its counts do not add up: the file has changed. */
bool refine_finish(refine *x);

/* Instead of a pass: spreads the counts of each open cell evenly over the bins that it lies in.
 * Returns: the largest width of such a cell, as a share of its values. */
double refine_guess_bins(refine *x);

/* Instead of a pass: the middle of where a target lies. Returns: the most that it may be away, as a
 * share of it; 0 if it is known. */
double refine_guess(const refine *x, const refine_target *target, stats_value *value);

void refine_free(refine *x);

#endif
