/* The budget: an account of bytes that never holds more than its limit.
 *
 * Accounts form a tree: the engine's, which max_bytes limits, above each run's, which its
 * certificate limits, above those of the runs that its ops start.  What an account holds is held by
 * all accounts above it as well, so runs of every kind and streams share max_bytes strictly.  It
 * must never wait, nor know what the bytes are for.
 *
 * Who may call what at the same time on accounts of one tree ("-" free, "X" never):
 *                     open/close  reserve/release  held/peak/room
 *   open/close           X              X                X
 *   reserve/release      X              -                -
 *   held/peak/room       X              -                -
 * (open/close: the column is this account and those below it; elsewhere in the tree all are free)
 * Order:     none.  Memory goes from thread to thread in other ways, which order it.
 * Progress:  lock-free.  Bytes are taken from below to the top, undone where an account says no.
 *            So for a moment an account below the top may hold what one above then refuses, and
 *            refuse another for that.  The topmost account refuses for bytes that are held, only.
 * Memory:    the caller's; a parent outlives its children. */
#ifndef WEIR_BUDGET_H
#define WEIR_BUDGET_H

#include "base/atomics.h"
#include "base/base.h"

#define WEIR_NO_LIMIT UINT64_MAX

/* Invariant (weir__budget_is_valid), at every moment: held <= limit, peak <= limit, and parent is
 * NULL or has a limit.
 * At rest: held <= peak, and held == what was reserved here + what is kept here + the sum of what
 * the children hold. */
typedef struct weir__budget {
    struct weir__budget *parent; /* an ancestor without a limit never says no, and is left out */
    uint64_t limit; /* WEIR_NO_LIMIT: none; it counts what is reserved here all the same */
    atomic_uint_least64_t held;
    atomic_uint_least64_t peak; /* the most that was ever granted at one time */
} weir__budget;

/* parent: NULL for the topmost account. */
void weir__budget_open(weir__budget *budget, weir__budget *parent, uint64_t limit);
/* All bytes must be back. */
void weir__budget_close(const weir__budget *budget);

/* Takes bytes from this account and all above it, or none from any. Returns NULL, or the account
 * that says no. */
const weir__budget *weir__budget_reserve(weir__budget *budget, uint64_t bytes) WEIR_MUST_CHECK;
void weir__budget_release(weir__budget *budget, uint64_t bytes);

/* The same for memory that an account above keeps while it is free: `keeper` (NULL: none) has held
 * `kept` of the bytes before, and goes on holding them afterwards.  So these change nothing in the
 * keeper and above it. */
const weir__budget *weir__budget_reserve_kept(weir__budget *budget, uint64_t bytes,
                                              const weir__budget *keeper,
                                              uint64_t kept) WEIR_MUST_CHECK;
void weir__budget_release_kept(weir__budget *budget, uint64_t bytes, const weir__budget *keeper,
                               uint64_t kept);

/* A run's account from its beginning to its end: opens it with the first bytes, and closes it with
 * the last, which must be all that it holds.  No other thread knows it yet, or any more. */
const weir__budget *weir__budget_begin(weir__budget *budget, weir__budget *parent, uint64_t limit,
                                       uint64_t bytes, const weir__budget *keeper,
                                       uint64_t kept) WEIR_MUST_CHECK;
void weir__budget_end(weir__budget *budget, uint64_t bytes, const weir__budget *keeper,
                      uint64_t kept);

/* What it holds is the parent's alone from now on; as begin, no other thread knows it. */
void weir__budget_hand_over(weir__budget *budget);

/* Does what stands above the struct hold, here and above? At every moment, whoever is at work. */
bool weir__budget_is_valid(const weir__budget *budget);

/* The next account from this one upwards that has a limit; NULL: none. */
static inline weir__budget *weir__budget_limited(weir__budget *budget)
{
    return budget == NULL || budget->limit != WEIR_NO_LIMIT ? budget : budget->parent;
}

static inline uint64_t weir__budget_held(const weir__budget *budget)
{
    return load_relaxed(&budget->held);
}

static inline uint64_t weir__budget_peak(const weir__budget *budget)
{
    return load_relaxed(&budget->peak);
}

/* What this account alone would still grant, as it looks now. */
static inline uint64_t weir__budget_room(const weir__budget *budget)
{
    return budget->limit - weir__budget_held(budget);
}

#endif
