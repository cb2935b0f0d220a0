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
    if (graph->owner != NULL)
        return weir__error_set(WEIR_EINVAL, 0, "graph",
                               "the graph is a body of another one, and runs with that only");
    return WEIR_OK;
}

/* A run that did not reach its end has left counts behind. */
static void mend(weir_graph *graph)
{
    for (const weir__control *c = graph->controls; c != NULL; c = c->next)
        for (uint32_t i = 0; i < c->n; i++)
            if (c->body[i] != NULL)
                mend(c->body[i]);
    for (weir_task t = 0; t < graph->n; t++)
        graph->task[t].left = graph->task[t].predecessors;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How many bytes the run asks for: what all its tasks can hold, or as much of that as there is. Beside others
 * it leaves them half of what is left. */
static uint64_t bytes_for(const weir__life *life, const weir_graph *graph)
{
    const weir__budget *all = &life->run->engine->budget;
    const uint64_t serial = weir_graph_serial_bytes(graph);
    uint64_t most = all->limit;
    if (life->worker != NULL) {
        const uint64_t declared = weir__life_declared(life);
        most = declared > 0 || most != WEIR_NO_LIMIT ? declared : most;
    } else if (life->hosted && most != WEIR_NO_LIMIT) {
        most = weir__budget_room(all) / 2;
    }
    const uint64_t wanted = least_of(weir_graph_certified_bytes(graph), most);
    return least_of(wanted > serial ? wanted : serial, UINT64_MAX / 2);
}

static weir_status begin(weir__life *life, weir__execution *e, uint64_t bytes)
{
    const weir_graph *graph = e->graph;
    /* In an op a run that has nothing to hand out costs less. */
    const bool divides = graph->n > 1 || graph->controls != NULL || life->worker == NULL;
    const weir__need need = {
        .limits = {.max_in_flight = divides ? life->max_in_flight : 0, .limit_bytes = bytes},
        .least_bytes = weir_graph_serial_bytes(graph),
        .root_declared = bytes,
        .what = "graph (weir_graph_serial_bytes)",
        .alone = &e->alone};
    return weir__life_begin(life, &need);
}

/* A body has no more than what is declared for its task, which may have been declared after it. */
static weir_status check_bodies(const weir_graph *graph)
{
    for (const weir__control *c = graph->controls; c != NULL; c = c->next)
        for (uint32_t i = 0; i < c->n; i++) {
            const uint64_t least = c->body[i] != NULL ? weir_graph_serial_bytes(c->body[i]) : 0;
            char name[128];
            if (least == 0 || least <= graph->nested[c->task])
                continue;
            (void)weir__graph_name(graph, c->task, name, sizeof name);
            return weir__error_set(WEIR_EINVAL, 0, name,
                                   "weir_graph_nested() of task '%.90s' is %llu, but a body needs "
                                   "at least %llu bytes",
                                   name, (unsigned long long)graph->nested[c->task],
                                   (unsigned long long)least);
        }
    return WEIR_OK;
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
    uint64_t bytes = bytes_for(&life, graph);
    status = begin(&life, e, bytes);
    if (status == WEIR_EBUDGET && bytes > weir_graph_serial_bytes(graph)) {
        bytes = weir_graph_serial_bytes(graph);
        status = begin(&life, e, bytes);
    }
    if (status != WEIR_OK)
        return status;
    if (graph->torn)
        mend(graph);
    graph->torn = true; /* unless it reaches its end */
    weir__execution_begin_run(e, life.run);
    weir__execution_open_book(e, bytes);
    if (!weir__execution_is_limited(e))
        weir__sample_prepare(&e->sample, graph, engine->team.workers, &e->alone);
    weir__pack *first = weir__execution_begin(e, 1);
    status = weir__life_run(&life, &first->item);
    weir__execution_end_run(e, status == WEIR_OK);
    graph->torn = status != WEIR_OK;
    return status;
}

/* By way of an exception as well. */
static void leave(weir_graph *const *graph)
{
    if ((*graph)->execution != NULL)
        weir__execution_end_run((*graph)->execution, false);
    /* GR2: release; pairs with GR1: the next run finds the graph as this one leaves it. */
    store_release(&(*graph)->running, false);
}

weir_status weir_graph_run(weir_engine *engine, weir_graph *graph)
{
    weir_status status = check(engine, graph);
    bool running = false;
    if (status == WEIR_OK)
        status = check_bodies(graph);
    if (status != WEIR_OK)
        return status;
    /* GR1: acquire; pairs with GR2. */
    if (!cas_acquire(&graph->running, &running, true))
        return weir__error_set(WEIR_EBUSY, 0, "graph",
                               "the graph runs already; wait for that run, or build another graph");
    weir_graph *const entered __attribute__((cleanup(leave))) = graph;
    return run(engine, entered);
}

weir_status weir_graph_plan(weir_graph *graph, unsigned allowed)
{
    const unsigned all = WEIR_PLAN_LANES | WEIR_PLAN_SERIAL;
    bool running = false;
    if (graph == NULL)
        return weir__error_null("graph");
    if ((allowed & ~all) != 0)
        return weir__error_set(WEIR_EINVAL, 0, "allowed",
                               "allowed is %u; it is WEIR_PLAN_LANES (1), WEIR_PLAN_SERIAL (2), "
                               "both or 0",
                               allowed);
    if (graph->owner != NULL)
        return weir__error_set(WEIR_EINVAL, 0, "graph",
                               "the graph is a body of another one, which is planned, or not");
    /* GR1 as well. */
    if (!cas_acquire(&graph->running, &running, true))
        return weir__error_set(WEIR_EBUSY, 0, "graph", "the graph runs; wait for that run");
    graph->plans_allowed = allowed;
    if (graph->execution != NULL)
        weir__sample_drop(&graph->execution->sample, graph);
    /* GR2 as well. */
    store_release(&graph->running, false);
    return WEIR_OK;
}
