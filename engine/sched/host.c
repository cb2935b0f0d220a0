/* The engine's own region: who opens it, who joins and leaves; see host.h. What its workers do there is
 * in choose.c. */
#include "sched/host.h"

#include <sched.h>
#include <string.h>

#include "base/error.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/threads.h"
#include "sched/duty.h"
#include "sched/tuning.h"

/* ---- the lock ---- */

/* What the process that was forked off finds is of no use: its threads are the parent's. */
static void renew(weir__host *h)
{
    weir__fork_hold();
    if (load_relaxed(&h->process) != weir__fork_process()) {
        pthread_mutex_init(&h->lock, NULL); /* with these attributes it does not fail */
        pthread_cond_init(&h->changed, NULL);
        h->has_thread = h->quits = false;
        h->state = WEIR_HOST_CLOSED;
        h->turn = h->turns = 0;
        /* H1: release; pairs with H2. */
        store_release(&h->process, weir__fork_process());
    }
    weir__fork_release();
}

static void lock(weir__host *h)
{
    /* H2: acquire; pairs with H1. */
    if (load_acquire(&h->process) != weir__fork_process())
        renew(h);
    pthread_mutex_lock(&h->lock);
}

static void unlock(weir__host *h)
{
    pthread_mutex_unlock(&h->lock);
}

/* Under the lock. */
static void set_state(weir__host *h, weir__host_state state)
{
    h->state = state;
    pthread_cond_broadcast(&h->changed);
}

/* ---- the thread ---- */

static void enter_region(void *argument, unsigned worker, unsigned size)
{
    weir_engine *engine = argument;
    if (worker == 0) {
        engine->workers[0].busy = true; /* as the mail counts it */
        store_relaxed(&engine->host->team, size);
        weir__mail_set_team(&engine->mail, size);
        weir__team_bind_caller(&engine->team);
    } else {
        while (!weir__mail_has_others(&engine->mail)) /* or it would run ops as if it were alone */
            sched_yield();
    }
    weir__duty_do(&engine->workers[worker], NULL, size);
}

static void *keep_region(void *argument)
{
    weir_engine *engine = argument;
    weir__host *h = engine->host;
    weir__team_note_tried(&engine->team);
    lock(h);
    for (;;) {
        /* It may be about to end before this thread has come to run. */
        while (h->state != WEIR_HOST_OPEN && h->state != WEIR_HOST_ENDING && !h->quits)
            pthread_cond_wait(&h->changed, &h->lock);
        if (h->quits)
            break;
        unlock(h);
        const weir_status status = weir__team_run(&engine->team, enter_region, engine);
        WEIR_ASSERT(status == WEIR_OK); /* there is nothing left to be tried */
        (void)status;
        lock(h);
        WEIR_ASSERT(h->state == WEIR_HOST_ENDING && load_relaxed(&h->roots) == 0);
        weir__engine_release(engine);
        set_state(h, WEIR_HOST_CLOSED);
    }
    unlock(h);
    return NULL;
}

/* Under the lock. Once the system has shown that it gives the team's threads, and one more. */
static weir_status make_thread(weir_engine *engine)
{
    weir__host *h = engine->host;
    const weir_status status = weir__team_try(&engine->team, 1);
    if (status != WEIR_OK)
        return status;
    sigset_t before;
    weir__threads_block_signals(&before);
    const int refused = pthread_create(&h->thread, NULL, keep_region, engine);
    weir__threads_restore_signals(&before);
    h->has_thread = refused == 0;
    if (refused == 0)
        return WEIR_OK;
    return weir__error_set(WEIR_ESYS, refused, "stream",
                           "the system refuses a thread for the stream (%s)", strerror(refused));
}

/* The team as it is when it begins. Its threads are more than the program's own would be: they let others
 * have their cores. */
