/* What an op is told: the head of the record that a wing lends to its ops as a weir_branch.
 *
 * Whatever runs ops fills one in, and notes it as what its thread runs (here.h); programs ask it by
 * the functions of weir/pipeline.h, which stand in told.c.  So an op may ask the same things in every
 * kind of run, and a run that an op has started can serve from the work around that op.  It must
 * never be touched by a thread but the op's, and those that work for it. */
#ifndef WEIR_TOLD_H
#define WEIR_TOLD_H

#include "base/base.h"
#include "sched/run.h"
#include "weir/engine.h" /* weir_branch */

/* A weir_branch begins with this. */
typedef struct weir__told {
    weir__run *run; /* that the op belongs to */
    void *context;
    weir__worker *worker;
    void *scratch; /* NULL: its kind of op has none */

    struct weir__told *around; /* of the op that waits for `run` on this thread, or NULL */
    /* While the op waits for a run: hands out what may be handed out of its worker's other work, and
     * returns true if that was anything. NULL: there is none. */
    bool (*hand_out)(struct weir__told *told);

    uint64_t nested_bytes; /* declared for the runs that the op starts; 0: none are */

    uint32_t failed_child; /* as an op for several has named it */
    bool child_is_named;
    bool nested_failed; /* a run that the op has started has failed, with the thread's last error */
} weir__told;

static inline weir_branch *weir__told_branch(weir__told *told)
{
    return (weir_branch *)told;
}

/* The same for the ops around this one, from the innermost: true once one has handed out something. */
bool weir__told_hand_out_around(const weir__told *told);

/* Where a run fails in an op that returned `code`: the op's own name, and behind it, where the code is
 * that of a run which the op has started, the place where that one failed, like A/B[2] > C. What does
 * not fit is left out in the middle. */
void weir__told_place(const weir__told *told, const char *name, int code, weir_error *error);

#endif
