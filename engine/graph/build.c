/* Makes graphs: creates them, and notes the tasks, the edges and what is said of tasks.
 *
 * Programs call it before compile.  Each call checks its arguments and adds to a list of the draft; what
 * the lists mean is worked out by freeze.c.  It must never leave half of a call behind when there is no
 * memory. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "graph/book.h"
#include "graph/execution.h"
#include "graph/graph.h"

weir_status weir_graph_create(weir_graph **graph)
{
    if (graph == NULL)
        return weir__error_null("graph");
    weir_graph *g = *graph = weir__memory_alloc_zero(sizeof *g);
    if (g == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "graph", "no memory for a graph");
    g->plans_allowed = WEIR_PLAN_LANES | WEIR_PLAN_SERIAL;
    return WEIR_OK;
}

void weir__graph_drop_draft(weir_graph *graph)
{
    weir__list_clear(&graph->draft.record);
    weir__list_clear(&graph->draft.edge);
    weir__list_clear(&graph->draft.note);
    weir__accesses_clear(&graph->draft.accesses);
}

void weir__graph_drop_frozen(weir_graph *graph)
{
    void *const arrays[] = {graph->task,    graph->fixed, graph->label,      graph->successor,
                            graph->root,    graph->held,  graph->scratch,    graph->nested,
                            graph->release, graph->cost,  graph->holders_at, graph->holder,
                            graph->users};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        weir__memory_free(arrays[i]);
    weir__book_close(graph->book);
    weir__order_free(graph->order);
    graph->book = NULL;
    graph->order = NULL;
    graph->task = NULL;
    graph->fixed = NULL;
    graph->label = NULL;
    graph->successor = graph->root = graph->holder = NULL;
    graph->held = graph->scratch = graph->nested = graph->holders_at = NULL;
    graph->release = NULL;
    graph->cost = NULL;
    graph->users = NULL;
    graph->edges = graph->redundant = graph->unsearched = 0;
    graph->roots = graph->depth = 0;
}

void weir_graph_destroy(weir_graph *graph)
{
    if (graph != NULL && graph->owner == NULL)
        weir__graph_free(graph);
}

void weir__graph_free(weir_graph *graph)
{
    WEIR_ASSERT(!graph->running);
    weir__control_free(graph->controls);
    weir__graph_drop_draft(graph);
    weir__graph_drop_frozen(graph);
    weir__list_clear(&graph->labels);
    weir__execution_free(graph->execution);
    weir__memory_free(graph);
}

/* ---- checks ---- */

weir_status weir__graph_no_memory(void)
{
    return weir__error_set(WEIR_ENOMEM, 0, "graph", "no memory for more of the graph");
}

/* May something be added to it? */
static inline bool is_open(const weir_graph *graph)
{
    return graph != NULL && !graph->compiled;
}

static __attribute__((cold)) weir_status refuse(const weir_graph *graph)
{
    WEIR_ASSERT(!is_open(graph));
    if (graph == NULL)
        return weir__error_null("graph");
    return weir__error_set(WEIR_EINVAL, 0, "graph",
                           "the graph is compiled, and nothing can be added to it any more");
}

static __attribute__((cold)) weir_status no_such_task(const weir_graph *graph, const char *where,
                                                      weir_task task)
{
    if (graph->n == 0)
        return weir__error_set(WEIR_EINVAL, 0, where, "there is no task %u: the graph has none",
                               task);
    return weir__error_set(WEIR_EINVAL, 0, where,
                           "there is no task %u: those of the graph are 0 to %u", task,
                           graph->n - 1);
}

weir_status weir__graph_check(const weir_graph *graph)
{
    return is_open(graph) ? WEIR_OK : refuse(graph);
}

weir_status weir__graph_check_task(const weir_graph *graph, weir_task task)
{
    if (WEIR_UNLIKELY(!is_open(graph)))
        return refuse(graph);
    return WEIR_UNLIKELY(task >= graph->n) ? no_such_task(graph, "task", task) : WEIR_OK;
}

