/* What sharing gains: do a graph's workers hand out tasks, or does one of them run all, as if alone?
 *
 * Tasks of a tenth of a microsecond that wait for each other are done faster by one worker than by several:
 * what is handed out has cost more than it was worth, and who gave it waits for it soon after.  What a graph
 * is like shows by the clock alone.  So the two ways are tried: in each the tasks that all workers finish are
 * counted for a while, the better one stays, and the other is tried again after a longer and longer time.
 * What was learnt stays with the graph.  Where tasks are long, they are always shared: to hand them out is
 * cheap then, and to be alone is dear.  This must never decide what may run, only who.
 *
 * To be alone is to hand nothing out, so others finish first what they have.  Where they have a lot, it
 * belongs to them: sharing pays.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                 count, look   begin, end
 *   count, look       -             X          any worker of the run: of two that look one goes by
 *   begin, end        X             X          by the thread that runs the graph
 * Order:     none; all counts are hints.
 * Progress:  nothing here waits.
 * Memory:    its execution's. */
#ifndef WEIR_GAIN_H
#define WEIR_GAIN_H

#include "base/atomics.h"
#include "base/base.h"

typedef enum weir__gain_state {
    WEIR_GAIN_MEASURES, /* how fast it is in the way that it goes */
    WEIR_GAIN_TRIES,    /* the other way, for a comparison */
    WEIR_GAIN_STAYS,    /* with the better one */
} weir__gain_state;

/* All 0: nothing is known, and tasks are shared.
 * Invariant (weir__gain_is_valid): stay_ns <= WEIR_GAIN_STAY_MOST_NS;  left_ns <= stay_ns;
 * state is TRIES => the other way's task_ns is known. */
typedef struct weir__gain {
    /* Read by all. */
    atomic_bool alone; /* nothing is handed out */
    atomic_int state;  /* weir__gain_state */
    /* Written by all: since the last figure, */
    alignas(WEIR_LINE) atomic_uint_least64_t tasks; /* so many were run, */
    atomic_uint_least64_t busy_ns;                  /* by workers who were busy so long */
    /* Written by who looks; or by the run's thread, between runs. */
    alignas(WEIR_LINE) atomic_bool looking;
    uint64_t since_ns; /* what was before is in; 0: no run is under way */
    uint64_t took_ns;  /* since the last figure, but for what does not count: */
    uint64_t waits_ns; /* it was to be alone, and others still had tasks */
    double task_ns
        [2]; /* that a task took, of all workers' time together; alone in [1]. 0: not known */
    uint64_t stay_ns, left_ns; /* how long it stays as it is, and how much is left of that */
} weir__gain;

/* Does the invariant hold? For asserts and tests. Threads: none looks. */
bool weir__gain_is_valid(const weir__gain *gain);

/* A run begins to have its team; and ends, maybe without. */
void weir__gain_begin(weir__gain *gain, uint64_t now_ns);
void weir__gain_end(weir__gain *gain, uint64_t now_ns);

/* Is nothing to be handed out? */
static inline bool weir__gain_is_alone(const weir__gain *gain)
{
    return load_relaxed(&gain->alone);
}

/* Are workers to look again soon, even where nobody asks them for anything? */
static inline bool weir__gain_wants_looks(const weir__gain *gain)
{
    return load_relaxed(&gain->alone) || load_relaxed(&gain->state) != WEIR_GAIN_STAYS;
}

/* A worker has run so many tasks, for which it was busy so long. */
static inline void weir__gain_count(weir__gain *gain, uint64_t tasks, uint64_t busy_ns)
{
    add_relaxed(&gain->tasks, tasks);
    add_relaxed(&gain->busy_ns, busy_ns);
}

/* Is it time to change? `sole`: no other worker has tasks. True: it has changed, and others are to know. */
bool weir__gain_look(weir__gain *gain, uint64_t now_ns, bool sole);

#endif
