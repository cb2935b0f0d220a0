/* The problems that are graphs, as graphs of weir's: built and compiled once, run again and again.
 *
 * In the program weir each task is added by itself, and each edge; in weir-family all tasks are one
 * family, whose op may run several in one call, and all edges are added at once.  A graph must never
 * outlive its problem: the tasks' arguments are the problem's. */
#include <stdlib.h>

#include "weir_contestant.h"

static weir_graph *graph;

static void must(weir_status status, const char *what)
{
    if (status != WEIR_OK)
        weir_refused(what);
}

#ifdef BENCH_FAMILIES

static int run_tasks(void *arg, const uint32_t *index, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        dag_task(arg, index[i]);
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
    for (uint32_t i = 0; d->cost_ns != NULL && i < d->tasks; i++)
        must(weir_graph_cost(graph, i, d->cost_ns[i]), "graph cost");
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
}
