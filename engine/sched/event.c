/* Waiting on a bell; see event.h. */
#include "sched/event.h"

void weir__event_wait(weir__event *event, uint64_t deadline_ns)
{
    const unsigned read = weir__bell_read(&event->bell);
    if (load_relaxed(&event->waits))
        weir__bell_wait(&event->bell, read, deadline_ns);
    weir__event_withdraw(event);
}

void weir__event_wake(weir__event *event)
{
    if (exchange_relaxed(&event->waits, false)) /* one of several that notify */
        weir__bell_ring(&event->bell);
}