/* `where` is argument, or of a row of edges argument[i]. */
static __attribute__((cold)) weir_status wrong_edge(const weir_graph *graph, const weir__edge *edge,
                                                    bool of_row, size_t i)
{
    char first[32] = "first", then[32] = "then", name[128];
    if (of_row) {
        snprintf(first, sizeof first, "first[%zu]", i);
        snprintf(then, sizeof then, "then[%zu]", i);
    }
    if (edge->first >= graph->n)
        return no_such_task(graph, first, edge->first);
    if (edge->then >= graph->n)
        return no_such_task(graph, then, edge->then);
    weir__graph_name(graph, edge->first, name, sizeof name);
    return weir__error_set(WEIR_EINVAL, 0, then, "task %s cannot come before itself", name);
}

static bool edge_is_right(const weir_graph *graph, weir_task first, weir_task then)
{
    return first < graph->n && then < graph->n && first != then;
}

/* ---- tasks ---- */

/* Adds the label of n tasks. NULL: no memory. */
static weir__label *add_label(weir_graph *graph, const char *name, uint32_t n, bool family)
{
    const size_t length = name == NULL ? 0 : strlen(name);
    const size_t bytes = offsetof(weir__label, name) + length + 1;
    weir__label *label =
        weir__list_take(&graph->labels, (size_t)weir__round_up(bytes, alignof(weir__label)));
    if (label == NULL)
        return NULL;
    label->first = graph->n;
    label->n = n;
    label->family = family;
    if (length > 0)
        memcpy(label->name, name, length);
    label->name[length] = '\0';
    return label;
}

weir_status weir__graph_add(weir_graph *graph, const char *name, const weir__record *what,
                            weir_task *first)
{
    const bool family = what->kind == WEIR_TASK_MANY;
    const weir__list_mark labels = weir__list_mark_end(&graph->labels);
    weir__label *label = NULL;
    if (what->n > WEIR_TASKS_MOST - graph->n)
        return weir__error_set(WEIR_EINVAL, 0, "graph",
                               "with %u more, the graph has more than 2^30 tasks", what->n);
    if (family || (name != NULL && *name != '\0')) {
        label = add_label(graph, name, what->n, family);
        if (label == NULL)
            return weir__graph_no_memory();
    }
    weir__record *record = weir__list_take(&graph->draft.record, sizeof *record);
    if (record == NULL) {
        weir__list_return_to(&graph->labels, labels);
        return weir__graph_no_memory();
    }
    *record = *what;
    record->label = label;
    graph->draft.labels += label != NULL;
    *first = graph->n;
    graph->n += what->n;
    return WEIR_OK;
}

/* With a name, or a new chunk, or an error. */
static __attribute__((noinline)) weir_status add_slowly(weir_graph *graph, const char *name,
                                                        int (*op)(void *arg), void *arg,
                                                        weir_task *task)
{
    if (!is_open(graph))
        return refuse(graph);
    if (op == NULL || task == NULL)
        return weir__error_null(op == NULL ? "op" : "task");
    const weir__record record = {.op.one = op, .arg = arg, .n = 1, .kind = WEIR_TASK_ONE};
    return weir__graph_add(graph, name, &record, task);
}

weir_status weir_graph_add(weir_graph *graph, const char *name, int (*op)(void *arg), void *arg,
                           weir_task *task)
{
    if (!is_open(graph) || op == NULL || task == NULL || name != NULL ||
        graph->n == WEIR_TASKS_MOST ||
        !weir__list_has_room(&graph->draft.record, sizeof(weir__record)))
        return add_slowly(graph, name, op, arg, task);
    weir__record *record = weir__list_take(&graph->draft.record, sizeof *record);
    *record = (weir__record){.op.one = op, .arg = arg, .n = 1, .kind = WEIR_TASK_ONE};
    *task = graph->n++;
    return WEIR_OK;
}

weir_status weir_graph_add_many(weir_graph *graph, const char *name, uint32_t n,
                                int (*op)(void *arg, const uint32_t *index, uint32_t count),
                                void *arg, weir_task *first)
{
    if (WEIR_UNLIKELY(!is_open(graph)))
        return refuse(graph);
    if (op == NULL || first == NULL)
        return weir__error_null(op == NULL ? "op" : "first");
    if (n == 0)
        return weir__error_set(WEIR_EINVAL, 0, "n", "n is 0; a family has at least one task");
    const weir__record record = {.op.many = op, .arg = arg, .n = n, .kind = WEIR_TASK_MANY};
    return weir__graph_add(graph, name, &record, first);
}

/* ---- edges ---- */

