/* Begins an execution, and keeps its packs; see execution.h. */
#include "graph/execution.h"

#include "base/memory.h"
#include "graph/lane.h"
#include "graph/level.h"
#include "sched/engine.h"
#include "sched/host.h"
#include "trace/point.h"

/* A worker runs one pack of a graph at a time, and has one in its box. More lie aside for moments only. */
enum { PACKS_A_WORKER = 4 };

static weir__execution *make(weir_graph *graph)
{
    weir__execution *e = weir__memory_alloc_zero(sizeof *e);
    if (e == NULL)
        return NULL;
    e->graph = graph;
    if (pthread_mutex_init(&e->lock, NULL) == 0)
        return e;
    weir__memory_free(e);
    return NULL;
}

/* Room for more workers. What they have learnt is lost. */
static bool grow(weir__execution *e, unsigned workers)
{
    const unsigned packs = 1 + PACKS_A_WORKER * workers;
    weir__pack *pack = weir__memory_alloc(packs * sizeof *pack);
    weir__craft *craft = weir__memory_alloc_zero(workers * sizeof *craft);
    if (pack == NULL || craft == NULL) {
        weir__memory_free(craft);
        weir__memory_free(pack);
        return false;
    }
    weir__memory_free(e->pack);
    weir__memory_free(e->craft);
    e->pack = pack;
    e->packs = packs;
    e->craft = craft;
    e->workers = workers;
    return true;
}

static weir__execution *prepare_one(weir_graph *graph, unsigned workers)
{
    if (graph->execution == NULL)
        graph->execution = make(graph);
    weir__execution *e = graph->execution;
    if (e == NULL || (e->workers < workers && !grow(e, workers)))
        return NULL;
    if (!e->has_levels)
        e->has_levels = weir__level_find(graph, NULL);
    return e->has_levels ? e : NULL;
}

weir__execution *weir__execution_prepare(weir_graph *graph, unsigned workers)
{
    weir__execution *e = prepare_one(graph, workers);
    for (const weir__control *c = graph->controls; c != NULL && e != NULL; c = c->next)
        for (uint32_t i = 0; i < c->n && e != NULL; i++) {
            if (c->body[i] == NULL)
                continue;
            weir__execution *body = weir__execution_prepare(c->body[i], workers);
            if (body == NULL)
                return NULL;
            body->up = e;
            body->up_task = c->task;
        }
    return e;
}

#if defined(WEIR_ASSERTS)
static bool is_body_of(const weir__execution *e, const weir__control *control)
{
    for (uint32_t i = 0; i < control->n; i++)
        if (control->body[i] == e->graph)
            return true;
    return false;
}

bool weir__execution_is_valid(const weir__execution *e)
{
    unsigned n = 0;
    for (const weir__pack *p = e->free; p != NULL; p = p->next_free)
        if (p < e->pack || p >= e->pack + e->fresh || n++ == e->fresh)
            return false;
    if (e->up == NULL)
        return e->fresh <= e->packs;
    const weir_graph *around = e->up->graph;
    return e->fresh <= e->packs && e->up_task < around->n &&
           around->task[e->up_task].kind == WEIR_TASK_CONTROL &&
           is_body_of(e, around->fixed[e->up_task].op.control);
}
#endif

void weir__execution_free(weir__execution *e)
{
    if (e == NULL)
        return;
    weir__sample_drop(&e->sample, e->graph);
    weir__memory_free(e->pack);
    weir__memory_free(e->craft);
    pthread_mutex_destroy(&e->lock);
    weir__memory_free(e);
}

static void clear_pack(weir__execution *e, weir__pack *p)
{
    p->item = (weir__item){.run = weir__pack_run, .number = e->run->number};
    p->of = e;
    p->next = WEIR_NO_TASK;
    p->posted = p->continues = false;
    p->inner = NULL;
    p->lane = WEIR_NO_LANE;
    p->in_clump = false;
    weir__ready_clear(&p->ready);
}

