/* What tasks are called, and whether a graph is sound; see graph.h. */
#include <stdio.h>

#include "graph/graph.h"

/* Before compile the record of a task must be looked for; only errors do that. */
static const weir__label *label_in_draft(const weir_graph *graph, weir_task task)
{
    uint32_t first = 0;
    WEIR_EACH(const weir__record, record, &graph->draft.record)
    {
        if (task - first < record->n)
            return record->label;
        first += record->n;
    }
    return NULL;
}

size_t weir__graph_name(const weir_graph *graph, weir_task task, char *text, size_t bytes)
{
    WEIR_ASSERT(task < graph->n && bytes > 0);
    const weir__label *label =
        graph->compiled ? weir__graph_label(graph, task) : label_in_draft(graph, task);
    int length;
    if (label == NULL || label->name[0] == '\0')
        length = snprintf(text, bytes, "#%u", task);
    else if (label->family)
        length = snprintf(text, bytes, "%s[%u]", label->name, task - label->first);
    else
        length = snprintf(text, bytes, "%s", label->name);
    WEIR_ASSERT(length >= 0);
    return (size_t)length;
}

static bool task_is_valid(const weir_graph *graph, weir_task t)
{
    const weir__task *task = &graph->task[t];
    const weir__fixed *fixed = &graph->fixed[t];
    const uint64_t begin = task->successors, end = task[1].successors;
    if (begin > end || end > graph->edges || task->kind > WEIR_TASK_CONTROL ||
        fixed->op.one == NULL)
        return false;
    if (!graph->torn && task->left != fixed->predecessors)
        return false;
    for (uint64_t i = begin; i < end; i++)
        if (graph->successor[i] >= graph->n || (graph->forward && graph->successor[i] <= t) ||
            (i > begin && graph->successor[i] <= graph->successor[i - 1]))
            return false;
    return true;
}

static bool holders_are_valid(const weir_graph *graph)
{
    uint64_t users = 0;
    if (graph->holders_at == NULL)
        return graph->users == NULL && graph->holder == NULL;
    for (weir_task t = 0; t < graph->n; t++) {
        users += graph->users[t].all;
        if (graph->holders_at[t] > graph->holders_at[t + 1] ||
            (graph->users[t].all > 0 && !weir__graph_holds(graph, t)) ||
            (!graph->torn && load_relaxed(&graph->users[t].left) != graph->users[t].all))
            return false;
    }
    for (uint64_t i = 0; i < graph->holders_at[graph->n]; i++)
        if (graph->holder[i] >= graph->n || !weir__graph_holds(graph, graph->holder[i]))
            return false;
    return graph->holders_at[0] == 0 && graph->holders_at[graph->n] == users;
}

bool weir__graph_is_valid(const weir_graph *graph)
{
    uint64_t predecessors = 0;
    uint32_t roots = 0;
    if (!graph->compiled || graph->draft.record.first != NULL || graph->draft.edge.first != NULL)
        return false;
    for (weir_task t = 0; t < graph->n; t++) {
        if (!task_is_valid(graph, t))
            return false;
        predecessors += graph->fixed[t].predecessors;
        roots += graph->fixed[t].predecessors == 0;
    }
    for (uint32_t i = 0; graph->root != NULL && i < graph->roots; i++)
        if (graph->root[i] >= graph->n || graph->fixed[graph->root[i]].predecessors > 0)
            return false;
    return graph->task[0].successors == 0 && graph->task[graph->n].successors == graph->edges &&
           predecessors == graph->edges && roots == graph->roots && holders_are_valid(graph);
}
