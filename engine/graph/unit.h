/* Units: blocks of tasks that follow one another in program order, which is what plans divide among lanes.
 *
 * A unit runs in one lane, its tasks one after the other, and waits before the first for all that any of them
 * needs.  Since each edge leads on in program order, so do the edges between units: they have no cycle.
 *
 * A unit may be one task.  Where those take some nanoseconds, to plan them one by one takes longer than
 * thousands of runs save, and puts waits everywhere.  So units are joined to larger ones, level by level. Where
 * they end decides what is left to do side by side: in a grid whose lines were cut at different places each
 * would need the one before it.  So units end where a *stretch* does: units each of which needs the one just
 * before it, a line or a plane of a grid, or units of equal depth, a step of a stencil.  Long stretches are
 * cut into about equal pieces, as many for each lane, and lines below one another at the same places: where a
 * piece begins, those who need its first unit are marked.  Short stretches are taken together.
 *
 * planner.c decides which units are planned.  They must never outlive the planning.
 *
 * Threads:   one at a time.
 * Memory:    a level's, from its making to weir__units_close(). */
#ifndef WEIR_GRAPH_UNIT_H
#define WEIR_GRAPH_UNIT_H

#include "graph/program.h"

/* Invariant (weir__units_are_valid): first rises from 0 to the tasks' number, so each task is in one unit;
 * each edge leads to a unit with a larger number, and no two to the same one from one unit; the weights of the
 * edges are those of the graph that lead from unit to unit; depth is that of the longest path of edges
 * before the unit; needs_last says whether there is an edge from the unit just before. */
typedef struct weir__units {
    uint32_t n, edges;
    uint32_t *first;   /* [n + 1]: ranks; NULL: each unit is the task with its number as rank */
    const float *cost; /* ns */
    uint32_t *succ_at; /* [n + 1] */
    const uint32_t
        *succ;           /* the successors of unit u: succ[succ_at[u]] up to succ[succ_at[u + 1]] */
    uint32_t *weight;    /* by successor: edges of the graph; NULL: 1 each */
    uint32_t *depth;     /* units before it on a path, at most */
    uint8_t *needs_last; /* bool */
    double path_ns;      /* the longest path */
    float *own_cost;     /* NULL: they are the program's, */
    uint32_t *own_succ;  /* or the graph's */
    /* From weir__units_turn() on: the same edges from their other end, in rising order, */
    uint32_t *pred_at, *pred, *pred_weight;
    uint32_t *by_depth; /* and units, those of one depth together in rising order */
} weir__units;

/* False: no memory, and it is closed; so for all of these. */
/* One unit of all tasks; none where there is no task. */
bool weir__units_of_all(weir__units *u, const weir__program *p) WEIR_MUST_CHECK;
/* Each task is a unit. */
bool weir__units_of_tasks(weir__units *u, const weir__program *p) WEIR_MUST_CHECK;
/* Units of about unit_ns, each of units of `from` that follow one another. */
bool weir__units_join(weir__units *u, const weir__units *from, double unit_ns,
                      unsigned lanes) WEIR_MUST_CHECK;
/* Finds what rules and waits need. */
bool weir__units_turn(weir__units *u) WEIR_MUST_CHECK;
/* What was never made is allowed, if all of it is 0. */
void weir__units_close(weir__units *u);
/* Does the invariant hold? For tests. It needs memory, and says true where there is none. */
bool weir__units_are_valid(const weir__units *u, const weir__program *p);

static inline uint32_t weir__unit_first(const weir__units *u, uint32_t unit)
{
    return u->first != NULL ? u->first[unit] : unit;
}

#endif
