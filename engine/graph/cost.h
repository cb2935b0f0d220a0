/* What tasks cost, as far as that is known.
 *
 * A task of which nothing was said counts like the mean of those that something was said of, or as
 * 1 where that is none.  Levels, summaries and simulations use it.  It must never be asked while
 * costs change. */
#ifndef WEIR_GRAPH_COST_H
#define WEIR_GRAPH_COST_H

#include "graph/graph.h"

/* Invariant: mean > 0, and so is each cost. */
typedef struct weir__costs {
    const float *ns; /* by task; 0 or below: not known. NULL: none is */
    float mean;
    bool known; /* something was said of some task */
} weir__costs;

weir__costs weir__costs_of(const weir_graph *graph);

static inline float weir__cost_of(const weir__costs *costs, weir_task task)
{
    const float ns = costs->ns != NULL ? costs->ns[task] : 0;
    return ns > 0 ? ns : costs->mean;
}

#endif
