/* Finds the levels of tasks, and their quarters; see level.h.
 *
 * Quarters are of the tasks, not of the range of levels: half of the tasks of a tree are leaves, and
 * would all be in one list.  Their bounds come from a sample of tasks that are equally far apart.
 *
 * Roots are few beside all tasks, and mostly the most urgent ones, so quarters say little of them.
 * They are sorted by steps of their levels, in program order within one: by counting, in two passes
 * over the tasks. Levels that hardly differ are no reason to leave the program's order. */
#include "graph/level.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/cost.h"
#include "graph/ready.h"
#include "graph/sorted.h"
#include "sched/tuning.h"

enum { SAMPLE = 1024 };

/* From those of its successors. */
static void find_one(weir_graph *graph, weir_task t, float cost)
{
    weir__task *task = &graph->task[t];
    float longest = 0;
    for (uint64_t i = task->successors; i < task[1].successors; i++) {
        const float level = graph->task[graph->successor[i]].level;
        longest = level > longest ? level : longest;
    }
    const float hint = graph->cost != NULL ? graph->cost[t] : 0;
    task->level = longest + (hint > 0 ? hint : cost);
    task->flags = hint <= 0 ? 0 : (double)hint < WEIR_LONG_NS ? WEIR_TASK_SHORT : WEIR_TASK_LONG;
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* The levels that the first three quarters end with, the highest first. */
static void find_bounds(const weir_graph *graph, float bound[WEIR_URGENCIES - 1])
{
    float sample[SAMPLE];
    const uint32_t n = graph->n < SAMPLE ? graph->n : SAMPLE;
    for (uint32_t i = 0; i < n; i++)
        sample[i] = graph->task[(uint64_t)i * graph->n / n].level;
    qsort(sample, n, sizeof sample[0], compare);
    for (unsigned u = 0; u < WEIR_URGENCIES - 1; u++)
        bound[u] = sample[(uint64_t)n * (u + 1) / WEIR_URGENCIES];
}

static void find_quarters(weir_graph *graph)
{
    float bound[WEIR_URGENCIES - 1];
    find_bounds(graph, bound);
    for (weir_task t = 0; t < graph->n; t++) {
        unsigned u = 1;
        while (u < WEIR_URGENCIES && graph->task[t].level <= bound[u - 1])
            u++;
        graph->task[t].urgency = (uint8_t)u;
    }
}

/* ---- the roots ---- */

/* Steps of a level, eight to a doubling, from the highest; those further below share the last. */
enum { STEPS = 64, STEP_SHIFT = 20 };

static uint32_t steps_in(float level)
{
    uint32_t bits;
    memcpy(&bits, &level,
           sizeof bits); /* of a number above 0, exponent and mantissa: they rise with it */
    return bits >> STEP_SHIFT;
}

static uint32_t step_of(const weir_graph *graph, weir_task t, uint32_t highest)
{
    const uint32_t below = highest - steps_in(graph->task[t].level);
    return below < STEPS ? below : STEPS - 1;
}

float weir__level_highest(const weir_graph *graph)
{
    float highest = 0;
    for (weir_task t = 0; t < graph->n; t++) /* a root's: those behind it have less */
        highest = graph->task[t].level > highest ? graph->task[t].level : highest;
    return highest;
}

/* A list of a graph that has none, being of roots nearly, is worth its memory only where costs
 * differ. */
static bool take_list(weir_graph *graph)
{
    if (graph->root == NULL && graph->cost != NULL)
        graph->root = weir__memory_alloc(graph->roots * sizeof *graph->root);
    return graph->root != NULL || graph->cost == NULL;
}

static bool sort_roots(weir_graph *graph)
{
    const uint32_t highest = steps_in(weir__level_highest(graph));
    uint32_t place[STEPS] = {0}, begin = 0;
    for (weir_task t = 0; t < graph->n; t++)
        if (graph->fixed[t].predecessors == 0)
            place[step_of(graph, t, highest)]++;
    if (place[0] == graph->roots || !take_list(graph))
        return place[0] == graph->roots;
    for (unsigned step = 0; step < STEPS; step++) {
        const uint32_t count = place[step];
        place[step] = begin;
        begin += count;
    }
    for (weir_task t = 0; t < graph->n && graph->root != NULL; t++)
        if (graph->fixed[t].predecessors == 0)
            graph->root[place[step_of(graph, t, highest)]++] = t;
    return true;
}

bool weir__level_find(weir_graph *graph, const float *cost)
{
    weir__costs costs = weir__costs_of(graph);
    weir__sorted sorted;
    costs.found = NULL; /* these levels are what is to be found */
    if (!weir__sorted_open(&sorted, graph))
        return false;
    for (uint32_t i = graph->n; i-- > 0;) {
        const weir_task t = weir__sorted_at(&sorted, i);
        find_one(graph, t, cost != NULL ? cost[t] : weir__cost_of(&costs, t));
    }
    weir__sorted_close(&sorted);
    if (graph->n == 0)
        return true;
    find_quarters(graph);
    return cost != NULL || sort_roots(graph);
}
