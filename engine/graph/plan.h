/* A plan: a graph's tasks divided among workers before a run, with what has to wait for what.
 *
 * Where tasks are tiny, to decide who runs which costs more than to run them.  So that is decided once,
 * from what they cost.  planner.c makes plans, follow.c runs them.
 *
 * A plan has *lanes*, each of which one worker runs at a time. A lane is a sequence of *clumps*, a clump a
 * sequence of *calls*, a call one task after the other, or some of one family. All of a lane runs in its
 * order. Before a clump a lane waits until others have finished as many of their clumps as its waits say;
 * nothing else orders tasks of different lanes.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *              make   free   read
 *   make         X      X      X     of one graph, which does not run
 *   free         X      X      X
 *   read         X      X      -     a plan never changes
 * Memory:    the caller's, until weir__plan_free(); the graph must be there while its plan is used. */
#ifndef WEIR_GRAPH_PLAN_H
#define WEIR_GRAPH_PLAN_H

#include "graph/graph.h"

/* Entries from the end of the call before it up to `end`, that one not included. Where task `first` is one
 * of a family, they are numbers in the family, for one call of its op; else they are numbers of single
 * tasks, which run one after the other. `first` is the task of the first entry. */
typedef struct weir__call {
    weir_task first;
    uint32_t end;
} weir__call;

/* The lane has finished so many of its clumps. */
typedef struct weir__wait {
    uint32_t lane, clumps;
} weir__wait;

/* Where its calls and its waits end; they begin where those of the clump before it in the array end. */
typedef struct weir__clump {
    uint32_t calls_end, waits_end;
} weir__clump;

/* Invariant (weir__graph_plan_is_valid):
 *   each task is in one call, and in it once;  no call is empty, nor is a clump;
 *   a clump waits for each other lane once at most, in the order of their numbers, and never for its own;  a wait is for clumps that
 *   there are, and more of them than the lane has waited for before;
 *   of each edge, the first task is before the other in its lane, or in a clump that was waited for before
 *   the other's: by its lane, or by one for which its lane has waited by then, and so on;
 *   the waits have no cycle. */
typedef struct weir__plan {
    uint32_t lanes; /* 1: all tasks in program order, which is that of the smallest ready number */
    uint32_t *lane; /* [lanes + 1]: where each lane's clumps begin */
    weir__clump *clump;
    weir__call *call;
    weir__wait *wait;
    uint32_t *entry;   /* [n] */
    double serial_ns;  /* predicted: all costs, */
    double planned_ns; /* and the time of the lane that ends last, with its waits */
    uint64_t steps;    /* that the planner took to find it (planner.c) */
} weir__plan;

/* Plans a compiled graph none of whose tasks has bodies, for so many workers at most.
 *
 * cost:          ns by task; NULL: as hinted, and mean_ns where nothing is.
 * lanes_allowed: may there be more than one lane? Even then there is one where the others would gain too
 *                little.
 * Returns:       NULL: no memory.
 * Cost:          some hundred ns for each task and edge. */
weir__plan *weir__plan_make(weir_graph *graph, const float *cost, double mean_ns, unsigned workers,
                            bool lanes_allowed) WEIR_MUST_CHECK;
/* NULL is allowed. */
void weir__plan_free(weir__plan *plan);
/* Does the invariant hold? For tests. It needs memory, a number for each clump and lane, and says true
 * where there is none. */
bool weir__graph_plan_is_valid(const weir__plan *plan, const weir_graph *graph);

#endif
