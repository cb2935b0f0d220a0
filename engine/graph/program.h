/* What a planner knows of a graph's tasks: their order in the program, and their costs.
 *
 * It must never outlive the planning, nor change the graph.
 *
 * Threads:   one at a time. */
#ifndef WEIR_GRAPH_PROGRAM_H
#define WEIR_GRAPH_PROGRAM_H

#include "graph/graph.h"

/* Tasks in program order, which is that of the smallest ready number. Tasks are named by their *ranks*: their
 * places in it. */
typedef struct weir__program {
    const weir_graph *graph;
    uint32_t n;
    weir_task *order; /* by rank; NULL: numbers are ranks */
    float *cost;      /* ns, by rank */
    double sum_ns;    /* of all */
} weir__program;

/* Costs are as in weir__plan_make(). Members of a family that are tiny get what the family says of them: its
 * mean, and what it takes more for each predecessor. False: no memory, and it is closed. */
bool weir__program_open(weir__program *p, const weir_graph *graph, const float *cost,
                        double mean_ns) WEIR_MUST_CHECK;
void weir__program_close(weir__program *p);

static inline weir_task weir__program_task(const weir__program *p, uint32_t rank)
{
    return p->order != NULL ? p->order[rank] : rank;
}

#endif
