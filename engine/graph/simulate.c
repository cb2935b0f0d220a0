/* Simulates runs; see simulate.h. */
#include "graph/simulate.h"

#include "base/memory.h"
#include "graph/sorted.h"

/* Noted tasks that are granted at once, as by a book. */
enum { MOST_FOUND = 4 };

/* ---- memory ---- */

static bool find_levels(weir__simulation *s)
{
    const weir_graph *graph = s->graph;
    weir__sorted sorted;
    if (!weir__sorted_open(&sorted, graph))
        return false;
    for (uint32_t i = graph->n; i-- > 0;) {
        const weir_task t = weir__sorted_at(&sorted, i);
        float longest = 0;
        for (uint64_t e = graph->task[t].successors; e < graph->task[t + 1].successors; e++) {
            const float level = s->level[graph->successor[e]];
            longest = level > longest ? level : longest;
        }
        s->level[t] = longest + weir__cost_of(&s->costs, t);
    }
    weir__sorted_close(&sorted);
    return true;
}

bool weir__simulation_open(weir__simulation *s, const weir_graph *graph, uint32_t workers)
{
    const size_t n = graph->n;
    WEIR_ASSERT(graph->order != NULL && workers > 0);
    *s = (weir__simulation){.graph = graph, .costs = weir__costs_of(graph)};
    s->workers = workers < graph->n ? workers : graph->n;
    s->level = weir__memory_alloc(n * sizeof *s->level);
    s->left = weir__memory_alloc(n * sizeof *s->left);
    s->users = weir__memory_alloc(n * sizeof *s->users);
    s->may_start.at = weir__memory_alloc(n * sizeof *s->may_start.at);
    s->busy.at = weir__memory_alloc(s->workers * sizeof *s->busy.at);
    if (s->level != NULL && s->left != NULL && s->users != NULL && s->may_start.at != NULL &&
        s->busy.at != NULL && find_levels(s) &&
        weir__ledger_open(&s->ledger, graph->order) == WEIR_OK)
        return true;
    weir__simulation_close(s);
    return false;
}

void weir__simulation_close(weir__simulation *s)
{
    weir__ledger_close(&s->ledger);
    weir__memory_free(s->busy.at);
    weir__memory_free(s->may_start.at);
    weir__memory_free(s->users);
    weir__memory_free(s->left);
    weir__memory_free(s->level);
}

/* ---- tasks that may start, and workers ---- */

static bool is_more_urgent(const weir__simulation *s, weir_task a, weir_task b)
{
    return s->level[a] != s->level[b] ? s->level[a] > s->level[b] : a < b;
}

static void add_startable(weir__simulation *s, weir_task task)
{
    weir__heap_push(&s->may_start, -(double)s->level[task], task);
}

static void start(weir__simulation *s, weir_task task)
{
    WEIR_ASSERT(s->busy.n < s->workers);
    weir__heap_push(&s->busy, s->now + (double)weir__cost_of(&s->costs, task), task);
}

/* ---- bytes, as book.c keeps them ---- */

static uint32_t position_of(const weir__simulation *s, weir_task task)
{
    return s->graph->order->position[task];
}

static bool has_bytes(const weir__simulation *s, weir_task task)
{
    const uint32_t position = position_of(s, task);
    return !s->limited || position == WEIR_NO_POSITION ||
           position < load_relaxed(&s->ledger.prefix);
}

static void add_ready(weir__simulation *s, weir_task task)
{
    if (has_bytes(s, task))
        add_startable(s, task);
    else
        weir__ledger_note(&s->ledger, position_of(s, task));
}

/* Of the noted tasks, heads or others may start now: up to `most`. */
static void try_noted(weir__simulation *s, unsigned most, bool heads, bool others)
{
    struct weir__found_task at[MOST_FOUND];
    weir__found found = {.most = most, .at = at};
    if (heads)
        weir__account_try_heads(&s->account, &s->ledger, &found);
    if (others)
        weir__account_try_others(&s->ledger, &found);
    for (unsigned i = 0; i < found.n; i++)
        add_startable(s, s->graph->order->task[found.at[i].position]);
}

static bool give_back(weir__simulation *s, weir_task task, unsigned what)
{
    const uint64_t bytes =
        what == WEIR__WORKED ? weir__task_work(s->graph, task) : weir__task_held(s->graph, task);
    if (bytes > 0)
        weir__ledger_return(&s->ledger, position_of(s, task), what);
    return bytes > 0;
}

