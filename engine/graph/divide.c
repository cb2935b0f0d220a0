/* Divides units among lanes; see divide.h.
 *
 * Two rules, neither of which is best for all graphs. */
#include "graph/divide.h"

#include <string.h>

#include "base/memory.h"

bool weir__division_open(weir__division *d, const weir__program *program, const weir__units *units)
{
    const size_t n = units->n + (size_t)1;
    *d = (weir__division){.program = program, .units = units};
    bool ok = (d->lane = weir__memory_alloc(n * sizeof *d->lane)) != NULL;
    ok = (d->line = weir__memory_alloc(n * sizeof *d->line)) != NULL && ok;
    ok = (d->place = weir__memory_alloc(n * sizeof *d->place)) != NULL && ok;
    ok = (d->end_ns = weir__memory_alloc(n * sizeof *d->end_ns)) != NULL && ok;
    ok = (d->urgency = weir__memory_alloc(n * sizeof *d->urgency)) != NULL && ok;
    ok = (d->left = weir__memory_alloc(n * sizeof *d->left)) != NULL && ok;
    ok = (d->heap = weir__memory_alloc(2 * n * sizeof *d->heap)) != NULL && ok;
    if (!ok)
        weir__division_close(d);
    return ok;
}

void weir__division_close(weir__division *d)
{
    void *blocks[] = {d->lane, d->line, d->place, d->end_ns, d->urgency, d->left, d->heap};
    for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++)
        weir__memory_free(blocks[i]);
    *d = (weir__division){0};
}

/* ---- the rules ---- */

void weir__divide_not(weir__division *d)
{
    double end_ns = 0;
    d->lanes = 1;
    for (uint32_t u = 0; u < d->units->n; u++) {
        d->lane[u] = 0;
        d->line[u] = d->place[u] = u;
        d->end_ns[u] = end_ns += (double)d->units->cost[u];
    }
    d->line_ns = end_ns;
}

/* How far the border behind a lane moves that is so far ahead: by about one unit, and not at all where there
 * are few, since their successors would have to move as well. */
static double shift_of(double ahead, double sum, uint32_t units, unsigned lanes)
{
    const double most = sum / units;
    if (units < 2 * lanes ||
        (ahead < 2 * WEIR_PLAN_LATENCY_NS && ahead > -2 * WEIR_PLAN_LATENCY_NS))
        return 0;
    return ahead > most ? most : ahead < -most ? -most : ahead;
}

/* What a depth gives to one lane too much is taken off at the next: `ahead` of lane l is what the lanes up
 * to l have had beyond their share. So they stay equal, though units are not cut. */
void weir__divide_depths(weir__division *d, unsigned lanes)
{
    const weir__units *units = d->units;
    double ahead[WEIR_LANES_MOST] = {0};
    WEIR_ASSERT(lanes > 0 && lanes <= WEIR_LANES_MOST);
    d->lanes = lanes;
    for (uint32_t from = 0, to; from < units->n; from = to) {
        const uint32_t depth = units->depth[units->by_depth[from]];
        double sum = 0, before = 0;
        for (to = from; to < units->n && units->depth[units->by_depth[to]] == depth; to++)
            sum += (double)units->cost[units->by_depth[to]];
        unsigned lane = 0;
        for (uint32_t i = from; i < to; i++) {
            const uint32_t u = units->by_depth[i];
            const double middle = before + (double)units->cost[u] / 2;
            while (lane + 1 < lanes && middle > sum * (lane + 1) / lanes -
                                                    shift_of(ahead[lane], sum, to - from, lanes)) {
                ahead[lane] += before - sum * (lane + 1) / lanes;
                lane++;
            }
            d->lane[u] = (uint16_t)lane;
            before += (double)units->cost[u];
        }
        for (; lane + 1 < lanes; lane++)
            ahead[lane] += before - sum * (lane + 1) / lanes;
    }
}

/* List scheduling (Graham, SIAM J. Appl. Math. 17(2), 1969) in program order. */
typedef struct table {
    double free_ns[WEIR_LANES_MOST];
    double
        known_ns[WEIR_LANES_MOST]; /* when all that the unit needs of that lane has ended; or 0 */
} table;

static void look_at_preds(const weir__division *d, table *t, uint32_t u)
{
    const weir__units *units = d->units;
    memset(t->known_ns, 0, d->lanes * sizeof *t->known_ns);
    for (uint32_t i = units->pred_at[u]; i < units->pred_at[u + 1]; i++) {
        const uint32_t p = units->pred[i];
        if (d->end_ns[p] > t->known_ns[d->lane[p]])
            t->known_ns[d->lane[p]] = d->end_ns[p];
    }
}

/* The lane where the unit can begin first; of equal ones that which has what it needs. What it takes until
 * a lane knows of the others is left out: with it, plans were no better. */
static unsigned choose_lane(const weir__division *d, const table *t, double *begin_ns)
{
    unsigned best = 0;
    double ready_ns = 0;
    for (unsigned l = 0; l < d->lanes; l++)
        ready_ns = t->known_ns[l] > ready_ns ? t->known_ns[l] : ready_ns;
    for (unsigned l = 0; l < d->lanes; l++) {
        const double begin = t->free_ns[l] > ready_ns ? t->free_ns[l] : ready_ns;
        if (l == 0 || begin < *begin_ns ||
            (begin <= *begin_ns && t->known_ns[l] > t->known_ns[best])) {
            *begin_ns = begin;
            best = l;
        }
    }
    return best;
}

void weir__divide_first(weir__division *d, unsigned lanes)
{
    table t = {0};
    WEIR_ASSERT(lanes > 0 && lanes <= WEIR_LANES_MOST);
    d->lanes = lanes;
    for (uint32_t u = 0; u < d->units->n; u++) {
        double begin = 0;
        look_at_preds(d, &t, u);
        const unsigned lane = choose_lane(d, &t, &begin);
        d->lane[u] = (uint16_t)lane;
        d->end_ns[u] = t.free_ns[lane] = begin + (double)d->units->cost[u];
    }
}
