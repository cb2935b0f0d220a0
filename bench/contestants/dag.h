/* The problems that are graphs: tasks, which come before which, and what a task does.
 *
 * problem.c makes one for each such problem; contestants, in C and in C++, make it into a graph of
 * their library, whose task i calls dag_task(d, i).  A task must never know who runs it.
 *
 * Tasks are numbered so that all edges go forward: in the order of their numbers they are a
 * sequential program. Answers: each thread counts the tasks that it has run, which are summed after
 * the run; and in a checked run a task looks whether its predecessors have left their stamps, and
 * whether it has left its own already. Task Bench's patterns are always checked, as they are there;
 * the others in the run before the timed ones alone.  Applications have a result besides, which is
 * checked after each run; application.h. */
#ifndef WEIR_BENCH_DAG_H
#define WEIR_BENCH_DAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../leaf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dag dag;
struct problem;

/* What a task needs to know, for libraries that hand it one pointer. */
typedef struct dag_argument {
    dag *of;
    uint32_t task;
} dag_argument;

struct dag {
    uint32_t tasks;
    uint64_t edges;
    uint64_t *first;  /* the predecessors of task i are before[first[i] … first[i + 1] - 1] */
    uint32_t *before; /* edge e goes from task before[e] to task after[e] */
    uint32_t *after;
    dag_argument *argument;                      /* of each task */
    double *cost_ns;                             /* about; NULL: all tasks take as long */
    uint64_t steps;                              /* a task is leaf_work(steps), */
    void (*kernel)(const dag *d, uint32_t task); /* or this, if it is not NULL; */
    /* or these, where they are there as well: several in this order, and all as one would write it. */
    void (*several)(const dag *d, const uint32_t *task, uint32_t n);
    void (*all)(const dag *d);
    void *data; /* of the kernel, and not the graph's */

    /* Stamps stand by columns, whose tasks follow one another: what two threads write is apart. */
    bool checked;
    uint32_t column_bits, rows, absent; /* see dag.c */
    uint32_t *stamp;                    /* the number of the last run that a task was in */
    uint32_t run;
    uint32_t wrong;   /* tasks of this run that came too early or twice */
    uint64_t counted; /* tasks that had been run before this run, in all graphs */
};

/* ---- what problem.c needs ---- */

/* Is it the name of a graph? */
bool dag_is(const char *name);
/* NULL: no memory, or a size that the problem does not have, which has been said. */
dag *dag_for(const struct problem *p);
/* Before each run. */
void dag_reset(dag *d);
/* After a run: no task came too early or twice, as far as that was checked. */
bool dag_is_in_order(const dag *d);
/* How many tasks were run, or 0 if one came too early or twice. */
uint64_t dag_answer(const dag *d);
void dag_destroy(dag *d);

/* ---- making one ---- */

/* Begins the next task. False without memory, here and below. */
bool dag_add_task(dag *d);
/* An edge to the task begun last. */
bool dag_add_edge(dag *d, uint32_t before);

/* Fill an empty graph. False without memory or for wrong sizes. */
bool dag_make_tree(dag *d, const struct problem *p);
bool dag_make_random(dag *d, const struct problem *p);
bool dag_make_pattern(dag *d, const struct problem *p);
/* Task i comes after before[first[i]] … before[first[i + 1] - 1]. */
bool dag_make_rows(dag *d, uint32_t tasks, const uint64_t *first, const uint32_t *before);
bool dag_is_pattern(const char *name);

/* ---- what a task does ---- */

extern __thread uint64_t dag_ran; /* tasks, by this thread */
void dag_count_thread(void);

void dag_enter(dag *d, uint32_t i);
void dag_leave(dag *d, uint32_t i);

static inline void dag_count(uint64_t n)
{
    if (dag_ran == 0)
        dag_count_thread();
    dag_ran += n;
}

/* The work alone. */
__attribute__((always_inline)) static inline void dag_work(dag *d, uint32_t i)
{
    uint64_t one = 1;
    if (d->kernel != NULL)
        d->kernel(d, i);
    else
        one = leaf_work(d->steps);
    dag_count(one);
}

__attribute__((always_inline)) static inline void dag_task(dag *d, uint32_t i)
{
    if (d->checked)
        dag_enter(d, i);
    dag_work(d, i);
    if (d->checked)
        dag_leave(d, i);
}

/* Several, in this order; all, in the order of their numbers. */
static inline void dag_tasks(dag *d, const uint32_t *index, uint32_t n)
{
    if (d->several == NULL || d->checked) {
        for (uint32_t i = 0; i < n; i++)
            dag_task(d, index[i]);
    } else {
        d->several(d, index, n);
        dag_count(n);
    }
}

static inline void dag_all(dag *d)
{
    if (d->all == NULL || d->checked) {
        for (uint32_t i = 0; i < d->tasks; i++)
            dag_task(d, i);
    } else {
        d->all(d);
        dag_count(d->tasks);
    }
}

#ifdef __cplusplus
}
#endif
#endif
