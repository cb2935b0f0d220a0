/* weir_graph_run(): says what a run of the graph needs, and begins it; and weir_graph_plan().
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
        graph->task[t].left = graph->fixed[t].predecessors;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The bytes with which a run begins, */
typedef struct share {
    uint64_t bytes; /* its own, or lent to it */
    uint64_t most;  /* that it and those in it may come to hold */
    bool
        is_root; /* in an engine with a limit, where it has them from others in the account of all graphs */
    bool keeps; /* and to itself until its end */
} share;

/* In an op: what was declared for it. */
static share nested_share(const weir__life *life, uint64_t wanted, uint64_t serial)
{
    const uint64_t declared = weir__life_declared(life);
    const bool limited = life->run->engine->budget.limit != WEIR_NO_LIMIT;
    share s = {.bytes = wanted};
    if ((declared > 0 || limited) && declared < wanted)
        s.bytes = declared > serial ? declared : serial;
    s.most = s.bytes;
    return s;
}

/* A root has all that its tasks can hold, if that fits; else, alone, all that there is. Beside others it
 * has no more than half of what they leave for itself, or its serial bytes, and shares the rest. */
static share root_share(const weir__life *life, const weir_graph *graph, uint64_t wanted,
                        uint64_t serial)
{
    const weir__budget *all = &life->run->engine->budget;
    share s = {.bytes = wanted, .most = wanted};
    if (all->limit == WEIR_NO_LIMIT)
        return s;
    s.is_root = true;
    s.most = graph->nested != NULL ? all->limit : least_of(wanted, all->limit);
    s.keeps = !life->hosted;
    if (wanted > (life->hosted ? weir__budget_room(all) / 2 : all->limit))
        s.bytes = life->hosted || serial > all->limit ? serial : all->limit;
    return s;
}

static share share_of(const weir__life *life, const weir_graph *graph)
{
    const uint64_t serial = weir_graph_serial_bytes(graph);
    const uint64_t certified = weir_graph_certified_bytes(graph);
    const uint64_t wanted = least_of(certified, UINT64_MAX / 2);
    return life->worker != NULL ? nested_share(life, wanted, serial)
                                : root_share(life, graph, wanted, serial);
}

static weir_status begin(weir__life *life, weir__execution *e, const share *s)
{
    const weir_graph *graph = e->graph;
    /* In an op a run that has nothing to hand out costs less. */
    const bool divides = graph->n > 1 || graph->controls != NULL || life->worker == NULL;
    const weir__need need = {
        .limits = {.max_in_flight = divides ? life->max_in_flight : 0, .limit_bytes = s->most},
        .least_bytes = weir_graph_serial_bytes(graph),
        .root_declared = s->bytes,
        .what = "graph (weir_graph_serial_bytes)",
        .alone = &e->alone};
    return weir__life_begin(life, &need);
}

/* With its bytes, or if those have gone to others meanwhile, with its serial ones. */
static weir_status begin_with_some(weir__life *life, weir__execution *e, share *s)
{
    const uint64_t serial = weir_graph_serial_bytes(e->graph);
    weir_status status = begin(life, e, s);
    if (status == WEIR_EBUDGET && s->bytes > serial) {
        s->bytes = serial;
        s->keeps = false;
        status = begin(life, e, s);
    }
    return status;
}

static void open_book(weir__life *life, weir__execution *e, const share *s)
{
    const bool shares = s->is_root && s->bytes < weir_graph_certified_bytes(e->graph);
    const weir__terms terms = {.lent = s->is_root ? WEIR__NOT_LENT : s->bytes,
                               .brought = shares ? s->bytes : 0,
                               .keeps = s->keeps};
    if (shares)
        weir__life_hand_over(life);
    weir__execution_open_book(e, s->bytes, &terms);
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

/* By way of an exception as well, and then before its life ends. */
static void end_execution(weir__execution *const *e)
{
    if (*e != NULL)
        weir__execution_end_run(*e, false);
}

static weir_status run(weir_engine *engine, weir_graph *graph)
{
    weir__life life __attribute__((cleanup(weir__life_close))) = {0};
    weir__execution *under_way __attribute__((cleanup(end_execution))) = NULL;
    share s;
    weir_status status = weir__life_open(&life, engine);
    if (status != WEIR_OK)
        return status;
    weir__execution *e = weir__execution_prepare(graph, life.workers);
    if (e == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "graph", "no memory for runs of the graph");
    s = share_of(&life, graph);
    status = begin_with_some(&life, e, &s);
    if (status != WEIR_OK)
        return status;
    if (graph->torn)
        mend(graph);
    graph->torn = true; /* unless it reaches its end */
    weir__execution_begin_run(e, life.run);
    under_way = e;
    open_book(&life, e, &s);
    if (!weir__execution_is_limited(e))
        weir__sample_prepare(&e->sample, graph, engine->team.workers, &e->alone);
    status = weir__life_run(&life, &weir__execution_begin(e, 1)->item);
    weir__execution_end_run(e, status == WEIR_OK);
    under_way = NULL;
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
    if (graph->execution != NULL) {
        weir__sample_drop(&graph->execution->sample, graph);
        weir__alone_begin(&graph->execution->alone, 0);
    }
    /* GR2 as well. */
    store_release(&graph->running, false);
    return WEIR_OK;
}
