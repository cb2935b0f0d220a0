/* Promotion: makes parts out of private work when somebody is hungry, and the gather tasks of what
 * was cut.
 *
 * part.c calls it from the worker that owns the frames.  It holds the only `omp task` of pipelines.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                 serve  leave_gathers  complete
 *   serve           X          X           -       serve, leave_gathers: the worker that owns the
 *   leave_gathers   X          X           -       frames, once a part for leave_gathers
 *   complete        -          -           X       complete: once per part, on any worker
 * Order:     all that a part wrote happens before the gather of the frame that it was cut from, by
 *            the dependence between their tasks.
 * Progress:  nothing here waits but for the window's lock.
 * Memory:    a frame outlives its gather's task; a part's block goes back when it is complete. */
#ifndef WEIR_PROMOTE_H
#define WEIR_PROMOTE_H

#include "branch.h"

/* Called when the poll calls, with the frame whose next child (or gather) is about to start. Hands
 * out parts as demand, credits and the window allow; where that is of no use, the worker does not
 * listen for some polls. Returns false if the run is to stop. */
bool weir__promote_serve(weir_branch *b, weir__frame *top);

/* For a part whose stack ends in a cut frame: makes the gather tasks of all its cut frames, from
 * `stop` down to the part's own. Afterwards the stack belongs to them. */
void weir__promote_leave_gathers(weir_branch *b, weir__part *part, weir__frame *stop);

/* Completes a part: its event, its permit and its memory. */
void weir__promote_complete(weir__run *run, weir__part *part);

#endif
