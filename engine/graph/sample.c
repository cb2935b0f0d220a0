/* Notes costs, and makes plans of them; see sample.h. */
#include "graph/sample.h"

#include "base/memory.h"
#include "graph/lane.h"
#include "graph/level.h"
#include "sched/tuning.h"

/* Runs that note costs, where no task is long, and where some are: the least counts, since data may have come
 * from far, and a worker may have been kept from running. */
enum { NOTED_LEAST = 2, NOTED_MOST = 3 };
/* What all tasks take is another time if in so many runs in a row it is so many times as long as the plan was
 * made for, or as short, where it was too long for one: in a few runs others may have had the cores. */
static const double drift = 4;
enum { DRIFT_RUNS = 16 };
/* It is the least of so many runs, since those that note costs are slower. */
enum { FIRST_RUNS = 4 };
/* A plan is on trial until so many runs in a row have not bettered the least of those before by a thirtieth: the
 * first ones are slow, since data has to come to other cores, and those may have slept. So many runs at most, or
 * two, if they have taken so long. */
enum { TRIAL_IN_VAIN = 4, TRIAL_RUNS = 16 };
static const double bettered = 0.97;
static const uint64_t trial_ns = 20000000;
/* What several lanes have to gain over one, by the clock. */
static const double worth_while = 1.05;
/* Runs in a row by another number of workers. */
enum { OTHER_RUNS = 2 };
/* Each time that all begins anew it takes twice as many of either, so often at most. */
enum { TWICE_MOST = 16 };

/* ---- costs ---- */

/* What two looks at the clock cost, of which a sample has one. */
static float cost_of_clock(void)
{
    uint64_t before = weir__now_ns(), least = UINT64_MAX;
    for (int i = 0; i < 8; i++) {
        const uint64_t now = weir__now_ns();
        least = now - before < least ? now - before : least;
        before = now;
    }
    return (float)least;
}

static bool has_long(const float *ns, uint32_t n)
{
    for (uint32_t t = 0; t < n; t++)
        if (ns[t] >= WEIR_PLANNED_LONG_NS)
            return true;
    return false;
}

/* Takes out what is not the tasks'. Returns their mean. */
static double clean(float *ns, uint32_t n)
{
    const float clock_ns = cost_of_clock();
    double sum = 0;
    for (uint32_t t = 0; t < n; t++) {
        ns[t] = ns[t] > clock_ns + 1 ? ns[t] - clock_ns : 1;
        sum += (double)ns[t];
    }
    return sum / n;
}

static float *begin_costs(uint32_t n)
{
    float *ns = weir__memory_alloc(n * sizeof *ns);
    for (uint32_t t = 0; ns != NULL && t < n; t++)
        ns[t] = WEIR_NO_SAMPLE;
    return ns;
}

/* ---- plans ---- */

static void tell_summary(weir_graph *graph, const weir__plan *plan)
{
    const bool gains = plan != NULL && plan->planned_ns > 0;
    graph->planned.lanes = plan != NULL ? plan->lanes : 0;
    graph->planned.clumps = plan != NULL ? plan->lane[plan->lanes] : 0;
    graph->planned.gain = gains ? (float)(plan->serial_ns / plan->planned_ns) : 0;
}

static void forget_costs(weir__sample *s)
{
    weir__memory_free(s->ns);
    s->ns = NULL;
    s->full = false;
    s->noted = 0;
}

void weir__sample_drop(weir__sample *s, weir_graph *graph)
{
    weir__lanes_close(s->lanes);
    weir__lanes_close(s->one_lane);
    s->lanes = s->one_lane = NULL;
    s->settled = false;
    forget_costs(s);
    tell_summary(graph, NULL);
}

/* Do tasks that are long take most of the time? Who runs those is better decided as it comes. */
static bool is_mostly_long(const float *ns, uint32_t n, double total_ns)
{
    double longs_ns = 0;
    for (uint32_t t = 0; t < n; t++)
        longs_ns += (double)ns[t] >= WEIR_PLANNED_LONG_NS ? (double)ns[t] : 0;
    return longs_ns > total_ns / 2;
}

