/* The sources of the scheduler for models that have an engine, when a checker reads them; and stand-ins
 * for what they call of OpenMP and of the system: a team of one, which is the thread that runs it. */
#ifndef WEIR_ENGINE_SUPPORT_H
#define WEIR_ENGINE_SUPPORT_H

#define WEIR_THREADS_H /* a checker has no signals */
#define sigset_t       int
#include "base/error.h"
#include "base/fork.h"
#include "base/memory.h"
#include "sched/enclose.h"
#include "sched/here.h"
#include "sched/team.h"

static inline void weir__threads_block_signals(sigset_t *before)
{
    (void)before;
}

static inline void weir__threads_restore_signals(const sigset_t *before)
{
    (void)before;
}

unsigned weir__fork_process(void)
{
    return 1;
}

static pthread_mutex_t fork_held = PTHREAD_MUTEX_INITIALIZER;

void weir__fork_hold(void)
{
    pthread_mutex_lock(&fork_held);
}

void weir__fork_release(void)
{
    pthread_mutex_unlock(&fork_held);
}

void weir__enclose_ops(void (*f)(void *), void *argument)
{
    f(argument);
}

void weir__enclose_worker(void (*f)(void *), void *argument)
{
    f(argument);
}

/* There is one floating-point mode. */
weir__arithmetic weir__arithmetic_get(void)
{
    return (weir__arithmetic){0};
}

void weir__arithmetic_set(const weir__arithmetic *mode)
{
    (void)mode;
}

/* As here.c; its record is written field by field. */
static _Thread_local weir__here *here_top;

weir__here *weir__here_top(void)
{
    return here_top;
}

weir__here *weir__here_on(const struct weir_engine *engine)
{
    return here_top != NULL && here_top->worker->engine == engine ? here_top : NULL;
}

void weir__here_enter(weir__here *here, struct weir__worker *worker)
{
    here->worker = worker;
    here->now.run = NULL;
    here->now.told = NULL;
    here_top = here;
}

void weir__here_leave(const weir__here *here)
{
    assert(here_top == here);
    here_top = NULL;
}

#include "sched/choose.c"
#include "sched/credit.c"
#include "sched/duty.c"
#include "sched/event.c"
#define begin begin_run
#include "sched/run.c"
#undef begin
#include "sched/mail.c"
#include "sched/numbers.c"
#include "sched/watch.c"
#define settle settle_for
#include "sched/worker.c"
#undef settle
#include "sched/host.c"

/* ---- as engine.c and team.c, where they say what matters here ---- */

bool weir__engine_try_acquire(weir_engine *engine)
{
    unsigned free = 0;
    return cas_acquire(&engine->taken, &free, weir__fork_process());
}

bool weir__engine_is_taken(const weir_engine *engine)
{
    return load_relaxed(&engine->taken) != 0;
}

bool weir__engine_is_lost(const weir_engine *engine)
{
    (void)engine;
    return false;
}

weir_status weir__engine_refuse(const weir_engine *engine)
{
    (void)engine;
    return WEIR_EBUSY;
}

void weir__engine_release(weir_engine *engine)
{
    store_release(&engine->taken, 0);
}

/* Field by field. */
void weir__engine_reset_workers(weir_engine *engine)
{
    for (unsigned i = 0; i < engine->team.workers; i++) {
        weir__worker *worker = &engine->workers[i];
        worker->engine = engine;
        worker->mail = &engine->mail;
        worker->watch = &engine->watch;
        worker->index = i;
        worker->search_ns = 0;
        worker->busy = false;
    }
}

void weir__engine_free_records(weir__run *first)
{
    (void)first;
}

void weir__memory_free(void *memory)
{
    (void)memory;
}

weir_status weir__team_try(const weir__team *team, unsigned own)
{
    (void)team, (void)own;
    return WEIR_OK;
}

void weir__team_note_tried(const weir__team *team)
{
    (void)team;
}

void weir__team_bind_caller(weir__team *team)
{
    (void)team;
}

#endif
