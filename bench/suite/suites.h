/* The suites: which contests there are, and what is drawn from them.
 *
 * main.c runs those that were asked for.  A suite returns false if an answer was wrong or a
 * contestant failed; it goes on with its other contests all the same. */
#ifndef WEIR_BENCH_SUITES_H
#define WEIR_BENCH_SUITES_H

#include "report.h"
#include "suite.h"

bool suite_fork_join(settings *s, report *r);
bool suite_costs(settings *s, report *r);
bool suite_chain(settings *s, report *r);
bool suite_grain(settings *s, report *r);
bool suite_numeric(settings *s, report *r);
bool suite_memory(settings *s, report *r);
bool suite_scaling(settings *s, report *r);
bool suite_graphs(settings *s, report *r);
bool suite_patterns(settings *s, report *r);
bool suite_cholesky(settings *s, report *r);
bool suite_lu(settings *s, report *r);
bool suite_solve(settings *s, report *r);
bool suite_incomplete(settings *s, report *r);
bool suite_eliminate(settings *s, report *r);
bool suite_wavefront(settings *s, report *r);
bool suite_jacobi(settings *s, report *r);

/* Enters the sequential program, weir with 1 worker, and every library with s->workers. */
void suite_enter_all(contest *c, settings *s, const task *t);

#endif