/* May plans of both kinds help? Then the one with one lane comes first. */
static bool has_choice(const weir_graph *graph, unsigned workers)
{
    return graph->plans_allowed == (WEIR_PLAN_LANES | WEIR_PLAN_SERIAL) && workers > 1;
}

/* Makes a plan, if that may help; else *lanes is NULL. False: no memory. */
static bool make_plan(const weir__sample *s, weir_graph *graph, unsigned workers,
                      weir__lanes **lanes)
{
    const unsigned allowed = graph->plans_allowed;
    const double mean_ns = s->mean_ns;
    *lanes = NULL;
    if (mean_ns >= WEIR_PLANNED_NS || is_mostly_long(s->ns, graph->n, mean_ns * graph->n))
        return true;
    const bool several = (allowed & WEIR_PLAN_LANES) != 0 && !has_choice(graph, workers);
    weir__plan *plan = weir__plan_make(graph, s->ns, mean_ns, workers, several);
    if (plan == NULL)
        return false;
    if (plan->lanes == 1 && (allowed & WEIR_PLAN_SERIAL) == 0) {
        weir__plan_free(plan);
        return true;
    }
    WEIR_ASSERT_SLOW(weir__graph_plan_is_valid(plan, graph));
    *lanes = weir__lanes_open(plan);
    return *lanes != NULL;
}

/* ---- trials ---- */

/* Runs follow this plan from now on. */
static void take(weir__sample *s, weir_graph *graph, weir__lanes *lanes, weir__alone *alone)
{
    s->lanes = lanes;
    s->tried = s->in_vain = 0;
    s->tried_ns = 0;
    s->least_ns = UINT64_MAX;
    weir__alone_begin(alone, lanes != NULL ? WEIR_ALONE_PLANNED_NS : 0);
    tell_summary(graph, lanes != NULL ? lanes->plan : NULL);
}

static bool is_on_trial(const weir__sample *s)
{
    return s->settled && s->ns != NULL;
}

static void end_trials(weir__sample *s)
{
    s->runs = s->drifted = 0;
    forget_costs(s);
}

/* Tasks that are run on many cores fetch each other's lines while they are sampled, and so does the clock
 * take its time: what they take one after another is known now. */
static void correct_costs(weir__sample *s, weir_graph *graph)
{
    const double ratio = (double)s->least_ns / (s->mean_ns * graph->n);
    if (ratio >= 1)
        return;
    for (uint32_t t = 0; t < graph->n; t++)
        s->ns[t] *= (float)ratio;
    s->mean_ns *= ratio;
    graph->measured.work_ns = (float)(s->mean_ns * graph->n);
    graph->measured.span_ns *= (float)ratio;
}

/* NULL: they are predicted to gain too little, or there is no memory. */
static weir__lanes *plan_several(const weir__sample *s, weir_graph *graph)
{
    weir__plan *plan = weir__plan_make(graph, s->ns, s->mean_ns, s->workers, true);
    if (plan == NULL || plan->lanes == 1) {
        weir__plan_free(plan);
        return NULL;
    }
    WEIR_ASSERT_SLOW(weir__graph_plan_is_valid(plan, graph));
    return weir__lanes_open(plan);
}

/* One lane was on trial: now several are, if they are promising. */
static void try_several(weir__sample *s, weir_graph *graph, weir__alone *alone)
{
    correct_costs(s, graph);
    weir__lanes *several = plan_several(s, graph);
    if (several == NULL) {
        end_trials(s);
        return;
    }
    s->one_lane = s->lanes;
    s->one_lane_ns = s->least_ns;
    take(s, graph, several, alone);
}

/* Both were: the faster one stays. */
static void choose(weir__sample *s, weir_graph *graph, weir__alone *alone)
{
    weir__lanes *worse = s->one_lane;
    if ((double)s->least_ns * worth_while >= (double)s->one_lane_ns) {
        worse = s->lanes;
        take(s, graph, s->one_lane, alone);
    }
    weir__lanes_close(worse);
    s->one_lane = NULL;
    end_trials(s);
}

