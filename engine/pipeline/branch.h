/* What an op is told (weir_branch), and the run that it belongs to.
 *
 * part.c makes one weir_branch for each part or gather task that a worker runs, and lends it to
 * every op of it.  It must never be touched by another worker. */
#ifndef WEIR_BRANCH_H
#define WEIR_BRANCH_H

#include "base/base.h"
#include "pipeline/frame.h"
#include "pipeline/plan.h"
#include "sched/engine.h"
#include "sched/told.h"
#include "sched/tuning.h"

/* A pipeline under way. Read-only meanwhile. */
typedef struct weir__pipeline {
    weir__run *run;
    const weir_plan *plan;
    void *context;
    bool numbered; /* several inputs: their number stands in a failure's path */
} weir__pipeline;

/* Stops the run for a leaves op that was called for the children [first, first + n) of f and returned
 * code. */
void weir__branch_fail_range(weir_branch *b, const weir__frame *f, uint32_t first, uint32_t n,
                             int code);

/* One worker at work on one task.
 *
 * Invariant of the stack (weir__stack_is_valid), between two steps of its worker. From the base,
 * which is the part's own frame, to `fresh` lie frames one behind the other; those up to loop.frame
 * are open.
 *   Each begins where `above` of the one before says, which is its parent; its layer is the child
 *   of the parent's, its input and results follow its header, and the last one ends at `fresh`,
 *   within the part's block;  loop.depth is the depth of a frame that begins at `fresh`.
 *   An open frame has next <= end <= count <= fanout;  it is the child that its parent began last,
 *   and has that child's slot for its result.
 *   An open frame that is not the topmost has no children remaining where it is older than
 *   `oldest`, and none of them has if has_older is 0.
 *   The base and the frames in `cut` alone may have parts out;  those in `cut` are open, in the
 *   order of the stack, without the base;  join_frame is the last of them, or the base. */
struct weir_branch {
    union {
        weir__told told;
        struct { /* how that begins */
            weir__run *run;
            void *context;
            weir__worker *worker;
        };
    };
    weir_loop loop;   /* its stack, */
    weir__part *part; /* and whose that is; NULL in a gather */
    const weir__pipeline *pipeline;
    void *scratch;
    weir__purse *purse;
    weir__window *window;
    weir__mail *mail;
    weir__frame *oldest;  /* no older frame on the stack has children remaining */
    uint32_t skip_polls;  /* polls that go by a request after nothing could be handed out */
    uint64_t began_ns;    /* when this task began */
    uint64_t fired_at_ns; /* when a poll has fired last */
    uint64_t idle_ns;     /* of the time since it began, without work */
    uint64_t nested_ns;   /* its worker's, when it began */
    weir__here *here;     /* the thread that runs it, */
    weir__now before;     /* and what that thread ran before */
    bool polls_on;        /* for the run around, as the run before it of this plan did */
    bool wants_team;      /* it leaves its stack, for its run to be alone no more */
    uint32_t cut_count;
    weir__frame
        *cut[WEIR_MOST_CUT]; /* had parts out when last seen; the oldest first, without the base */
};

static_assert(offsetof(weir_branch, told) == 0 &&
                  offsetof(weir_branch, run) == offsetof(weir__told, run) &&
                  offsetof(weir_branch, context) == offsetof(weir__told, context) &&
                  offsetof(weir_branch, worker) == offsetof(weir__told, worker),
              "a weir_branch begins with what ops are told");

/* Does the invariant hold? For asserts and tests. Threads: the worker's; not of a gather, which has
 * no stack. */
bool weir__stack_is_valid(const weir_branch *b);

#endif