static void prepare_team(weir_engine *engine)
{
    weir__engine_reset_workers(engine);
    store_relaxed(&engine->host->team, engine->team.threads);
    weir__mail_begin(&engine->mail);
    for (unsigned i = 0; i < engine->team.workers; i++) {
        weir__worker *worker = &engine->workers[i];
        worker->choice = &weir__host_choice;
        worker->polite = true;
        if (worker->search_ns > WEIR_SEARCH_STREAM_NS)
            worker->search_ns = WEIR_SEARCH_STREAM_NS;
    }
}

weir_status weir__host_start(weir_engine *engine)
{
    weir__host *h = engine->host;
    weir_status status = WEIR_OK;
    lock(h);
    WEIR_ASSERT(load_relaxed(&h->roots) > 0 && h->has_chores);
    if (h->state == WEIR_HOST_TAKEN) {
        status = h->has_thread ? WEIR_OK : make_thread(engine);
        if (status == WEIR_OK)
            set_state(h, WEIR_HOST_OPEN);
    }
    unlock(h);
    return status;
}

weir_status weir__host_open(weir_engine *engine)
{
    engine->host = weir__memory_alloc_zero(sizeof *engine->host);
    return engine->host != NULL ? WEIR_OK : WEIR_ENOMEM;
}

static void end_thread(weir__host *h)
{
    lock(h);
    WEIR_ASSERT(h->state == WEIR_HOST_CLOSED && load_relaxed(&h->roots) == 0);
    const bool has_thread = h->has_thread;
    h->quits = true;
    pthread_cond_broadcast(&h->changed);
    unlock(h);
    if (has_thread)
        pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
}

void weir__host_close(weir_engine *engine)
{
    weir__host *h = engine->host;
    if (h == NULL)
        return;
    if (load_relaxed(&h->process) == weir__fork_process())
        end_thread(h);
    weir__engine_free_records(h->spare);
    weir__memory_free(h);
}

/* ---- roots ---- */

/* Under the lock. A region that is about to be there, or to end, soon is or has. */
static bool is_open(weir__host *h)
{
    while (h->state == WEIR_HOST_TAKEN || h->state == WEIR_HOST_ENDING)
        pthread_cond_wait(&h->changed, &h->lock);
    return h->state == WEIR_HOST_OPEN;
}

/* Is an op of this engine's under way in the runs that this thread's op belongs to, on other threads? It
 * waits for that op, and may be the worker that would be needed. */
static bool is_waited_for(const weir_engine *engine)
{
    const weir__here *here = weir__here_top();
    for (const weir__run *run = here != NULL ? here->now.run : NULL; run != NULL; run = run->parent)
        if (run->engine == engine)
            return true;
    return false;
}

weir_status weir__host_join(weir_engine *engine, bool *joined)
{
    weir__host *h = engine->host;
    *joined = false;
    if (weir__engine_is_lost(engine) || is_waited_for(engine))
        return weir__engine_refuse(engine);
    lock(h);
    *joined = is_open(h);
    if (*joined)
        add_relaxed(&h->roots, 1);
    /* A region is taken under the lock, so without one this is another thread's run. */
    const bool runs = !*joined && weir__engine_is_taken(engine);
    unlock(h);
    return runs ? weir__engine_refuse(engine) : WEIR_OK;
}

weir_status weir__host_enter(weir_engine *engine)
{
    weir__host *h = engine->host;
    if (weir__engine_is_lost(engine) || weir__here_on(engine) != NULL || is_waited_for(engine))
        return weir__engine_refuse(engine);
    lock(h);
    bool entered = is_open(h) && !h->has_chores;
    if (h->state == WEIR_HOST_CLOSED && weir__engine_try_acquire(engine)) {
        entered = true;
        prepare_team(engine);
        set_state(h, WEIR_HOST_TAKEN);
    }
    if (entered) {
        h->has_chores = true;
        add_relaxed(&h->roots, 1);
    }
    unlock(h);
    return entered ? WEIR_OK : weir__engine_refuse(engine);
}

