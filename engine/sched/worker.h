/* A worker: one thread of a team in a run, its loop, and what it does when it has nothing to do.
 *
 * Each kind of run has its threads call weir__worker_work(); items of that kind run in its loop.  A
 * worker must never run two items at once, but for those that an item itself runs to their end.
 *
 * A worker is busy, or it is searching (its request is in its box, and it asks others again and
 * again), or asleep (its box has the sleeper's mark). README.md has the transitions. */
#ifndef WEIR_WORKER_H
#define WEIR_WORKER_H

#include "base/base.h"
#include "sched/grain.h"
#include "sched/item.h"
#include "sched/mail.h"

struct weir__run;
struct weir_engine;

/* Work of a team's run that is not made into items: each worker without an item looks for it. */
typedef struct weir__chores {
    /* Does a piece of it; false: there is none now. */
    bool (*try)(void *of, struct weir__worker *worker);
    /* Might try() find some? A worker that has announced that it will sleep asks this, so what it
     * looks at is read by seq_cst loads, and whoever changes it does so by seq_cst stores and then
     * wakes a sleeper (weir__mail_wake_one()). */
    bool (*ready)(const void *of);
    /* The worker has found nothing, and begins to search. */
    void (*found_none)(const void *of, struct weir__worker *worker);
    void *of;
} weir__chores;

/* Written by the worker only, while a run is under way. */
typedef struct weir__worker {
    /* As the team's run has set it up. */
    alignas(WEIR_LINE) weir__mail *mail;
    struct weir_engine *engine;
    unsigned index;    /* in the team: whose box it has */
    uint64_t watch_ns; /* how long it searches before it sleeps; 0: it must not keep a core */
    bool polite;       /* meanwhile it lets others have its core: threads that are no workers */
    const weir__chores *chores; /* NULL: all work is in items */

    weir__number wanted;        /* it waits in an op for the run of this number; 0: in none */
    bool busy;                  /* it counts as busy in the mail's surplus */
    const struct weir__run *of; /* the run that the following was learnt from, */
    uint64_t of_begins;         /* and how often its record had begun one */
    bool keeps_near;            /* of a frame's halves it hands out the one that it runs last */
    weir__grain chunk;          /* leaves in one call of a range op */
    uint64_t rest_ns;           /* before it searches again: its last items were too small */
    uint64_t earned_at_ns;      /* up to when running time was turned into credits */
    uint64_t unpaid_ns;         /* what was left of it when its last item ended */
    uint64_t nested_ns;         /* time in nested runs, which their items count for themselves */

    /* What it counts. */
    uint64_t branches;
    uint64_t promotions;
    uint64_t gathers_promoted;
    uint64_t denied_permits,
        denied_bytes; /* work was wanted, and had to stay here for want of those */
    uint64_t busy_ns; /* in items */
    uint64_t
        idle_ns; /* without any, in which it searched or slept; but not in an item that waits */

    struct weir__run *spare; /* records for nested runs, not in use */
} weir__worker;

/* A worker as it is at the start of a team's run; its spare records stay. */
void weir__worker_begin(weir__worker *worker, struct weir_engine *engine, weir__mail *mail,
                        unsigned index, uint64_t watch_ns);
/* Runs the item, if there is one, and then others, until `done`, or without one until the team is to
 * leave.
 * Threads: the worker's own. */
void weir__worker_work(weir__worker *worker, weir__item *item, const atomic_bool *done);

/* An item was made, which counts until somebody begins it; it is handed over. */
void weir__worker_post(weir__worker *worker, weir__item *item);
/* The worker has begun an item that was posted, or goes on with work that it had: it is busy. */
void weir__worker_began_item(weir__worker *worker);
void weir__worker_goes_on(weir__worker *worker);

/* For an item that waits for others: searches for a while, until there is an item, which is
 * returned, or *parts is 0.  NULL: there is none. */
weir__item *weir__worker_watch(weir__worker *worker, const uint32_t *parts) WEIR_MUST_CHECK;

#endif
