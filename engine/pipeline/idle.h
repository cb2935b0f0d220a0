/* What a worker does that has nothing to do: it stays awake for a while, so that others can hand it
 * work without the OpenMP runtime.
 *
 * part.c calls it.  It waits for nobody: what it waits for at most is its own clock. */
#ifndef WEIR_IDLE_H
#define WEIR_IDLE_H

#include "pipeline/branch.h"

/* The worker begins a part that was handed out, and counts as busy in place of the part. */
void weir__idle_ends_with_part(weir__run *run, weir__worker *worker);
/* It goes on with what it has, or begins a gather. */
void weir__idle_ends(weir__run *run, weir__worker *worker);
/* It has nothing to do. */
void weir__idle_begins(weir__run *run, weir__worker *worker);

/* Looks for a part until there is one, or no parts of f are out (NULL: of no frame), or there may be a
 * task to run, or the run stops, or the time is up. Returns the part, or NULL.
 * Threads: worker `place` of the team. */
weir__part *weir__idle(weir__run *run, unsigned place, const weir__frame *f) WEIR_MUST_CHECK;

#endif
