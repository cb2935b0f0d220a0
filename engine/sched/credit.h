/* Credits: how much a root run, and all below it, may spend on handing out work.
 *
 * A promotion costs some tenths of a microsecond, or several where a sleeper is woken. So it takes
 * a credit, and the team earns one for every WEIR_EARN_NS that one of it runs. An item that turns
 * out to be done in WEIR_SMALL_NS has cost two, and its worker rests before it asks for more: in a
 * chain of tiny branches there is always something to hand out and never work for two. Credits are
 * the team's and not each worker's, since a worker with a list of long leaves is the only one that
 * can hand any out.
 *
 * Who may call what at the same time: each worker for itself; open, before the others. The count is
 * a hint: two workers may spend the last credit. */
#ifndef WEIR_CREDIT_H
#define WEIR_CREDIT_H

#include "base/atomics.h"
#include "base/base.h"
#include "sched/worker.h"

typedef struct weir__purse {
    alignas(WEIR_LINE) atomic_int credits;
    atomic_int
        most; /* a stream may have calls before its worker 0 has come, which opens the purse */
} weir__purse;

/* Full, for a team of so many. With 0, for a run that is alone, it stays empty, and nothing is
 * handed out. */
void weir__credit_open(weir__purse *purse, unsigned team);

static inline int weir__credit_left(const weir__purse *purse)
{
    return load_relaxed(&purse->credits);
}

static inline bool weir__credit_is_plenty(const weir__purse *purse)
{
    return weir__credit_left(purse) > load_relaxed(&purse->most) / 2;
}

static inline void weir__credit_spend(weir__purse *purse)
{
    sub_relaxed(&purse->credits, 1);
}

/* The worker begins an item now: since its last one ended it has earned nothing. */
void weir__credit_begin(weir__worker *worker, uint64_t now_ns);
/* It has run until now. */
void weir__credit_earn(weir__purse *purse, weir__worker *worker, uint64_t now_ns);
/* … but for this time, in which it waited. */
void weir__credit_waited(weir__worker *worker, uint64_t ns);
/* The item ends after it has run for so long; `handed`: somebody spent a credit on it. */
void weir__credit_end(weir__purse *purse, weir__worker *worker, uint64_t now_ns, uint64_t ran_ns,
                      bool handed);

#endif
