/* A place for one thread that is no worker to sleep until something has happened, so that no
 * wake-up is lost.
 *
 * Programs that wait in weir_next() or weir_push() use it.  Whoever changes what the thread may be
 * waiting for calls notify afterwards.
 *
 * The waiter announces itself with prepare, looks once more, and then either waits or withdraws. The
 * announcement and the last look, and the change and the look for a waiter, are sequentially
 * consistent, so at least one side sees the other (Dekker). The change itself and the last look must
 * be such accesses too: a seq_cst store or exchange, seq_cst loads.
 *
 * Who may call what at the same time: prepare, withdraw, wait: the one waiter; notify: everybody.
 * Progress:  notify never waits, and may be called in a signal handler. */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include "base/atomics.h"
#include "base/base.h"
#include "sched/bell.h"

/* Invariant: nobody is between prepare and the end of wait or withdraw => waits is false. */
typedef struct weir__event {
    alignas(WEIR_LINE) atomic_bool waits; /* announced, and not yet notified */
    weir__bell bell;
} weir__event;

static inline void weir__event_prepare(weir__event *event)
{
    /* V2: seq_cst; pairs with V1. */
    store_seq_cst(&event->waits, true);
}

static inline void weir__event_withdraw(weir__event *event)
{
    store_relaxed(&event->waits, false);
}

/* Until notified, or until the deadline of weir__now_ns(); may return early. */
void weir__event_wait(weir__event *event, uint64_t deadline_ns);

void weir__event_wake(weir__event *event);

static inline bool weir__event_has_waiter(weir__event *event)
{
    /* V1: seq_cst; pairs with V2. */
    return WEIR_UNLIKELY(load_seq_cst(&event->waits));
}

static inline void weir__event_notify(weir__event *event)
{
    if (weir__event_has_waiter(event))
        weir__event_wake(event);
}

#endif
