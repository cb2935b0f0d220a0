/* The book of a graph: which of its tasks hold bytes, which may start within the limit, and who has
 * been denied.
 *
 * The runner asks before it starts a task, and tells when a task has finished; the book calls the
 * program's release functions, gives bytes back, and says which denied tasks may start now.  Where
 * the limit is at least what can be held at once (weir_graph_certified_bytes), it grants all and
 * writes nothing but the counts of users that release functions need; without those either, each
 * call is one look.  Which task may start is decided in account.h, which has the proof.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                     open/close  begin/end  may_start, began, finished
 *   open/close             X          X          X
 *   begin/end              X          X          X
 *   may_start …            X          X          -      each of them once for each task
 * Order:     what a task wrote happens before its holders' release functions, and before whatever
 *            starts on the bytes that they gave back.
 * Progress:  a lock of the account's, held for O(log n) steps; only under a limit, and only where
 *            bytes are to be booked or come back.  Nothing here waits for bytes: a denied task is
 *            noted, and comes out of a later *granted of either call.  While a task is
 *            noted, some other task of the account's graphs may start, runs, or is about to ask.
 * Memory:    the book's, from open to close; none is allocated by a run. */
#ifndef WEIR_BOOK_H
#define WEIR_BOOK_H

#include <pthread.h>

#include "graph/account.h"
#include "graph/graph.h"

#define WEIR__MOST_GRANTED 4

/* The books of all graphs on one engine, or in one run. */
typedef struct weir__books {
    pthread_mutex_t lock;
    weir__account account; /* under the lock */
} weir__books;

void weir__books_open(weir__books *books, uint64_t limit);
/* No graph is under way. */
void weir__books_close(weir__books *books);

/* Invariant (weir__book_is_valid), between runs: no users are counted down (graph.h), and the ledger
 * is 0 where it is open. In a run that is limited, the account's. */
typedef struct weir__book {
    weir_graph *graph;
    weir__books *books; /* which it is in, in a run that is limited; else NULL */
    bool counts;        /* users are counted in this run: it is limited, or something is released */
    bool ordered;       /* the graph needs bytes, and the ledger is open */
    weir__ledger ledger;
    weir__books own; /* of a run that has its bytes for itself */
} weir__book;

/* Denied tasks that may start now: their bytes are booked. Those of another graph's book are for that
 * graph's run. */
typedef struct weir__granted {
    unsigned n;
    struct {
        weir__book *book;
        weir_task task;
    } at[WEIR__MOST_GRANTED];
} weir__granted;

/* For a compiled graph with its order; NULL where it neither needs bytes nor releases any.
 * WEIR_OK or WEIR_ENOMEM. */
weir_status weir__book_open(weir__book **book, weir_graph *graph) WEIR_MUST_CHECK;
void weir__book_close(weir__book *book);

/* A run begins that has `limit` bytes for itself, at least weir_graph_serial_bytes(graph);
 * UINT64_MAX: as many as it wants. */
void weir__book_begin(weir__book *book, uint64_t limit);
/* Or one that shares an account with others, of a graph that needs bytes. lent: what its starter has
 * booked for it there, as weir__account_enter() has it; or WEIR__NOT_LENT. No: it cannot begin now. */
bool weir__book_begin_in(weir__book *book, weir__books *books, uint64_t lent) WEIR_MUST_CHECK;
/* It is over. complete: all tasks have finished. Else release is called for all tasks that have begun
 * and whose bytes are not back; in shared books, somebody else then looks (weir__books_look()). */
void weir__book_end(weir__book *book, bool complete);
/* Denied tasks of any graph in these books that may start, after one has ended. */
void weir__books_look(weir__books *books, weir__granted *granted);

/* May the task start, all of whose predecessors have finished? Yes: its bytes are booked. No: it is
 * denied and noted, and nobody runs it until a *granted names it. Also sets *granted. */
bool weir__book_may_start(weir__book *book, weir_task task, weir__granted *granted);
/* Its op is called next. (A task that may start, but does not since the run stops, has not begun.) */
void weir__book_began(weir__book *book, weir_task task);
/* The task has finished: what it held or was the last user of is released and given back.  `next`
 * is a ready task that the worker would run now, or WEIR_NO_TASK; true: it may start, and its bytes
 * are booked; else it is noted (false for WEIR_NO_TASK).  It comes before older denied ones, or
 * chains would lose what they gave back to new ones. Also sets *granted.
 * Counting down the predecessors of successors may come before this call or after it. */
bool weir__book_finished(weir__book *book, weir_task task, weir_task next, weir__granted *granted);

#endif
