/* Begins an execution, and keeps its packs; see execution.h. */
#include "graph/execution.h"

#include "base/memory.h"
#include "graph/level.h"
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

weir__execution *weir__execution_prepare(weir_graph *graph, unsigned workers)
{
    if (graph->execution == NULL)
        graph->execution = make(graph);
    weir__execution *e = graph->execution;
    if (e == NULL || (e->workers < workers && !grow(e, workers)))
        return NULL;
    if (!e->has_levels)
        e->has_levels = weir__level_find(graph);
    return e->has_levels ? e : NULL;
}

void weir__execution_free(weir__execution *e)
{
    if (e == NULL)
        return;
    weir__memory_free(e->pack);
    weir__memory_free(e->craft);
    pthread_mutex_destroy(&e->lock);
    weir__memory_free(e);
}

/* A pack that is not in use; NULL: there is none. Under the lock, or alone. */
static weir__pack *find_pack(weir__execution *e)
{
    weir__pack *p = e->free;
    if (p != NULL)
        e->free = p->next_free;
    else if (e->fresh < e->packs)
        p = &e->pack[e->fresh++];
    if (p == NULL)
        return NULL;
    p->item = (weir__item){.run = weir__pack_run, .number = e->run->number};
    p->of = e;
    p->next = WEIR_NO_TASK;
    weir__ready_clear(&p->ready);
    return p;
}

weir__pack *weir__execution_begin(weir__execution *e, weir__run *run)
{
    e->run = run;
    e->free = NULL; /* an exception may have gone through the run before */
    e->fresh = 0;
    store_relaxed(&e->open, 1);
    weir__pack *p = find_pack(e);
    p->posted = false;
    p->ready.roots_end = weir__graph_roots_end(e->graph);
    return p;
}

weir__pack *weir__execution_take_pack(weir__execution *e)
{
    if (!weir__window_admit_permit(&e->run->window))
        return NULL;
    pthread_mutex_lock(&e->lock);
    weir__pack *p = find_pack(e);
    pthread_mutex_unlock(&e->lock);
    if (p == NULL) {
        weir__window_complete_permit(&e->run->window);
        return NULL;
    }
    p->posted = true;
    add_relaxed(&e->open, 1);
    return p;
}

void weir__execution_give_pack(weir__pack *pack)
{
    weir__execution *e = pack->of;
    weir__run *run = e->run;
    if (pack->posted)
        weir__window_complete_permit(&run->window);
    pthread_mutex_lock(&e->lock);
    pack->next_free = e->free;
    e->free = pack;
    pthread_mutex_unlock(&e->lock);
    WEIR_POINT(PACK_COMPLETING);
    /* GR3: acq_rel; pairs with itself: who ends the run has all that was done in it. */
    if (sub_acq_rel(&e->open, 1) == 1)
        weir__run_finish(run);
}
