/* A directed acyclic graph of tasks, as sparse matrices give it: each edge goes to a larger number.
 *
 * solve.c and elimination.c make one, `weir graph` shows it and hands it to the engine.  It must never
 * know what a task computes. */
#ifndef WEIR_DAG_H
#define WEIR_DAG_H

#include <stdbool.h>
#include <stdint.h>

#define DAG_MOST_TASKS (UINT32_C(1) << 30) /* what a weir_graph has at most */

/* The predecessors of task t are before[first[t]] up to before[first[t + 1]], that one not included.
 * Invariant: first goes up from 0 to `edges`; the predecessors of a task stand in rising order, each
 * once, and are below its own number; no work is below 0. */
typedef struct dag {
    uint32_t tasks;
    uint64_t edges;
    uint64_t *first;
    uint32_t *before;
    double *work;    /* of each task, in floating-point operations */
    uint32_t *level; /* of each task, from 0; NULL until dag_measure() */
} dag;

/* Makes room for that many; what the arrays contain is the caller's to write.
 * Returns: false if there is no memory, and then nothing to free. */
bool dag_create(uint32_t tasks, uint64_t edges, dag *d);
void dag_free(dag *d);
bool dag_is_valid(const dag *d);

/* What a graph looks like, however many workers there are.  A level is all tasks with equally many
 * tasks on the longest path to them. */
typedef struct dag_shape {
    uint32_t roots, ends; /* tasks without predecessors, without successors */
    uint32_t depth;       /* levels: tasks on the longest path */
    uint32_t widest;      /* tasks of the largest level */
    uint32_t widest_level;
    double work; /* of all tasks */
    double span; /* of those on the path that has most */
} dag_shape;

/* Finds the levels, and all the rest from them.
 *
 * Returns: false if there is no memory.
 * Cost:    some nanoseconds a task and an edge. */
bool dag_measure(dag *d, dag_shape *shape);

#endif
