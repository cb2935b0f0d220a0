/* A bell: a word on which one thread sleeps, and which others ring.
 *
 * It does not say what has happened: a sleeper looks at what it waits for after it has read the
 * bell and before it waits, and looks again afterwards.  Whoever changes what the sleeper waits for
 * does so first, and rings then.  It must never be rung under a lock that the sleeper holds.
 *
 * Who may call what at the same time: read and wait, one thread; ring, any, also a signal handler.
 * Progress:  ring never waits. */
#ifndef WEIR_BELL_H
#define WEIR_BELL_H

#include "base/atomics.h"
#include "base/base.h"

#define WEIR_NO_DEADLINE UINT64_MAX

typedef struct weir__bell {
    atomic_uint rung; /* how often */
} weir__bell;

/* What wait() is to be given. */
static inline unsigned weir__bell_read(const weir__bell *bell)
{
    /* B1: acquire; pairs with B2: who reads of a ring sees what was changed before it. */
    return load_acquire(&bell->rung);
}

/* Waits until the bell is rung, if it has not been since it was `read`, or until the deadline of
 * weir__now_ns(). May return early. */
void weir__bell_wait(weir__bell *bell, unsigned read, uint64_t deadline_ns);

void weir__bell_ring(weir__bell *bell);

#endif
