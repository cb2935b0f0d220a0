/* Finds edges that others imply; see freeze.h.
 *
 * With edges p -> q, q -> c and p -> c, the last one says nothing about the order; and what p holds ends
 * after c, so for that the first one says nothing.  Flags may be set for all edges at once: what an edge
 * implied by others stands for are paths in the graph as it was given, and by induction over the length
 * of the longest path between its ends, such paths are left when all flagged edges are gone.  In the same
 * way, of the successors of p that are not flagged as such some come after each one that is.
 *
 * On the longest path from p to c there is q as well, so p is at least two higher than c.  In layers, trees
 * and grids no edge is, and nothing is searched. */
#include "graph/freeze.h"

/* Predecessors of q that are looked at; weir_graph_compile() tells of it. */
enum { MOST_LOOKS = 64 };

/* Marks the predecessors of t, and says how much higher than t the highest one is. */
static uint32_t mark_predecessors(const weir__preds *preds, weir_task t)
{
    uint32_t highest = 0;
    for (uint64_t i = preds->at[t]; i < preds->at[t + 1]; i++) {
        const weir_task p = preds->of[i] & WEIR_TASK_BITS;
        preds->mark[p] = weir__mark_of(t);
        if (preds->height[p] > highest)
            highest = preds->height[p];
    }
    return highest - preds->height[t];
}

/* Looks for marked tasks among the predecessors of q, itself a predecessor of t. */
static bool look_at(const weir__preds *preds, weir_task t, weir_task q)
{
    const uint64_t begin = preds->at[q], most = begin + MOST_LOOKS;
    const uint64_t end = preds->at[q + 1] < most ? preds->at[q + 1] : most;
    bool found = false;
    for (uint64_t k = begin; k < end; k++) {
        const weir_task p = preds->of[k] & WEIR_TASK_BITS;
        if ((preds->mark[p] | 1) != (weir__mark_of(t) | 1))
            continue;
        preds->mark[p] = weir__mark_of(t) | 1;
        preds->of[k] |= WEIR_NOT_LAST;
        found = true;
    }
    return found;
}

static uint64_t flag_marked(const weir__preds *preds, weir_task t)
{
    uint64_t flagged = 0;
    for (uint64_t i = preds->at[t]; i < preds->at[t + 1]; i++)
        if (preds->mark[preds->of[i] & WEIR_TASK_BITS] == (weir__mark_of(t) | 1)) {
            preds->of[i] |= WEIR_REDUNDANT;
            flagged++;
        }
    WEIR_ASSERT(flagged < preds->at[t + 1] - preds->at[t]); /* the lowest one stays */
    return flagged;
}

uint64_t weir__reduce_edges(const weir_graph *graph, const weir__preds *preds)
{
    uint64_t redundant = 0;
    for (weir_task t = 0; t < graph->n; t++) {
        if (preds->at[t + 1] - preds->at[t] < 2 || mark_predecessors(preds, t) < 2)
            continue;
        bool found = false;
        for (uint64_t i = preds->at[t]; i < preds->at[t + 1]; i++)
            found |= look_at(preds, t, preds->of[i] & WEIR_TASK_BITS);
        if (found)
            redundant += flag_marked(preds, t);
    }
    return redundant;
}
