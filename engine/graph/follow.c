/* Runs packs of executions that follow a plan: a pack has no tasks, and its worker runs lanes; see lane.h.
 *
 * A worker has a lane only while it runs clumps of it, so one that the system does not let run while it waits
 * is in nobody's way.  While there are as many workers inside as lanes, each lane has one that knows it, and
 * they are left to those for a moment.  Between two ops the worker polls, as in pack.c, and here also
 * while it waits.  A clump that is left, since the run waits for its team, goes on where it was. */
#include "graph/execution.h"
#include "graph/lane.h"
#include "sched/credit.h"
#include "sched/tuning.h"
#include "trace/point.h"

/* ---- calls ---- */

/* The poll fires, or goes by: may the worker go on? Until now it has begun so many tasks more. */
static bool may_go_on(weir__pack *p, uint32_t begun)
{
    p->begun += begun;
    return weir__pack_may_go_on(p, __atomic_load_n(p->signal, __ATOMIC_RELAXED)) ||
           weir__share_serve(p);
}

static inline bool is_told(const int *signal)
{
    return WEIR_UNLIKELY(__atomic_load_n(signal, __ATOMIC_RELAXED) <= WEIR__REQUEST);
}

/* What is done around each task of a graph that has a book, or runs in its tasks. */
static void before_op(weir__pack *p, weir_task t)
{
    const uint64_t *nested = p->of->graph->nested;
    if (p->of->book != NULL)
        weir__book_began(p->of->book, t);
    p->told.nested_bytes = nested != NULL ? nested[t] : 0;
}

static void after_op(weir__pack *p, weir_task t)
{
    weir__granted none;
    if (p->of->book == NULL)
        return;
    (void)weir__book_finished(p->of->book, t, WEIR_NO_TASK, &none);
    WEIR_ASSERT(none.n == 0); /* there is no limit */
}

/* The call's single tasks, one after the other, from *at up to `end`. False: the run stops, or waits for
 * its team before *at. What does not change stands in variables, since the compiler must think that an op
 * changes the rest. */
static inline __attribute__((always_inline)) bool run_ones(weir__pack *p, uint32_t *at,
                                                           uint32_t end, bool plain)
{
    const weir__fixed *const fixed = p->of->graph->fixed;
    const uint32_t *const entry = p->of->lanes->plan->entry;
    const int *const signal = p->signal;
    uint32_t i = *at, counted = i;
    for (; i < end; i++) {
        const weir_task t = entry[i];
        if (is_told(signal)) {
            if (!may_go_on(p, i - counted)) {
                *at = i;
                return false;
            }
            counted = i;
        }
        if (!plain)
            before_op(p, t);
        const int code = fixed[t].op.one(fixed[t].arg);
        if (WEIR_UNLIKELY(code != 0)) {
            p->begun += i + 1 - counted;
            weir__place_fail(p, t, code, NULL);
            return false;
        }
        if (!plain)
            after_op(p, t);
    }
    p->begun += i - counted;
    return true;
}

/* The members of a family from `at` up to `end`, in one call. */
static bool run_many(weir__pack *p, weir_task first, uint32_t at, uint32_t end, bool plain)
{
    const weir__fixed *task = &p->of->graph->fixed[first];
    const weir__label *label = weir__graph_label(p->of->graph, first);
    const uint32_t *entry = p->of->lanes->plan->entry;
    if (is_told(p->signal) && !may_go_on(p, 0))
        return false;
    p->told.child_is_named = false;
    p->begun += end - at;
    for (uint32_t i = at; !plain && i < end; i++)
        before_op(p, label->first + entry[i]);
    if (!plain)
        p->told.nested_bytes = weir__clump_nested(p->of->graph, label, entry + at, end - at);
    const int code = task->op.many(task->arg, entry + at, end - at);
    if (code != 0) {
        weir__place_fail_clump(p, label, entry + at, end - at, code);
        return false;
    }
    for (uint32_t i = at; !plain && i < end; i++)
        after_op(p, label->first + entry[i]);
    return true;
}

/* ---- clumps and lanes ---- */

/* Where the clump begins. */
static void enter_clump(weir__pack *p, const weir__plan *plan, uint32_t clump)
{
    p->call = clump > 0 ? plan->clump[clump - 1].calls_end : 0;
    p->entry = p->call > 0 ? plan->call[p->call - 1].end : 0;
}

/* Runs a clump from where it was left. False: it is left, or the run stops. */
static inline __attribute__((always_inline)) bool run_clump(weir__pack *p, uint32_t clump,
                                                            bool plain)
{
    const weir__plan *plan = p->of->lanes->plan;
    const weir__task *task = p->of->graph->task;
    for (; p->call < plan->clump[clump].calls_end; p->call++) {
        const weir__call *call = &plan->call[p->call];
        const bool family = task[call->first].kind == WEIR_TASK_MANY;
        WEIR_ASSERT(p->entry < call->end);
        if (family ? !run_many(p, call->first, p->entry, call->end, plain)
                   : !run_ones(p, &p->entry, call->end, plain))
            return false;
        p->entry = call->end;
    }
    return true;
}

