/* Finds a cycle, and says which tasks it has; see freeze.h.
 *
 * Tasks without successors are taken away, again and again (Kahn, CACM 5(11), 1962, from the end). What
 * is left are the cycles and what leads into them, so each such task has a successor that is left, and
 * going from successor to successor ends in a cycle. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "graph/freeze.h"

/* `predecessors` links tasks here: the stack first, then the way to follow. */
static void count_successors(const weir_graph *graph, const weir__preds *preds)
{
    for (uint64_t i = 0; i < preds->at[graph->n]; i++)
        preds->work[preds->of[i]].successors++;
}

/* How many tasks can be taken away. For now the ranks count the edges on the longest path to the end. */
static uint32_t take_away(const weir_graph *graph, const weir__preds *preds)
{
    weir__fixed *fixed = graph->fixed;
    weir_task top = WEIR_NO_TASK;
    uint32_t taken = 0;
    for (weir_task t = 0; t < graph->n; t++)
        if (preds->work[t].successors == 0) {
            fixed[t].predecessors = top;
            top = t;
        }
    for (; top != WEIR_NO_TASK; taken++) {
        const weir_task t = top;
        top = fixed[t].predecessors;
        for (uint64_t i = preds->at[t]; i < preds->at[t + 1]; i++) {
            const weir_task p = preds->of[i];
            if (preds->work[p].rank <= preds->work[t].rank)
                preds->work[p].rank = preds->work[t].rank + 1;
            if (--preds->work[p].successors == 0) {
                fixed[p].predecessors = top;
                top = p;
            }
        }
    }
    return taken;
}

/* Links each task that is left to a successor that is left. Returns one of them. */
static weir_task link_rest(const weir_graph *graph, const weir__preds *preds)
{
    weir_task some = WEIR_NO_TASK;
    for (weir_task t = 0; t < graph->n; t++) {
        if (preds->work[t].successors == 0)
            continue;
        some = t;
        for (uint64_t i = preds->at[t]; i < preds->at[t + 1]; i++)
            graph->fixed[preds->of[i]].predecessors = t;
    }
    WEIR_ASSERT(some != WEIR_NO_TASK);
    return some;
}

/* The task with the smallest number of the cycle that the links lead into, and how many it has. */
static weir_task first_of_cycle(const weir_graph *graph, weir_task from, uint32_t *length)
{
    const weir__fixed *fixed = graph->fixed;
    for (uint32_t i = 0; i < graph->n; i++) /* so far no way goes outside of a cycle */
        from = fixed[from].predecessors;
    weir_task first = from;
    *length = 0;
    for (weir_task t = fixed[from].predecessors;; t = fixed[t].predecessors) {
        ++*length;
        if (t < first)
            first = t;
        if (t == from)
            return first;
    }
}

/* Adds a name, and an arrow before it but for the first. Names are cut so that all fit. */
static void add_name(const weir_graph *graph, weir_task task, char *text, size_t bytes)
{
    char name[31];
    const size_t used = strlen(text);
    weir__graph_name(graph, task, name, sizeof name);
    snprintf(text + used, bytes - used, "%s%s", used == 0 ? "" : " -> ", name);
}

static weir_status say_cycle(const weir_graph *graph, weir_task first, uint32_t length)
{
    enum { WHOLE = 5, BEGIN = 3 };
    char names[256] = "", where[128];
    weir_task t = first;
    for (uint32_t i = 0; i < length; i++, t = graph->fixed[t].predecessors) {
        if (length <= WHOLE || i < BEGIN || i == length - 1)
            add_name(graph, t, names, sizeof names);
        else if (i == BEGIN)
            snprintf(names + strlen(names), sizeof names - strlen(names), " -> (%u more)",
                     length - BEGIN - 1);
    }
    add_name(graph, first, names, sizeof names);
    weir__graph_name(graph, first, where, sizeof where);
    return weir__error_set(WEIR_EINVAL, 0, where, "the edges have a cycle: %s", names);
}

/* Longest paths to the end become distances from the longest of all, so ranks rise from 0. */
static void turn_ranks_round(const weir_graph *graph, const weir__preds *preds)
{
    uint32_t most = 0;
    for (weir_task t = 0; t < graph->n; t++)
        most = preds->work[t].rank > most ? preds->work[t].rank : most;
    for (weir_task t = 0; t < graph->n; t++)
        preds->work[t].rank = most - preds->work[t].rank;
}

weir_status weir__cycle_check(const weir_graph *graph, const weir__preds *preds)
{
    uint32_t length;
    count_successors(graph, preds);
    if (take_away(graph, preds) == graph->n) {
        turn_ranks_round(graph, preds);
        return WEIR_OK;
    }
    const weir_task first = first_of_cycle(graph, link_rest(graph, preds), &length);
    return say_cycle(graph, first, length);
}
