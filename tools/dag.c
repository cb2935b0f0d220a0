/* What a graph looks like: each task follows its predecessors, so one pass by number sees all of them
 * first; see dag.h. */
#include "dag.h"

#include <stdlib.h>
#include <string.h>

bool dag_create(uint32_t tasks, uint64_t edges, dag *d)
{
    *d = (dag){.tasks = tasks, .edges = edges};
    if (edges > SIZE_MAX / sizeof *d->before)
        return false;
    d->first = malloc(((size_t)tasks + 1) * sizeof *d->first);
    d->before = malloc(edges ? (size_t)edges * sizeof *d->before : 1);
    d->work = malloc(tasks ? tasks * sizeof *d->work : 1);
    if (d->first != NULL && d->before != NULL && d->work != NULL)
        return true;
    dag_free(d);
    return false;
}

void dag_free(dag *d)
{
    free(d->first);
    free(d->before);
    free(d->work);
    free(d->level);
    *d = (dag){0};
}

bool dag_is_valid(const dag *d)
{
    if (d->tasks > DAG_MOST_TASKS || d->first[0] != 0 || d->first[d->tasks] != d->edges)
        return false;
    for (uint32_t t = 0; t < d->tasks; t++) {
        if (d->first[t] > d->first[t + 1] || !(d->work[t] >= 0))
            return false;
        for (uint64_t e = d->first[t]; e < d->first[t + 1]; e++)
            if (d->before[e] >= t || (e > d->first[t] && d->before[e - 1] >= d->before[e]))
                return false;
    }
    return true;
}

/* Returns how many there are. */
static uint32_t find_levels(const dag *d, uint32_t *level)
{
    uint32_t levels = 0;
    for (uint32_t t = 0; t < d->tasks; t++) {
        level[t] = 0;
        for (uint64_t e = d->first[t]; e < d->first[t + 1]; e++)
            if (level[d->before[e]] >= level[t])
                level[t] = level[d->before[e]] + 1;
        if (level[t] >= levels)
            levels = level[t] + 1;
    }
    return levels;
}

/* The first of the levels that have most tasks; size has room for one number a level. */
static void find_widest(const uint32_t *level, uint32_t tasks, uint32_t *size, dag_shape *shape)
{
    memset(size, 0, shape->depth * sizeof *size);
    for (uint32_t t = 0; t < tasks; t++)
        size[level[t]]++;
    for (uint32_t l = 0; l < shape->depth; l++)
        if (size[l] > shape->widest) {
            shape->widest = size[l];
            shape->widest_level = l;
        }
}

static double find_span(const dag *d, double *until)
{
    double span = 0;
    for (uint32_t t = 0; t < d->tasks; t++) {
        until[t] = 0;
        for (uint64_t e = d->first[t]; e < d->first[t + 1]; e++)
            if (until[d->before[e]] > until[t])
                until[t] = until[d->before[e]];
        until[t] += d->work[t];
        if (until[t] > span)
            span = until[t];
    }
    return span;
}

static uint32_t count_ends(const dag *d, uint32_t *followed)
{
    uint32_t ends = d->tasks;
    memset(followed, 0, d->tasks * sizeof *followed);
    for (uint64_t e = 0; e < d->edges; e++) {
        ends -= followed[d->before[e]] == 0;
        followed[d->before[e]] = 1;
    }
    return ends;
}

bool dag_measure(dag *d, dag_shape *shape)
{
    const size_t room = d->tasks ? d->tasks : 1;
    if (d->level == NULL)
        d->level = malloc(room * sizeof *d->level);
    uint32_t *number = malloc(room * sizeof *number);
    double *until = malloc(room * sizeof *until);
    const bool good = d->level != NULL && number != NULL && until != NULL;
    *shape = (dag_shape){0};
    if (good) {
        shape->depth = find_levels(d, d->level);
        find_widest(d->level, d->tasks, number, shape);
        shape->ends = count_ends(d, number);
        shape->span = find_span(d, until);
        for (uint32_t t = 0; t < d->tasks; t++) {
            shape->roots += d->first[t] == d->first[t + 1];
            shape->work += d->work[t];
        }
    }
    free(number);
    free(until);
    return good;
}
