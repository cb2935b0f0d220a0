/* Named points: instants between two steps of a protocol at which other threads may come in.
 *
 * The scheduler and its wings mark them.  The test build stops there for a random while, so that
 * rare orders of events happen often (base/testing.h).  A release build must contain nothing of
 * them. */
#ifndef WEIR_POINT_H
#define WEIR_POINT_H

/* All that there are, with what has just happened. */
#define WEIR_POINTS(X)                                                                             \
    X(BUDGET_ASKING)    /* bytes are taken from one account, and the next is not asked yet */      \
    X(BOOK_FINISHED)    /* a task's holders are counted down, and its bytes are not back yet */    \
    X(FAILURE_CLAIMED)  /* a failure is claimed and not yet published */                           \
    X(MAIL_POSTED)      /* an item is in a box, and nobody has been told */                        \
    X(MAIL_ANNOUNCED)   /* a worker is announced as asleep, and looks once more */                 \
    X(MAIL_WOKEN)       /* a mark is taken away, and the bell not rung */                          \
    X(MAIL_SEEN)        /* an item is seen in a box, and not taken */                              \
    X(WATCH_SET)        /* a deadline is set, and nobody has been told */                          \
    X(WATCH_SETTLED)    /* what was due is settled, and the next deadline not set */               \
    X(WATCH_LEFT)       /* a worker has given up the watch, and nobody else knows */               \
    X(STOP_TELLING)     /* a run is stopped, and a worker does not know */                         \
    X(RUN_FINISHING)    /* a run is done, and its starter does not know */                         \
    X(CHORES_TAKEN_UP)  /* a worker takes chores up, and looks whether they are still there */     \
    X(WORKER_SEARCHING) /* a worker has looked in vain */                                          \
    X(ITEM_POSTING)     /* an item is made, and nobody has it yet */                               \
    X(PART_SUSPENDED)   /* a frame is about to be suspended      */                                \
    X(PART_COMPLETING)  /* a part is done, and its frame does not know yet */                      \
    X(TASK_FINISHING)   /* a task is done, and a successor does not know yet */                    \
    X(BODY_LEFT)        /* a body is left to others, and they do not know yet */                   \
    X(LANE_CLAIMED)     /* a lane is claimed, and not looked at again yet */                       \
    X(LANE_RELEASING)   /* a lane is about to be released */                                       \
    X(LANES_LEAVING)    /* a worker has no lane, and is about to leave */                          \
    X(CLUMP_FINISHING)  /* a clump is done, and who waits for it does not know yet */              \
    X(PACK_COMPLETING)  /* a pack is done, and its run does not know yet */                        \
    X(RING_SETTLING)    /* an item is in its slot, and the slot does not say so */                 \
    X(RING_ADVANCED)    /* a slot is free again, and nobody has been told */                       \
    X(RING_COUNTED)     /* head has been read, tail has not */                                     \
    X(WAIT_ANNOUNCED)   /* a waiter is announced, and looks once more */

enum {
#define WEIR_POINT_NUMBER(name) WEIR_POINT_##name,
    WEIR_POINTS(WEIR_POINT_NUMBER)
#undef WEIR_POINT_NUMBER
        WEIR_POINT_COUNT
};

#if defined(WEIR_TESTING)
#include "base/testing.h"
#define WEIR_POINT(name) ((void)WEIR_POINT_##name, weir__testing_yield_point())
#else
#define WEIR_POINT(name) ((void)WEIR_POINT_##name)
#endif

#endif