void weir__execution_begin_run(weir__execution *e, weir__run *run)
{
    const weir_graph *graph = e->graph;
    e->run = run;
    e->free = NULL; /* an exception may have gone through the run before */
    e->fresh = 0;
    e->context = graph->context != NULL || e->up == NULL ? graph->context : e->up->context;
    for (const weir__control *c = graph->controls; c != NULL; c = c->next)
        for (uint32_t i = 0; i < c->n; i++)
            if (c->body[i] != NULL)
                weir__execution_begin_run(c->body[i]->execution, run);
}

/* ---- books ---- */

void weir__execution_open_book(weir__execution *e, uint64_t bytes, const weir__terms *terms)
{
    const weir_graph *graph = e->graph;
    const weir__run *run = e->run;
    weir__books *books = run->engine->books;
    /* Without a limit a run asks for no more than this. */
    const bool enough =
        bytes >= weir_graph_certified_bytes(graph) || (books == NULL && bytes >= UINT64_MAX / 2);
    WEIR_ASSERT(e->book == NULL);
    e->parks = false;
    e->book = !enough || graph->release != NULL ? graph->book : NULL;
    if (e->book == NULL)
        return;
    if (enough || books == NULL) {
        weir__book_begin(e->book, enough ? UINT64_MAX : bytes);
        return;
    }
    weir__terms shared = *terms;
    shared.counts = run->root->has_window ? &run->root->window.budget : NULL;
    e->parks = run->hosted && shared.lent == WEIR__NOT_LENT;
    weir__book_begin_in(e->book, books, &shared);
}

static void post_first(weir__execution *e)
{
    weir__host_post(e->run->engine, &e->first.item);
}

void weir__execution_post_granted(const weir__granted *granted, const weir__book *own)
{
    for (unsigned i = 0; i < granted->n; i++) {
        const weir__book *book = granted->at[i].book;
        if (book == own)
            continue;
        weir__execution *e = book->graph->execution;
        WEIR_ASSERT(e->parks && load_relaxed(&e->open) == 1);
        clear_pack(e, &e->first);
        weir__ready_push_granted(&e->first.ready, e->graph->task, granted->at[i].task);
        post_first(e);
    }
}

static bool is_stopping(const weir__book *book)
{
    return weir__run_stopping(book->graph->execution->run);
}

/* Those that stop go on to their end. */
static void wake_stopping(weir__books *books)
{
    for (const weir__book *book; (book = weir__books_unpark(books, is_stopping)) != NULL;) {
        weir__execution *e = book->graph->execution;
        clear_pack(e, &e->first);
        post_first(e);
    }
}

/* All of a graph's bytes are back. */
static void wake_parked(weir__books *books)
{
    weir__granted granted;
    do {
        weir__books_take(books, NULL, WEIR__FEW_GRANTED, &granted);
        weir__execution_post_granted(&granted, NULL);
    } while (granted.n > 0);
    wake_stopping(books);
}

void weir__execution_close_book(weir__execution *e, bool complete)
{
    if (e->book == NULL)
        return;
    weir__books *shared = e->book->books;
    weir__book_end(e->book, complete);
    if (shared != NULL && e->run->hosted)
        wake_parked(shared);
    e->book = NULL;
}

/* The run's account is about to be closed, and so is what bodies count there. */
static void stop_counting(weir__execution *e)
{
    for (const weir__control *c = e->graph->controls; c != NULL; c = c->next)
        for (uint32_t i = 0; i < c->n; i++)
            if (c->body[i] != NULL)
                stop_counting(c->body[i]->execution);
    if (e->book != NULL)
        weir__book_stop_counting(e->book);
}

void weir__execution_end_run(weir__execution *e, bool complete)
{
    for (const weir__control *c = e->graph->controls; c != NULL; c = c->next)
        for (uint32_t i = 0; i < c->n; i++)
            if (c->body[i] != NULL && c->body[i]->execution != NULL)
                weir__execution_end_run(c->body[i]->execution, complete);
    weir__execution_close_book(e, complete);
    if (complete)
        weir__gain_end(&e->gain, weir__now_ns());
    /* Those of bodies end with each turn, and a limited run says nothing of the plan. */
    if (complete && e->up == NULL && e->lanes == e->sample.lanes)
        weir__sample_end(&e->sample, e->graph, e->cost != NULL);
    WEIR_ASSERT_SLOW(weir__execution_is_valid(e));
}

