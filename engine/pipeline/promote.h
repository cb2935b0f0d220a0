/* Promotion: makes parts out of private work when somebody is hungry, and joins them again.
 *
 * part.c calls it from the worker that owns the frames.  It must never wait for a part.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                 serve, account, suspend  complete
 *   serve, …              X               -          the worker that owns the frames; account, then
 *                                                    suspend once
 *   complete              -               X          once per part, on any worker
 * Order:     all that a part wrote happens before the gather of the frame that it was cut from: by the
 *            frame's count of parts (J1, J2) where the worker comes back to it and finds none out; else
 *            by that count too (J2, J3), whose last part makes the gather.
 * Progress:  nothing here waits but for the window's lock.
 * Memory:    a frame outlives its gather; a part's block goes back when it is complete. */
#ifndef WEIR_PROMOTE_H
#define WEIR_PROMOTE_H

#include "pipeline/branch.h"

/* Called when the poll fires, with the frame whose next child (or gather) is about to start. Hands
 * out parts as demand, credits and the window allow; where nothing can be handed out, some polls
 * may go by the next request. Returns false if the run stops, or if it has been alone for long
 * enough and has work for its team: then b->wants_team. */
bool weir__promote_serve(weir_branch *b, weir__frame *top);

/* For the ops that b lends itself to (told.h): hands out work while such an op waits for a run. */
bool weir__promote_around(weir__told *told);

/* What the worker has done since it began counts for, or against, handing out more. */
void weir__promote_account(weir_branch *b);

/* For a part whose worker can only wait for the parts of f: the last of them finds
 * the part as the item that gathers f. Returns that item if none is out any more. */
weir__item *weir__promote_suspend(weir__part *part, weir__frame *f) WEIR_MUST_CHECK;

/* Completes a part: the frame that it was cut from knows, and its permit and its memory are given
 * back. Returns the item that gathers that frame, if the frame is suspended and this was the last
 * part. After that nothing of the run may be touched, but for that item; the root's completion
 * finishes it. */
weir__item *weir__promote_complete(weir__part *part) WEIR_MUST_CHECK;

#endif