void weir__host_leave(weir_engine *engine, bool had_chores)
{
    weir__host *h = engine->host;
    lock(h);
    WEIR_ASSERT(load_relaxed(&h->roots) > 0 && (!had_chores || h->has_chores));
    if (had_chores)
        h->has_chores = false;
    if (sub_relaxed(&h->roots, 1) > 1) {
        unlock(h);
        return;
    }
    if (h->state == WEIR_HOST_TAKEN) { /* it was never opened */
        weir__engine_release(engine);
        set_state(h, WEIR_HOST_CLOSED);
    } else {
        set_state(h, WEIR_HOST_ENDING);
        weir__mail_end(&engine->mail);
        while (h->state == WEIR_HOST_ENDING)
            pthread_cond_wait(&h->changed, &h->lock);
    }
    unlock(h);
}

weir__run *weir__host_acquire_record(weir_engine *engine)
{
    weir__host *h = engine->host;
    lock(h);
    weir__run *run = h->spare;
    if (run != NULL)
        h->spare = run->spare;
    unlock(h);
    return run != NULL ? run : weir__engine_make_record(engine);
}

void weir__host_release_record(weir_engine *engine, weir__run *run)
{
    weir__host *h = engine->host;
    lock(h);
    run->spare = h->spare;
    h->spare = run;
    unlock(h);
}

void weir__host_queue(weir_engine *engine)
{
    weir__host *h = engine->host;
    lock(h);
    const unsigned mine = h->turns++;
    add_relaxed(&engine->windows.waiting, 1);
    while (h->turn != mine)
        pthread_cond_wait(&h->changed, &h->lock);
    unlock(h);
}

void weir__host_leave_queue(weir_engine *engine)
{
    weir__host *h = engine->host;
    lock(h);
    h->turn++;
    pthread_cond_broadcast(&h->changed);
    unlock(h);
    sub_relaxed(&engine->windows.waiting, 1);
}

/* By the order of the lock: the last look of a root that waits finds the bytes, or whoever notes them sees
 * that it waits. */
void weir__host_note_bytes(weir__host *h, uint64_t bytes)
{
    lock(h);
    h->chores_bytes = bytes;
    unlock(h);
}

uint64_t weir__host_chores_bytes(weir__host *h)
{
    lock(h);
    const uint64_t bytes = h->chores_bytes;
    unlock(h);
    return bytes;
}

/* The least of the workers' time that a root has had which is under way. */
static uint64_t least_time(weir__host *h)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 1; i <= WEIR_NUMBERS; i++) {
        /* H4 as well. */
        weir__run *root = load_acquire(&h->root[i]);
        const uint64_t had_ns = root != NULL ? load_relaxed(&root->tally.had_ns) : least;
        if (had_ns < least)
            least = had_ns;
    }
    return least == UINT64_MAX ? 0 : least;
}

void weir__host_add(weir__host *h, weir__run *root)
{
    /* As the least of them, or it would always come first. */
    store_relaxed(&root->tally.had_ns, least_time(h));
    /* H3: release; pairs with H4: what is read of the record has begun. */
    store_release(&h->root[root->number], root);
}

void weir__host_remove(weir__host *h, const weir__run *root)
{
    WEIR_ASSERT(root->number == 0 || load_relaxed(&h->root[root->number]) == root);
    store_relaxed(&h->root[root->number], NULL);
}

void weir__host_post(weir_engine *engine, weir__item *item)
{
    weir__host *h = engine->host;
    item->next = NULL;
    lock(h);
    if (h->first == NULL)
        h->first = item;
    else
        h->last->next = item;
    h->last = item;
    /* H5: seq_cst, before the look for sleepers; pairs with H6. */
    add_seq_cst(&h->waiting, 1);
    unlock(h);
    weir__mail_wake_one(&engine->mail);
}

weir__item *weir__host_take(weir__host *h)
{
    if (load_relaxed(&h->waiting) == 0)
        return NULL;
    lock(h);
    weir__item *item = h->first;
    if (item != NULL) {
        h->first = item->next;
        sub_relaxed(&h->waiting, 1);
    }
    unlock(h);
    return item;
}
