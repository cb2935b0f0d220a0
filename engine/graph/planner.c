/* Makes plans: tries several divisions, and keeps the one that is predicted to take least; see plan.h.
 *
 * Units of several sizes are tried, each by several rules, until one is good enough, or until the work that
 * planning may be is done.  That is counted in *steps*, a unit or an edge of one division each, of which
 * there are as many as some runs take time.  Graphs of many tiny tasks are divided by large units alone. */
#include "base/memory.h"
#include "graph/divide.h"

#define LEAST_GAIN  1.1  /* for more than one lane */
#define GOOD_ENOUGH 0.93 /* of what no plan can exceed: others are not tried */

/* Levels of units: those that are single tasks, and larger ones, each so many times as large as the one before. */
enum { LEVELS_MOST = 7 };
#define LEAST_UNIT_NS 64.0
#define TIMES_AS_MUCH 3.0
/* Those of this size on average are tried first, then larger ones, then smaller. */
#define FIRST_UNIT_NS 150.0

/* So much of a run on one worker allows one step, which takes about 50 ns; but some are always allowed. */
#define NS_A_STEP   5.0
#define STEPS_LEAST 24000.0

/* What is tried, in this order. Of many combinations on stencils, grids, trees, random graphs and Cholesky
 * each of these was better than the others somewhere, and none was better than all of these by a tenth. */
static const struct {
    bool by_depth; /* or where each unit can begin first */
    bool by_urgency;
    double hold_ns;
} variant[] = {
    {true, true, 400},  {false, false, 1e12}, {true, false, 400},
    {true, true, 2000}, {false, false, 400},
};
enum { RULES = 2, VARIANTS = sizeof variant / sizeof *variant };

typedef struct planner {
    weir__program program;
    unsigned lanes;
    weir__units level[LEVELS_MOST];
    unsigned levels;
    weir__division best, next; /* best.units is NULL: one lane is best */
    double best_ns;
    double steps, steps_most;
} planner;

/* ---- levels ---- */

static double parallelism(const planner *p, const weir__units *units)
{
    return units->path_ns > 0 ? p->program.sum_ns / units->path_ns : 1;
}

/* Larger and larger units, from single tasks on. */
static bool find_levels(planner *p)
{
    for (double ns = LEAST_UNIT_NS; p->levels < LEVELS_MOST; ns *= TIMES_AS_MUCH) {
        const weir__units *last = &p->level[p->levels - 1];
        weir__units *larger = &p->level[p->levels];
        if (last->n < 2 * p->lanes || parallelism(p, last) < LEAST_GAIN)
            break;
        if (!weir__units_join(larger, last, ns, p->lanes))
            return false;
        if (larger->n < last->n / 3 * 2)
            p->levels++;
        else
            weir__units_close(larger); /* they are not worth a level */
    }
    return true;
}

/* ---- trials ---- */

static bool is_good_enough(const planner *p)
{
    const double share_ns = p->program.sum_ns / p->lanes, path_ns = p->level[0].path_ns;
    return (share_ns > path_ns ? share_ns : path_ns) > GOOD_ENOUGH * p->best_ns;
}

/* The division that is there is kept if it is the best one. False: no memory. */
static bool keep_better(planner *p)
{
    if (p->next.line_ns >= p->best_ns)
        return true;
    const double ns = weir__waits_predict(&p->next);
    if (ns < 0)
        return false;
    if (ns < p->best_ns) {
        const weir__division worse = p->best;
        p->best = p->next;
        p->next = worse;
        p->best_ns = ns;
    }
    return true;
}

/* Tries one rule on units of one size, unless that would be too much work. */
static bool try_variant(planner *p, unsigned level, unsigned v)
{
    weir__units *units = &p->level[level];
    const double steps = (double)units->n + units->edges;
    if (p->steps + steps > p->steps_most || parallelism(p, units) < LEAST_GAIN)
        return true;
    if (units->by_depth == NULL && !weir__units_turn(units))
        return false;
    if (p->next.units != units) {
        weir__division_close(&p->next);
        if (!weir__division_open(&p->next, &p->program, units))
            return false;
    }
    p->steps += steps;
    if (variant[v].by_depth)
        weir__divide_depths(&p->next, p->lanes);
    else
        weir__divide_first(&p->next, p->lanes);
    weir__lineup_find(&p->next, variant[v].by_urgency, variant[v].hold_ns);
    return keep_better(p);
}

