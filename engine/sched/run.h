/* A run: one root of work under way on an engine, or one nested in an op of another.
 *
 * Each kind of run begins one, has the team or the calling worker run its first item, and ends it.  A
 * run knows its ancestors: it stops when it has failed, when its engine was cancelled since it began,
 * or when one of them stops.  A record must never be touched by another worker once the run is
 * finished: whoever waits for it may begin the next one in the same record.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                 begin/end  finish  fail  stopping
 *   begin/end        X         X      X       X       by the thread that runs it
 *   finish           X         X      X       -       once, by the worker of the last item
 *   fail             X         X      -       -
 * Memory: records are the engine's and stay until it closes. */
#ifndef WEIR_RUN_H
#define WEIR_RUN_H

#include "base/arithmetic.h"
#include "base/atomics.h"
#include "base/base.h"
#include "sched/alone.h"
#include "sched/credit.h"
#include "sched/event.h"
#include "sched/failure.h"
#include "sched/mail.h"
#include "sched/window.h"
#include "sched/worker.h"

struct weir_engine;

/* What the workers have counted of a hosted root, and how many are at work on it (host.c). */
typedef struct weir__tally {
    atomic_uint_least64_t branches, promotions, gathers_promoted, denied_permits, denied_bytes,
        busy_ns;
    alignas(WEIR_LINE) atomic_uint workers;
    atomic_uint_least64_t had_ns; /* worker time, and what it was given to begin with */
} weir__tally;

/* Invariant (weir__run_is_valid), from begin to end:
 *   number and lineage are 0, or their bits in the mail are taken;  number is 0 or lineage;
 *   a root has no starter and is its own root;  a nested run has one, and the root of the run around;
 *   1 <= team <= the mail's boxes, and 1 for a nested run without a number;
 *   has_window => team is the window's;  done => it is nested or hosted;
 *   its stint is under way => it is a root, and team is 1;
 *   from parent to parent one comes to an end;  the failure is under way.
 * Once a nested run is done, no item of it is left and no worker but the starter knows it. */
typedef struct weir__run {
    /* Read-only while the run is under way. */
    struct weir_engine *engine;
    struct weir__run *parent;   /* whose op has started it, maybe on another engine; NULL: a root */
    struct weir__run *root;     /* of this engine's: itself, or the one that it counts into */
    weir__worker *starter;      /* that waits for it; NULL: the region ends with it */
    weir__mail *mail;           /* the engine's, */
    const atomic_uint *cancels; /* and how often it was cancelled */
    weir__number number;        /* 0: it shares nothing */
    weir__number lineage;       /* that, or the number of the nearest run around which has one */
    unsigned team;              /* workers that may have items of it */
    unsigned epoch;             /* cancels of the engine before it began */
    uint64_t begins;            /* runs that this record has been */
    weir__arithmetic arithmetic; /* of the thread that began it: in which each item begins */
    bool has_window;             /* it may need all of the engine's bytes */
    bool hosted;                 /* other roots run beside its root, on a team that outlasts it */

    weir__stint stint; /* a root's, while it is on its caller alone; written by that one */

    weir__failure failure;
    weir__window window;
    weir__purse purse; /* a root's */
    weir__tally tally; /* a hosted root's */

    alignas(WEIR_LINE) atomic_bool stopping; /* it has failed */
    atomic_bool done;                        /* nothing of it is left */
    weir__event caller;                      /* a hosted root's, who waits for that */

    struct weir__run *spare; /* the next record that its worker does not use */
} weir__run;

static_assert(!WEIR_SAME_LINE(weir__run, purse, stopping),
              "what each poll that fires looks at is not where credits are counted");

/* Does the invariant hold? For asserts and tests. Threads: the one that runs it. */
bool weir__run_is_valid(const weir__run *run);

weir_status weir__run_open(weir__run *run, struct weir_engine *engine, weir__windows *windows,
                           weir__mail *mail, const atomic_uint *cancels) WEIR_MUST_CHECK;
void weir__run_close(weir__run *run);

/* A root run begins; its engine has been acquired, and the team is not there yet. It stops with its
 * parent, which must outlast it: the run of an op that waits for it, or NULL. */
void weir__run_begin_root(weir__run *run, weir__run *parent);
/* A root run begins beside others, on a team of so many (host.h). */
void weir__run_begin_hosted(weir__run *run, weir__run *parent, unsigned team);
/* So many workers came. By worker 0, before it runs the first item. */
void weir__run_set_team(weir__run *run, unsigned team);
/* A run nested in what the worker runs; it may have help if its window has permits and there are workers
 * and a number for it. */
void weir__run_begin_nested(weir__run *run, weir__worker *worker, struct weir__run *parent,
                            struct weir__run *around);
/* All items are done. Returns WEIR_OK, or the failure's status, with *error filled in. */
weir_status weir__run_end(weir__run *run, weir_error *error) WEIR_MUST_CHECK;

/* The last item of the run is done: whoever waits for it goes on, and it must not be touched any
 * more. */
void weir__run_finish(weir__run *run);

/* What the worker has counted since its last call of this counts for the run's root: an item calls it
 * before it says that it is complete. */
void weir__run_count(const weir__run *run, weir__worker *worker);

/* What the worker runs from now on is of this run: what was learnt from another says nothing. */
void weir__run_turn_to(const weir__run *run, weir__worker *worker);

/* Calls f, which calls ops: in a task around them (enclose.h), unless the worker is alone, where it would
 * be in their way. */
void weir__run_ops(const weir__run *run, void (*f)(void *), void *argument);

/* Runs the item, and then others of the run or of those nested in it, until the run is done. */
void weir__run_wait(weir__run *run, weir__worker *worker, weir__item *item);

/* Stops the run with this error, unless another failure was first. No op of the run begins after
 * this call, but on workers that have polled already.
 * Threads: the run's own. */
void weir__run_fail(weir__run *run, const weir_error *error);

/* The same without a stop: the run ends with this error, after what goes on until then. */
void weir__run_report(weir__run *run, const weir_error *error);

/* What a cancelled run ends with. */
extern const weir_error weir__run_cancel_error;

/* Was the engine cancelled since the run began? */
bool weir__run_cancelled(const weir__run *run);
/* Has the run, or one around it, failed or been cancelled? */
bool weir__run_stopping(const weir__run *run);

#endif
