/* Lanes: a graph's plan while it is followed.  Who runs which lane, and when it has to wait.
 *
 * Nobody owns a lane (plan.h).  A worker claims one, runs its clumps in their order until one has to wait or
 * none is left, and releases it.  How many clumps of a lane are
 * finished is one number, which whoever has claimed the lane raises, and whoever waits for the lane reads.
 * So between two workers that run one lane each goes one line for each wait, and claims stay with them.
 *
 * A worker is *inside* while it looks after lanes: it runs those that may go on, its own first, which is
 * that of its number.  It needs a pack for that (execution.h), which has no tasks.  It leaves when it has
 * found nothing for a while, but the last stays until all lanes are finished.  So however few workers come,
 * and wherever one of them waits in an op, no lane is left behind:
 *
 *   - (l1) who leaves releases its lane, (l2) then lowers `inside`, where that says that others are there;
 *   - who finds that it is the last (l2) has seen every l1 (LN5).  So a lane is claimed by it, or by nobody.
 *     Of the clumps that are not finished the first in an order that all waits allow may start, and is in
 *     a lane that it has, or may claim.
 *
 * follow.c is the worker.  This must never look at a task.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                   open/close/begin   all others
 *   open/close/begin       X               X
 *   all others             X               -        finish, release: who has claimed the lane;
 *                                                   enter, leave: a worker that is inside
 * Order:     what was done in a clump happens before what comes behind it in its lane (LN1, LN2), and before
 *            what waits for it (LN3, LN4).
 * Progress:  nothing here waits. A look at all lanes costs a cached load for each.
 * Memory:    a plan's, from open to close; none is allocated by a run. */
#ifndef WEIR_GRAPH_LANE_H
#define WEIR_GRAPH_LANE_H

#include "base/atomics.h"
#include "base/base.h"
#include "graph/plan.h"

#define WEIR_NO_LANE UINT32_MAX

typedef struct weir__lane {
    alignas(WEIR_LINE) atomic_uint done; /* clumps that are finished; by who has claimed it */
    uint32_t clumps;                     /* that there are; read-only */
    alignas(WEIR_LINE) atomic_bool claimed;
} weir__lane;

static_assert(!WEIR_SAME_LINE(weir__lane, done, claimed), "who waits is not told of claims");

/* Invariant (weir__lanes_are_valid), while nobody is inside:  done <= clumps;  the sum of all clumps
 * is the plan's.  While a plan is followed, 1 <= inside, until all lanes are finished. */
typedef struct weir__lanes {
    weir__plan *plan;
    uint32_t n;
    alignas(WEIR_LINE) atomic_uint inside; /* workers, and packs that are on their way to one */
    weir__lane lane[];
} weir__lanes;

/* For the plan, which it takes; NULL: no memory, and the plan is freed. */
weir__lanes *weir__lanes_open(weir__plan *plan) WEIR_MUST_CHECK;
/* NULL is allowed. */
void weir__lanes_close(weir__lanes *l);
/* A run begins, with one worker inside. */
void weir__lanes_begin(weir__lanes *l);
/* Does the invariant hold? For asserts and tests. Threads: nobody is inside. */
bool weir__lanes_are_valid(const weir__lanes *l);

/* Have all been finished that this clump of the plan waits for? */
static inline bool weir__lanes_may_start(const weir__lanes *l, uint32_t clump)
{
    const weir__plan *plan = l->plan;
    const weir__wait *end = plan->wait + plan->clump[clump].waits_end;
    const weir__wait *wait = plan->wait + (clump > 0 ? plan->clump[clump - 1].waits_end : 0);
    for (; wait < end; wait++)
        /* LN4: acquire; pairs with LN3. */
        if (load_acquire(&l->lane[wait->lane].done) < wait->clumps)
            return false;
    return true;
}

static inline bool weir__lane_is_finished(const weir__lanes *l, uint32_t lane)
{
    return load_relaxed(&l->lane[lane].done) == l->lane[lane].clumps;
}

static inline bool weir__lane_is_claimed(const weir__lanes *l, uint32_t lane)
{
    return load_relaxed(&l->lane[lane].claimed);
}

/* Is there a clump left in the lane, and may it start? Of a lane that others have, a guess. */
static inline bool weir__lane_may_go_on(const weir__lanes *l, uint32_t lane)
{
    const uint32_t done = load_relaxed(&l->lane[lane].done);
    return done < l->lane[lane].clumps && weir__lanes_may_start(l, l->plan->lane[lane] + done);
}

/* The lane has finished one more clump. */
static inline void weir__lane_finish(weir__lanes *l, uint32_t lane, uint32_t done)
{
    /* LN3: release; pairs with LN4: who waits for the clump sees what was done in it. */
    store_release(&l->lane[lane].done, done);
}

/* Claims the lane if nobody has it and it may go on. */
bool weir__lane_claim(weir__lanes *l, uint32_t lane) WEIR_MUST_CHECK;
void weir__lane_release(weir__lanes *l, uint32_t lane);
/* Claims any such lane, this one first; or WEIR_NO_LANE. */
uint32_t weir__lanes_claim(weir__lanes *l, uint32_t first) WEIR_MUST_CHECK;

/* Are all finished? */
bool weir__lanes_are_finished(const weir__lanes *l) WEIR_MUST_CHECK;
/* How many are not. */
uint32_t weir__lanes_left(const weir__lanes *l) WEIR_MUST_CHECK;
/* Could one more worker do something? There are fewer inside than lanes left, and one of those may go on
 * that nobody has. */
bool weir__lanes_need_another(const weir__lanes *l) WEIR_MUST_CHECK;

/* One more is on its way. */
void weir__lanes_enter(weir__lanes *l);
/* A worker that has no lane leaves; false: it is the last one, and must not. */
bool weir__lanes_leave(weir__lanes *l) WEIR_MUST_CHECK;

#endif
