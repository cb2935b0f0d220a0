/* A progress line on stderr for runs that take a while.
 *
 * A subcommand opens and closes it, the ops of a run report to it from every worker.  It must never
 * show a line where terminal_has_status() says no, nor one that wraps, and never make an op wait. */
#ifndef WEIR_PROGRESS_H
#define WEIR_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    uint64_t total; /* read-only after progress_open */
    uint64_t begin_ns;
    bool enabled;
    _Atomic uint64_t done;    /* bytes; by any worker */
    _Atomic uint64_t next_ns; /* when the line is due; whoever moves it on prints */
    _Atomic bool printing;    /* one at a time; the others go on.  For good once it is closed */
} progress;

void progress_open(progress *p, uint64_t total_bytes);

/* Adds bytes that are done. Any thread, never waits for another. */
void progress_add(progress *p, uint64_t bytes);

/* Clears the line, if there is one, after the run; nothing is shown any more. */
void progress_close(progress *p);

enum { PROGRESS_LINE = 128 };

/* The line in at most `columns` columns: where it is narrow, first the rate is left out, then the
 * sizes, then the time that is left, and last the bar. */
void progress_format(char *line, unsigned columns, uint64_t done, uint64_t total, double seconds);

#endif
