/* Finds a cycle, and says which tasks it has; see freeze.h.
 *
 * Tasks without successors are taken away, again and again (Kahn, CACM 5(11), 1962, from the end). What
 * is left are the cycles and what leads into them, so each such task has a successor that is left, and
 * going from successor to successor ends in a cycle. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "graph/freeze.h"

static void count_successors(const weir_graph *graph, const weir__preds *preds)
{
    for (uint64_t i = 0; i < preds->at[graph->n]; i++) {
        __builtin_prefetch(&preds->work[preds->of[i + WEIR_AHEAD]], 1);
        preds->work[preds->of[i]].successors++;
    }
}

/* The tasks that can be taken away, each but once, in the memory for `fixed`. */
typedef weir_task __attribute__((may_alias)) queued;
static_assert(sizeof(queued) <= sizeof(weir__fixed), "as many have room there");

/* What is needed of queue[at] in a moment, and of those behind it somewhat later. */
static void look_ahead(const weir__preds *preds, const queued *queue, uint32_t at, uint32_t end)
{
    enum { SOON = 2, LATER = SOON + 4, LAST = LATER + 6, MOST = 8 };
    if (end - at <= LAST)
        return;
    const uint64_t *soon = &preds->at[queue[at + SOON]];
    const uint64_t most = soon[0] + MOST < soon[1] ? soon[0] + MOST : soon[1];
    __builtin_prefetch(&preds->at[queue[at + LAST]]);
    __builtin_prefetch(&preds->of[preds->at[queue[at + LATER]]]);
    for (uint64_t i = soon[0]; i < most; i++)
        __builtin_prefetch(&preds->work[preds->of[i]], 1);
}

/* How many tasks can be taken away. For now the ranks count the edges on the longest path to the end. First come,
 * first served: so it is known which come next, and what is needed of them is fetched beforehand. */
static uint32_t take_away(const weir_graph *graph, const weir__preds *preds)
{
    weir__work *work = preds->work;
    queued *queue = (queued *)(void *)graph->fixed;
    uint32_t end = 0;
    for (weir_task t = 0; t < graph->n; t++)
        if (work[t].successors == 0)
            queue[end++] = t;
    for (uint32_t at = 0; at < end; at++) {
        const weir_task t = queue[at];
        look_ahead(preds, queue, at, end);
        for (uint64_t i = preds->at[t]; i < preds->at[t + 1]; i++) {
            const weir_task p = preds->of[i];
            if (work[p].rank <= work[t].rank)
                work[p].rank = work[t].rank + 1;
            if (--work[p].successors == 0)
                queue[end++] = p;
        }
    }
    return end;
}

/* Links each task that is left to a successor that is left, by its `predecessors`. Returns one of them. */
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
