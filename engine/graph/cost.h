/* What tasks cost, as far as that is known: as was hinted; or, where nothing was, as runs have found.
 *
 * A task of which nothing is known counts like the mean of the others, or as 1 where nothing is known of
 * any.  What runs have found is not kept but in the levels that follow from it (level.h): a task takes what
 * its level is above the highest of its successors', to one part in ten million of all that comes after it.
 * Levels, summaries and simulations use it.  It must never be asked while costs change. */
#ifndef WEIR_GRAPH_COST_H
#define WEIR_GRAPH_COST_H

#include "graph/graph.h"

/* Invariant: mean > 0, and so is each cost. */
typedef struct weir__costs {
    const float *ns;         /* by task; 0 or below: not known. NULL: none was hinted */
    const weir_graph *found; /* it has levels of what runs have found; or NULL */
    float mean;
    bool hinted; /* something was said of some task */
} weir__costs;

weir__costs weir__costs_of(const weir_graph *graph);
/* May a program ask for what follows from them? The graph is compiled, and does not run, nor does one that
 * it is a body of, since runs find costs. Else the error. */
weir_status weir__costs_check(const weir_graph *graph) WEIR_MUST_CHECK;
/* By the levels; at least 1. */
float weir__cost_found(const weir_graph *graph, weir_task task);

static inline float weir__cost_of(const weir__costs *costs, weir_task task)
{
    const float ns = costs->ns != NULL ? costs->ns[task] : 0;
    if (ns > 0)
        return ns;
    return costs->found != NULL ? weir__cost_found(costs->found, task) : costs->mean;
}

#endif