/* What the task's end gives back. Was that anything? */
static bool return_bytes(weir__simulation *s, weir_task task)
{
    const weir_graph *graph = s->graph;
    bool any = give_back(s, task, WEIR__WORKED);
    if (graph->users == NULL)
        return any;
    for (uint64_t i = graph->holders_at[task]; i < graph->holders_at[task + 1]; i++)
        if (--s->users[graph->holder[i]] == 0)
            any |= give_back(s, graph->holder[i], WEIR__RETURNED);
    if (graph->users[task].all == 0)
        any |= give_back(s, task, WEIR__RETURNED);
    return any;
}

/* May the worker go on with the task that became ready? Else it is noted. */
static bool may_go_on(weir__simulation *s, weir_task next, bool any_back)
{
    if (any_back)
        try_noted(s, MOST_FOUND, true, false);
    const bool yes = next != WEIR_NO_TASK &&
                     (has_bytes(s, next) || weir__ledger_start(&s->ledger, position_of(s, next)));
    if (next != WEIR_NO_TASK && !yes)
        weir__ledger_note(&s->ledger, position_of(s, next));
    if (any_back)
        try_noted(s, MOST_FOUND, false, true);
    return yes;
}

/* ---- time ---- */

/* The most urgent of the tasks that became ready; the others are added to them. */
static weir_task lower_successors(weir__simulation *s, weir_task task)
{
    const weir_graph *graph = s->graph;
    weir_task next = WEIR_NO_TASK;
    for (uint64_t i = graph->task[task].successors; i < graph->task[task + 1].successors; i++) {
        weir_task ready = graph->successor[i];
        if (--s->left[ready] > 0)
            continue;
        if (next == WEIR_NO_TASK) {
            next = ready;
            continue;
        }
        if (is_more_urgent(s, ready, next)) {
            const weir_task less = next;
            next = ready;
            ready = less;
        }
        add_ready(s, ready);
    }
    return next;
}

static void finish(weir__simulation *s, weir_task task)
{
    s->finished++;
    const weir_task next = lower_successors(s, task);
    const bool any_back = s->limited && return_bytes(s, task);
    if (s->limited ? may_go_on(s, next, any_back) : next != WEIR_NO_TASK)
        start(s, next);
}

/* Workers without a task take those that may start. */
static void start_idle(weir__simulation *s)
{
    while (s->busy.n < s->workers) {
        if (s->may_start.n == 0 && s->limited)
            try_noted(s, 1, true, true);
        if (s->may_start.n == 0)
            return;
        start(s, weir__heap_pop(&s->may_start).number);
    }
}

static void begin(weir__simulation *s, uint64_t limit)
{
    const weir_graph *graph = s->graph;
    s->now = 0;
    s->finished = s->may_start.n = s->busy.n = 0;
    s->limited = limit < graph->order->certified_bytes;
    if (s->limited) {
        WEIR_ASSERT(limit >= graph->order->serial_bytes);
        weir__account_open(&s->account, limit);
        weir__account_enter(&s->account, &s->ledger, &(weir__terms){.lent = WEIR__NOT_LENT});
    }
    for (weir_task t = 0; t < graph->n; t++) {
        s->left[t] = graph->fixed[t].predecessors;
        s->users[t] = graph->users != NULL ? graph->users[t].all : 0;
        if (s->left[t] == 0)
            add_ready(s, t);
    }
}

double weir__simulation_run(weir__simulation *s, uint64_t limit)
{
    begin(s, limit);
    start_idle(s);
    while (s->busy.n > 0) {
        const weir__heap_item ended = weir__heap_pop(&s->busy);
        s->now = ended.key;
        finish(s, ended.number);
        start_idle(s);
        WEIR_ASSERT(s->now > 0);
    }
    WEIR_ASSERT(s->finished == s->graph->n); /* account.h, (2) */
    if (s->limited)
        weir__account_leave(&s->ledger);
    return s->now;
}

#if defined(WEIR_ASSERTS)
bool weir__simulation_is_valid(const weir__simulation *s)
{
    return s->busy.n <= s->workers && s->may_start.n <= s->graph->n &&
           weir__heap_is_valid(&s->busy) && weir__heap_is_valid(&s->may_start);
}
#endif
