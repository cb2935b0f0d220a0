/* Mail: how the workers of a team ask each other for work, and hand it over, while they are awake.
 *
 * Each worker has a box with room for one item.  A worker without work raises its hand, which is a
 * mark in its own box, and whoever has work to spare puts some there; or a busy worker puts some in
 * its own box ahead of time, for the next that runs dry.  Anyone may empty any box, so nothing waits
 * for a worker that the system does not let run.  And each worker polls a word of its own: who wants
 * something of it writes there.  Mail must never be the only way to a worker that sleeps in the OpenMP
 * runtime: those are counted, and only a task wakes one.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                begin  post, take, raise, lower, hush, sleep  poke, stop
 *   begin          X                     X                         X       before the team enters
 *   post, …        X                     -                         -       each worker for itself
 *   poke, stop     X                     -                         -       any thread, for any worker
 * Order:     what was written before post happens before the take of it returns (M1, M2), and what
 *            was before a signal, before the hush that takes it (M5, M6).
 * Progress:  lock-free; nothing here waits. A look into all boxes costs a cached load for each.
 * Memory:    items are the caller's; none may be NULL. */
#ifndef WEIR_MAIL_H
#define WEIR_MAIL_H

#include "base/atomics.h"
#include "base/base.h"
#include "weir/detail/loop.h" /* WEIR__LOOK, … */
#include "weir/status.h"

typedef struct weir__box {
    /* Nothing, the raised hand, or an item. The owner alone fills an empty box and raises and lowers
     * its hand; others turn a raised hand into an item; anyone takes an item out. */
    alignas(WEIR_LINE) _Atomic(void *) item;
    /* The word that the owner polls: WEIR__LOOK or WEIR__QUIET, which the owner alone makes of it, or
     * WEIR__STOP, which stays. Others make WEIR__LOOK of WEIR__QUIET. */
    atomic_int signal;
} weir__box;

typedef struct weir__mail {
    weir__box *box;
    unsigned boxes;
    alignas(WEIR_LINE) atomic_uint asleep; /* workers in the OpenMP runtime, or about to be */
    atomic_uint tasks;                     /* that can run, and nobody has begun */
} weir__mail;

weir_status weir__mail_open(weir__mail *mail, unsigned workers) WEIR_MUST_CHECK;
void weir__mail_close(weir__mail *mail);

/* Before a run: all workers are awake and are to look, and all but worker 0 have raised their hands,
 * since they are on their way. */
void weir__mail_begin(weir__mail *mail);
/* By worker 0, before it posts: only so many workers came. */
void weir__mail_set_team(weir__mail *mail, unsigned team);

/* Has this worker's own box room for an item? */
bool weir__mail_has_room(const weir__mail *mail, unsigned worker);
/* Gives an item to a worker with its hand up, or leaves it in this worker's own box. False if the
 * item is still the caller's, and a task had better wake a sleeper for it. */
bool weir__mail_post(weir__mail *mail, unsigned worker, void *item) WEIR_MUST_CHECK;

/* The word that this worker polls (weir__loop_is_quiet). Read it by an atomic load only. */
const int *weir__mail_signal(const weir__mail *mail, unsigned worker);
/* From now on every poll calls, and says that the run stops; may be called again and again. An op that
 * has seen it and gives up finds that its worker's next poll has seen it too, since both look at one
 * word, so that nothing takes its result for a real one.
 * Threads: any; from a signal handler as well. */
void weir__mail_stop(weir__mail *mail);
bool weir__mail_stopped(const weir__mail *mail, unsigned worker);
/* This worker looks what others want of it: all that comes later is signalled again. */
void weir__mail_hush(weir__mail *mail, unsigned worker);
/* The other worker is to look for work to hand out. */
void weir__mail_poke(weir__mail *mail, unsigned other);
void weir__mail_poke_others(weir__mail *mail, unsigned worker);

/* Takes an item from any box, this worker's own first, and lowers the hand if it was up; NULL if
 * there is none: then the hand stays as it was, unless another worker was faster. */
void *weir__mail_take(weir__mail *mail, unsigned worker) WEIR_MUST_CHECK;
/* The hand of a worker whose box is empty goes up, or stays so. */
void weir__mail_raise(weir__mail *mail, unsigned worker);
/* Lowers the hand. Returns the item that was in the box instead, or NULL. */
void *weir__mail_lower(weir__mail *mail, unsigned worker) WEIR_MUST_CHECK;

/* The worker, its hand down, is about to go to sleep: it counts as asleep, and signals to all others,
 * unless there is an item after all, which is returned. */
void *weir__mail_sleep(weir__mail *mail, unsigned worker) WEIR_MUST_CHECK;
/* A task has woken the worker. */
void weir__mail_woke(weir__mail *mail);

/* Before a task is made, or made ready, that will wake a worker. */
void weir__mail_add_task(weir__mail *mail);
/* Are there more such tasks than sleepers, so that a worker should go and run one? */
bool weir__mail_has_tasks(const weir__mail *mail);
/* Sleepers cannot signal: a worker that finds some must look by itself whether they are needed. After
 * weir__mail_hush() one sees those who fell asleep before, and who falls asleep later signals. */
bool weir__mail_has_sleepers(const weir__mail *mail);

#endif
