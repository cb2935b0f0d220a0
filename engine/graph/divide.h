/* What the planner works on: a graph's tasks in program order, and how they are divided into lanes.
 *
 * planner.c tries several divisions, by the rules of divide.c; lineup.c finds the order in each lane, waits.c
 * what has to be waited for, and what the whole will take.  It must never outlive the planning. */
#ifndef WEIR_GRAPH_DIVIDE_H
#define WEIR_GRAPH_DIVIDE_H

#include "graph/plan.h"

/* What planned runs cost beside the tasks, for predictions. Between two cores of one cache 55 ns go by from
 * the end of a clump to what has waited for it, and a wait that is over costs from 5 ns, where the core can do
 * something meanwhile, to those 55. Other machines are slower. */
#define WEIR_PLAN_LATENCY_NS 120.0 /* from the end of a clump until another lane knows of it */
#define WEIR_PLAN_WAIT_NS    25.0  /* a wait that is over */
#define WEIR_PLAN_CLUMP_NS   8.0
#define WEIR_PLAN_CALL_NS    4.0
#define WEIR_PLAN_JUMP_NS    10.0 /* a family's task that is not the next in program order */

enum { WEIR_LANES_MOST = 64 };

/* Tasks are named by their ranks: their places in program order.
 * Invariant: order[rank[t]] == t; the predecessors of rank r, pred[preds_at[r]] up to
 * pred[preds_at[r + 1]], that one not included, are ranks below r; lane[r] < lanes. */
typedef struct weir__division {
    const weir_graph *graph;
    uint32_t n;
    /* Of the graph. */
    weir_task *order;   /* by rank */
    uint32_t *rank;     /* by task */
    float *cost;        /* ns, by rank */
    uint64_t *preds_at; /* [n + 1] */
    uint32_t *pred;
    double sum_ns, path_ns; /* of all costs; the longest path */
    uint32_t *depth;        /* by rank: tasks before it on a path, at most */
    uint32_t depths;
    uint32_t *by_depth; /* ranks, those of one depth together in rising order */
    /* By a rule. */
    unsigned lanes;
    uint16_t *lane; /* by rank */
    /* By lining up. */
    uint32_t *line;  /* ranks, in the order in which they begin: a topological order */
    uint32_t *place; /* by rank: how many tasks are before it in its lane */
    double *end_ns;  /* by rank: predicted, without the costs of waits */
    double line_ns;  /* of the last one */
    float *urgency;  /* by rank: ns to the end */
    /* For whatever step is at work. */
    uint32_t *left;
    uint64_t *heap;
} weir__division;

/* False: no memory, and it is closed. */
bool weir__division_open(weir__division *d, const weir_graph *graph, const float *cost,
                         double mean_ns) WEIR_MUST_CHECK;
void weir__division_close(weir__division *d);

/* ---- divide.c ---- */

/* All tasks in one lane, in program order, and lined up so. */
void weir__divide_not(weir__division *d);
/* Each depth's tasks are divided into contiguous pieces of about the same cost. */
void weir__divide_depths(weir__division *d, unsigned lanes);
/* Each task, or block of so many ns of tasks that follow one another in program order, goes to the lane where
 * it can begin first. */
void weir__divide_blocks(weir__division *d, unsigned lanes, double block_ns);

/* ---- lineup.c ---- */

/* Finds the order in each lane by simulation: the first of the tasks that may start, in program order or by
 * urgency. A task for which the lane would have to wait comes when there is no other, or when it could have
 * begun hold_ns before: so the lane waits seldom, and for much. */
void weir__lineup_find(weir__division *d, bool by_urgency, double hold_ns);

/* ---- waits.c ---- */

/* The plan that a lined up division makes; NULL: no memory. */
weir__plan *weir__waits_make_plan(const weir__division *d) WEIR_MUST_CHECK;

#endif
