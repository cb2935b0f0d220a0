/* weir's own costs, seen from outside: an empty run, and what handing work out takes.
 *
 * Problems of the weir contestant alone. The ops read the clock; a leaf is long enough that a worker
 * has always earned the next promotion.  Nothing here may look into the engine. */
#include <stdlib.h>

#include "../timing.h"
#include "weir_contestant.h"

/* ---- empty: size runs of a plan that does next to nothing ---- */

static int empty_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in;
    *(uint64_t *)out = 1;
    return 0;
}

uint64_t run_empty(const problem *p)
{
    const weir_layer leaf = {.name = "empty", .out_bytes = sizeof(uint64_t), .leaf = empty_leaf};
    weir_plan *plan = compile_pipeline(&leaf);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < p->size; i++) {
        uint64_t out = 0;
        run_plan(plan, p, NULL, &out);
        sum += out;
    }
    weir_plan_free(plan);
    return sum;
}

/* ---- handout: depth runs of size leaves of `steps`, all children of one branch ---- */

enum { WORKERS_MOST = 4096 };

typedef struct watch {
    _Alignas(64) uint64_t ended_ns; /* when this worker's last leaf ended */
    uint64_t gaps_ns, gaps; /* from there to its next child, if that is the next by number */
    uint32_t last;
} watch;

static watch watches[WORKERS_MOST];
static uint64_t gather_ns, promotions, gathered;

/* A worker that goes on to the next number may have handed something out in between. */
static int watch_split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    watch *w = &watches[weir_worker(b)];
    (void)in;
    if (w->ended_ns != 0 && i == w->last + 1) {
        w->gaps_ns += timing_now_ns() - w->ended_ns;
        w->gaps++;
    }
    *(uint32_t *)child_in = i;
    return 0;
}

static int watch_leaf(weir_branch *b, const void *in, void *out)
{
    const problem *p = weir_context(b);
    watch *w = &watches[weir_worker(b)];
    w->last = *(const uint32_t *)in;
    *(uint64_t *)out = leaf_work(p->steps);
    w->ended_ns = timing_now_ns();
    return 0;
}

/* From the end of the last leaf of all to here. */
static int watch_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const problem *p = weir_context(b);
    const uint64_t now = timing_now_ns();
    uint64_t last_ns = 0;
    for (unsigned i = 0; i < p->workers; i++) {
        last_ns = watches[i].ended_ns > last_ns ? watches[i].ended_ns : last_ns;
        watches[i].ended_ns = 0;
    }
    gather_ns += now - last_ns;
    gathered++;
    return gather_sum(b, in, results, n, out);
}

uint64_t run_handout(const problem *p)
{
    const weir_layer leaf = {.name = "leaf",
                             .in_bytes = sizeof(uint32_t),
                             .out_bytes = sizeof(uint64_t),
                             .leaf = watch_leaf};
    const weir_layer top = {.name = "top",
                            .out_bytes = sizeof(uint64_t),
                            .fanout = (uint32_t)p->size,
                            .child = &leaf,
                            .split = watch_split,
                            .gather = watch_gather};
    weir_plan *plan = compile_pipeline(&top);
    uint64_t sum = 0;
    if (p->workers > WORKERS_MOST)
        abort();
    memset(watches, 0, sizeof watches);
    promotions = gathered = gather_ns = 0;
    for (uint64_t i = 0; i < p->depth; i++) {
        uint64_t out = 0;
        weir_stats s;
        run_plan(plan, p, NULL, &out);
        get_stats(&s);
        promotions += s.promotions;
        sum += out;
    }
    weir_plan_free(plan);
    return sum;
}

void report_handout(FILE *file)
{
    uint64_t gaps_ns = 0, gaps = 0;
    for (unsigned i = 0; i < WORKERS_MOST; i++) {
        gaps_ns += watches[i].gaps_ns;
        gaps += watches[i].gaps;
    }
    if (gathered > 0)
        fprintf(file, " gaps=%lu gaps_ns=%lu made=%lu gather_ns=%lu", (unsigned long)gaps,
                (unsigned long)gaps_ns, (unsigned long)promotions,
                (unsigned long)(gather_ns / gathered));
}
