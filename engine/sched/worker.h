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
#include "sched/watch.h"

struct weir__run;
struct weir_engine;

struct weir__chores;
struct weir__worker;

/* What a worker at the bottom of its stack does besides items that lie in boxes, or in their order, where
 * root runs go on beside each other (host.h). */
typedef struct weir__choice {
    /* What it does next: an item, or NULL: it has done something, or has found *nothing. */
    weir__item *(*next)(struct weir__worker *worker, bool *nothing);
    /* It is about to run this item, from there or from a box. */
    void (*begin)(struct weir__worker *worker, const weir__item *item);
    /* It begins to search. */
    void (*found_none)(const struct weir__worker *worker);
    /* Might next() find something? A worker that has announced that it will sleep asks this: what it looks
     * at is read by seq_cst loads. */
    bool (*has_work)(const struct weir__worker *worker);
    /* It is about to sleep, or to leave. */
    void (*rest)(struct weir__worker *worker);
    /* Between two ops of an item: it may do something else first. True: it is to look again, and its word
     * has been written; else its word is written once there is something. */
    bool (*between)(struct weir__worker *worker);
} weir__choice;

/* How a nested run polled of which nothing could be handed out. */
typedef struct weir__polls {
    const void *of;      /* the kind of such runs (a plan); NULL: there was none */
    uint32_t skip, left; /* as in weir_branch, and in its loop */
    uint64_t fired_at_ns;
} weir__polls;

/* What a worker has counted of its root run's work. */
typedef struct weir__counts {
    uint64_t branches;
    uint64_t promotions;
    uint64_t gathers_promoted;
    uint64_t denied_permits,
        denied_bytes; /* work was wanted, and had to stay here for want of those */
    uint64_t busy_ns; /* in items */
} weir__counts;

/* Written by the worker only, while a run is under way. */
typedef struct weir__worker {
    /* As the team's run has set it up. */
    alignas(WEIR_LINE) weir__mail *mail;
    weir__watch *watch; /* of that mail */
    struct weir_engine *engine;
    unsigned index;     /* in the team: whose box it has */
    uint64_t search_ns; /* how long it searches before it sleeps; 0: it must not keep a core */
    bool polite;        /* meanwhile it lets others have its core: threads that are no workers */
    const weir__choice *choice; /* NULL: there is one root, and all its work is in items */
    _Atomic(const struct weir__chores *) serves; /* as choose.c says */
    struct weir__run *at_work; /* the root that it is counted with, in the host's team; or NULL, */
    uint64_t at_work_since_ns; /* and since when */
    bool turn_is_new;          /* it runs a new root; else what was there before, */
    uint64_t turn_since_ns;    /* since when; 0: that does not matter */
    uint64_t owed_ns;          /* it has had new roots go first for so long */
    uint64_t chores_ns;        /* of its item's time went to chores last, */
    uint64_t chores_until_ns;  /* and until when */
    bool was_at_chores;        /* before its item */
    bool listens; /* it counts as listening in the mail: it is asked when chores are ready */

    bool waits;                 /* it waits in an op for a run, */
    weir__number wanted;        /* which has this number; 0: it has none, or it does not wait */
    bool busy;                  /* it counts as busy in the mail's surplus */
    const struct weir__run *of; /* the run that the following was learnt from, */
    uint64_t of_begins;         /* and how often its record had begun one */
    bool keeps_near;            /* of a frame's halves it hands out the one that it runs last */
    weir__grain chunk;          /* leaves in one call of a range op */
    uint64_t rest_ns;           /* before it searches again: its last items were too small */
    uint64_t earned_at_ns;      /* up to when running time was turned into credits */
    uint64_t unpaid_ns;         /* what was left of it when its last item ended */
    uint64_t nested_ns;         /* time in nested runs and chores, which count it for themselves */
    weir__polls polls;          /* of the last nested run that nothing could be handed out of */

    weir__counts counts; /* of the root run; with several, of that whose item it runs */

    struct weir__run *spare; /* records for nested runs, not in use */
} weir__worker;

/* A worker as it is at the start of a team's run; its spare records stay. */
void weir__worker_begin(weir__worker *worker, struct weir_engine *engine, weir__watch *watch,
                        unsigned index, uint64_t search_ns);
/* Runs the item, and then others, until `done`, or without one until the team is to leave.
 * Threads: the worker's own. */
void weir__worker_work(weir__worker *worker, weir__item *item, const atomic_bool *done);

/* An item was made, which counts until somebody begins it; it is handed over. */
void weir__worker_post(weir__worker *worker, weir__item *item);
/* The worker has begun an item that was posted, or goes on with work that it had: it is busy. */
void weir__worker_began_item(weir__worker *worker);
void weir__worker_goes_on(weir__worker *worker);

/* For a busy worker between two ops, or calls, which has acknowledged its word: it settles what is due,
 * where no worker without work keeps the deadlines, and may do what its choice is. True: then looks are
 * to go on, and its word has been written again. */
bool weir__worker_look(weir__worker *worker);
/* Is there a reason to look, besides other workers' requests? */
static inline bool weir__worker_has_looks(const weir__worker *worker)
{
    return worker->choice != NULL || weir__mail_has_deadline(worker->mail);
}

/* Between two looks at what others are to write. */
void weir__worker_pause(const weir__worker *worker);
/* For an item that waits for others: searches for a while, until there is an item, which is
 * returned, or *parts is 0.  NULL: there is none. */
weir__item *weir__worker_search(weir__worker *worker, const uint32_t *parts) WEIR_MUST_CHECK;
/* That item is to be run next, in the place of the one that has searched: it may be another root's. */
void weir__worker_turn_to(weir__worker *worker, const weir__item *item);

#endif
