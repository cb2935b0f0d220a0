/* An event count over a POSIX semaphore; see event.h. */
#include "sched/event.h"

#include <errno.h>

#include "base/atomics.h"

weir_status weir__event_open(weir__event *event)
{
    atomic_init(&event->waiters, 0);
    return sem_init(&event->tokens, 0, 0) == 0 ? WEIR_OK : WEIR_ESYS;
}

/* Has everybody gone? */
static bool is_empty(weir__event *event)
{
    int tokens = 0;
    return load_relaxed(&event->waiters) == 0 && sem_getvalue(&event->tokens, &tokens) == 0 &&
           tokens == 0;
}

void weir__event_close(weir__event *event)
{
    WEIR_ASSERT(is_empty(event));
    sem_destroy(&event->tokens);
}

/* Takes one announcement back, if there is one. */
static bool take_waiter(weir__event *event)
{
    /* V1 as well. */
    int waiters = load_seq_cst(&event->waiters);
    WEIR_ASSERT(waiters >= 0);
    while (waiters > 0)
        if (cas_weak_relaxed(&event->waiters, &waiters, waiters - 1))
            return true;
    return false;
}

void weir__event_prepare(weir__event *event)
{
    /* V2: seq_cst; pairs with V1. */
    add_seq_cst(&event->waiters, 1);
}

void weir__event_wait(weir__event *event)
{
    while (sem_wait(&event->tokens) != 0 && errno == EINTR)
        ;
}

void weir__event_withdraw(weir__event *event)
{
    /* Whoever took the announcement has posted, or will at once, a token for it. */
    if (!take_waiter(event))
        weir__event_wait(event);
}

void weir__event_wake(weir__event *event)
{
    if (take_waiter(event))
        sem_post(&event->tokens);
}

void weir__event_wake_all(weir__event *event)
{
    while (take_waiter(event))
        sem_post(&event->tokens);
}
