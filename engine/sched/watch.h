/* The watch: deadlines, and the role of the one worker that keeps them.
 *
 * While there is a deadline, one worker without work has the role: it looks at the clock as it
 * searches, sleeps no longer than until the earliest deadline, and settles what is due.  When it
 * gets work, it hands the role on.  While no worker is without work, busy ones settle what is due
 * when they look at their words.  Settling must never run an op, since the worker may wait in one.
 *
 * Who has deadlines (timers, the oldest item of a stream) adds a source, and sets the watch
 * whenever its earliest deadline has come to be an earlier one.  One that is put off or dropped
 * needs no word: the source is asked in vain once, and says what is next.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                 open,  add,    set  take, leave,
 *                 close  remove       settle
 *   open, close     X      X      X     X
 *   add, remove     X      -      -     -           any thread, but none that settles
 *   set             X      -      -     -           any thread; from a signal handler as well
 *   take, …         X      -      -     -           each worker for itself
 * Order:     what was written before set happens before the source is asked.
 * Progress:  set never waits.
 * Memory:    sources are the caller's, from add to remove.
 * Protocol:  README.md, "The watch". */
#ifndef WEIR_WATCH_H
#define WEIR_WATCH_H

#include <pthread.h>

#include "base/base.h"
#include "sched/mail.h"

struct weir__worker;

/* Deadlines of one kind. */
typedef struct weir__deadlines {
    /* Settles what is due, such as by posting items (weir__worker_post()), and returns the earliest
     * deadline that is left, or WEIR_NO_DEADLINE. It is called by one worker at a time, and what it
     * looks at is changed under a lock that it takes, or by seq_cst accesses. */
    uint64_t (*settle)(void *of, struct weir__worker *worker, uint64_t now_ns);
    void *of;
    struct weir__deadlines *next; /* the watch's own */
} weir__deadlines;

/* Invariant: while there is a deadline (mail->due_ns), a worker has the role (mail->watch), or one
 * that is awake has no work, or the word of each busy one is not WEIR__RUN; or somebody is between
 * two steps. */
typedef struct weir__watch {
    weir__mail *mail;     /* whose workers take the role */
    pthread_mutex_t lock; /* of the list, and while its sources settle */
    weir__deadlines *first;
} weir__watch;

void weir__watch_open(weir__watch *watch, weir__mail *mail);
void weir__watch_close(weir__watch *watch);

/* Asks this source as well, from its first set on; and no more, once remove has returned. */
void weir__watch_add(weir__watch *watch, weir__deadlines *source);
void weir__watch_remove(weir__watch *watch, weir__deadlines *source);
/* A source has a deadline at this time of weir__now_ns(), after which it is asked soon. */
void weir__watch_set(weir__watch *watch, uint64_t deadline_ns);

/* A worker without work takes the role, if there is a deadline and nobody has it. False: another
 * has it, or nobody need. */
bool weir__watch_take(weir__mail *mail, unsigned worker);
/* A worker gets work, or leaves: where there is a deadline, somebody else is to keep it. */
void weir__watch_leave(weir__mail *mail, unsigned worker);
/* Settles what is due, and has the role then. False: nothing is, or another has it. Before it goes
 * back to work the worker leaves. */
bool weir__watch_settle(weir__watch *watch, unsigned index, struct weir__worker *worker,
                        uint64_t now_ns);
/* Need no busy worker look: there is no deadline, or one without work keeps it? */
bool weir__watch_is_kept(const weir__mail *mail);

#endif
