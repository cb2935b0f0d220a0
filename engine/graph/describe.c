/* weir_graph_describe(): what a compiled graph looks like, by one walk along it.
 *
 * Programs call it.  It must never change the graph. */
#include "base/error.h"
#include "base/memory.h"
#include "graph/cost.h"
#include "graph/sorted.h"

/* How far a task is from the beginning, along the longest path: in tasks, and in ns until it
 * begins. */
typedef struct distance {
    uint32_t tasks;
    double ns;
} distance;

typedef struct walk {
    const weir_graph *graph;
    weir__costs costs;
    weir__sorted sorted;
    distance *from;  /* by task */
    uint32_t *width; /* by distance in tasks */
} walk;

static void close_walk(walk *w)
{
    weir__memory_free(w->width);
    weir__memory_free(w->from);
    weir__sorted_close(&w->sorted);
}

static bool open_walk(walk *w, const weir_graph *graph)
{
    *w = (walk){.graph = graph, .costs = weir__costs_of(graph)};
    w->costs.found = NULL; /* their sum and span are in `measured` */
    const bool sorted = weir__sorted_open(&w->sorted, graph);
    w->from = weir__memory_alloc_zero(graph->n * sizeof *w->from);
    w->width = weir__memory_alloc_zero(graph->depth * sizeof *w->width);
    if (sorted && w->from != NULL && w->width != NULL)
        return true;
    close_walk(w);
    return false;
}

/* The task's successors are as far as it is at least, and itself. Returns when it ends. */
static double pass(const walk *w, weir_task t)
{
    const weir_graph *graph = w->graph;
    const distance next = {.tasks = w->from[t].tasks + 1,
                           .ns = w->from[t].ns + (double)weir__cost_of(&w->costs, t)};
    for (uint64_t i = graph->task[t].successors; i < graph->task[t + 1].successors; i++) {
        distance *then = &w->from[graph->successor[i]];
        then->tasks = next.tasks > then->tasks ? next.tasks : then->tasks;
        then->ns = next.ns > then->ns ? next.ns : then->ns;
    }
    return next.ns;
}

static void measure(const walk *w, weir_graph_summary *summary)
{
    double work = 0, span = 0;
    for (uint32_t i = 0; i < w->graph->n; i++) {
        const weir_task t = weir__sorted_at(&w->sorted, i);
        const double end = pass(w, t);
        const uint32_t level = w->from[t].tasks;
        WEIR_ASSERT(level < w->graph->depth);
        if (++w->width[level] > summary->widest)
            summary->widest = w->width[level];
        work += (double)weir__cost_of(&w->costs, t);
        span = end > span ? end : span;
    }
    if (w->costs.hinted) {
        summary->work_ns = work;
        summary->span_ns = span < work ? span : work; /* they are rounded in other orders */
    }
}

weir_status weir_graph_describe(const weir_graph *graph, weir_graph_summary *summary)
{
    walk w;
    if (graph == NULL || summary == NULL)
        return weir__error_null(graph == NULL ? "graph" : "summary");
    const weir_status status = weir__costs_check(graph);
    if (status != WEIR_OK)
        return status;
    weir_graph_summary found = {.tasks = graph->n,
                                .edges = graph->edges,
                                .redundant_edges = graph->redundant,
                                .unsearched_edges = graph->unsearched,
                                .roots = graph->roots,
                                .depth = graph->depth,
                                .lanes = graph->planned.lanes,
                                .clumps = graph->planned.clumps,
                                .predicted_gain = (double)graph->planned.gain,
                                .work_ns = (double)graph->measured.work_ns,
                                .span_ns = (double)graph->measured.span_ns};
    if (graph->n > 0) {
        if (!open_walk(&w, graph))
            return weir__error_set(WEIR_ENOMEM, 0, "graph",
                                   "no memory to describe a graph of %u tasks", graph->n);
        measure(&w, &found);
        close_walk(&w);
    }
    *summary = found;
    return WEIR_OK;
}
