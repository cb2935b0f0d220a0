/* The account of the graphs on one engine: which task may start, so that no more than `limit` bytes
 * are ever held, and all graphs come to their end.
 *
 * Here are the decisions alone, as functions of the records below and of nothing else, so that tests can
 * copy these and try every schedule.  Whoever calls has the lock (book.h).  Nothing here waits.
 *
 * The rule.  Each graph has an order of its tasks, with mem[i] what is live during step i of a
 * serial run (order.h).  The first `prefix` tasks of the order are booked: each may start as soon as
 * it is ready, and has its bytes.  The others:
 *   head:       the task at `prefix` may start if booked + need <= limit;
 *   early:      the task at j may start if also early + need + max mem[prefix … j-1] + the rest of
 *               each other graph <= limit, where a graph's rest is max mem[prefix …];
 *   on demand:  or else the prefix is booked up to j, if all that fits.
 * Ready tasks are tried in the order of their positions.  An early task that adds to what is held leaves
 * as much again, for others that go on with what such tasks hold.  Without either, early tasks soon hold
 * all the slack, none of them can go on, and all but the prefix stands still.
 * Nothing is booked before somebody needs it to be.  When the prefix reaches an early task, the
 * bytes of that one are early no more.  A graph enters if early + all rests, its own included, <=
 * limit.  A graph in a task of another one has the bytes that were lent to it with that task: its
 * prefix books inside them, and only its early starts are of the account.
 *
 * Never above the limit: booked <= limit after each start, and what is held is booked.
 *
 * Never a deadlock.  Let E(g, i) be what the early tasks of graph g beyond step i hold, and
 *     W(g) = max over i >= prefix of E(g, i) + mem[i];   0, where the prefix is all.
 *   (1) The sum of W(g) over all graphs that are not lent <= limit (with E of lent ones added).
 * A graph that enters has W = its rest, and each W(h) <= early of h + rest of h: (1) is what entering
 * asks for.  An early start at j of g changes E(g, i) for i < j alone, to at most early of g + need,
 * beside mem[i] <= max mem[prefix … j-1]: where W(g) becomes one of these, (1) is what the rule asks
 * for; else W(g) is as before.  A longer prefix takes steps out of the maximum, and changes no E(g, i)
 * of those that remain.  Whatever finishes makes E smaller.
 *   (2) If nothing runs and nothing is about to, each head fits.  All tasks of a prefix have finished
 * then: their predecessors are in the prefix too, or need nothing.  Whose bytes are not back has a
 * user that has not finished, which is beyond the prefix; so the prefix of g holds at most what the
 * serial run holds there, and with the head's need at most mem[prefix] <= W(g) - E(g, prefix).  Over
 * all graphs that is (1).  A lent graph's prefix fits into what is lent by the same argument.
 *   (3) So it is enough that all heads are tried before nothing runs any more, and when bytes come back
 * that a graph may wait for in which nothing runs (book.h).
 *
 * Cost: O(log n) for a start or a try, and for what was started early once more. */
#ifndef WEIR_ACCOUNT_H
#define WEIR_ACCOUNT_H

#include "base/atomics.h"
#include "graph/bits.h"
#include "graph/order.h"

#define WEIR__NOT_LENT   UINT64_MAX
#define WEIR__MOST_TRIED 4

typedef struct weir__ledger weir__ledger;

/* Invariant (weir__account_is_valid): early <= booked <= limit;  early and rest are the sums of the
 * ledgers';  booked is early and what is inside of those that are not lent;  (1). */
typedef struct weir__account {
    uint64_t limit;
    uint64_t booked;
    uint64_t early;
    uint64_t rest;
    weir__ledger *first; /* the graphs under way */
} weir__account;

enum {                     /* of a task beyond the prefix, by position; 0 for others */
       WEIR__EARLY = 1,    /* it was started early, */
       WEIR__WORKED = 2,   /* has given back what it worked with, */
       WEIR__RETURNED = 4, /* and what it held */
};

/* What a graph has on the account.
 * Invariant (weir__account_is_valid too): no task below the prefix has a state;  early is what those
 * hold that have one;  started has their needs;  rest is max mem[prefix …], or 0 where it is lent;
 * inside <= lent;  no noted task is early. */
struct weir__ledger {
    const weir__order *order;
    weir__account *account; /* NULL: between runs, and then all arrays are 0 */
    weir__ledger *next;
    atomic_uint prefix; /* read without the lock: the tasks below have their bytes */
    uint32_t cursor; /* noted tasks at positions below, but for a head, have been tried in vain */
    uint64_t rest;
    uint64_t early;
    int64_t added;     /* by early tasks, as in the order, what they and their like will hold */
    uint64_t inside;   /* booked by the prefix, */
    uint64_t lent;     /* and the most of that; or WEIR__NOT_LENT */
    weir__bits noted;  /* ready, and not started */
    uint64_t *started; /* by blocks of positions, a Fenwick tree (sums.h) */
    uint8_t *state;
    void *memory; /* of the arrays */
    size_t bytes;
};

void weir__account_open(weir__account *account, uint64_t limit);

/* The memory of a ledger for graphs of that order. WEIR_OK or WEIR_ENOMEM. */
weir_status weir__ledger_open(weir__ledger *ledger, const weir__order *order) WEIR_MUST_CHECK;
void weir__ledger_close(weir__ledger *ledger);

/* A graph begins. lent: bytes that its starter has booked for it, at least serial_bytes of the order,
 * and then the answer is yes; or WEIR__NOT_LENT. No: not now, and nothing has happened. */
bool weir__account_enter(weir__account *account, weir__ledger *ledger,
                         uint64_t lent) WEIR_MUST_CHECK;
/* It has ended; what it has not given back, it gives back now. */
void weir__account_leave(weir__ledger *ledger);

/* May the task at this position start, which is ready and has not started? Books its bytes. */
bool weir__ledger_start(weir__ledger *ledger, uint32_t position) WEIR_MUST_CHECK;
/* It is ready, and is to be tried later. */
void weir__ledger_note(weir__ledger *ledger, uint32_t position);
/* What a task gives back: WEIR__WORKED or WEIR__RETURNED. Each once, in any order. */
void weir__ledger_return(weir__ledger *ledger, uint32_t position, unsigned what);

/* Noted tasks that may start: their bytes are booked, and they are noted no more. */
typedef struct weir__found {
    unsigned n, most; /* how many, and how many are wanted */
    struct weir__found_task {
        weir__ledger *ledger;
        uint32_t position;
    } *at;
} weir__found;

/* Tries the heads of all graphs. */
void weir__account_try_heads(weir__account *account, weir__found *found);
/* Tries others, WEIR__MOST_TRIED at most that are in vain: those of this ledger first. */
void weir__account_try_others(weir__ledger *ledger, weir__found *found);

bool weir__account_is_valid(const weir__account *account);

#endif
