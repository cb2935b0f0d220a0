/* Topological orders of a graph: program order, and greedy ones that keep few bytes live.
 *
 * Used by order.c alone, while a graph is compiled. */
#ifndef WEIR_GREEDY_H
#define WEIR_GREEDY_H

#include "graph/graph.h"

/* Which of the ready tasks comes next. */
typedef enum weir__greedy_rule {
    WEIR_GREEDY_PROGRAM, /* that with the smallest number */
    WEIR_GREEDY_DEPTH,   /* that which became ready last */
    WEIR_GREEDY_BYTES, /* that which holds least, less what it gives back; of equal ones the last, */
    WEIR_GREEDY_BYTES_PROGRAM, /* or the smallest number */
    WEIR_GREEDY_RULES
} weir__greedy_rule;

/* What the orders are made with; its arrays are used again from one to the next. */
typedef struct weir__greedy {
    const weir_graph *graph;
    uint32_t *left;  /* predecessors that are not in the order yet */
    uint32_t *users; /* of a holder: those not in the order yet, */
    uint32_t *alone; /* and their numbers by exclusive or: with one left, its number */
    uint32_t *heap, *place;
    uint32_t count;
    int64_t *score; /* bytes that the task adds, by its end */
    uint32_t *tie;
} weir__greedy;

weir_status weir__greedy_open(weir__greedy *greedy, const weir_graph *graph) WEIR_MUST_CHECK;
void weir__greedy_close(weir__greedy *greedy);
/* Writes the tasks in that order. For the rules by bytes all needs together are below 2^63. */
void weir__greedy_order(weir__greedy *greedy, weir__greedy_rule rule, weir_task *order);

#endif
