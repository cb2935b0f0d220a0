/* Threads that weir or the OpenMP runtime is about to make: whether the system gives them, and which
 * signals reach them.
 *
 * team.c, stream.c and fork.c ask before they make threads, or let the runtime do so.  It must never
 * leave a thread behind. */
#ifndef WEIR_THREADS_H
#define WEIR_THREADS_H

#include <signal.h>

#include "base/base.h"
#include "weir/status.h"

/* Tries whether the system gives `pool` more threads to OpenMP and `own` to weir, all at once: makes
 * them, for a moment.  WEIR_OK, WEIR_ENOMEM, or WEIR_ESYS. */
weir_status weir__threads_try(unsigned pool, unsigned own) WEIR_MUST_CHECK;

/* The stack that the OpenMP runtime gives its threads, as the environment says; 0: the system's
 * default. *variable is the one that says so. */
size_t weir__threads_stack_bytes(const char **variable);

/* Blocks the signals that are sent to a program, for the calling thread and those that it makes from
 * now on; those that its own instructions and writes raise still reach it. */
void weir__threads_block_signals(sigset_t *before);
void weir__threads_restore_signals(const sigset_t *before);

#endif
