/* A graph on simulated workers: how long a run takes within so many bytes, by what its tasks cost.
 *
 * advise.c asks it.  Which tasks may start is decided by the account itself (account.h), and
 * workers choose among those as a run's do: a worker goes on with the most urgent task that its
 * last one made ready, and else takes the most urgent that may start.  Nothing but the tasks takes
 * time.  It must never touch what runs of the graph use, nor look at a clock: the same graph and
 * limit always take as long. */
#ifndef WEIR_GRAPH_SIMULATE_H
#define WEIR_GRAPH_SIMULATE_H

#include "graph/account.h"
#include "graph/cost.h"
#include "graph/heap.h"

/* Invariant (weir__simulation_is_valid), while one is under way: both heaps are heaps, the second no
 * larger than there are workers. */
typedef struct weir__simulation {
    const weir_graph *graph;
    weir__costs costs;
    float *level;         /* by task, as level.h has it */
    uint32_t *left;       /* predecessors that have not finished, */
    uint32_t *users;      /* and users of a holder */
    weir__heap may_start; /* tasks, the highest level first */
    weir__heap busy;      /* tasks of workers, by when they end */
    uint32_t workers;
    uint32_t finished;
    double now;
    bool limited; /* the account is in use */
    weir__account account;
    weir__ledger ledger;
} weir__simulation;

/* For a compiled graph with an order (order.h), and at least one worker. False: no memory. */
bool weir__simulation_open(weir__simulation *s, const weir_graph *graph,
                           uint32_t workers) WEIR_MUST_CHECK;
void weir__simulation_close(weir__simulation *s);

/* How many ns a run takes.
 *
 * limit:    bytes, at least serial_bytes of the order; from its certified_bytes on there is none.
 * Cost:     some hundred ns for each task, and some for each edge. */
double weir__simulation_run(weir__simulation *s, uint64_t limit);

bool weir__simulation_is_valid(const weir__simulation *s);

#endif