/* Tries a rule on units of all sizes. */
static bool try_levels(planner *p, unsigned first, unsigned v)
{
    for (unsigned i = 0; i < p->levels && !is_good_enough(p); i++)
        if (!try_variant(p, first + i < p->levels ? first + i : p->levels - 1 - i, v))
            return false;
    return true;
}

/* Both rules on all sizes, the others on the best of these. */
static bool try_all(planner *p)
{
    unsigned first = 0;
    while (first + 1 < p->levels && p->program.sum_ns < FIRST_UNIT_NS * p->level[first].n)
        first++;
    for (unsigned v = 0; v < RULES; v++)
        if (!try_levels(p, first, v))
            return false;
    const ptrdiff_t best = p->best.units != NULL ? p->best.units - p->level : -1;
    for (unsigned v = RULES; best >= 0 && v < VARIANTS && !is_good_enough(p); v++)
        if (!try_variant(p, (unsigned)best, v))
            return false;
    return true;
}

/* How many lanes can have something to do at a time. */
static unsigned useful_lanes(const planner *p, unsigned workers)
{
    const double parallel = parallelism(p, &p->level[0]);
    unsigned lanes = workers < WEIR_LANES_MOST ? workers : WEIR_LANES_MOST;
    if (parallel < lanes)
        lanes = (unsigned)parallel + 1;
    return parallel < LEAST_GAIN ? 1 : lanes;
}

/* The plan of one lane. NULL: no memory. */
static weir__plan *plan_one_lane(const weir__program *program)
{
    weir__units all;
    weir__division d = {0};
    weir__plan *plan = NULL;
    if (!weir__units_of_all(&all, program))
        return NULL;
    if (weir__units_turn(&all) && weir__division_open(&d, program, &all)) {
        weir__divide_not(&d);
        plan = weir__waits_make_plan(&d);
    }
    weir__division_close(&d);
    weir__units_close(&all);
    return plan;
}

/* Puts a plan of several lanes in the place of the one with one lane, if that is worth it. False: no memory. */
static bool plan_lanes(planner *p, unsigned workers, weir__plan **plan)
{
    const double serial_ns = (*plan)->planned_ns;
    if (!weir__units_of_tasks(&p->level[0], &p->program))
        return false;
    p->levels = 1;
    p->lanes = useful_lanes(p, workers);
    p->best_ns = serial_ns / LEAST_GAIN; /* which is what others have to better */
    p->steps_most = serial_ns / NS_A_STEP > STEPS_LEAST ? serial_ns / NS_A_STEP : STEPS_LEAST;
    if (p->lanes == 1)
        return true;
    if (!find_levels(p) || !try_all(p))
        return false;
    (*plan)->steps = (uint64_t)p->steps;
    if (p->best.units == NULL)
        return true;
    weir__plan *several = weir__waits_make_plan(&p->best);
    if (several == NULL)
        return false;
    several->serial_ns = serial_ns;
    several->steps = (uint64_t)p->steps;
    weir__plan_free(*plan);
    *plan = several;
    return true;
}

static void close_planner(planner *p)
{
    weir__division_close(&p->best);
    weir__division_close(&p->next);
    for (unsigned l = 0; l < LEVELS_MOST; l++)
        weir__units_close(&p->level[l]);
    weir__program_close(&p->program);
}

weir__plan *weir__plan_make(weir_graph *graph, const float *cost, double mean_ns, unsigned workers,
                            bool lanes_allowed)
{
    planner p = {0};
    WEIR_ASSERT(graph->compiled && graph->controls == NULL && workers > 0);
    if (!weir__program_open(&p.program, graph, cost, mean_ns))
        return NULL;
    weir__plan *plan = plan_one_lane(&p.program);
    if (plan != NULL)
        plan->serial_ns = plan->planned_ns;
    if (plan != NULL && lanes_allowed && workers > 1 && !plan_lanes(&p, workers, &plan)) {
        weir__plan_free(plan);
        plan = NULL;
    }
    close_planner(&p);
    return plan;
}
