/* The OpenMP tasks of the engine: around a worker, around ops, and the gathers of frames that were
 * suspended.
 *
 * Whoever runs ops or gathers in a team of several workers does so in here; a worker that is alone
 * needs none of it.  None of these tasks is ever queued for another thread: work travels by mail. */
#ifndef WEIR_ENCLOSE_H
#define WEIR_ENCLOSE_H

/* Calls f, which is a worker's whole part of a run, in a task of its own: no task with a dependence
 * may be made by a thread's implicit task.  libgomp 12 may lose the table that it keeps those in, and
 * libomp may free it twice. */
void weir__enclose_worker(void (*f)(void *), void *argument);

/* Calls f, which calls ops, in a final task: one of its own, or that of the op that waits for them.  A
 * taskwait of an op, then, waits for no task of weir's, and an op's tasks run where they are made.  An
 * exception does not leave it: the process ends, with the C++ library's message. */
void weir__enclose_ops(void (*f)(void *), void *argument);

/* Calls f, which gathers a suspended frame, as a task that depends on the frame.  What orders the
 * gather behind the frame's parts is their count (frame.h), which is 0 by now; the dependence says the
 * same to OpenMP and to its tools.  A task of its own is around it, since libomp keeps what it knows
 * of a dependence until the task ends that has made it.
 * In a region of an op's own, whose threads are no workers, it just calls.
 * Threads: a worker's, outside of other gathers. */
void weir__enclose_gather(void (*f)(void *), void *argument, const char *frame);

#endif
