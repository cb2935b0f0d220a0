/* The numbers of runs: which are taken, and of which run each run is nested in.
 *
 * The mail keeps them, since requests, marks and items have the number of a run beside them (letter.h).
 * A run takes one as it begins, nested in that of the run around it, and gives it back at its end.  Who
 * looks at a number that is not its own must not rely on the answer: the run may have ended, and another
 * may have the number by now.  So whoever acts on an answer makes sure that the box in which it found the
 * number has not changed.
 *
 * Threads:   any, at the same time; a number is given back by who has taken it, once.
 * Order:     what is written under a number comes after what its last run wrote (M12, M13).
 * Progress:  lock-free; at most WEIR_NUMBERS steps from parent to parent. */
#ifndef WEIR_NUMBERS_H
#define WEIR_NUMBERS_H

#include "base/atomics.h"
#include "base/base.h"

/* Of a run: 1 … WEIR_NUMBERS. 0: any run, or one that has none. */
typedef unsigned char weir__number;
enum { WEIR_NUMBERS = 63 };

/* Invariant (weir__numbers_are_valid): 0 is not taken.
 * At rest (weir__numbers_are_at_rest), while none is taken or given back: each that is taken has a parent
 * that is taken, or 0, and from parent to parent one comes to 0. Meanwhile a number's new parent may be
 * missing for a moment. */
typedef struct weir__numbers {
    alignas(WEIR_LINE) atomic_uint_least64_t taken;           /* a bit for each number */
    alignas(WEIR_LINE) atomic_uchar parent[WEIR_NUMBERS + 1]; /* of the run that it is nested in */
} weir__numbers;

static_assert(!WEIR_SAME_LINE(weir__numbers, taken, parent),
              "who asks what is nested in what is not held up by runs that begin");

/* Do the invariants hold? For asserts and tests. */
bool weir__numbers_are_valid(const weir__numbers *numbers);
bool weir__numbers_are_at_rest(const weir__numbers *numbers);

/* A number for a run that is nested in that of another number, or 0 if all are taken; and back. */
weir__number weir__numbers_acquire(weir__numbers *numbers, weir__number parent);
void weir__numbers_release(weir__numbers *numbers, weir__number number);

/* That of the run at the top of those that it is nested in. */
weir__number weir__numbers_root(const weir__numbers *numbers, weir__number number);

/* Is the run with this number the one around, or nested in it? All are nested in 0. */
bool weir__numbers_is_nested(const weir__numbers *numbers, weir__number number,
                             weir__number around);

#endif