typedef enum lane_end {
    LANE_WAITS, /* or is finished */
    LANE_STOPS, /* and the run with it; or it waits for its team */
} lane_end;

/* Runs the pack's lane as far as it may go on. */
static inline __attribute__((always_inline)) lane_end run_lane(weir__pack *p, bool plain)
{
    weir__lanes *l = p->of->lanes;
    const uint32_t lane = p->lane, first = l->plan->lane[lane], clumps = l->lane[lane].clumps;
    for (uint32_t done = load_relaxed(&l->lane[lane].done); done < clumps;) {
        if (!p->in_clump) {
            if (!weir__lanes_may_start(l, first + done))
                return LANE_WAITS;
            enter_clump(p, l->plan, first + done);
        }
        p->in_clump = true;
        if (!run_clump(p, first + done, plain))
            return LANE_STOPS;
        p->in_clump = false;
        WEIR_POINT(CLUMP_FINISHING);
        weir__lane_finish(l, lane, ++done);
    }
    return LANE_WAITS;
}

/* ---- waiting ---- */

/* Looks so often before the clock is read, where other workers have the other lanes. */
enum { LOOKS = 32 };

static uint32_t own_lane(const weir__pack *p)
{
    return p->told.worker->index % p->of->lanes->n;
}

/* Is each other lane another worker's, who has it or is on the way to it, and its own nobody's yet? */
static bool may_be_patient(const weir__pack *p)
{
    const weir__lanes *l = p->of->lanes;
    const uint32_t own = own_lane(p);
    return load_relaxed(&l->inside) >= l->n && !weir__lane_is_claimed(l, own) &&
           !weir__lane_is_finished(l, own);
}

/* Claims its worker's own lane, some moments later maybe. */
static bool claim_own(weir__pack *p)
{
    weir__lanes *l = p->of->lanes;
    const uint32_t own = own_lane(p);
    for (unsigned i = 0; i < LOOKS && !is_told(p->signal); i++) {
        if (weir__lane_claim(l, own)) {
            p->lane = own;
            return true;
        }
        weir__worker_pause(p->told.worker);
    }
    return false;
}

static bool claim_any(weir__pack *p)
{
    p->lane = weir__lanes_claim(p->of->lanes, own_lane(p));
    return p->lane != WEIR_NO_LANE;
}

/* The time since *since_ns was spent waiting. Returns it. */
static uint64_t note_waiting(weir__pack *p, uint64_t *since_ns)
{
    const uint64_t now_ns = weir__now_ns(), waited_ns = now_ns - *since_ns;
    weir__credit_waited(p->told.worker, waited_ns);
    p->waited_ns += waited_ns;
    *since_ns = now_ns;
    return waited_ns;
}

/* Waits for a lane that may go on, and claims it. False: there is none for long, or any more, and the
 * pack has left; or the run stops. The clock is read where the first look is in vain. */
static bool wait_for_lane(weir__pack *p)
{
    weir__lanes *l = p->of->lanes;
    const uint64_t search_ns = p->told.worker->search_ns;
    const uint64_t most_ns = search_ns < WEIR_LANE_WAIT_NS ? search_ns : WEIR_LANE_WAIT_NS;
    uint64_t since_ns = 0, waited_ns = 0;
    for (;;) {
        const bool patient = waited_ns < WEIR_LANE_OWN_NS && may_be_patient(p);
        if (patient ? claim_own(p) : claim_any(p))
            break;
        if (weir__lanes_are_finished(l))
            return false;
        if (since_ns == 0)
            since_ns = weir__now_ns();
        waited_ns += note_waiting(p, &since_ns);
        if (waited_ns >= most_ns && weir__lanes_leave(l))
            return false;
        if (is_told(p->signal)) {
            if (!may_go_on(p, 0))
                return false;
            since_ns = weir__now_ns(); /* that was no waiting */
        }
        weir__worker_pause(p->told.worker);
    }
    if (since_ns > 0)
        (void)note_waiting(p, &since_ns);
    return true;
}

static void release(weir__pack *p)
{
    weir__lane_release(p->of->lanes, p->lane);
    p->lane = WEIR_NO_LANE;
}

void weir__follow_run(weir__pack *p)
{
    const bool plain = p->of->book == NULL && p->of->graph->nested == NULL;
    while (p->in_clump || wait_for_lane(p)) {
        if ((plain ? run_lane(p, true) : run_lane(p, false)) == LANE_STOPS)
            return;
        release(p);
    }
}
