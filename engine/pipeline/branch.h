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

/* One worker at work on one task. */
struct weir_branch {
    weir_loop loop;   /* its stack, */
    weir__part *part; /* and whose that is; NULL in a gather */
    const weir__pipeline *pipeline;
    weir__run *run;
    void *context;
    void *scratch;
    weir__worker *worker;
    weir__purse *purse;
    weir__window *window;
    weir__mail *mail;
    weir__frame *oldest;   /* no frame below it on the stack has children left */
    uint32_t skip_polls;   /* polls that go by a request after nothing could be handed out */
    uint64_t began_ns;     /* when this task began */
    uint64_t looked_at_ns; /* when a poll has fired last */
    uint64_t idle_ns;      /* of the time since it began, without work */
    uint64_t nested_ns;    /* its worker's, when it began */
    weir__here *here;      /* the thread that runs it, */
    weir__now before;      /* and what that thread ran before */
    uint32_t failed_child; /* as a leaves op has named it */
    bool child_is_named;
    uint32_t cut_count;
    weir__frame
        *cut[WEIR_MOST_CUT]; /* had parts out when last seen; from below, without the base */
};

#endif