/* With a new chunk, or an error. */
static __attribute__((noinline)) weir_status before_slowly(weir_graph *graph, weir_task first,
                                                           weir_task then)
{
    if (!is_open(graph))
        return refuse(graph);
    const weir__edge edge = {.first = first, .then = then};
    if (!edge_is_right(graph, first, then))
        return wrong_edge(graph, &edge, false, 0);
    weir__edge *added = weir__list_take(&graph->draft.edge, sizeof *added);
    if (added == NULL)
        return weir__graph_no_memory();
    *added = edge;
    graph->draft.backward |= then < first;
    return WEIR_OK;
}

weir_status weir_graph_before(weir_graph *graph, weir_task first, weir_task then)
{
    if (!is_open(graph) || !edge_is_right(graph, first, then) ||
        !weir__list_has_room(&graph->draft.edge, sizeof(weir__edge)))
        return before_slowly(graph, first, then);
    weir__edge *edge = weir__list_take(&graph->draft.edge, sizeof *edge);
    edge->first = first;
    edge->then = then;
    graph->draft.backward |= then < first;
    return WEIR_OK;
}

weir_status weir_graph_before_many(weir_graph *graph, size_t n, const weir_task *first,
                                   const weir_task *then)
{
    if (!is_open(graph))
        return refuse(graph);
    if (n > 0 && (first == NULL || then == NULL))
        return weir__error_null(first == NULL ? "first" : "then");
    bool backward = false;
    for (size_t i = 0; i < n; i++) {
        const weir__edge edge = {.first = first[i], .then = then[i]};
        if (WEIR_UNLIKELY(!edge_is_right(graph, edge.first, edge.then)))
            return wrong_edge(graph, &edge, true, i);
        backward |= edge.then < edge.first;
    }
    const weir__list_mark before = weir__list_mark_end(&graph->draft.edge);
    for (size_t i = 0, piece; i < n; i += piece) {
        piece = n - i;
        weir__edge *edge = weir__list_take_some(&graph->draft.edge, sizeof *edge, &piece);
        if (edge == NULL) {
            weir__list_return_to(&graph->draft.edge, before);
            return weir__graph_no_memory();
        }
        for (size_t k = 0; k < piece; k++)
            edge[k] = (weir__edge){.first = first[i + k], .then = then[i + k]};
    }
    graph->draft.backward |= backward;
    return WEIR_OK;
}

/* ---- what is said of tasks ---- */

static weir_status add_note(weir_graph *graph, const weir__note *what)
{
    const weir_status status = weir__graph_check_task(graph, what->task);
    if (status != WEIR_OK)
        return status;
    weir__note *note = weir__list_take(&graph->draft.note, sizeof *note);
    if (note == NULL)
        return weir__graph_no_memory();
    *note = *what;
    graph->draft.noted[what->kind] = true;
    return WEIR_OK;
}

weir_status weir_graph_hold(weir_graph *graph, weir_task task, size_t bytes)
{
    const weir__note note = {.task = task, .kind = WEIR_NOTE_HELD, .value.bytes = bytes};
    return add_note(graph, &note);
}

weir_status weir_graph_scratch(weir_graph *graph, weir_task task, size_t bytes)
{
    const weir__note note = {.task = task, .kind = WEIR_NOTE_SCRATCH, .value.bytes = bytes};
    return add_note(graph, &note);
}

weir_status weir_graph_nested(weir_graph *graph, weir_task task, size_t bytes)
{
    const weir__note note = {.task = task, .kind = WEIR_NOTE_NESTED, .value.bytes = bytes};
    return add_note(graph, &note);
}

weir_status weir_graph_release(weir_graph *graph, weir_task task, void (*release)(void *arg))
{
    const weir__note note = {.task = task, .kind = WEIR_NOTE_RELEASE, .value.release = release};
    return add_note(graph, &note);
}

weir_status weir_graph_cost(weir_graph *graph, weir_task task, double ns)
{
    const weir__note note = {.task = task, .kind = WEIR_NOTE_COST, .value.cost = (float)ns};
    if (is_open(graph) && !(isfinite(note.value.cost) && ns >= 0))
        return weir__error_set(WEIR_EINVAL, 0, "ns", "ns is %g; a time is 0 or more, up to 3e38",
                               ns);
    return add_note(graph, &note);
}

weir_status weir_graph_context(weir_graph *graph, void *context)
{
    if (graph == NULL)
        return weir__error_null("graph");
    graph->context = context;
    return WEIR_OK;
}
