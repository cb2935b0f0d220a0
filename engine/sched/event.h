/* A place to sleep until something has happened, without losing the news.
 *
 * Streams use it for workers without work and for programs that wait in weir_next().  Whoever
 * changes what others may be waiting for calls notify afterwards, which wakes one of them.  It must
 * never be shared by waiters that wait for different things: one could take the other's news.
 *
 * A waiter announces itself with prepare, looks once more, and then either waits or withdraws. The
 * announcement and the last look, and the change and the look for waiters, are sequentially
 * consistent, so at least one side sees the other (Dekker). The change itself and the last look must
 * be such accesses too: a seq_cst store or exchange, seq_cst loads.
 *
 * Who may call what at the same time: everybody everything, but open and close.
 * Progress:  notify never waits, and may be called in a signal handler. */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include <semaphore.h>

#include "base/atomics.h"
#include "base/base.h"
#include "weir/status.h"

/* Invariant: waiters >= 0; tokens are as many as waiters that were notified and have not woken. Once
 * nobody waits, both are 0. */
typedef struct weir__event {
    alignas(WEIR_LINE) atomic_int waiters; /* announced, and not yet notified */
    sem_t tokens;                          /* one for each notified waiter */
} weir__event;

weir_status weir__event_open(weir__event *event) WEIR_MUST_CHECK;
void weir__event_close(weir__event *event);

void weir__event_prepare(weir__event *event);
void weir__event_withdraw(weir__event *event);
void weir__event_wait(weir__event *event);

void weir__event_wake(weir__event *event); /* one waiter */
void weir__event_wake_all(weir__event *event);

/* V1: seq_cst; pairs with V2 in weir__event_prepare. */
static inline bool weir__event_has_waiters(weir__event *event)
{
    return WEIR_UNLIKELY(load_seq_cst(&event->waiters) > 0);
}

static inline void weir__event_notify(weir__event *event)
{
    if (weir__event_has_waiters(event))
        weir__event_wake(event);
}

#endif
