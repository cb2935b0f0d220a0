/* What a contestant of the suite provides: one program each, so that nobody's threads or allocator
 * are in another's way, and the peak memory of each is its own.
 *
 * contestant.c has main(): it reads the problem from the command line, makes the data, times the
 * runs and prints one line.  A contestant must never time itself. */
#ifndef WEIR_BENCH_CONTESTANT_H
#define WEIR_BENCH_CONTESTANT_H

#include <stdio.h>

#include "problem.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct contest {
    const char *name;                  /* of the problem; NULL ends the table */
    uint64_t (*run)(const problem *p); /* one whole run; the result as the problem defines it */
} contest;

extern const contest contestant_contests[];

/* Library and version, compiler's OpenMP runtime and the like: one line. */
const char *contestant_about(void);

/* Starts what needs starting once in a process, with p->workers threads. Returns false after
 * saying why on stderr. */
bool contestant_open(const problem *p);
void contestant_close(void);

/* Appends " key=value" pairs about the last run, or nothing. */
void contestant_report(FILE *file);

#ifdef __cplusplus
}
#endif
#endif
