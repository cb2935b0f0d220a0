/* What forks do to weir: which process this is, locks that no fork may find taken, and where the
 * thread that was forked off opens its OpenMP regions.
 *
 * Whoever keeps something that only one process can use, or opens a region, asks here.  It must never
 * touch what other threads of the parent may have been changing at the fork.
 *
 * In the child of a fork there is one thread, that which forked. With libgomp it still has the pool of
 * OpenMP threads that it had, but the threads are in the parent only, and a region would wait for them
 * for ever.  A thread that is made in the child has a pool of its own: the substitute is one, which
 * opens regions in place of the one that was forked off. libomp starts anew by itself. */
#ifndef WEIR_FORK_H
#define WEIR_FORK_H

#include "base/base.h"
#include "weir/status.h"

/* Which process this is: never 0, and another number in each child of a fork. */
unsigned weir__fork_process(void);

/* From hold to release no fork happens: for calls of libraries that have locks of their own. May be
 * nested.
 * Progress:  waits while another thread holds. */
void weir__fork_hold(void);
void weir__fork_release(void);

/* Must this thread leave its regions to the substitute? */
bool weir__fork_lost_pool(void);
/* Calls f on the substitute, with the calling thread's floating-point mode, and waits until it
 * has returned. WEIR_OK, or WEIR_ESYS: there is no thread for it, and f was not called.
 * Threads: one that has lost its pool. */
weir_status weir__fork_call(void (*f)(void *), void *argument) WEIR_MUST_CHECK;

#endif
