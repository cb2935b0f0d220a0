/* The window: how many parts of a run may be out, and what memory they get.
 *
 * The pipeline asks it before it hands a part to another worker, and tells it when the part
 * is complete; at the limit the answer is no, and nobody ever waits for a yes.  It owns
 * the memory of parts and scratch, whose bytes it takes from the run's account (budget.h).  It must
 * never hold memory whose bytes no account holds.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                open/close  begin/end  admit  complete  scratch  trim
 *   open/close       -          -         -       -         -       -      of different windows
 *   begin/end        X          X         X       X         X       -
 *   admit, complete  X          X         -       -         -       -
 *   scratch          X          X         -       -         -       -
 *   trim             X          -         -       -         -       -
 * (begin/end, hand_over: the thread that runs, before the first part and after the last; windows_reserve: as
 * trim, on all windows)
 * Order:     what a part wrote reaches its gather by other ways (promote.h); the lock orders only the
 *            window's own lists.
 * Progress:  a lock, held for a few list operations, and for one allocation while the engine is
 *            cold.
 * Memory:    blocks that are free stay with the window for the next part or run.  The engine's
 *            account goes on holding their bytes, so held and free ones of all its windows together
 *            never exceed max_bytes; who is refused bytes by that account frees all free blocks and
 *            asks again.  Those of one window never exceed its last run's limit either. */
#ifndef WEIR_WINDOW_H
#define WEIR_WINDOW_H

#include <pthread.h>

#include "base/atomics.h"
#include "base/base.h"
#include "sched/block.h"
#include "sched/budget.h"
#include "sched/event.h"
#include "weir/status.h"

/* Bytes that a block of `bytes` really takes, its header included. */
uint64_t weir__window_block_bytes(uint64_t bytes);

typedef struct weir__window weir__window;

/* All windows of an engine: they keep free blocks, and one account pays. */
typedef struct weir__windows {
    weir__budget *payer;  /* the engine's account; NULL: it has no limit, and nobody pays */
    atomic_uint in_need;  /* who has been refused bytes and asks again: nothing is kept meanwhile */
    pthread_mutex_t lock; /* of the list; taken before a window's */
    weir__window *first;
    atomic_uint waiting; /* runs that wait for bytes to begin with: nothing is admitted meanwhile */
    weir__event room;    /* where the first of them sleeps */
} weir__windows;

/* Invariant (weir__window_is_valid), under the lock:
 *   the list of free blocks is valid, and the payer holds at least their bytes;
 *   in_flight <= max_in_flight;
 *   scratch_count >= min(team, 1 + in_flight) if there is scratch or nested_bytes, else 0; and the
 *   run's account holds the bytes of that scratch, and nested_bytes for each. */
struct weir__window {
    /* Written under the lock; in_flight and the bytes of free blocks are read without it as a
     * hint. */
    alignas(WEIR_LINE) pthread_mutex_t lock;
    atomic_size_t in_flight;   /* parts made and not complete */
    weir__blocks free;         /* kept for the next part or run */
    weir__block *free_scratch; /* reserved for this run, not in use */
    unsigned scratch_count;    /* reserved for this run */
    size_t peak_in_flight;
    /* The run's account, open from begin to end. Runs inside this one write it without the lock. */
    weir__budget budget;

    /* Read-only while a run is under way. */
    alignas(WEIR_LINE) unsigned team; /* 0: there is none */
    size_t max_in_flight;
    uint64_t scratch_bytes;
    uint64_t nested_bytes;      /* declared with each scratch */
    const weir__budget *lender; /* that holds already what the run's account takes; or NULL */

    /* Read-only after open. */
    weir__windows *all;
    weir__window *next;
};

static_assert(!WEIR_SAME_LINE(weir__window, budget, team), "what all read is not where some write");

