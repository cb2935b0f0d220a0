/* A contest: all entries take turns, A B C A B C, and every answer is compared.
 *
 * The suites put entries in and run it.  A wrong answer is never a slow answer: it fails the whole
 * program. */
#ifndef WEIR_BENCH_CONTEST_H
#define WEIR_BENCH_CONTEST_H

#include "suite.h"

contest contest_begin(const char *suite, const char *label);
/* Adds a contestant if it is there and can solve it. Returns its entry, or NULL. */
entry *contest_enter(contest *c, contestant *who, unsigned workers, const task *t);
/* Runs all rounds. False if an answer was wrong or a contestant failed, which has been said. */
bool contest_run(contest *c, const settings *s);
/* The entry of that contestant with so many workers that has a result, or NULL. */
const entry *contest_find(const contest *c, const char *name, unsigned workers);
/* The fastest peer with a result, of those with so many workers, or NULL. */
const entry *contest_fastest_peer(const contest *c, unsigned workers);

/* What lies between its fastest and its slowest turn, in per cent of the median. */
double contest_spread(const entry *e);

#endif
