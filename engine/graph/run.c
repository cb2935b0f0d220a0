/* weir_graph_run(): says what a run of the graph needs, and begins it.
 *
 * Programs call it on any thread, also in an op on the same engine.  It must never let a graph run twice
 * at once, nor leave one marked as running. */
#include "base/error.h"
#include "graph/execution.h"
#include "sched/life.h"

static weir_status check(const weir_engine *engine, const weir_graph *graph)
{
    if (engine == NULL || graph == NULL)
        return weir__error_null(engine == NULL ? "engine" : "graph");
    if (!graph->compiled)
        return weir__error_set(
            WEIR_EINVAL, 0, "graph",
            "the graph is not compiled; weir_graph_compile() comes before a run");
    return WEIR_OK;
}

/* A run that did not reach its end has left counts behind. */
static void mend(weir_graph *graph)
{
    for (weir_task t = 0; t < graph->n; t++)
        graph->task[t].left = graph->task[t].predecessors;
    for (weir_task t = 0; graph->users != NULL && t < graph->n; t++)
        graph->users[t].left = graph->users[t].all;
}

static weir__need need_of(const weir__life *life, weir__execution *e)
{
    /* In an op a run that has nothing to hand out costs less. */
    const bool divides = e->graph->n > 1 || life->worker == NULL;
    return (weir__need){.limits = {.max_in_flight = divides ? life->max_in_flight : 0},
                        .what = "graph (weir_graph_serial_bytes)",
                        .alone = &e->alone};
}

static weir_status run(weir_engine *engine, weir_graph *graph)
{
    weir__life life __attribute__((cleanup(weir__life_close))) = {0};
    weir_status status = weir__life_open(&life, engine);
    if (status != WEIR_OK)
        return status;
    weir__execution *e = weir__execution_prepare(graph, life.workers);
    if (e == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "graph", "no memory for runs of the graph");
    const weir__need need = need_of(&life, e);
    status = weir__life_begin(&life, &need);
    if (status != WEIR_OK)
        return status;
    if (graph->torn)
        mend(graph);
    graph->torn = true; /* unless it reaches its end */
    weir__pack *first = weir__execution_begin(e, life.run);
    status = weir__life_run(&life, &first->item);
    graph->torn = status != WEIR_OK;
    return status;
}

/* By way of an exception as well. */
static void leave(weir_graph *const *graph)
{
    /* GR2: release; pairs with GR1: the next run finds the graph as this one leaves it. */
    store_release(&(*graph)->running, false);
}

weir_status weir_graph_run(weir_engine *engine, weir_graph *graph)
{
    const weir_status status = check(engine, graph);
    bool running = false;
    if (status != WEIR_OK)
        return status;
    /* GR1: acquire; pairs with GR2. */
    if (!cas_acquire(&graph->running, &running, true))
        return weir__error_set(WEIR_EBUSY, 0, "graph",
                               "the graph runs already; wait for that run, or build another graph");
    weir_graph *const entered __attribute__((cleanup(leave))) = graph;
    return run(engine, entered);
}
