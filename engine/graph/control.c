/* Builds tasks that run graphs: one of two, one of several, or one again and again; see weir/graph.h.
 *
 * body.c runs them.  Bodies belong to the graph of the task from then on. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "base/atomics.h"
#include "base/error.h"
#include "base/memory.h"
#include "graph/graph.h"

void weir__control_free(weir__control *first)
{
    for (weir__control *control = first, *next; control != NULL; control = next) {
        next = control->next;
        for (uint32_t i = 0; i < control->n; i++)
            if (control->body[i] != NULL)
                weir__graph_free(control->body[i]);
        weir__memory_free(control);
    }
}

/* May it be the ith body of a task of `graph`? `where` is the argument. */
static weir_status check_body(const weir_graph *graph, const weir__control *control, uint32_t i,
                              const char *where)
{
    const weir_graph *body = control->body[i];
    const char *wrong = NULL;
    if (body == NULL)
        return WEIR_OK;
    for (uint32_t k = 0; k < i; k++)
        if (control->body[k] == body)
            wrong = "is given twice; each is a graph of its own";
    if (body == graph)
        wrong = "is the graph itself, which cannot contain itself";
    else if (body->owner != NULL)
        wrong = "is a body already; each is a graph of its own";
    else if (!body->compiled)
        wrong = "is not compiled; weir_graph_compile() it before";
    else if (load_relaxed(&body->running))
        wrong = "runs; wait for that run";
    return wrong == NULL ? WEIR_OK : weir__error_set(WEIR_EINVAL, 0, where, "%s %s", where, wrong);
}

/* What the arguments that hold bodies are called: of each, or of a row. */
typedef struct names {
    const char *first, *second; /* NULL: it is a row by the name of `first` */
} names;

static weir_status check_bodies(const weir_graph *graph, const weir__control *control,
                                const names *called)
{
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < control->n && status == WEIR_OK; i++) {
        char where[32];
        if (called->second == NULL && control->kind == WEIR_CONTROL_SWITCH)
            snprintf(where, sizeof where, "%s[%lu]", called->first, (unsigned long)i);
        else
            snprintf(where, sizeof where, "%s", i == 0 ? called->first : called->second);
        status = check_body(graph, control, i, where);
    }
    return status;
}

/* What the task needs for its bodies, one of which runs at a time. */
static size_t least_bytes(const weir__control *control)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < control->n; i++) {
        const uint64_t least =
            control->body[i] != NULL ? weir_graph_serial_bytes(control->body[i]) : 0;
        most = least > most ? least : most;
    }
    return most < SIZE_MAX ? (size_t)most : SIZE_MAX;
}

/* The task, and its note of bytes; or neither. */
static weir_status add_with_bytes(weir_graph *graph, const char *name, const weir__record *record,
                                  weir__control *control)
{
    const weir__list_mark records = weir__list_mark_end(&graph->draft.record);
    const weir__list_mark labels = weir__list_mark_end(&graph->labels);
    const size_t bytes = least_bytes(control);
    weir_status status = weir__graph_add(graph, name, record, &control->task);
    if (status != WEIR_OK || bytes == 0)
        return status;
    status = weir_graph_nested(graph, control->task, bytes);
    if (status != WEIR_OK) {
        weir__list_return_to(&graph->draft.record, records);
        weir__list_return_to(&graph->labels, labels);
        graph->n--;
    }
    return status;
}

/* Adds a task that `what` tells of, with these bodies. */
static weir_status add(weir_graph *graph, const char *name, const weir__control *what, void *arg,
                       weir_graph *const *body, const names *called, weir_task *task)
{
    weir_status status = weir__graph_check(graph);
    if (status != WEIR_OK)
        return status;
    if (what->choose == NULL || task == NULL)
        return weir__error_null(task == NULL                       ? "task"
                                : what->kind == WEIR_CONTROL_WHILE ? "more"
                                                                   : "choose");
    weir__control *control =
        weir__memory_alloc(sizeof *control + what->n * sizeof control->body[0]);
    if (control == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "graph", "no memory for more of the graph");
    *control = *what;
    for (uint32_t i = 0; i < what->n; i++)
        control->body[i] = body[i];
    const weir__record record = {
        .op.control = control, .arg = arg, .n = 1, .kind = WEIR_TASK_CONTROL};
    status = check_bodies(graph, control, called);
    if (status == WEIR_OK)
        status = add_with_bytes(graph, name, &record, control);
    if (status != WEIR_OK) {
        weir__memory_free(control);
        return status;
    }
    for (uint32_t i = 0; i < what->n; i++)
        if (body[i] != NULL)
            body[i]->owner = graph;
    control->next = graph->controls;
    graph->controls = control;
    *task = control->task;
    return WEIR_OK;
}

weir_status weir_graph_if(weir_graph *graph, const char *name, int (*choose)(void *arg), void *arg,
                          weir_graph *then, weir_graph *otherwise, weir_task *task)
{
    const weir__control control = {.kind = WEIR_CONTROL_IF, .choose = choose, .n = 2};
    const names called = {"then", "otherwise"};
    if (then == NULL)
        return weir__error_null("then");
    return add(graph, name, &control, arg, (weir_graph *[]){then, otherwise}, &called, task);
}

weir_status weir_graph_switch(weir_graph *graph, const char *name, int (*choose)(void *arg),
                              void *arg, unsigned n, weir_graph *const *body, weir_task *task)
{
    const weir__control control = {.kind = WEIR_CONTROL_SWITCH, .choose = choose, .n = n};
    const names called = {"body", NULL};
    if (body == NULL)
        return weir__error_null("body");
    if (n == 0 || n > INT_MAX)
        return weir__error_set(WEIR_EINVAL, 0, "n", "n is %u; a switch has 1 to %d bodies", n,
                               INT_MAX);
    return add(graph, name, &control, arg, body, &called, task);
}

weir_status weir_graph_while(weir_graph *graph, const char *name, int (*more)(void *arg), void *arg,
                             weir_graph *body, weir_task *task)
{
    const weir__control control = {.kind = WEIR_CONTROL_WHILE, .choose = more, .n = 1};
    const names called = {"body", NULL};
    if (body == NULL)
        return weir__error_null("body");
    return add(graph, name, &control, arg, &body, &called, task);
}
