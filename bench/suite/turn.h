/* One turn: a contestant's program on one task, in a process of its own, on cores that weir's
 * placement chose.
 *
 * contest.c calls it.  It must never leave a process behind. */
#ifndef WEIR_BENCH_TURN_H
#define WEIR_BENCH_TURN_H

#include "suite.h"

typedef enum turn_end {
    TURN_DONE,
    TURN_STOPPED, /* it took longer than the limit */
    TURN_FAILED   /* it ended with an error, which has been said */
} turn_end;

/* Runs one turn of the entry: its time goes to *seconds, its answer to *answer, the rest into the
 * entry. */
turn_end turn_take(entry *e, const settings *s, double *seconds, uint64_t *answer);

#endif
