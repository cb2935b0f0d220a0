/* Compiles a graph: from the lists of its draft to tasks in a row, each with its successors.
 *
 * The edges are sorted twice by counting: by the task that they end at, where duplicates and redundant
 * edges are found, and then, in that order, by the task that they begin at, so the successors of a task
 * come out in rising order.  Each step takes the memory of its result first, so a compile that fails has
 * changed nothing but what is thrown away.  It must never need more than twice the memory of its result;
 * see weir_graph_compile(). */
#include "graph/freeze.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "graph/book.h"

/* n elements, or room for one where n is 0; NULL: no memory. */
static void *take_array(uint64_t n, size_t element_bytes)
{
    const uint64_t bytes = weir__bytes_multiply(n == 0 ? 1 : n, element_bytes);
    return bytes > SIZE_MAX ? NULL : weir__memory_alloc((size_t)bytes);
}

static void *take_zeros(uint64_t n, size_t element_bytes)
{
    const uint64_t bytes = weir__bytes_multiply(n == 0 ? 1 : n, element_bytes);
    return bytes > SIZE_MAX ? NULL : weir__memory_alloc_zero((size_t)bytes);
}

/* ---- tasks ---- */

static bool make_tasks(weir_graph *graph)
{
    weir__task *task = graph->task = take_array((uint64_t)graph->n + 1, sizeof *task);
    if (task == NULL)
        return false;
    WEIR_EACH(const weir__record, record, &graph->draft.record)
    {
        const weir__task one = {.op = record->op,
                                .arg = record->arg,
                                .label = record->label,
                                .home = WEIR_NO_HOME,
                                .kind = (uint8_t)record->kind};
        for (uint32_t i = 0; i < record->n; i++)
            *task++ = one;
    }
    WEIR_ASSERT(task == graph->task + graph->n);
    *task = (weir__task){.home = WEIR_NO_HOME};
    return true;
}

/* ---- edges by the task that they end at ---- */

static bool gather_predecessors(const weir_graph *graph, weir__preds *preds)
{
    const weir__list *edges = &graph->draft.edge;
    preds->at = take_zeros((uint64_t)graph->n + 1, sizeof *preds->at);
    preds->mark = take_zeros(graph->n, sizeof *preds->mark);
    preds->height = take_zeros(graph->n, sizeof *preds->height);
    preds->of = take_array(edges->n, sizeof *preds->of);
    if (preds->at == NULL || preds->mark == NULL || preds->height == NULL || preds->of == NULL)
        return false;
    /* next[t] counts the edges that end at t, then says where the next of them goes, and last where
     * those of t + 1 begin. */
    uint64_t *next = preds->at + 1, begin = 0;
    WEIR_EACH(const weir__edge, counted, edges)
    next[counted->then]++;
    for (weir_task t = 0; t < graph->n; t++) {
        const uint64_t count = next[t];
        next[t] = begin;
        begin += count;
    }
    WEIR_ASSERT(begin == edges->n);
    WEIR_EACH(const weir__edge, edge, edges)
    preds->of[next[edge->then]++] = edge->first;
    return true;
}

/* Keeps one of each edge that was given more than once. */
static void drop_duplicates(const weir_graph *graph, weir__preds *preds)
{
    uint64_t begin = 0, kept = 0;
    for (weir_task t = 0; t < graph->n; t++) {
        const uint64_t end = preds->at[t + 1];
        preds->at[t] = kept;
        for (uint64_t i = begin; i < end; i++) {
            const weir_task p = preds->of[i];
            if (preds->mark[p] != weir__mark_of(t))
                preds->of[kept++] = p;
            preds->mark[p] = weir__mark_of(t);
        }
        begin = end;
    }
    preds->at[graph->n] = kept;
}

/* Where tasks come after their predecessors by number, from the last one back; else the search for a cycle
 * does it. */
static void find_heights(const weir_graph *graph, const weir__preds *preds)
{
    for (weir_task t = graph->n; t-- > 0;)
        for (uint64_t i = preds->at[t]; i < preds->at[t + 1]; i++) {
            const weir_task p = preds->of[i];
            WEIR_ASSERT(p < t);
            if (preds->height[p] <= preds->height[t])
                preds->height[p] = preds->height[t] + 1;
        }
}

