/* Makes plans: tries several divisions, and keeps the one that is predicted to take least; see plan.h. */
#include "graph/divide.h"

#define LEAST_GAIN  1.1  /* for more than one lane */
#define GOOD_ENOUGH 0.93 /* of what no plan can exceed: others are not tried */

/* What is tried, in this order. Of many combinations on stencils, grids, trees, random graphs and Cholesky
 * each of these was better than the others somewhere, and none was better than all of these by a tenth. */
static const struct {
    bool by_depth; /* or where each task, or block, can begin first */
    bool by_urgency;
    double block_ns, hold_ns;
} variant[] = {
    {true, true, 0, 400},       {false, false, 0, 400},      {true, false, 0, 400},
    {true, true, 0, 2000},      {false, false, 0, 1e12},     {false, false, 1000, 1e12},
    {false, false, 3000, 1e12}, {false, false, 10000, 1e12},
};

/* Replaces *best where the division's plan is better; false: no memory. */
static bool keep_better(const weir__division *d, weir__plan **best)
{
    weir__plan *plan = weir__waits_make_plan(d), *worse = plan;
    if (plan == NULL)
        return false;
    if (plan->planned_ns < (*best)->planned_ns) {
        worse = *best;
        *best = plan;
    }
    weir__plan_free(worse);
    return true;
}

static bool try_rules(weir__division *d, unsigned lanes, weir__plan **best)
{
    const double share_ns = d->sum_ns / lanes;
    const double least_ns = share_ns > d->path_ns ? share_ns : d->path_ns;
    for (unsigned v = 0; v < sizeof variant / sizeof *variant; v++) {
        if (variant[v].by_depth)
            weir__divide_depths(d, lanes);
        else
            weir__divide_blocks(d, lanes, variant[v].block_ns);
        weir__lineup_find(d, variant[v].by_urgency, variant[v].hold_ns);
        if (d->line_ns >= (*best)->planned_ns)
            continue;
        if (!keep_better(d, best))
            return false;
        if (least_ns > GOOD_ENOUGH * (*best)->planned_ns)
            return true;
    }
    return true;
}

/* How many lanes can have something to do at a time. */
static unsigned useful_lanes(const weir__division *d, unsigned workers)
{
    const double parallel = d->path_ns > 0 ? d->sum_ns / d->path_ns : 1;
    unsigned lanes = workers < WEIR_LANES_MOST ? workers : WEIR_LANES_MOST;
    if (parallel < lanes)
        lanes = (unsigned)parallel + 1;
    return parallel < LEAST_GAIN ? 1 : lanes;
}

/* NULL: no memory. */
static weir__plan *choose(weir__division *d, unsigned workers)
{
    const unsigned lanes = useful_lanes(d, workers);
    weir__divide_not(d);
    weir__plan *best = weir__waits_make_plan(d);
    if (best == NULL)
        return NULL;
    const double serial_ns = best->planned_ns;
    best->planned_ns /= LEAST_GAIN; /* which is what others have to better */
    if (lanes > 1 && !try_rules(d, lanes, &best)) {
        weir__plan_free(best);
        return NULL;
    }
    best->serial_ns = serial_ns;
    if (best->lanes == 1)
        best->planned_ns = serial_ns;
    return best;
}

weir__plan *weir__plan_make(weir_graph *graph, const float *cost, double mean_ns, unsigned workers,
                            bool lanes_allowed)
{
    weir__division d;
    WEIR_ASSERT(graph->compiled && graph->controls == NULL && workers > 0);
    if (!weir__division_open(&d, graph, cost, mean_ns))
        return NULL;
    weir__plan *plan = choose(&d, lanes_allowed ? workers : 1);
    weir__division_close(&d);
    return plan;
}