weir__pack *weir__execution_begin(weir__execution *e, unsigned counts)
{
    weir__pack *p = &e->first;
    const bool limited = weir__execution_is_limited(e);
    e->lanes = limited ? NULL : e->sample.lanes;
    e->cost = limited || e->sample.full ? NULL : e->sample.ns;
    store_relaxed(&e->sample.busy_ns, 0);
    store_relaxed(&e->open, counts);
    clear_pack(e, p);
    if (e->lanes != NULL)
        weir__lanes_begin(e->lanes);
    else
        p->ready.roots_end = weir__graph_roots_end(e->graph);
    return p;
}

weir__pack *weir__execution_begin_after(weir__execution *body)
{
    weir__pack *p = &body->after;
    clear_pack(body->up, p);
    p->next = body->up_task;
    p->continues = true;
    const unsigned before = add_relaxed(&body->up->open, 1);
    WEIR_ASSERT(before > 0); /* the pack is open that had the task */
    (void)before;
    return p;
}

/* One that is not in use; NULL: there is none. */
static weir__pack *find_pack(weir__execution *e)
{
    pthread_mutex_lock(&e->lock);
    weir__pack *p = e->free;
    if (p != NULL)
        e->free = p->next_free;
    else if (e->fresh < e->packs)
        p = &e->pack[e->fresh++];
    pthread_mutex_unlock(&e->lock);
    return p;
}

weir__pack *weir__execution_take_pack(weir__execution *e)
{
    if (!weir__window_admit_permit(&e->run->window))
        return NULL;
    weir__pack *p = find_pack(e);
    if (p == NULL) {
        weir__window_complete_permit(&e->run->window);
        return NULL;
    }
    clear_pack(e, p);
    p->posted = true;
    add_relaxed(&e->open, 1);
    return p;
}

/* The same where others may be waited for: then *next is to go on, or the graph is parked. */
static unsigned leave_or_park(weir__execution *e, weir__item **next)
{
    const weir__book *book = e->book;
    weir__books *books = book->books;
    weir__granted granted;
    const unsigned before =
        weir__book_leave(e->book, &e->open, !weir__run_stopping(e->run), &granted);
    *next = NULL;
    for (unsigned i = 0; i < granted.n; i++)
        if (granted.at[i].book == book) {
            clear_pack(e, &e->first);
            weir__ready_push_granted(&e->first.ready, e->graph->task, granted.at[i].task);
            *next = &e->first.item;
        }
    weir__execution_post_granted(&granted, book);
    if (before == 0 && *next == NULL) /* it may have come to stop meanwhile */
        wake_stopping(books);
    return before;
}

/* Returns how many were open before; 0: it is left in another way. */
static unsigned leave(weir__execution *e, weir__item **next)
{
    WEIR_POINT(PACK_COMPLETING);
    if (e->parks)
        return leave_or_park(e, next);
    /* GR3: acquire and release; pairs with itself: the last has all that was done in the execution. */
    const unsigned before = sub_acq_rel(&e->open, 1);
    WEIR_ASSERT(before > 0);
    return before;
}

weir__item *weir__execution_leave(weir__execution *e)
{
    weir__run *run = e->run;
    weir__item *next = NULL;
    if (leave(e, &next) != 1)
        return next;
    if (e->up != NULL)
        return &e->after.item;
    if (weir__run_stopping(run)) /* else nothing is booked any more */
        stop_counting(e);
    weir__run_finish(run);
    return NULL;
}

weir__item *weir__execution_give_pack(weir__pack *pack)
{
    weir__execution *e = pack->of;
    if (pack->posted) {
        weir__window_complete_permit(&e->run->window);
        pthread_mutex_lock(&e->lock);
        pack->next_free = e->free;
        e->free = pack;
        pthread_mutex_unlock(&e->lock);
    }
    return weir__execution_leave(e);
}
