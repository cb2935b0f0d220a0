/* Divides tasks among lanes; see divide.h.
 *
 * Two rules, neither of which is best for all graphs. */
#include "graph/divide.h"

#include <string.h>

#include "base/memory.h"
#include "graph/greedy.h"

/* ---- what the rules need of the graph ---- */

static bool find_order(weir__division *d)
{
    weir__greedy greedy;
    if (d->graph->forward) {
        for (uint32_t r = 0; r < d->n; r++)
            d->order[r] = d->rank[r] = r;
        return true;
    }
    if (weir__greedy_open(&greedy, d->graph) != WEIR_OK)
        return false;
    weir__greedy_order(&greedy, WEIR_GREEDY_PROGRAM, d->order);
    weir__greedy_close(&greedy);
    for (uint32_t r = 0; r < d->n; r++)
        d->rank[d->order[r]] = r;
    return true;
}

static void find_costs(weir__division *d, const float *cost, double mean_ns)
{
    const float *hint = d->graph->cost;
    d->sum_ns = 0;
    for (uint32_t r = 0; r < d->n; r++) {
        const weir_task t = d->order[r];
        const bool hinted = hint != NULL && hint[t] > 0;
        d->cost[r] = cost != NULL ? cost[t] : hinted ? hint[t] : (float)mean_ns;
        d->sum_ns += (double)d->cost[r];
    }
}

static void find_preds(weir__division *d)
{
    const weir__task *task = d->graph->task;
    uint64_t at = 0;
    for (uint32_t r = 0; r < d->n; r++) {
        d->preds_at[r] = at;
        at += d->graph->fixed[d->order[r]].predecessors;
        d->left[r] = 0;
    }
    d->preds_at[d->n] = at;
    for (uint32_t r = 0; r < d->n; r++) {
        const weir__task *t = &task[d->order[r]];
        for (uint64_t i = t->successors; i < t[1].successors; i++) {
            const uint32_t s = d->rank[d->graph->successor[i]];
            WEIR_ASSERT(s > r);
            d->pred[d->preds_at[s] + d->left[s]++] = r;
        }
    }
}

/* And the longest path. */
static void find_depths(weir__division *d)
{
    d->depths = 0;
    d->path_ns = 0;
    for (uint32_t r = 0; r < d->n; r++) {
        uint32_t depth = 0;
        double begin = 0;
        for (uint64_t i = d->preds_at[r]; i < d->preds_at[r + 1]; i++) {
            const uint32_t p = d->pred[i];
            depth = d->depth[p] >= depth ? d->depth[p] + 1 : depth;
            begin = d->end_ns[p] > begin ? d->end_ns[p] : begin;
        }
        d->depth[r] = depth;
        d->end_ns[r] = begin + (double)d->cost[r];
        d->depths = depth >= d->depths ? depth + 1 : d->depths;
        d->path_ns = d->end_ns[r] > d->path_ns ? d->end_ns[r] : d->path_ns;
    }
}

static void sort_by_depth(weir__division *d)
{
    uint32_t *at = d->left, sum = 0; /* there are at most n depths */
    memset(at, 0, d->n * sizeof *at);
    for (uint32_t r = 0; r < d->n; r++)
        at[d->depth[r]]++;
    for (uint32_t depth = 0; depth < d->depths; depth++) {
        const uint32_t some = at[depth];
        at[depth] = sum;
        sum += some;
    }
    for (uint32_t r = 0; r < d->n; r++)
        d->by_depth[at[d->depth[r]]++] = r;
}

bool weir__division_open(weir__division *d, const weir_graph *graph, const float *cost,
                         double mean_ns)
{
    const size_t n = graph->n + (size_t)1;
    *d = (weir__division){.graph = graph, .n = graph->n};
    uint32_t **words[] = {&d->order, &d->rank,  &d->depth, &d->by_depth,
                          &d->line,  &d->place, &d->left};
    bool ok = true;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        ok = (*words[i] = weir__memory_alloc(n * sizeof **words[i])) != NULL && ok;
    ok = (d->cost = weir__memory_alloc(n * sizeof *d->cost)) != NULL && ok;
    ok = (d->urgency = weir__memory_alloc(n * sizeof *d->urgency)) != NULL && ok;
    ok = (d->lane = weir__memory_alloc(n * sizeof *d->lane)) != NULL && ok;
    ok = (d->end_ns = weir__memory_alloc(n * sizeof *d->end_ns)) != NULL && ok;
    ok = (d->heap = weir__memory_alloc(2 * n * sizeof *d->heap)) != NULL && ok;
    ok = (d->preds_at = weir__memory_alloc(n * sizeof *d->preds_at)) != NULL && ok;
    ok = (d->pred = weir__memory_alloc((graph->edges + 1) * sizeof *d->pred)) != NULL && ok;
    if (!ok || !find_order(d)) {
        weir__division_close(d);
        return false;
    }
    find_costs(d, cost, mean_ns);
    find_preds(d);
    find_depths(d);
    sort_by_depth(d);
    return true;
}

