/* Finds the order of units in lanes; see divide.h.
 *
 * Lanes are simulated side by side, with nothing but the latency between them: the lane that can begin a
 * unit first takes the first of those that may start.  So what others wait for, and what is known to a lane
 * late, comes where nobody has to wait for it. */
#include "graph/divide.h"

typedef struct lineup {
    weir__division *d;
    double hold_ns;
    double time_ns[WEIR_LANES_MOST];
    weir__heap may_start[WEIR_LANES_MOST], /* by order or urgency */
        later[WEIR_LANES_MOST];            /* by when they may */
    const float *urgency;                  /* NULL: by order */
} lineup;

/* By the rest of the longest path, on which each change of lanes costs its latency. */
static void find_urgency(const weir__division *d, float *urgency)
{
    const weir__units *units = d->units;
    for (uint32_t u = units->n; u-- > 0;) {
        float longest = 0;
        for (uint32_t i = units->succ_at[u]; i < units->succ_at[u + 1]; i++) {
            const uint32_t s = units->succ[i];
            const float after = units->cost[s] + urgency[s] +
                                (d->lane[s] != d->lane[u] ? (float)WEIR_PLAN_LATENCY_NS : 0);
            longest = after > longest ? after : longest;
        }
        urgency[u] = longest;
    }
}

static void add_startable(lineup *l, uint32_t u)
{
    weir__heap_push(&l->may_start[l->d->lane[u]], l->urgency != NULL ? -(double)l->urgency[u] : 0,
                    u);
}

static void may_start_at(lineup *l, uint32_t u, double at_ns)
{
    const unsigned lane = l->d->lane[u];
    if (at_ns <= l->time_ns[lane])
        add_startable(l, u);
    else
        weir__heap_push(&l->later[lane], at_ns, u);
}

/* When the lane can begin its next unit; less than 0: not yet known. */
static double begin_of(const lineup *l, unsigned lane)
{
    if (l->may_start[lane].n > 0)
        return l->time_ns[lane];
    if (l->later[lane].n == 0)
        return -1;
    const double at_ns = l->later[lane].at[0].key;
    return at_ns > l->time_ns[lane] ? at_ns : l->time_ns[lane];
}

static uint32_t take(lineup *l, unsigned lane, double begin_ns)
{
    weir__heap *later = &l->later[lane];
    const bool holds =
        l->may_start[lane].n > 0 && later->n > 0 && later->at[0].key > begin_ns - l->hold_ns;
    while (!holds && later->n > 0 && later->at[0].key <= begin_ns)
        add_startable(l, weir__heap_pop(later).number);
    l->time_ns[lane] = begin_ns;
    return weir__heap_pop(&l->may_start[lane]).number;
}

/* The unit has ended: its successors may know it now, or later. */
static void finish(lineup *l, uint32_t u)
{
    weir__division *d = l->d;
    const weir__units *units = d->units;
    for (uint32_t i = units->succ_at[u]; i < units->succ_at[u + 1]; i++) {
        const uint32_t s = units->succ[i];
        if (--d->left[s] > 0)
            continue;
        double at_ns = 0;
        for (uint32_t k = units->pred_at[s]; k < units->pred_at[s + 1]; k++) {
            const uint32_t p = units->pred[k];
            const double known_ns =
                d->end_ns[p] + (d->lane[p] != d->lane[s] ? WEIR_PLAN_LATENCY_NS : 0);
            at_ns = known_ns > at_ns ? known_ns : at_ns;
        }
        may_start_at(l, s, at_ns);
    }
}

static void run(lineup *l)
{
    weir__division *d = l->d;
    uint32_t placed[WEIR_LANES_MOST] = {0};
    d->line_ns = 0;
    for (uint32_t i = 0; i < d->units->n; i++) {
        unsigned first = 0;
        double first_ns = -1;
        for (unsigned lane = 0; lane < d->lanes; lane++) {
            const double begin_ns = begin_of(l, lane);
            if (begin_ns >= 0 && (first_ns < 0 || begin_ns < first_ns)) {
                first_ns = begin_ns;
                first = lane;
            }
        }
        WEIR_ASSERT(first_ns >= 0);
        const uint32_t u = take(l, first, first_ns);
        d->line[i] = u;
        d->place[u] = placed[first]++;
        d->end_ns[u] = l->time_ns[first] += (double)d->units->cost[u];
        d->line_ns = d->end_ns[u] > d->line_ns ? d->end_ns[u] : d->line_ns;
        finish(l, u);
    }
}

void weir__lineup_find(weir__division *d, bool by_urgency, double hold_ns)
{
    const weir__units *units = d->units;
    lineup l = {.d = d, .hold_ns = hold_ns};
    uint32_t some[WEIR_LANES_MOST] = {0}, at = 0;
    WEIR_ASSERT(d->lanes > 0 && d->lanes <= WEIR_LANES_MOST);
    if (by_urgency) {
        find_urgency(d, d->urgency);
        l.urgency = d->urgency;
    }
    for (uint32_t u = 0; u < units->n; u++)
        some[d->lane[u]]++;
    for (unsigned lane = 0; lane < d->lanes; lane++) {
        l.may_start[lane].at = d->heap + at;
        l.later[lane].at = d->heap + units->n + at;
        at += some[lane];
    }
    for (uint32_t u = 0; u < units->n; u++) {
        d->left[u] = units->pred_at[u + 1] - units->pred_at[u];
        if (d->left[u] == 0)
            may_start_at(&l, u, 0);
    }
    run(&l);
}
