/* The book of a graph: which of its tasks hold bytes, which ready ones may start within the limit, and
 * which have to wait.
 *
 * Without a limit, or where it is at least what can be held at once (weir_graph_certified_bytes), all may
 * start, and the book writes nothing but the counts of users that release functions need; without those
 * either, each call is one look.  In a run that is limited, the book has the ready tasks.  The runner
 *
 *   - notes each task that becomes ready and has no bytes yet (weir__book_has_bytes), the roots too;
 *   - tells when a task has finished, and gets back some of those that may start then.  One that became
 *     ready with it may be asked for in the same call, without being noted first;
 *   - takes some when it has no task to run, and before it goes without one.
 *
 * Which may start is decided in account.h, which has the proof.  For that, the last of these is needed:
 * so a graph's head was tried when nothing of it runs any more.  Graphs on one engine share an account, and
 * what a root graph waits for may come back from another one, when nobody is at work on it: such a graph is
 * parked.  Whoever gives bytes back is granted tasks of parked graphs as well, which are parked no more: it
 * brings each to its run.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                     open/close  begin/end  all others
 *   open/close             X          X          X
 *   begin/end              X          X          X        of this book; of others on the account: -
 *   all others             X          X          -        began, finished, note: once for each task
 * Order:     what a task did happens before its holders are released, and that before whatever starts on
 *            the bytes that came back.
 * Progress:  a lock of the account's, held for O(log n) steps; only under a limit, and only where bytes
 *            are to be booked or come back: about two times for each task that needs some.  Nothing
 *            here waits for bytes.
 * Memory:    the book's, from open to close; none is allocated by a run. */
#ifndef WEIR_BOOK_H
#define WEIR_BOOK_H

#include <pthread.h>

#include "graph/account.h"
#include "graph/graph.h"

/* Tasks that are granted at once: to one that finishes, and to several that finish together. */
#define WEIR__FEW_GRANTED  4
#define WEIR__MOST_GRANTED 32

/* The books of all graphs on one engine, or of one graph. */
typedef struct weir__books {
    pthread_mutex_t lock;  /* before those of the windows */
    weir__account account; /* under the lock */
} weir__books;

/* With so many bytes, or with what an engine has that has a limit. */
void weir__books_open(weir__books *books, uint64_t limit);
void weir__books_open_in(weir__books *books, weir__windows *windows);
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

/* Noted tasks that may start now: their bytes are booked, and they are noted no more. Those of another
 * book, which was parked, are for that graph's run, and one of each. */
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
/* Or one that shares an account with others, of a graph that needs bytes. */
void weir__book_begin_in(weir__book *book, weir__books *books, const weir__terms *terms);
/* Its run is about to end with a failure: what is booked counts nowhere else any more. */
void weir__book_stop_counting(weir__book *book);
/* It is over. complete: all tasks have finished. Else release is called for all tasks that have begun
 * and whose bytes are not back. What is left may let parked graphs go on: weir__books_take(). */
void weir__book_end(weir__book *book, bool complete);

/* May the task start, since it has its bytes, or needs none? Else it is to be noted, once it is ready. */
bool weir__book_has_bytes(const weir__book *book, weir_task task);
/* Notes ready tasks that have no bytes. In a run that is limited. */
void weir__book_note(weir__book *book, const weir_task *task, uint32_t n);
/* Takes noted tasks that may start, `most` at most: one of each parked graph, then heads of this book, then
 * others of it, the first of its order. book: NULL is those of parked graphs. */
void weir__books_take(weir__books *books, weir__book *book, unsigned most, weir__granted *granted);
/* The count of what is at work on the graph goes down by one. may_park: the last one leaves no noted tasks
 * behind. If some of them may start, they are granted and the count stays; else the graph is parked, and
 * the count stays for whoever is granted one: nothing of it may be touched any more. Returns what the
 * count was before; 0: it stays.
 * Threads: all that may lower it to 0 do so here. */
unsigned weir__book_leave(weir__book *book, atomic_uint *at_work, bool may_park,
                          weir__granted *granted);
/* Takes a parked one for which that is true out of the parked ones; NULL: there is none. */
weir__book *weir__books_unpark(weir__books *books,
                               bool (*is_one)(const weir__book *)) WEIR_MUST_CHECK;
/* Its op is called next. (A task that may start, but does not since the run stops, has not begun.) */
void weir__book_began(weir__book *book, weir_task task);
/* The task has finished: what it held or was the last user of is released and given back.
 *
 * next:     a ready task that the worker would run now, not noted; or WEIR_NO_TASK.
 * granted:  noted ones that may start, as weir__books_take() has them.
 * Returns:  whether `next` may start; else it is noted, if it is one. It comes before all noted tasks but
 *           heads, or chains would lose what they give back to others that only begin.
 * The counts of predecessors may be lowered before or after. */
bool weir__book_finished(weir__book *book, weir_task task, weir_task next, weir__granted *granted);
/* The same for n tasks that finish together: with one lock, and one look at those that wait, of
 * which about twice as many are granted as have finished. */
bool weir__book_finished_all(weir__book *book, const weir_task *task, uint32_t n, weir_task next,
                             weir__granted *granted);

#endif
