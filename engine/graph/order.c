/* Which serial order a graph has, and its profile; see order.h. */
#include "graph/order.h"

#include "base/memory.h"
#include "graph/greedy.h"
#include "graph/tree.h"

/* What a serial run of `task` has live at most; and, where mem is given, during each of its tasks
 * that need something.  users: memory for n counts. */
static uint64_t measure(const weir_graph *graph, const weir_task *task, uint32_t *users,
                        uint64_t *mem)
{
    uint64_t live = 0, peak = 0;
    uint32_t k = 0;
    for (uint32_t t = 0; t < graph->n; t++)
        users[t] = graph->users != NULL ? graph->users[t].all : 0;
    for (uint32_t i = 0; i < graph->n; i++) {
        const weir_task t = task[i];
        const uint64_t need = weir__task_need(graph, t);
        const uint64_t during = weir__bytes_add(live, need);
        if (need > 0 && mem != NULL)
            mem[k++] = during;
        if (during > peak)
            peak = during;
        live = weir__bytes_add(live, users[t] > 0 ? weir__task_held(graph, t) : 0);
        if (graph->users == NULL)
            continue;
        for (uint64_t h = graph->holders_at[t]; h < graph->holders_at[t + 1]; h++)
            if (--users[graph->holder[h]] == 0)
                live -= weir__task_held(graph, graph->holder[h]);
    }
    return peak;
}

/* What is live during some task in any order: what it needs, and what it uses. */
static uint64_t lower_bound(const weir_graph *graph)
{
    uint64_t bound = 0;
    for (uint32_t t = 0; t < graph->n; t++) {
        uint64_t live = weir__task_need(graph, t);
        if (graph->users != NULL)
            for (uint64_t h = graph->holders_at[t]; h < graph->holders_at[t + 1]; h++)
                live = weir__bytes_add(live, weir__task_held(graph, graph->holder[h]));
        if (live > bound)
            bound = live;
    }
    return bound;
}

typedef struct search {
    const weir_graph *graph;
    uint64_t sum;    /* of all needs */
    weir_task *best; /* the order with the lowest peak so far, */
    weir_task *next; /* and one to compare it with */
    uint32_t *users;
    uint64_t peak;
} search;

static void compare(search *s)
{
    const uint64_t peak = measure(s->graph, s->next, s->users, NULL);
    if (peak >= s->peak)
        return;
    weir_task *better = s->next;
    s->next = s->best;
    s->best = better;
    s->peak = peak;
}

/* Sums beyond 2^63 are compared in program order alone: nobody has such a limit. */
static weir_status find_best(search *s)
{
    const weir_graph *graph = s->graph;
    const uint64_t bound = lower_bound(graph);
    weir__greedy greedy;
    weir_status status = weir__greedy_open(&greedy, graph);
    if (status != WEIR_OK)
        return status;
    weir__greedy_order(&greedy, WEIR_GREEDY_PROGRAM, s->best);
    s->peak = measure(graph, s->best, s->users, NULL);
    const bool may_try = s->sum <= INT64_MAX, tree = may_try && weir__tree_is_one(graph);
    for (int rule = WEIR_GREEDY_PROGRAM + 1;
         may_try && !tree && rule < WEIR_GREEDY_RULES && s->peak > bound; rule++) {
        weir__greedy_order(&greedy, (weir__greedy_rule)rule, s->next);
        compare(s);
    }
    if (tree && s->peak > bound) {
        status = weir__tree_order(graph, s->best, s->next);
        if (status == WEIR_OK)
            compare(s);
    }
    weir__greedy_close(&greedy);
    return status;
}

static uint64_t most_of(const uint64_t *mem, uint32_t first, uint32_t end)
{
    uint64_t most = 0;
    for (uint32_t k = first; k < end; k++)
        if (mem[k] > most)
            most = mem[k];
    return most;
}

/* What is at most[i]: from `blocks` on the maxima of blocks, and below that of two others each. */
static uint64_t maximum(const weir__order *order, uint32_t i)
{
    if (i < order->blocks)
        return most_of(order->most, 2 * i, 2 * i + 2);
    const uint32_t first = (i - order->blocks) * WEIR_ORDER_BLOCK;
    const uint32_t rest = order->n - first;
    return most_of(order->mem, first, first + (rest < WEIR_ORDER_BLOCK ? rest : WEIR_ORDER_BLOCK));
}

static bool allocate(weir__order *order, size_t n, size_t tasks)
{
    order->blocks = (uint32_t)((n + WEIR_ORDER_BLOCK - 1) / WEIR_ORDER_BLOCK);
    order->task = weir__memory_alloc(n * sizeof *order->task);
    order->position = weir__memory_alloc(tasks * sizeof *order->position);
    order->sum = weir__memory_alloc((n + 1) * sizeof *order->sum);
    order->mem = weir__memory_alloc(n * sizeof *order->mem);
    order->most = weir__memory_alloc(2 * (size_t)order->blocks * sizeof *order->most);
    return order->task != NULL && order->position != NULL && order->sum != NULL &&
           order->mem != NULL && order->most != NULL;
}

