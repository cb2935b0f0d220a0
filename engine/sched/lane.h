/* A lane: the state of one run at a time: its first failure, its window, its serial worker.
 *
 * An engine has one for the runs of its whole team, and one for each worker of a stream, whose
 * calls may run pipelines in place.  It must never be shared by two runs at once. */
#ifndef WEIR_LANE_H
#define WEIR_LANE_H

#include "base/base.h"
#include "sched/failure.h"
#include "sched/grain.h"
#include "sched/mail.h"
#include "sched/window.h"

/* Most leaves in one call of a range op. */
#define WEIR_MOST_CHUNK (1u << 20)

/* What one worker keeps from part to part of a run; written by that worker only. */
typedef struct weir__worker {
    alignas(WEIR_LINE) uint64_t branches;
    uint64_t promotions;
    uint64_t gathers_promoted;
    uint64_t denied_permits,
        denied_bytes;   /* work was wanted, and had to stay here for want of those */
    uint64_t busy_ns;   /* in parts and gathers */
    uint64_t unpaid_ns; /* running time that is short of a credit, from its last task */
    uint64_t rest_ns;   /* before it asks for work again: its last parts were too small */
    bool busy;          /* it counts among the active of the window */
    bool gives_last;    /* of the two halves of a frame, that which it would run last */
    weir__grain chunk;  /* leaves in one call of a range op */
} weir__worker;

/* A worker as it is at the start of a run. */
void weir__worker_reset(weir__worker *worker);

typedef struct weir__lane {
    weir__failure failure;
    weir__window window;
    weir__mail mail;
    weir__worker worker;      /* of a run in place; a team's run has its own */
    uint64_t reserved_bytes;  /* of the engine's budget, for runs in place */
    struct weir__lane *above; /* of the run that one in place is a piece of; NULL: none */
} weir__lane;

/* Without the mail, whose boxes are as many as the workers: that is opened by itself. */
weir_status weir__lane_open(weir__lane *lane) WEIR_MUST_CHECK;
void weir__lane_close(weir__lane *lane);

/* A run begins. If the run above it has been cancelled, so is this one; or it is by the canceller, who
 * stops the run above first and then those in place.
 * Threads: the one that runs. */
void weir__lane_begin(weir__lane *lane);

/* Stops the lane's run with this error, unless another failure was first; returns true if it was.
 * From inside the run: whether it was the first or not, no op begins after this call.
 * Threads: the run's own. */
bool weir__lane_fail(weir__lane *lane, const weir_error *error);

/* The same from outside, with the error of a cancel: does nothing if no run is under way.
 * Threads: any; from a signal handler as well. */
void weir__lane_cancel(weir__lane *lane);
extern const weir_error weir__lane_cancelled;

#endif
