/* Finds a graph's program order, and what its tasks cost; see program.h. */
#include "graph/program.h"

#include "base/memory.h"
#include "graph/greedy.h"

/* Members of a family that take less on average have no cost of their own. */
#define BLURRED_NS 100.0

static bool find_order(weir__program *p)
{
    weir__greedy greedy;
    if (p->graph->forward)
        return true;
    p->order = weir__memory_alloc((p->n + (size_t)1) * sizeof *p->order);
    if (p->order == NULL || weir__greedy_open(&greedy, p->graph) != WEIR_OK)
        return false;
    weir__greedy_order(&greedy, WEIR_GREEDY_PROGRAM, p->order);
    weir__greedy_close(&greedy);
    return true;
}

/* The member's cost by its in-degree, by least squares over its family. */
typedef struct fit {
    double n, x, y, xx, xy; /* sums over members: x is the in-degree, y the cost */
} fit;

static void fit_add(fit *f, double x, double y)
{
    f->n++;
    f->x += x;
    f->y += y;
    f->xx += x * x;
    f->xy += x * y;
}

/* Cost at no predecessor, and for each one; costs that fall with them are noise. */
static double fit_slope(const fit *f)
{
    const double spread = f->n * f->xx - f->x * f->x;
    const double slope = spread > 0 ? (f->n * f->xy - f->x * f->y) / spread : 0;
    return slope < 0 ? 0 : slope * f->x > f->y ? f->y / f->x : slope;
}

/* What members of a family take was measured over several at a time, and by a clock that takes longer than
 * the tiniest: such costs say more of the calls than of the members. */
static void smooth_family(const weir__program *p, const weir__label *label)
{
    float *cost = p->cost + label->first;
    const weir__fixed *fixed = p->graph->fixed + label->first;
    fit f = {0};
    for (uint32_t i = 0; i < label->n; i++)
        fit_add(&f, fixed[i].predecessors, (double)cost[i]);
    if (f.y > BLURRED_NS * f.n)
        return;
    const double slope = fit_slope(&f), base = (f.y - slope * f.x) / f.n;
    for (uint32_t i = 0; i < label->n; i++)
        cost[i] = (float)(base + slope * fixed[i].predecessors);
}

static void smooth_families(const weir__program *p)
{
    const weir_graph *graph = p->graph;
    for (weir_task t = 0; t < p->n;) {
        if (graph->task[t].kind != WEIR_TASK_MANY) {
            t++;
            continue;
        }
        const weir__label *label = weir__graph_label(graph, t);
        smooth_family(p, label);
        t = label->first + label->n;
    }
}

/* By task. */
static void find_costs(weir__program *p, const float *cost, double mean_ns)
{
    const float *hint = p->graph->cost;
    for (weir_task t = 0; t < p->n; t++) {
        const bool hinted = hint != NULL && hint[t] > 0;
        p->cost[t] = cost != NULL ? cost[t] : hinted ? hint[t] : (float)mean_ns;
    }
    if (cost != NULL)
        smooth_families(p);
    for (weir_task t = 0; t < p->n; t++)
        p->sum_ns += (double)p->cost[t];
}

/* From tasks to ranks. False: no memory. */
static bool sort_costs(weir__program *p)
{
    if (p->order == NULL)
        return true;
    float *sorted = weir__memory_alloc((p->n + (size_t)1) * sizeof *sorted);
    if (sorted == NULL)
        return false;
    for (uint32_t r = 0; r < p->n; r++)
        sorted[r] = p->cost[p->order[r]];
    weir__memory_free(p->cost);
    p->cost = sorted;
    return true;
}

bool weir__program_open(weir__program *p, const weir_graph *graph, const float *cost,
                        double mean_ns)
{
    *p = (weir__program){.graph = graph, .n = graph->n};
    p->cost = weir__memory_alloc((p->n + (size_t)1) * sizeof *p->cost);
    if (p->cost != NULL && find_order(p)) {
        find_costs(p, cost, mean_ns);
        if (sort_costs(p))
            return true;
    }
    weir__program_close(p);
    return false;
}

void weir__program_close(weir__program *p)
{
    weir__memory_free(p->order);
    weir__memory_free(p->cost);
    *p = (weir__program){0};
}