static void go_on_trying(weir__sample *s, weir_graph *graph, weir__alone *alone)
{
    if (s->in_vain == TRIAL_IN_VAIN || s->tried == TRIAL_RUNS ||
        (s->tried > 1 && s->tried_ns >= trial_ns)) {
        if (s->one_lane == NULL)
            try_several(s, graph, alone);
        else
            choose(s, graph, alone);
    }
    s->began_ns = weir__now_ns();
}

/* A run that was a trial is over. */
static void note_trial(weir__sample *s)
{
    const uint64_t took_ns = weir__now_ns() - s->began_ns;
    s->in_vain = (double)took_ns < bettered * (double)s->least_ns ? 0 : s->in_vain + 1;
    s->least_ns = took_ns < s->least_ns ? took_ns : s->least_ns;
    s->tried++;
    s->tried_ns += took_ns;
}

/* ---- runs ---- */

/* The costs are there: what follows from them? Without memory for that, it is the next run's to try. */
static void settle(weir__sample *s, weir_graph *graph, unsigned workers, weir__alone *alone)
{
    weir__lanes *lanes;
    if (!weir__level_find(graph, s->ns) || !make_plan(s, graph, workers, &lanes))
        return;
    graph->measured.work_ns = (float)(s->mean_ns * graph->n);
    graph->measured.span_ns = weir__level_highest(graph);
    s->settled = true;
    s->workers = workers;
    s->runs = s->of_others = s->drifted = 0;
    take(s, graph, lanes, alone);
    if (lanes == NULL || !has_choice(graph, workers))
        forget_costs(s);
}

static bool may_have_plan(const weir_graph *graph)
{
    return graph->plans_allowed != 0 && graph->controls == NULL && graph->n >= WEIR_PLANNED_TASKS &&
           graph->n <= WEIR_PLANNED_MOST && graph->edges < UINT32_MAX;
}

static bool is_out_of_date(const weir__sample *s)
{
    return s->of_others >> s->again >= OTHER_RUNS || s->drifted >> s->again >= DRIFT_RUNS;
}

void weir__sample_prepare(weir__sample *s, weir_graph *graph, unsigned workers, weir__alone *alone)
{
    if (!may_have_plan(graph))
        return;
    s->of_others = s->lanes != NULL && workers != s->workers ? s->of_others + 1 : 0;
    if (s->settled && is_out_of_date(s)) {
        s->again += s->again < TWICE_MOST;
        weir__sample_drop(s, graph);
    }
    if (s->full && !s->settled)
        settle(s, graph, workers, alone);
    else if (!s->settled && s->ns == NULL)
        s->ns = begin_costs(graph->n);
    if (is_on_trial(s))
        go_on_trying(s, graph, alone);
}

/* A run that noted nothing took so long. */
static void look_at_time(weir__sample *s, uint64_t busy_ns)
{
    const double ns = (double)busy_ns;
    if (s->runs < FIRST_RUNS) {
        s->total_ns = s->runs == 0 || ns < s->total_ns ? ns : s->total_ns;
        s->runs++;
    } else {
        const bool drifts = s->lanes != NULL ? ns > drift * s->total_ns : ns * drift < s->total_ns;
        s->drifted = drifts ? s->drifted + 1 : 0;
    }
}

void weir__sample_end(weir__sample *s, const weir_graph *graph, bool noted)
{
    if (noted) {
        s->full =
            ++s->noted == NOTED_MOST || (s->noted == NOTED_LEAST && !has_long(s->ns, graph->n));
        s->mean_ns = s->full ? clean(s->ns, graph->n) : 0;
    } else if (is_on_trial(s)) {
        note_trial(s);
    } else if (s->settled) {
        look_at_time(s, load_relaxed(&s->busy_ns));
    }
}