static uint32_t depth_of(const weir_graph *graph, const weir__preds *preds)
{
    uint32_t depth = 0;
    for (weir_task t = 0; t < graph->n; t++)
        if (depth <= preds->height[t])
            depth = preds->height[t] + 1;
    return depth;
}

/* ---- edges by the task that they begin at ---- */

/* As gather_predecessors(), with the tasks' own numbers as counts. */
static bool link_successors(weir_graph *graph, const weir__preds *preds)
{
    weir__task *task = graph->task, *next = task + 1;
    uint64_t begin = 0;
    for (uint64_t i = 0; i < preds->at[graph->n]; i++)
        if ((preds->of[i] & WEIR_REDUNDANT) == 0)
            next[preds->of[i] & WEIR_TASK_BITS].successors++;
    for (weir_task t = 0; t < graph->n; t++) {
        const uint64_t count = next[t].successors;
        next[t].successors = begin;
        begin += count;
    }
    graph->edges = begin;
    graph->successor = take_array(graph->edges, sizeof *graph->successor);
    if (graph->successor == NULL)
        return false;
    for (weir_task t = 0; t < graph->n; t++) {
        uint32_t count = 0;
        for (uint64_t i = preds->at[t]; i < preds->at[t + 1]; i++) {
            if ((preds->of[i] & WEIR_REDUNDANT) != 0)
                continue;
            graph->successor[next[preds->of[i] & WEIR_TASK_BITS].successors++] = t;
            count++;
        }
        task[t].predecessors = task[t].left = count;
        graph->roots += count == 0;
    }
    return true;
}

static bool list_roots(weir_graph *graph)
{
    if (graph->roots > graph->edges)
        return true;
    uint32_t *root = graph->root = take_array(graph->roots, sizeof *root);
    if (root == NULL)
        return false;
    for (weir_task t = 0; t < graph->n; t++)
        if (graph->task[t].predecessors == 0)
            *root++ = t;
    WEIR_ASSERT(root == graph->root + graph->roots);
    return true;
}

/* ---- what is said of tasks ---- */

/* The arrays that there are notes for. */
static bool make_arrays(weir_graph *graph)
{
    const bool *noted = graph->draft.noted;
    if (noted[WEIR_NOTE_HELD])
        graph->held = take_zeros(graph->n, sizeof *graph->held);
    if (noted[WEIR_NOTE_SCRATCH])
        graph->scratch = take_zeros(graph->n, sizeof *graph->scratch);
    if (noted[WEIR_NOTE_NESTED])
        graph->nested = take_zeros(graph->n, sizeof *graph->nested);
    if (noted[WEIR_NOTE_RELEASE])
        graph->release = take_zeros(graph->n, sizeof *graph->release);
    if (noted[WEIR_NOTE_COST])
        graph->cost = take_array(graph->n, sizeof *graph->cost);
    for (weir_task t = 0; graph->cost != NULL && t < graph->n; t++)
        graph->cost[t] = WEIR_NO_COST;
    return (graph->held != NULL) == noted[WEIR_NOTE_HELD] &&
           (graph->scratch != NULL) == noted[WEIR_NOTE_SCRATCH] &&
           (graph->nested != NULL) == noted[WEIR_NOTE_NESTED] &&
           (graph->release != NULL) == noted[WEIR_NOTE_RELEASE] &&
           (graph->cost != NULL) == noted[WEIR_NOTE_COST];
}

static bool apply_notes(weir_graph *graph)
{
    if (!make_arrays(graph))
        return false;
    WEIR_EACH(const weir__note, note, &graph->draft.note)
    {
        switch (note->kind) {
        case WEIR_NOTE_HELD:
            graph->held[note->task] = note->value.bytes;
            break;
        case WEIR_NOTE_SCRATCH:
            graph->scratch[note->task] = note->value.bytes;
            break;
        case WEIR_NOTE_NESTED:
            graph->nested[note->task] = note->value.bytes;
            break;
        case WEIR_NOTE_RELEASE:
            graph->release[note->task] = note->value.release;
            break;
        case WEIR_NOTE_COST:
            graph->cost[note->task] = note->value.cost;
            break;
        case WEIR_NOTE_KINDS:
            break;
        }
    }
    return true;
}

