/* The host: a region of the engine's own, in which root runs go on beside each other.
 *
 * A run has the region that its caller opens, and is alone in it.  A stream has no such caller: while
 * one is open, a thread of the engine's keeps the region, and runs that other threads start join it:
 * their first items lie in a list here, and their callers sleep.  At the bottom of its stack a worker
 * chooses among the roots: it goes where the fewest workers are, and of several such roots to the one
 * that has had the least of the workers' time.  It must never have a root wait for another one, nor be
 * left while a root is under way.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                       close  enter … post  attach/detach  take, choice
 *   close                   X          X             X             X
 *   enter … post            X          -             -             -        any thread
 *   attach, detach          X          -             X             -        the thread of those chores
 *   take, choice            X          -             -             -        workers, each for itself
 * Progress:  a lock, held for a few list operations; join and leave wait while a region ends.
 * Protocol:  README.md, "Roots beside each other". */
#ifndef WEIR_HOST_H
#define WEIR_HOST_H

#include <pthread.h>

#include "base/atomics.h"
#include "base/base.h"
#include "sched/engine.h"
#include "sched/event.h"
#include "sched/item.h"
#include "sched/worker.h"
#include "weir/engine.h"

/* Work of a hosted root that is not made into items: each worker without an item looks for it. */
typedef struct weir__chores {
    /* Does a piece of it; false: there is none now. */
    bool (*try)(void *of, struct weir__worker *worker);
    /* Might try() find some? A worker that has announced that it will sleep asks this, so what it
     * looks at is read by seq_cst loads, and whoever changes it does so by seq_cst stores and then
     * tells a sleeper or those that listen (weir__mail_tell()); a worker that does chores goes on, and
     * need wake sleepers only. */
    bool (*ready)(const void *of);
    /* A worker has found nothing, and begins to search. */
    void (*found_none)(void *of);
    void *of;
    struct weir__run *run; /* that it belongs to */
} weir__chores;

typedef enum weir__host_state {
    WEIR_HOST_CLOSED, /* there is no region */
    WEIR_HOST_TAKEN,  /* the engine is taken for one, which nobody can join yet */
    WEIR_HOST_OPEN,
    WEIR_HOST_ENDING /* the last root has left */
} weir__host_state;

/* Invariants, under the lock: roots > 0 <=> TAKEN or OPEN;  not CLOSED => the engine is taken;
 * waiting == the items in the list;  a root that runs is in `root` under its number, if it has one. */
typedef struct weir__host {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the state, or `quits` */
    atomic_uint process;    /* that lock, condition and thread are of; 0: none */
    weir__host_state state;
    atomic_uint roots;
    atomic_uint team; /* workers: as many as are asked for, and then those that came */
    bool has_chores;  /* a root with chores is among them */
    bool has_thread, quits;
    pthread_t thread;
    struct weir__run *spare; /* records for roots, not in use */
    unsigned turn, turns;    /* of the queue: whose it is, and how many were given */
    uint64_t chores_bytes;   /* that the root with chores has reserved */
    weir__item *first, *last;
    atomic_uint waiting; /* items in this list; read without the lock */

    alignas(WEIR_LINE) _Atomic(const weir__chores *) chores; /* NULL: there are none */
    _Atomic(struct weir__run *) root[WEIR_NUMBERS + 1];      /* by number; may have ended */
    weir__event unserved; /* where the thread waits that detaches chores */
} weir__host;

weir_status weir__host_open(weir_engine *engine) WEIR_MUST_CHECK;
void weir__host_close(weir_engine *engine);

/* ---- roots: any thread that is no worker of the engine ---- */

/* A root with chores, one at a time, takes the engine for a region of its own, or joins that which there
 * is. WEIR_OK; WEIR_EBUSY or WEIR_ESYS, as weir__engine_acquire(). */
weir_status weir__host_enter(weir_engine *engine) WEIR_MUST_CHECK;
/* Opens the region, if nobody has. WEIR_OK, WEIR_ESYS or WEIR_ENOMEM. */
weir_status weir__host_start(weir_engine *engine) WEIR_MUST_CHECK;
/* Another root joins the region. WEIR_OK and not *joined: there is none, and the engine is free, or was
 * just now. WEIR_EBUSY or WEIR_ESYS as above. */
weir_status weir__host_join(weir_engine *engine, bool *joined) WEIR_MUST_CHECK;
/* A root leaves. With the last one the region ends, and the engine is free afterwards; this waits for
 * that. */
void weir__host_leave(weir_engine *engine, bool had_chores);

/* A record for a root that joins; NULL: no memory. And back. */
struct weir__run *weir__host_acquire_record(weir_engine *engine) WEIR_MUST_CHECK;
void weir__host_release_record(weir_engine *engine, struct weir__run *run);

/* Roots that wait for bytes have their turn in the order of arrival: returns once it is this one's. */
void weir__host_queue(weir_engine *engine);
void weir__host_leave_queue(weir_engine *engine);
/* The root with chores has reserved so many bytes, as a root sees that has come to the queue. */
void weir__host_note_bytes(weir__host *host, uint64_t bytes);
uint64_t weir__host_chores_bytes(weir__host *host) WEIR_MUST_CHECK;

/* The root has begun; and before it gives its number back. */
void weir__host_add(weir__host *host, struct weir__run *root);
void weir__host_remove(weir__host *host, const struct weir__run *root);
/* A worker is to run this first item of a root; they are taken in this order. */
void weir__host_post(weir_engine *engine, weir__item *item);
weir__item *weir__host_take(weir__host *host) WEIR_MUST_CHECK;

/* ---- choose.c ---- */

/* From attach until detach returns, workers try the chores. */
void weir__host_attach(weir_engine *engine, const weir__chores *chores);
void weir__host_detach(weir_engine *engine);

/* What a worker of the region does at the bottom of its stack. */
extern const weir__choice weir__host_choice;

#endif
