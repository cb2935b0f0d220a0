/* The problems of the suites with their usual sizes, and small ones for a trial.
 *
 * The suites take tasks from here.  A size that is in nobody's publication must still be one that a
 * reader can change from the command line of a contestant. */
#ifndef WEIR_BENCH_CASES_H
#define WEIR_BENCH_CASES_H

#include "suite.h"

/* The task of a problem, and what to call it, like "fib(36)"; the label is good until the next
 * call. */
task cases_task(const settings *s, const char *name, const char **label);

/* The last part of a path, and how many rows the Matrix Market file there has. False after saying why
 * not. */
const char *cases_matrix_name(const char *path);
bool cases_matrix_rows(const char *path, uint64_t *rows);

/* Leaves of a tree task. */
uint64_t cases_tree_leaves(const task *t);
/* A tree whose leaves cost `ns` each, as near as can be had, or nothing but the call for 0: 32 leaves for
 * each of `workers`, or 8, 64, 512, 4096 times as many while all of them take less than 20 ms on one core. */
task cases_tree_of_grain(const settings *s, double ns, unsigned workers);

#endif