/* Limits of one run. */
typedef struct weir__limits {
    size_t max_in_flight;
    uint64_t limit_bytes;   /* the certificate */
    uint64_t scratch_bytes; /* one worker's; 0: none */
    uint64_t nested_bytes;  /* of the runs that one worker's ops start; 0: none */
    weir__budget *parent;   /* of the run's account: the payer, or an account below it */
    bool lent;              /* the parent has limit_bytes declared for this run already */
} weir__limits;

/* budget: the engine's account. */
void weir__windows_open(weir__windows *all, weir__budget *budget);
/* All windows must be closed. */
void weir__windows_close(weir__windows *all);
/* Reserves bytes that are no window's; free blocks give way. And back. */
bool weir__windows_reserve(weir__windows *all, weir__budget *budget,
                           uint64_t bytes) WEIR_MUST_CHECK;
void weir__windows_release(weir__windows *all, weir__budget *budget, uint64_t bytes);
/* The same as reserve for what can do without: not while a root waits for bytes. */
bool weir__windows_try_reserve(weir__windows *all, weir__budget *budget,
                               uint64_t bytes) WEIR_MUST_CHECK;
static inline bool weir__windows_are_waited_for(const weir__windows *all)
{
    return WEIR_UNLIKELY(load_relaxed(&all->waiting) > 0);
}
/* There may be bytes again. Whoever waits for some has looked under the locks under which they came back,
 * and sleeps, or looks later. */
static inline void weir__windows_tell(weir__windows *all)
{
    if (weir__windows_are_waited_for(all))
        weir__event_notify(&all->room);
}

weir_status weir__window_open(weir__window *window, weir__windows *all) WEIR_MUST_CHECK;
void weir__window_close(weir__window *window);

/* Begins a run: opens its account and takes what a serial run needs, one block of root_bytes (0: none; plus
 * root_declared bytes of ops) and scratch for one worker; all or nothing. *root is the block, or NULL.
 * Returns WEIR_OK, or WEIR_EBUDGET: an account says no; WEIR_ENOMEM: there is no memory. */
weir_status weir__window_begin(weir__window *window, const weir__limits *limits,
                               uint64_t root_bytes, uint64_t root_declared,
                               void **root) WEIR_MUST_CHECK;
/* The bytes that it has begun with, a root's that is declared alone, are the caller's from now on, who gives
 * them back to the parent; the account begins empty. Before others know of the run. */
void weir__window_hand_over(weir__window *window);
/* How many threads the run got: fewer than asked for lower the limit of parts in flight. */
void weir__window_set_team(weir__window *window, unsigned team);
/* Ends it and closes its account: every permit and byte must be back but root's. */
void weir__window_end(weir__window *window, void *root, uint64_t root_declared);

/* Frees the blocks that are kept. */
void weir__window_trim(weir__window *window);

/* Reserves a permit, a block of `bytes` and `declared` bytes of ops, and scratch if one more worker
 * may come to run; all or nothing. Returns the block; NULL: not now, run it in place. */
void *weir__window_admit(weir__window *window, uint64_t bytes, uint64_t declared) WEIR_MUST_CHECK;
/* A part is complete: the permit, its block and its declared bytes are given back. */
void weir__window_complete(weir__window *window, void *block, uint64_t declared);

/* A permit alone, for what has its memory elsewhere; false: not now. And back. */
bool weir__window_admit_permit(weir__window *window) WEIR_MUST_CHECK;
void weir__window_complete_permit(weir__window *window);

/* Scratch for a worker that begins to run, aligned to WEIR_LINE; NULL if the plan has none. */
void *weir__window_acquire_scratch(weir__window *window) WEIR_MUST_CHECK;
void weir__window_release_scratch(weir__window *window, void *scratch);

/* Does what stands above the struct hold? Under the lock, or while nobody else is at work. */
bool weir__window_is_valid(const weir__window *window);

/* May one part more be in flight, as it looks now? */
static inline bool weir__window_has_permit(const weir__window *window)
{
    return load_relaxed(&window->in_flight) < window->max_in_flight;
}

#endif
