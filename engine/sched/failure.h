/* The first failure of a run: who may report it, and that everybody sees the run stop.
 *
 * Workers report failed ops; the thread that called the run takes the result.  A cancel is no failure
 * (run.h).  It must never wait for anything but another thread's few stores.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                begin  claim/publish  stopping  end
 *   begin          X          -           -       X     begin, end: the thread that runs
 *   claim          -          -           -       -     claim: any thread
 *   publish        X          X           -       -     publish: the one whose claim succeeded
 *
 * The state goes IDLE -> RUNNING -> CLAIMED -> PUBLISHED -> IDLE, or from RUNNING straight to IDLE:
 *   IDLE -> RUNNING       begin           the thread that runs
 *   RUNNING -> CLAIMED    claim           the first reporter, by compare-and-swap
 *   CLAIMED -> PUBLISHED  publish         the same, once the error is written
 *   RUNNING -> IDLE       end             the thread that runs, by compare-and-swap: nothing failed
 *   PUBLISHED -> IDLE     end             the same: it takes the error */
#ifndef WEIR_FAILURE_H
#define WEIR_FAILURE_H

#include "base/atomics.h"
#include "base/base.h"
#include "weir/status.h"

enum { WEIR_FAILURE_IDLE, WEIR_FAILURE_RUNNING, WEIR_FAILURE_CLAIMED, WEIR_FAILURE_PUBLISHED };

/* Invariant (weir__failure_is_valid): state is one of those; PUBLISHED => error is one, with texts that
 * end. */
typedef struct weir__failure {
    atomic_int state;
    weir_error error; /* written by the claimer, read after PUBLISHED */
} weir__failure;

/* Does the invariant hold? For asserts and tests. Threads: any that may peek. */
bool weir__failure_is_valid(const weir__failure *failure);

void weir__failure_begin(weir__failure *failure);

/* True for the first caller while a run is under way; that caller fills in `error` and publishes. */
bool weir__failure_claim(weir__failure *failure) WEIR_MUST_CHECK;
void weir__failure_publish(weir__failure *failure);

/* While the run is under way: true, and *error, once its failure is published. */
bool weir__failure_peek(weir__failure *failure, weir_error *error) WEIR_MUST_CHECK;

/* The same without the error. */
bool weir__failure_published(const weir__failure *failure);

/* Ends the run. Returns WEIR_OK, or the first failure's status, with *error filled in. */
weir_status weir__failure_end(weir__failure *failure, weir_error *error) WEIR_MUST_CHECK;

static inline bool weir__failure_idle(const weir__failure *failure)
{
    return load_relaxed(&failure->state) == WEIR_FAILURE_IDLE;
}

static inline bool weir__failure_stopping(const weir__failure *failure)
{
    return load_relaxed(&failure->state) >= WEIR_FAILURE_CLAIMED;
}

#endif