void weir__division_close(weir__division *d)
{
    void *blocks[] = {d->order, d->rank, d->cost,  d->preds_at, d->pred, d->depth, d->by_depth,
                      d->lane,  d->line, d->place, d->end_ns,   d->left, d->heap,  d->urgency};
    for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++)
        weir__memory_free(blocks[i]);
    *d = (weir__division){0};
}

/* ---- the rules ---- */

void weir__divide_not(weir__division *d)
{
    double end_ns = 0;
    d->lanes = 1;
    for (uint32_t r = 0; r < d->n; r++) {
        d->lane[r] = 0;
        d->line[r] = d->place[r] = r;
        d->end_ns[r] = end_ns += (double)d->cost[r];
    }
}

/* How far the border behind a lane moves that is so far ahead: by about one task, and not at all where there
 * are few, since their successors would have to move as well. */
static double shift_of(double ahead, double sum, uint32_t tasks, unsigned lanes)
{
    const double most = sum / tasks;
    if (tasks < 2 * lanes ||
        (ahead < 2 * WEIR_PLAN_LATENCY_NS && ahead > -2 * WEIR_PLAN_LATENCY_NS))
        return 0;
    return ahead > most ? most : ahead < -most ? -most : ahead;
}

/* What a depth gives to one lane too much is taken off at the next: `ahead` of lane l is what the lanes up
 * to l have had beyond their share. So they stay equal, though tasks are not cut. */
void weir__divide_depths(weir__division *d, unsigned lanes)
{
    double ahead[WEIR_LANES_MOST] = {0};
    WEIR_ASSERT(lanes > 0 && lanes <= WEIR_LANES_MOST);
    d->lanes = lanes;
    for (uint32_t from = 0, to; from < d->n; from = to) {
        double sum = 0, before = 0;
        for (to = from; to < d->n && d->depth[d->by_depth[to]] == d->depth[d->by_depth[from]]; to++)
            sum += (double)d->cost[d->by_depth[to]];
        unsigned lane = 0;
        for (uint32_t i = from; i < to; i++) {
            const uint32_t r = d->by_depth[i];
            const double middle = before + (double)d->cost[r] / 2;
            while (lane + 1 < lanes && middle > sum * (lane + 1) / lanes -
                                                    shift_of(ahead[lane], sum, to - from, lanes)) {
                ahead[lane] += before - sum * (lane + 1) / lanes;
                lane++;
            }
            d->lane[r] = (uint16_t)lane;
            before += (double)d->cost[r];
        }
        for (; lane + 1 < lanes; lane++)
            ahead[lane] += before - sum * (lane + 1) / lanes;
    }
}

/* List scheduling (Graham, SIAM J. Appl. Math. 17(2), 1969) with latency between lanes, in program order. */
typedef struct table {
    double free_ns[WEIR_LANES_MOST];
    double
        known_ns[WEIR_LANES_MOST]; /* when all that the task needs of that lane has ended; or 0 */
} table;

/* Those of the ranks from `from` up to `to`, and not among them. */
static void look_at_preds(const weir__division *d, table *t, uint32_t from, uint32_t to)
{
    memset(t->known_ns, 0, d->lanes * sizeof *t->known_ns);
    for (uint64_t i = d->preds_at[from]; i < d->preds_at[to]; i++) {
        const uint32_t p = d->pred[i];
        if (p < from && d->end_ns[p] > t->known_ns[d->lane[p]])
            t->known_ns[d->lane[p]] = d->end_ns[p];
    }
}

/* The lane where the block can begin first; of equal ones that which has what it needs. What it takes until
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

void weir__divide_blocks(weir__division *d, unsigned lanes, double block_ns)
{
    table t = {0};
    WEIR_ASSERT(lanes > 0 && lanes <= WEIR_LANES_MOST);
    d->lanes = lanes;
    for (uint32_t from = 0, to; from < d->n; from = to) {
        double cost = 0, begin = 0;
        for (to = from; to < d->n && (to == from || cost < block_ns); to++)
            cost += (double)d->cost[to];
        look_at_preds(d, &t, from, to);
        const unsigned lane = choose_lane(d, &t, &begin);
        t.free_ns[lane] = begin + cost;
        for (uint32_t r = from; r < to; r++) {
            d->lane[r] = (uint16_t)lane;
            d->end_ns[r] = t.free_ns[lane];
        }
    }
}