/* Which tasks' bytes each task keeps: of the predecessors only the holders are left, in their place. */
static bool link_holders(weir_graph *graph, weir__preds *preds)
{
    uint64_t begin = 0, kept = 0;
    if (graph->held == NULL && graph->release == NULL)
        return true;
    graph->users = take_zeros(graph->n, sizeof *graph->users);
    if (graph->users == NULL)
        return false;
    for (weir_task t = 0; t < graph->n; t++) {
        const uint64_t end = preds->at[t + 1];
        preds->at[t] = kept;
        for (uint64_t i = begin; i < end; i++) {
            const weir_task p = preds->of[i] & WEIR_TASK_BITS;
            if ((preds->of[i] & WEIR_NOT_LAST) != 0 || !weir__graph_holds(graph, p))
                continue;
            graph->users[p].all++;
            preds->of[kept++] = p;
        }
        begin = end;
    }
    preds->at[graph->n] = kept;
    for (weir_task t = 0; t < graph->n; t++)
        store_relaxed(&graph->users[t].left, graph->users[t].all);
    graph->holders_at = preds->at;
    graph->holder = preds->of;
    preds->at = NULL;
    preds->of = NULL;
    return true;
}

/* Gives back what the holders have too much, if there is memory for a copy. */
static void trim_holders(weir_graph *graph, uint64_t room)
{
    const uint64_t n = graph->holders_at == NULL ? room : graph->holders_at[graph->n];
    uint32_t *holder = n < room ? take_array(n, sizeof *holder) : NULL;
    if (holder == NULL)
        return;
    memcpy(holder, graph->holder, n * sizeof *holder);
    weir__memory_free(graph->holder);
    graph->holder = holder;
}

/* ---- all of it ---- */

static weir_status freeze(weir_graph *graph, weir__preds *preds)
{
    const weir_status no_memory = WEIR_ENOMEM;
    if (!make_tasks(graph) || !gather_predecessors(graph, preds))
        return no_memory;
    drop_duplicates(graph, preds);
    graph->forward = !graph->draft.backward;
    if (graph->forward) {
        find_heights(graph, preds);
    } else {
        const weir_status status = weir__cycle_check(graph, preds);
        if (status != WEIR_OK)
            return status;
    }
    graph->depth = depth_of(graph, preds);
    graph->redundant = weir__reduce_edges(graph, preds);
    weir__memory_free(preds->mark);
    weir__memory_free(preds->height);
    preds->mark = preds->height = NULL;
    if (!link_successors(graph, preds) || !list_roots(graph) || !apply_notes(graph) ||
        !link_holders(graph, preds))
        return no_memory;
    const weir_status status = weir__order_make(&graph->order, graph);
    return status == WEIR_OK ? weir__book_open(&graph->book, graph) : status;
}

weir_status weir_graph_compile(weir_graph *graph)
{
    weir__preds preds = {0};
    if (graph == NULL)
        return weir__error_null("graph");
    if (graph->compiled)
        return weir__error_set(WEIR_EINVAL, 0, "graph", "the graph is compiled already");
    const weir_status status = freeze(graph, &preds);
    const uint64_t edges = graph->draft.edge.n;
    weir__memory_free(preds.at);
    weir__memory_free(preds.of);
    weir__memory_free(preds.mark);
    weir__memory_free(preds.height);
    if (status != WEIR_OK) {
        weir__graph_drop_frozen(graph);
        return status == WEIR_ENOMEM
                   ? weir__error_set(status, 0, "graph", "no memory to compile a graph of %u tasks",
                                     graph->n)
                   : status;
    }
    weir__graph_drop_draft(graph);
    trim_holders(graph, edges);
    graph->compiled = true;
    WEIR_ASSERT_SLOW(weir__graph_is_valid(graph));
    return WEIR_OK;
}
