/* Where ops run in a team of several workers: shielded from the OpenMP tasks of weir, and weir from
 * those of ops.
 *
 * Whoever calls ops in such a team does so in here.  No OpenMP task of weir's must ever be made inside:
 * all are included tasks there, that is, they run at once, within the call that makes them. */
#ifndef WEIR_ENCLOSE_H
#define WEIR_ENCLOSE_H

/* Calls f, in a final task of its own. A taskwait of an op, then, waits for no task of weir's, nor
 * runs one; its tasks run where they are made, and are not queued beside weir's, whose number has a
 * bound that the runtime must not pass (window.h).  An exception does not leave it: the process ends,
 * with the C++ library's message. */
void weir__enclose(void (*f)(void *), void *argument);

#endif
