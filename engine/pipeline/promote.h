/* Promotion: makes parts out of private work when somebody is hungry, and the gather tasks of what
 * was cut.
 *
 * part.c calls it from the worker that owns the frames.  It holds the only `omp task` of pipelines: one
 * for a part that a sleeper is to run, and two where a frame's worker does not wait for its parts, the
 * gather and what that depends on (with libomp the gather alone, once it can run).  So a part of a run, in flight, has one task at most that is queued or
 * running, or one token.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                 begin  serve, account, leave  post, complete
 *   begin           X              X                 X          once, before the first part
 *   serve, …        X              X                 -          the worker that owns the frames;
 *                                                               account, then leave once
 *   post, complete  X              -                 X          once per part, on any worker
 * Order:     all that a part wrote happens before the gather of the frame that it was cut from: by the
 *            frame's count of parts (F1, F2) where the worker comes back to it and finds none out; else
 *            by that count (F2, F3), and from the last part to the gather by the dependence on its token
 *            (with libomp: the last part makes the gather).
 * Progress:  nothing here waits but for the window's lock.
 * Memory:    a frame outlives its gather's task; a part's block goes back when it is complete. */
#ifndef WEIR_PROMOTE_H
#define WEIR_PROMOTE_H

#include "pipeline/branch.h"

/* Before the first part of a run, once its team is known. */
void weir__promote_begin(weir__run *run);

/* A worker that has no part yet begins to look for one, inside a task of its own: where tasks with
 * dependences are made by the implicit task of a thread of the pool, libgomp 12 may lose the memory
 * that it keeps those in. */
void weir__promote_enclose(weir__run *run);

/* Called when the poll calls, with the frame whose next child (or gather) is about to start. Hands
 * out parts as demand, credits and the window allow; where that is of no use, some calls may go by
 * until the next. Returns false if the worker is to leave its ops: the run stops, or there is somebody to
 * wake. */
bool weir__promote_serve(weir_branch *b, weir__frame *top);
/* Outside of all ops (enclose.h): wakes a sleeping worker for the part that was cut last, with a task. False
 * if there is none to be woken. */
bool weir__promote_wake(weir_branch *b);

/* What the worker has done since it began counts for, or against, handing out more. */
void weir__promote_account(weir_branch *b);

/* Hands a part to a worker that is awake, or makes a task of it. By worker `place` of the team. */
void weir__promote_post(weir__run *run, unsigned place, weir__part *part);

/* For a part whose worker has nothing left to do but wait for the parts of f: makes the gather of f a
 * task that depends on them. Afterwards the part's stack belongs to that. */
void weir__promote_leave(weir__run *run, weir__part *part, weir__frame *f);

/* Completes a part: it counts as back, and its permit and its memory are. True if there may be a task
 * for this worker in the runtime now, or the run is over. */
bool weir__promote_complete(weir__run *run, weir__part *part);

#endif
