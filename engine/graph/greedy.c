/* Greedy topological orders; see greedy.h.
 *
 * The ready tasks are in a binary heap.  A ready task's score falls when it becomes the last user of
 * a holder, which costs one step up the heap: O((n + m) log n) in all. */
#include "graph/greedy.h"

#include "base/memory.h"
#include "graph/needs.h"

weir_status weir__greedy_open(weir__greedy *greedy, const weir_graph *graph)
{
    const size_t n = graph->n;
    *greedy = (weir__greedy){.graph = graph};
    uint32_t **words[] = {&greedy->left, &greedy->users, &greedy->alone,
                          &greedy->heap, &greedy->place, &greedy->tie};
    bool ok = (greedy->score = weir__memory_alloc(n * sizeof *greedy->score)) != NULL;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        ok = (*words[i] = weir__memory_alloc(n * sizeof **words[i])) != NULL && ok;
    if (!ok)
        weir__greedy_close(greedy);
    return ok ? WEIR_OK : WEIR_ENOMEM;
}

void weir__greedy_close(weir__greedy *greedy)
{
    uint32_t *words[] = {greedy->left, greedy->users, greedy->alone,
                         greedy->heap, greedy->place, greedy->tie};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        weir__memory_free(words[i]);
    weir__memory_free(greedy->score);
    *greedy = (weir__greedy){0};
}

static bool comes_before(const weir__greedy *g, weir_task a, weir_task b)
{
    return g->score[a] != g->score[b] ? g->score[a] < g->score[b] : g->tie[a] < g->tie[b];
}

static void put(weir__greedy *g, uint32_t place, weir_task task)
{
    g->heap[place] = task;
    g->place[task] = place;
}

/* The task moves up from a free place. */
static void rise(weir__greedy *g, uint32_t place, weir_task task)
{
    while (place > 0 && comes_before(g, task, g->heap[(place - 1) / 2])) {
        put(g, place, g->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(g, place, task);
}

static weir_task take_first(weir__greedy *g)
{
    const weir_task first = g->heap[0], last = g->heap[--g->count];
    uint32_t place = 0;
    for (uint32_t child = 1; child < g->count; child = 2 * place + 1) {
        if (child + 1 < g->count && comes_before(g, g->heap[child + 1], g->heap[child]))
            child++;
        if (!comes_before(g, g->heap[child], last))
            break;
        put(g, place, g->heap[child]);
        place = child;
    }
    if (g->count > 0)
        put(g, place, last);
    return first;
}

/* Counts the users of holders, and what each task adds by itself. */
static void count_users(weir__greedy *g)
{
    const weir_graph *graph = g->graph;
    for (uint32_t t = 0; t < graph->n; t++) {
        g->users[t] = g->alone[t] = 0;
        g->score[t] = 0;
    }
    if (graph->users == NULL)
        return;
    for (uint32_t t = 0; t < graph->n; t++)
        for (uint64_t i = graph->holders_at[t]; i < graph->holders_at[t + 1]; i++) {
            g->users[graph->holder[i]]++;
            g->alone[graph->holder[i]] ^= t;
        }
    for (uint32_t t = 0; t < graph->n; t++) {
        const int64_t held = (int64_t)weir__task_held(graph, t);
        if (g->users[t] > 0)
            g->score[t] += held;
        if (g->users[t] == 1)
            g->score[g->alone[t]] -= held;
    }
}

/* The task is in the order: a holder of it may have one user left, which then gives its bytes back. */
static void use(weir__greedy *g, weir_task task)
{
    const weir_graph *graph = g->graph;
    for (uint64_t i = graph->holders_at[task]; i < graph->holders_at[task + 1]; i++) {
        const weir_task holder = graph->holder[i];
        g->alone[holder] ^= task;
        if (--g->users[holder] != 1)
            continue;
        const weir_task last = g->alone[holder];
        g->score[last] -= (int64_t)weir__task_held(graph, holder);
        if (g->left[last] == 0) /* it is in the heap, since it comes after the holder */
            rise(g, g->place[last], last);
    }
}

void weir__greedy_order(weir__greedy *g, weir__greedy_rule rule, weir_task *order)
{
    const weir_graph *graph = g->graph;
    const bool by_bytes = rule >= WEIR_GREEDY_BYTES;
    const bool by_number = rule == WEIR_GREEDY_PROGRAM || rule == WEIR_GREEDY_BYTES_PROGRAM;
    uint32_t made = 0, became_ready = 0;
    if (by_bytes)
        count_users(g);
    g->count = 0;
    for (uint32_t t = 0; t < graph->n; t++) {
        if (!by_bytes)
            g->score[t] = 0;
        g->left[t] = graph->fixed[t].predecessors;
        g->tie[t] = by_number ? t : UINT32_MAX - became_ready;
        if (g->left[t] == 0) {
            became_ready++;
            rise(g, g->count++, t);
        }
    }
    while (g->count > 0) {
        const weir_task t = take_first(g);
        order[made++] = t;
        if (by_bytes && graph->users != NULL)
            use(g, t);
        const uint64_t end = graph->task[t + 1].successors;
        for (uint64_t i = graph->task[t].successors; i < end; i++) {
            const weir_task next = graph->successor[i];
            if (--g->left[next] > 0)
                continue;
            if (!by_number)
                g->tie[next] = UINT32_MAX - became_ready++;
            rise(g, g->count++, next);
        }
    }
    WEIR_ASSERT(made == graph->n);
}
