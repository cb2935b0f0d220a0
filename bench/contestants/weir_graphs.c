/* The problems that are graphs, as graphs of weir's: built and compiled once, run again and again.
 *
 * In the program weir each task is added by itself, and each edge; in weir-family all tasks are one
 * family, whose op may run several in one call, and all edges are added at once; in weir-levels each
 * level of the graph is a family, and one task stands between two levels; weir-unplanned is weir, but
 * that no run follows a plan.  A graph must never outlive its problem: the tasks' arguments are the
 * problem's. */
#include <stdlib.h>

#include "levels.h"
#include "weir_contestant.h"

static weir_graph *graph;

static void must(weir_status status, const char *what)
{
    if (status != WEIR_OK)
        weir_refused(what);
}

#if defined(BENCH_LEVELS)

/* What a level's family needs to know. */
typedef struct level {
    dag *of;
    const uint32_t *task;
} level;

static levels found;
static level *level_of;

static int run_tasks(void *arg, const uint32_t *index, uint32_t count)
{
    enum { ONCE = 64 };
    const level *l = arg;
    uint32_t task[ONCE];
    for (uint32_t i = 0; i < count;) {
        uint32_t n = 0;
        while (n < ONCE && i < count)
            task[n++] = l->task[index[i++]];
        dag_tasks(l->of, task, n);
    }
    return 0;
}

static int wait_for_level(void *arg)
{
    return (void)arg, 0;
}

/* All of the level, which begins with `first`, before the next task. */
static void add_end(uint32_t tasks, weir_task first)
{
    weir_task end;
    must(weir_graph_add(graph, NULL, wait_for_level, NULL, &end), "graph add");
    for (uint32_t i = 0; i < tasks; i++)
        must(weir_graph_before(graph, first + i, end), "graph before");
}

static void add_all(dag *d)
{
    if (!levels_find(d, &found))
        abort();
    level_of = malloc(found.count * sizeof *level_of);
    if (level_of == NULL)
        abort();
    for (uint32_t l = 0; l < found.count; l++) {
        const uint32_t tasks = found.first[l + 1] - found.first[l];
        weir_task first;
        level_of[l] = (level){d, found.task + found.first[l]};
        must(weir_graph_add_many(graph, "level", tasks, run_tasks, &level_of[l], &first),
             "graph add_many");
        for (uint32_t i = 0; l > 0 && i < tasks; i++)
            must(weir_graph_before(graph, first - 1, first + i), "graph before");
        if (l < found.count - 1)
            add_end(tasks, first);
    }
}

static void free_levels(void)
{
    levels_free(&found);
    free(level_of);
    level_of = NULL;
}

#elif defined(BENCH_FAMILIES)

static int run_tasks(void *arg, const uint32_t *index, uint32_t count)
{
    dag_tasks(arg, index, count);
    return 0;
}

static void add_all(dag *d)
{
    weir_task first;
    must(weir_graph_add_many(graph, "task", d->tasks, run_tasks, d, &first), "graph add_many");
    must(weir_graph_before_many(graph, d->edges, d->before, d->after), "graph before_many");
}

#else

static int run_task(void *arg)
{
    const dag_argument *a = arg;
    dag_task(a->of, a->task);
    return 0;
}

static void add_all(dag *d)
{
    weir_task task;
    for (uint32_t i = 0; i < d->tasks; i++)
        must(weir_graph_add(graph, NULL, run_task, &d->argument[i], &task), "graph add");
    for (uint64_t e = 0; e < d->edges; e++)
        must(weir_graph_before(graph, d->before[e], d->after[e]), "graph before");
}

#endif

static void build(dag *d)
{
    must(weir_graph_create(&graph), "graph create");
    add_all(d);
#ifdef BENCH_UNPLANNED
    must(weir_graph_plan(graph, 0), "graph plan");
#endif
#ifndef BENCH_LEVELS /* whose tasks have other numbers */
    for (uint32_t i = 0; d->cost_ns != NULL && i < d->tasks; i++)
        must(weir_graph_cost(graph, i, d->cost_ns[i]), "graph cost");
#endif
    must(weir_graph_compile(graph), "graph compile");
}

uint64_t run_dag(const problem *p)
{
    (void)p;
    run_graph(graph);
    return 0;
}

uint64_t run_dag_build(const problem *p)
{
    build(p->dag);
    return p->dag->tasks + p->dag->edges;
}

void contestant_prepare(const problem *p)
{
    const bool builds = strcmp(p->name, "dag-build") == 0;
    if (builds)
        contestant_finish(p);
    else if (p->dag != NULL && graph == NULL)
        build(p->dag);
}

void contestant_finish(const problem *p)
{
    (void)p;
    weir_graph_destroy(graph);
    graph = NULL;
#ifdef BENCH_LEVELS
    free_levels();
#endif
}
