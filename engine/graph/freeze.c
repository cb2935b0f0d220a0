/* Compiles a graph: from the lists of its draft to tasks in a row, each with its successors.
 *
 * The edges are sorted twice by counting: by the task that they end at, unless they were given so, where sift.c
 * finds duplicates and redundant edges, and then, in that order, by the task that they begin at, so the
 * successors of a task come out in rising order.  Each step takes the memory of its result first, so a compile
 * that fails has changed nothing but what is thrown away.  It must never need more than twice the memory of its
 * result; see weir_graph_compile(). */
#include "graph/freeze.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "graph/book.h"

#define EDGES_MASK ((UINT64_C(1) << WEIR_EDGES_BITS) - 1)

/* n elements, or room for one where n is 0; NULL: no memory. */
static void *take_array(uint64_t n, size_t element_bytes)
{
    const uint64_t bytes = weir__bytes_multiply(n == 0 ? 1 : n, element_bytes);
    return bytes > SIZE_MAX ? NULL : weir__memory_alloc_large((size_t)bytes);
}

static void *take_zeros(uint64_t n, size_t element_bytes)
{
    const uint64_t bytes = weir__bytes_multiply(n == 0 ? 1 : n, element_bytes);
    void *array = bytes > SIZE_MAX ? NULL : weir__memory_alloc_large((size_t)bytes);
    if (array != NULL)
        memset(array, 0, (size_t)bytes);
    return array;
}

static uint64_t given_edges(const weir_graph *graph)
{
    return weir__list_bytes(&graph->draft.edge) / sizeof(weir__edge);
}

/* ---- edges by the task that they end at ---- */

/* What does not depend on duplicates and redundant edges. */
static bool take_arrays(weir_graph *graph, weir__preds *preds)
{
    graph->task = take_array((uint64_t)graph->n + 1, sizeof *graph->task);
    graph->fixed = take_array(graph->n, sizeof *graph->fixed);
    if (graph->draft.labels > 0)
        graph->label = take_array((uint64_t)graph->draft.labels + 1, sizeof *graph->label);
    preds->at = take_zeros((uint64_t)graph->n + 1, sizeof *preds->at);
    preds->work = (weir__work *)(void *)graph->task;
    preds->of = take_array(given_edges(graph) + 2 * WEIR_AHEAD, sizeof *preds->of);
    return graph->task != NULL && graph->fixed != NULL &&
           (graph->label != NULL || graph->draft.labels == 0) && preds->at != NULL &&
           preds->of != NULL;
}

/* Edges whose ends were given in rising order, as programs mostly do, are grouped as they stand. False: these
 * are not. Each way clears the tasks' work. */
static bool copy_edges(const weir_graph *graph, weir__preds *preds)
{
    const weir__list *edges = &graph->draft.edge;
    uint64_t *end = preds->at + 1, i = 0;
    weir_task last = 0;
    bool rising = true;
    for (const weir__chunk *chunk = edges->first; chunk != NULL && rising; chunk = chunk->next) {
        const weir__edge *edge = (const weir__edge *)(const void *)chunk->element;
        const weir__edge *behind = (const void *)weir__list_end_of(edges, chunk);
        for (; edge < behind; edge++) {
            rising &= edge->then >= last;
            last = edge->then;
            preds->of[i++] = edge->first;
            end[last] = i;
        }
    }
    for (weir_task t = 0; t < graph->n && rising; t++) {
        if (end[t] == 0)
            end[t] = preds->at[t];
        preds->work[t] = (weir__work){0};
    }
    return rising;
}

/* Any edges, by counting. next[t] counts those that end at t, then says where the next of them goes, and last
 * where those of t + 1 begin. */
static void sort_edges(const weir_graph *graph, weir__preds *preds)
{
    const weir__list *edges = &graph->draft.edge;
    uint64_t *next = preds->at + 1, begin = 0;
    memset(preds->at, 0, ((size_t)graph->n + 1) * sizeof *preds->at);
    WEIR_EACH(const weir__edge, counted, edges)
    next[counted->then]++;
    for (weir_task t = 0; t < graph->n; t++) {
        const uint64_t count = next[t];
        next[t] = begin;
        begin += count;
        preds->work[t] = (weir__work){0};
    }
    WEIR_EACH(const weir__edge, edge, edges)
    {
        const weir__edge *ahead = end_ - edge > WEIR_AHEAD ? edge + WEIR_AHEAD : edge;
        const weir__edge *far = end_ - edge > 2 * WEIR_AHEAD ? edge + 2 * WEIR_AHEAD : edge;
        __builtin_prefetch(&next[far->then], 1);
        __builtin_prefetch(&preds->of[next[ahead->then]], 1);
        preds->of[next[edge->then]++] = edge->first;
    }
}

