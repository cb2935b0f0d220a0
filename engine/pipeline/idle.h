/* What a worker does that has nothing to do: it stays awake for a while, so that others can hand it
 * work without the OpenMP runtime.
 *
 * part.c calls it.  It waits for nobody: what it waits for at most is its own clock. */
#ifndef WEIR_IDLE_H
#define WEIR_IDLE_H

#include "branch.h"

/* Looks for a part until there is one, or no parts of f are out (NULL: of no frame), or the run stops, or
 * the time is up. Returns the part, or NULL.
 * Threads: worker `worker`, which must count as hungry (weir__window_add_active). */
weir__part *weir__idle(weir__run *run, unsigned worker, const weir__frame *f) WEIR_MUST_CHECK;

#endif
