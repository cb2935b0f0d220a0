/* What the planner works on: the units of a graph (unit.h), and how they are divided into lanes.
 *
 * planner.c tries several divisions, by the rules of divide.c; lineup.c finds the order in each lane, waits.c
 * what has to be waited for, and what the whole will take.  It must never outlive the planning. */
#ifndef WEIR_GRAPH_DIVIDE_H
#define WEIR_GRAPH_DIVIDE_H

#include "graph/heap.h"
#include "graph/plan.h"
#include "graph/unit.h"

/* What planned runs cost beside the tasks, for predictions. Between two cores of one cache 55 ns go by from
 * the end of a clump to what has waited for it, and a wait that is over costs from 5 ns, where the core can do
 * something meanwhile, to those 55. Other machines are slower. */
#define WEIR_PLAN_LATENCY_NS 120.0 /* from the end of a clump until another lane knows of it */
#define WEIR_PLAN_WAIT_NS    25.0  /* a wait that is over */
#define WEIR_PLAN_CLUMP_NS   8.0
#define WEIR_PLAN_CALL_NS    4.0
#define WEIR_PLAN_JUMP_NS    10.0 /* a family's unit that is not the next in program order */
#define WEIR_PLAN_EDGE_NS    1.0 /* data that another lane made, where there is more of it in a row */

enum { WEIR_LANES_MOST = 64 };

/* Invariant: the units are turned;  lane[u] < lanes. */
typedef struct weir__division {
    const weir__program *program;
    const weir__units *units;
    /* By a rule. */
    unsigned lanes;
    uint16_t *lane; /* by unit */
    /* By lining up. */
    uint32_t *line;  /* units, in the order in which they begin: a topological order */
    uint32_t *place; /* by unit: how many units are before it in its lane */
    double *end_ns;  /* by unit: predicted, without the costs of waits */
    double line_ns;  /* of the last one */
    float *urgency;  /* by unit: ns from its end to the last one's */
    /* For whatever step is at work. */
    uint32_t *left;
    weir__heap_item *heap;
} weir__division;

/* False: no memory, and it is closed. */
bool weir__division_open(weir__division *d, const weir__program *program,
                         const weir__units *units) WEIR_MUST_CHECK;
/* What was never opened is allowed, if all of it is 0. */
void weir__division_close(weir__division *d);

/* ---- divide.c ---- */

/* All units in one lane, in program order, and lined up so. */
void weir__divide_not(weir__division *d);
/* Each depth's units are divided into contiguous pieces of about the same cost. */
void weir__divide_depths(weir__division *d, unsigned lanes);
/* Each unit goes to the lane where it can begin first. */
void weir__divide_first(weir__division *d, unsigned lanes);

/* ---- lineup.c ---- */

/* Finds the order in each lane by simulation: the first of the units that may start, in program order or by
 * urgency. A unit for which the lane would have to wait comes when there is no other, or when it could have
 * begun hold_ns before: so the lane waits seldom, and for much. */
void weir__lineup_find(weir__division *d, bool by_urgency, double hold_ns);

/* ---- waits.c ---- */

/* What the plan takes that a lined up division makes; less than 0: no memory. */
double weir__waits_predict(const weir__division *d) WEIR_MUST_CHECK;
/* That plan; NULL: no memory. */
weir__plan *weir__waits_make_plan(const weir__division *d) WEIR_MUST_CHECK;

#endif
