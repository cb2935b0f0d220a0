/* Graphs as records, the counting of tasks, and the checks of their order; see dag.h.
 *
 * What two threads might touch at once, if a contestant lets a task begin too early, is atomic: a
 * wrong order is to be found, not to be undefined. */
#include "dag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "application.h"

/* ---- counting ---- */

enum { THREADS_MOST = 4096 };

__thread uint64_t dag_ran;

static const uint64_t *counts[THREADS_MOST];
static uint32_t threads;

void dag_count_thread(void)
{
    const uint32_t i = __atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED);
    if (i >= THREADS_MOST)
        abort();
    counts[i] = &dag_ran;
}

/* Of all threads that there were; none of them runs a task now, nor has ended. */
static uint64_t count_tasks(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < threads; i++)
        sum += *counts[i];
    return sum;
}

/* ---- checking ---- */

/* The stamps of a point of a pattern, step after step, are a column. Task i is number i + absent of
 * the grid of steps and points; `absent` are those that the tree's first, narrower steps lack, whose
 * own stamps lie in places that nobody else has. Graphs without points have one column. */
static uint32_t *stamp_of(const dag *d, uint32_t task)
{
    const uint32_t at = task + d->absent, column = at & ((1u << d->column_bits) - 1);
    return &d->stamp[column * d->rows + (at >> d->column_bits)];
}

static void count_wrong(dag *d)
{
    __atomic_fetch_add(&d->wrong, 1, __ATOMIC_RELAXED);
}

void dag_enter(dag *d, uint32_t task)
{
    for (uint64_t e = d->first[task]; e < d->first[task + 1]; e++)
        if (__atomic_load_n(stamp_of(d, d->before[e]), __ATOMIC_RELAXED) != d->run)
            count_wrong(d);
}

void dag_leave(dag *d, uint32_t task)
{
    uint32_t *stamp = stamp_of(d, task);
    if (__atomic_load_n(stamp, __ATOMIC_RELAXED) == d->run)
        count_wrong(d);
    __atomic_store_n(stamp, d->run, __ATOMIC_RELAXED);
}

void dag_reset(dag *d)
{
    d->run++;
    d->wrong = 0;
    d->counted = count_tasks();
}

uint64_t dag_answer(const dag *d)
{
    return dag_is_in_order(d) ? count_tasks() - d->counted : 0;
}

bool dag_is_in_order(const dag *d)
{
    return d->wrong == 0;
}

/* ---- making one ---- */

/* Room for one more element, twice as much whenever `used` is a power of 2. */
static bool grow(void *array, uint64_t used, size_t bytes)
{
    void *old;
    memcpy(&old, array, sizeof old);
    if (used != 0 && (used & (used - 1)) != 0)
        return true;
    void *larger = realloc(old, (used == 0 ? 1 : 2 * used) * bytes);
    if (larger != NULL)
        memcpy(array, &larger, sizeof larger);
    return larger != NULL;
}

bool dag_add_task(dag *d)
{
    if (!grow(&d->first, (uint64_t)d->tasks + 1, sizeof *d->first))
        return false;
    d->first[++d->tasks] = d->edges;
    return true;
}

bool dag_add_edge(dag *d, uint32_t before)
{
    if (!grow(&d->before, d->edges, sizeof *d->before) ||
        !grow(&d->after, d->edges, sizeof *d->after))
        return false;
    d->before[d->edges] = before;
    d->after[d->edges] = d->tasks - 1;
    d->first[d->tasks] = ++d->edges;
    return true;
}

static bool is(const problem *p, const char *name)
{
    return strcmp(p->name, name) == 0;
}

bool dag_is(const char *name)
{
    static const char *const names[] = {"dag-tree", "dag-random", "dag-build"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return dag_is_pattern(name) || application_find(name) != NULL;
}

static bool fill(dag *d, const problem *p)
{
    const application *a = application_find(p->name);
    if (a != NULL)
        return a->make(d, p);
    if (is(p, "dag-tree"))
        return dag_make_tree(d, p);
    return dag_is_pattern(p->name) ? dag_make_pattern(d, p) : dag_make_random(d, p);
}

static bool make(dag *d, const problem *p)
{
    if (!grow(&d->first, 0, sizeof *d->first))
        return false;
    d->first[0] = 0;
    if (!fill(d, p))
        return false;
    if (d->rows == 0)
        d->rows = d->tasks;
    d->argument = malloc(d->tasks * sizeof *d->argument);
    d->stamp = calloc((size_t)d->rows << d->column_bits, sizeof *d->stamp);
    if (d->argument == NULL || d->stamp == NULL)
        return false;
    for (uint32_t i = 0; i < d->tasks; i++)
        d->argument[i] = (dag_argument){d, i};
    return true;
}

dag *dag_for(const problem *p)
{
    dag *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->steps = p->steps;
    d->checked = p->checked || dag_is_pattern(p->name);
    if (!make(d, p)) {
        dag_destroy(d);
        return NULL;
    }
    return d;
}

void dag_destroy(dag *d)
{
    if (d == NULL)
        return;
    free(d->first);
    free(d->before);
    free(d->after);
    free(d->argument);
    free(d->cost_ns);
    free(d->stamp);
    free(d);
}
