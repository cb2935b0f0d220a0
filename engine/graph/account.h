/* The account of the graphs on one engine: which task may start, so that no more than max_bytes are ever
 * held, and all graphs come to their end.
 *
 * Here are the decisions alone, as functions of the records below and of the engine's budget, so that tests
 * can copy these and try every schedule.  Whoever calls has the lock (book.h).  Nothing here waits.
 *
 * The rule.  Each graph has an order of its tasks, with mem[i] what is live during step i of a
 * serial run (order.h).  The first `prefix` tasks of the order are booked: each may start as soon as
 * it is ready, and has its bytes.  The others:
 *   head:       the task at `prefix` may start if booked + need fits;
 *   early:      the task at j may start if also early + need + max mem[prefix … j-1] + the rest of
 *               each other graph fits, where a graph's rest is max mem[prefix …];
 *   on demand:  or else the prefix is booked up to j, if all that fits.
 * What fits is what the account holds in the engine's budget, or can get there now.  Of what it holds it
 * keeps booked and `worst`, as below, and gives the rest back.  So parts, streams and other runs, which
 * take from the same budget, leave every graph its rest, and early tasks leave them what they hold.
 * Ready tasks are tried in the order of their positions.  An early task that adds to what is held leaves
 * as much again, for others that go on with what such tasks hold.  Without either, early tasks soon hold
 * all the slack, none of them can go on, and all but the prefix stands still.
 * Nothing is booked before somebody needs it to be.  When the prefix reaches an early task, the
 * bytes of that one are early no more.  A graph enters with its rest, which its starter has got from the
 * budget.  A graph in a task or op of another run has the bytes that were lent to it with that: its prefix
 * books inside them, and only its early starts are of the account.
 *
 * Never above max_bytes: booked <= held after each start, what is held is booked, and the budget has it.
 *
 * Never a deadlock.  Let E(g, i) be what the early tasks of graph g beyond step i hold, and
 *     W(g) = max over i >= prefix of E(g, i) + mem[i];   0, where the prefix is all.
 *   (1) The sum of W(g) over all graphs that are not lent (with E of lent ones added) <= worst <= held.
 * A graph that enters brings W = its rest to each of the three.  An early start at j of g changes E(g, i)
 * for i < j alone, to at most early of g + need, beside mem[i] <= max mem[prefix … j-1]: where W(g) becomes
 * one of these, the sum is at most what the rule asks for, to which worst is raised; else W(g) is as
 * before.  A longer prefix takes steps out of the maximum, and changes no E(g, i) of those that remain.
 * Whatever finishes makes E smaller.  And no sum of W is more than early + all rests, to which worst falls.
 *   (2) If nothing runs and nothing is about to, each head fits.  All tasks of a prefix have finished
 * then: their predecessors are in the prefix too, or need nothing.  Whose bytes are not back has a
 * user that has not finished, which is beyond the prefix; so the prefix of g holds at most what the
 * serial run holds there, and with the head's need at most mem[prefix] <= W(g) - E(g, prefix).  Over
 * all graphs that is (1), whatever others have of the budget.  A lent graph's prefix fits into what is lent
 * by the same argument, if nothing of that graph alone runs: it never waits for another graph.
 *   (3) So it is enough that a graph's head is tried before nothing of it runs any more, and that of a
 * root graph then, which is *parked*, whenever bytes of the account come back.
 *
 * Cost: O(log n) for a start or a try, and for what was started early once more. */
#ifndef WEIR_ACCOUNT_H
#define WEIR_ACCOUNT_H

#include "base/atomics.h"
#include "graph/bits.h"
#include "graph/order.h"
#include "sched/window.h"

#define WEIR__NOT_LENT   UINT64_MAX
#define WEIR__MOST_TRIED 4

typedef struct weir__ledger weir__ledger;

/* Invariant (weir__account_is_valid): early <= booked <= held;  kept <= held;  early, rest and kept are
 * the sums of the ledgers';  booked is early and what is inside of those that are not lent;  (1).
 * Where windows is NULL, held is all that there is, and kept. */
typedef struct weir__account {
    weir__windows
        *windows;  /* of the engine, whose budget pays; NULL: this account has a limit of its own */
    uint64_t held; /* in that budget, */
    uint64_t kept; /* of which so much is not given back before its run ends */
    uint64_t booked;
    uint64_t early;
    uint64_t rest;
    uint64_t worst;
    unsigned parked;     /* graphs */
    weir__ledger *first; /* the graphs under way */
} weir__account;

/* With what a graph begins. */
typedef struct weir__terms {
    uint64_t
        lent; /* its starter has booked for it, at least serial_bytes of the order; or WEIR__NOT_LENT */
    uint64_t brought; /* else the starter has reserved so much in the budget, as much at least, */
    bool keeps;       /* which the account keeps until the graph ends */
    weir__budget *counts; /* below the engine's: what is booked counts there too; NULL: nowhere */
} weir__terms;

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
    int64_t added;   /* by early tasks, as in the order, what they and their like will hold */
    uint64_t inside; /* booked by the prefix, */
    uint64_t lent;   /* and the most of that; or WEIR__NOT_LENT */
    uint64_t kept;   /* by the account for it */
    weir__budget *counts;
    bool parked;       /* nobody is at work on it, and tasks are noted */
    weir__bits noted;  /* ready, and not started */
    uint64_t *started; /* by blocks of positions, a Fenwick tree (sums.h) */
    uint8_t *state;
    void *memory; /* of the arrays */
    size_t bytes;
};

/* An account of so many bytes, */
void weir__account_open(weir__account *account, uint64_t limit);
/* or of what an engine with a limit has for graphs. */
void weir__account_open_in(weir__account *account, weir__windows *windows);

/* The memory of a ledger for graphs of that order. WEIR_OK or WEIR_ENOMEM. */
weir_status weir__ledger_open(weir__ledger *ledger, const weir__order *order) WEIR_MUST_CHECK;
void weir__ledger_close(weir__ledger *ledger);

/* A graph begins. */
void weir__account_enter(weir__account *account, weir__ledger *ledger, const weir__terms *terms);
/* It has ended; what it has not given back, it gives back now. */
void weir__account_leave(weir__ledger *ledger);
/* What it has booked counts nowhere else any more: the run is at its end that counts it. */
void weir__ledger_stop_counting(weir__ledger *ledger);

/* Gives back to the budget what the account need not hold: before the lock is left, where tasks have
 * started, or bytes come back. */
void weir__account_settle(weir__account *account);

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

/* Is something noted? */
bool weir__ledger_has_noted(const weir__ledger *ledger);
/* Nobody is at work on it any more, but noted tasks wait; and a task of it was found, or it is to end. */
void weir__ledger_park(weir__ledger *ledger);
void weir__ledger_unpark(weir__ledger *ledger);

/* Tries the first noted task of each parked graph, and then the heads of this ledger; or NULL. */
void weir__account_try_heads(weir__account *account, weir__ledger *ledger, weir__found *found);
/* Tries others of this ledger, WEIR__MOST_TRIED at most that are in vain. */
void weir__account_try_others(weir__ledger *ledger, weir__found *found);

bool weir__account_is_valid(const weir__account *account);

#endif
