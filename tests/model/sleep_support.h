/* A worker that falls asleep over one thing, wakes up to look, and then ends. */
#ifndef WEIR_SLEEP_SUPPORT_H
#define WEIR_SLEEP_SUPPORT_H

#include "sched/mail.h"

/* As in worker.c: not if that has come already. Nobody has an item for it. */
static inline void sleep_until(weir__mail *mail, unsigned worker, bool (*has_come)(void))
{
    weir__mail_announce(mail, worker, 0);
    if (!has_come())
        weir__mail_park(mail, worker);
    const weir__item *item = weir__mail_withdraw(mail, worker, 0);
    assert(item == NULL);
    (void)item;
}

#endif
