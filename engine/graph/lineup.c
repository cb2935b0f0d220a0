/* Finds the order of tasks in lanes; see divide.h.
 *
 * Lanes are simulated side by side, with nothing but the latency between them: the lane that can begin a
 * task first takes the first of those that may start.  So what others wait for, and what is known to a lane
 * late, comes where nobody has to wait for it. */
#include <string.h>

#include "graph/divide.h"

/* A binary heap of numbers, the least first. */
typedef struct heap {
    uint64_t *at;
    uint32_t n;
} heap;

static void push(heap *h, uint64_t key)
{
    uint32_t i = h->n++;
    for (; i > 0 && key < h->at[(i - 1) / 2]; i = (i - 1) / 2)
        h->at[i] = h->at[(i - 1) / 2];
    h->at[i] = key;
}

static uint64_t pop(heap *h)
{
    const uint64_t first = h->at[0], last = h->at[--h->n];
    uint32_t i = 0;
    for (uint32_t child = 1; child < h->n; child = 2 * i + 1) {
        if (child + 1 < h->n && h->at[child + 1] < h->at[child])
            child++;
        if (last <= h->at[child])
            break;
        h->at[i] = h->at[child];
        i = child;
    }
    h->at[i] = last;
    return first;
}

/* Keys are a time or an urgency, and below it the rank. */
enum { RANK_BITS = 30 };
#define RANK_MASK ((UINT64_C(1) << RANK_BITS) - 1)
#define KEY_MOST  ((double)(UINT64_C(1) << 33))
static_assert(WEIR_TASKS_MOST <= UINT64_C(1) << RANK_BITS, "a rank fits");

typedef struct lineup {
    weir__division *d;
    double hold_ns;
    double unit; /* of keys in a ns */
    double time_ns[WEIR_LANES_MOST];
    heap may_start[WEIR_LANES_MOST],
        later[WEIR_LANES_MOST]; /* by order or urgency; by when they may */
    const float *urgency;
} lineup;

/* By the rest of the longest path, on which each change of lanes costs its latency. */
static void find_urgency(const weir__division *d, float *urgency)
{
    for (uint32_t r = 0; r < d->n; r++)
        urgency[r] = 0;
    for (uint32_t r = d->n; r-- > 0;) {
        urgency[r] += d->cost[r];
        for (uint64_t i = d->preds_at[r]; i < d->preds_at[r + 1]; i++) {
            const uint32_t p = d->pred[i];
            const float u =
                urgency[r] + (d->lane[p] != d->lane[r] ? (float)WEIR_PLAN_LATENCY_NS : 0);
            urgency[p] = u > urgency[p] ? u : urgency[p];
        }
    }
}

static uint64_t key_of(const lineup *l, uint32_t r)
{
    if (l->urgency == NULL)
        return r;
    const double key = KEY_MOST - (double)l->urgency[r] * l->unit; /* a rounded sum may be large */
    return (uint64_t)(key > 0 ? key : 0) << RANK_BITS | r;
}

static void may_start_at(lineup *l, uint32_t r, double at_ns)
{
    const unsigned lane = l->d->lane[r];
    if (at_ns <= l->time_ns[lane])
        push(&l->may_start[lane], key_of(l, r));
    else
        push(&l->later[lane], (uint64_t)(at_ns * l->unit) << RANK_BITS | r);
}

/* When the lane can begin its next task; less than 0: not yet known. */
static double begin_of(const lineup *l, unsigned lane)
{
    if (l->may_start[lane].n > 0)
        return l->time_ns[lane];
    if (l->later[lane].n == 0)
        return -1;
    const double at_ns = (double)(l->later[lane].at[0] >> RANK_BITS) / l->unit;
    return at_ns > l->time_ns[lane] ? at_ns : l->time_ns[lane];
}

static uint32_t take(lineup *l, unsigned lane, double begin_ns)
{
    heap *later = &l->later[lane];
    const bool holds = l->may_start[lane].n > 0 && later->n > 0 &&
                       (double)(later->at[0] >> RANK_BITS) / l->unit > begin_ns - l->hold_ns;
    while (!holds && later->n > 0 && (double)(later->at[0] >> RANK_BITS) / l->unit <= begin_ns)
        push(&l->may_start[lane], key_of(l, (uint32_t)(pop(later) & RANK_MASK)));
    l->time_ns[lane] = begin_ns;
    return (uint32_t)(pop(&l->may_start[lane]) & RANK_MASK);
}

/* The task has ended: its successors may know it now, or later. */
static void finish(lineup *l, uint32_t r)
{
    weir__division *d = l->d;
    const weir__task *t = &d->graph->task[d->order[r]];
    for (uint64_t i = t->successors; i < t[1].successors; i++) {
        const uint32_t s = d->rank[d->graph->successor[i]];
        if (--d->left[s] > 0)
            continue;
        double at_ns = 0;
        for (uint64_t k = d->preds_at[s]; k < d->preds_at[s + 1]; k++) {
            const uint32_t p = d->pred[k];
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
    for (uint32_t i = 0; i < d->n; i++) {
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
        const uint32_t r = take(l, first, first_ns);
        d->line[i] = r;
        d->place[r] = placed[first]++;
        d->end_ns[r] = l->time_ns[first] += (double)d->cost[r];
        d->line_ns = d->end_ns[r] > d->line_ns ? d->end_ns[r] : d->line_ns;
        finish(l, r);
    }
}

void weir__lineup_find(weir__division *d, bool by_urgency, double hold_ns)
{
    lineup l = {.d = d,
                .hold_ns = hold_ns,
                .unit = KEY_MOST / (d->sum_ns + (d->n + 1) * WEIR_PLAN_LATENCY_NS)};
    uint32_t tasks[WEIR_LANES_MOST] = {0}, at = 0;
    WEIR_ASSERT(d->lanes > 0 && d->lanes <= WEIR_LANES_MOST);
    if (by_urgency) {
        find_urgency(d, d->urgency);
        l.urgency = d->urgency;
    }
    for (uint32_t r = 0; r < d->n; r++)
        tasks[d->lane[r]]++;
    for (unsigned lane = 0; lane < d->lanes; lane++) {
        l.may_start[lane].at = d->heap + at;
        l.later[lane].at = d->heap + d->n + at;
        at += tasks[lane];
    }
    for (uint32_t r = 0; r < d->n; r++) {
        d->left[r] = (uint32_t)(d->preds_at[r + 1] - d->preds_at[r]);
        if (d->left[r] == 0)
            may_start_at(&l, r, 0);
    }
    run(&l);
}