static void fill(weir__order *order, const search *s)
{
    const weir_graph *graph = s->graph;
    uint32_t k = 0;
    order->sum[0] = 0;
    for (uint32_t i = 0; i < graph->n; i++) {
        const weir_task t = s->best[i];
        const uint64_t need = weir__task_need(graph, t);
        order->position[t] = need > 0 ? k : WEIR_NO_POSITION;
        if (need == 0)
            continue;
        order->task[k] = t;
        order->sum[k + 1] = order->sum[k] + need;
        k++;
    }
    order->n = k;
    order->held = graph->held;
    order->serial_bytes = measure(graph, s->best, s->users, order->mem);
    order->certified_bytes = s->sum;
    for (uint32_t i = 2 * order->blocks - 1; i > 0; i--)
        order->most[i] = maximum(order, i);
}

/* The order of a graph with so many tasks that need bytes. */
static weir_status make(weir__order **made, search *s, uint32_t n)
{
    weir__order *order = weir__memory_alloc_zero(sizeof *order);
    weir_status status = WEIR_ENOMEM;
    if (order != NULL && allocate(order, n, s->graph->n))
        status = find_best(s);
    if (status != WEIR_OK) {
        weir__order_free(order);
        return status;
    }
    fill(order, s);
    WEIR_ASSERT_SLOW(weir__order_is_valid(order, s->graph));
    *made = order;
    return WEIR_OK;
}

weir_status weir__order_make(weir__order **order, const weir_graph *graph)
{
    search s = {.graph = graph};
    uint32_t n = 0;
    *order = NULL;
    for (uint32_t t = 0; t < graph->n; t++) {
        const uint64_t need = weir__task_need(graph, t);
        n += need > 0;
        s.sum = weir__bytes_add(s.sum, need);
    }
    if (n == 0)
        return WEIR_OK;
    s.best = weir__memory_alloc(graph->n * sizeof *s.best);
    s.next = weir__memory_alloc(graph->n * sizeof *s.next);
    s.users = weir__memory_alloc(graph->n * sizeof *s.users);
    weir_status status = WEIR_ENOMEM;
    if (s.best != NULL && s.next != NULL && s.users != NULL)
        status = make(order, &s, n);
    weir__memory_free(s.best);
    weir__memory_free(s.next);
    weir__memory_free(s.users);
    return status;
}

void weir__order_free(weir__order *order)
{
    if (order == NULL)
        return;
    weir__memory_free(order->task);
    weir__memory_free(order->position);
    weir__memory_free(order->sum);
    weir__memory_free(order->mem);
    weir__memory_free(order->most);
    weir__memory_free(order);
}

uint64_t weir_graph_serial_bytes(const weir_graph *graph)
{
    return graph == NULL || graph->order == NULL ? 0 : graph->order->serial_bytes;
}

uint64_t weir_graph_certified_bytes(const weir_graph *graph)
{
    return graph == NULL || graph->order == NULL ? 0 : graph->order->certified_bytes;
}

uint64_t weir__order_most(const weir__order *order, uint32_t first, uint32_t end)
{
    WEIR_ASSERT(first <= end && end <= order->n);
    uint32_t a = (first + WEIR_ORDER_BLOCK - 1) / WEIR_ORDER_BLOCK,
             b = end / WEIR_ORDER_BLOCK; /* the blocks in between */
    if (a >= b)
        return most_of(order->mem, first, end);
    uint64_t most = most_of(order->mem, first, a * WEIR_ORDER_BLOCK);
    const uint64_t rest = most_of(order->mem, b * WEIR_ORDER_BLOCK, end);
    if (rest > most)
        most = rest;
    for (a += order->blocks, b += order->blocks; a < b; a /= 2, b /= 2) {
        if (a % 2 == 1 && order->most[a++] > most)
            most = order->most[a - 1];
        if (b % 2 == 1 && order->most[--b] > most)
            most = order->most[b];
    }
    return most;
}

#if defined(WEIR_ASSERTS)
bool weir__order_is_valid(const weir__order *order, const weir_graph *graph)
{
    uint64_t most = 0, sum = 0;
    uint32_t placed = 0;
    for (uint32_t t = 0; t < graph->n; t++) {
        const uint64_t need = weir__task_need(graph, t);
        sum = weir__bytes_add(sum, need);
        const uint32_t k = order->position[t];
        if ((need == 0) != (k == WEIR_NO_POSITION))
            return false;
        if (need == 0)
            continue;
        placed++;
        if (k >= order->n || order->task[k] != t || weir__order_need(order, k) != need ||
            weir__order_held(order, k) != weir__task_held(graph, t) || order->mem[k] < need)
            return false;
        most = order->mem[k] > most ? order->mem[k] : most;
    }
    for (uint32_t i = 1; i < 2 * order->blocks; i++)
        if (order->most[i] != maximum(order, i))
            return false;
    return placed == order->n && order->sum[0] == 0 && most == order->serial_bytes &&
           sum == order->certified_bytes && most <= sum;
}
#endif