static bool gather_predecessors(weir_graph *graph, weir__preds *preds)
{
    if (!take_arrays(graph, preds))
        return false;
    if (!copy_edges(graph, preds))
        sort_edges(graph, preds);
    WEIR_ASSERT(preds->at[graph->n] == given_edges(graph));
    memset(preds->of + preds->at[graph->n], 0, 2 * WEIR_AHEAD * sizeof *preds->of);
    return true;
}

/* ---- edges by the task that they begin at, and the tasks ---- */

static bool take_successors(weir_graph *graph)
{
    graph->successor = take_array(graph->edges, sizeof *graph->successor);
    if (graph->roots <= graph->edges)
        graph->root = take_array(graph->roots, sizeof *graph->root);
    return graph->successor != NULL && (graph->root != NULL || graph->roots > graph->edges);
}

static weir__task task_of(uint32_t left, weir__task_kind kind, uint64_t successors)
{
    const weir__task first = {.kind = kind}, second = {.successors = successors & EDGES_MASK};
    return (weir__task){.left = left, .word = first.word | second.word};
}

/* Where the next successor of each task goes. They stand in the last bytes of the memory for `fixed`,
 * whose elements are written from the front on, each later than its task's place is read for the last time. */
typedef uint64_t __attribute__((may_alias)) weir__place;
static_assert(sizeof(weir__fixed) >= sizeof(weir__place), "one has room in the other");

static weir__place *places_of(const weir_graph *graph)
{
    return (weir__place *)(void *)graph->fixed +
           (sizeof(weir__fixed) / sizeof(weir__place) - 1) * (size_t)graph->n;
}

/* The places are small and looked for ahead, and where they point to as well: where edges go far, these two
 * accesses are what an edge costs. */
static void link_successors(const weir_graph *graph, const weir__preds *preds)
{
    weir__place *place = places_of(graph);
    const uint32_t *of = preds->of;
    uint32_t *successor = graph->successor;
    uint64_t i = 0, begin = 0;
    for (weir_task t = 0; t < graph->n; t++) {
        place[t] = begin;
        begin += preds->work[t].successors;
    }
    WEIR_ASSERT(begin == graph->edges);
    for (weir_task t = 0; t < graph->n; t++) {
        uint32_t predecessors = 0;
        for (const uint64_t end = preds->at[t + 1]; i < end; i++) {
            __builtin_prefetch(&place[of[i + 2 * WEIR_AHEAD] & WEIR_TASK_BITS], 1);
            __builtin_prefetch(&successor[place[of[i + WEIR_AHEAD] & WEIR_TASK_BITS]], 1);
            if ((of[i] & WEIR_REDUNDANT) != 0)
                continue;
            successor[place[of[i] & WEIR_TASK_BITS]++] = t;
            predecessors++;
        }
        preds->work[t].predecessors = predecessors;
    }
}

/* Writes the tasks, where their work was, and the rest of them, where the places were. What stands at the place
 * of a task is where the successors of the next one begin. */
static void make_tasks(const weir_graph *graph, const weir__preds *preds)
{
    const weir__place *place = places_of(graph);
    weir__task *task = graph->task;
    weir__fixed *fixed = graph->fixed;
    uint32_t *root = graph->root, labels = 0;
    uint64_t begin = 0;
    weir_task t = 0;
    WEIR_EACH(const weir__record, record, &graph->draft.record)
    {
        const weir_task last = t + record->n - 1;
        if (record->label != NULL)
            graph->label[++labels] = record->label;
        for (const uint32_t label = record->label != NULL ? labels : 0;; t++) {
            const uint32_t predecessors = preds->work[t].predecessors;
            task[t] = task_of(predecessors, record->kind, begin);
            begin = place[t];
            fixed[t] = (weir__fixed){record->op, record->arg, predecessors, label};
            if (predecessors == 0 && root != NULL)
                *root++ = t;
            if (t == last)
                break;
        }
        t++;
    }
    WEIR_ASSERT(t == graph->n && begin == graph->edges);
    WEIR_ASSERT(root == NULL || root == graph->root + graph->roots);
    task[t] = task_of(0, WEIR_TASK_ONE, begin);
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
    weir_status status = WEIR_OK;
    if (!gather_predecessors(graph, preds))
        return WEIR_ENOMEM;
    graph->forward = !graph->draft.backward;
    if (!graph->forward)
        status = weir__cycle_check(graph, preds);
    if (status != WEIR_OK)
        return status;
    weir__sift_edges(graph, preds);
    if (!take_successors(graph))
        return WEIR_ENOMEM;
    link_successors(graph, preds);
    make_tasks(graph, preds);
    if (!apply_notes(graph) || !link_holders(graph, preds))
        return WEIR_ENOMEM;
    status = weir__order_make(&graph->order, graph);
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
    const uint64_t edges = given_edges(graph);
    weir__memory_free(preds.at);
    weir__memory_free(preds.of);
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
