/* The engine's state: the team, its lanes, and what its workers keep.
 *
 * engine.c owns it; each kind of run (pipeline/run.c, stream/stream.c) acquires the engine and
 * releases it.  It must never know what kinds of run there are. */
#ifndef WEIR_ENGINE_INTERNAL_H
#define WEIR_ENGINE_INTERNAL_H

#include "base/base.h"
#include "sched/event.h"
#include "sched/lane.h"
#include "sched/team.h"
#include "weir/engine.h"

struct weir_engine {
    /* Read-only after open. */
    weir__team team;
    size_t max_in_flight;
    size_t max_bytes; /* SIZE_MAX: no limit */
    weir__worker *workers;
    uint64_t watch_ns; /* how long a worker without work stays awake */

    /* The run under way, of the whole team. */
    atomic_uint taken; /* 0: there is none; else in which process (fork.h) */
    weir__lane lane;

    /* For streams: each worker's lane for runs in place, who sleeps, and the bytes that stream and
     * lanes have reserved together. */
    weir__lane *in_place;
    unsigned lanes; /* of them */
    weir__event workers_wake;
    atomic_uint_least64_t reserved_bytes;

    weir_stats stats; /* of the last run; written by the thread that ran */
};

/* Takes the engine for a run: WEIR_OK, WEIR_EBUSY, or WEIR_ESYS: what it ran when this process was forked
 * off was left to the parent, and the engine with it. */
weir_status weir__engine_acquire(weir_engine *engine) WEIR_MUST_CHECK;
void weir__engine_release(weir_engine *engine);
/* The same for a variable's cleanup, since an op's exception may leave the function that holds it. */
static inline void weir__engine_release_held(weir_engine *const *engine)
{
    weir__engine_release(*engine);
}
/* Has it been left to the parent of this process? Then nothing of it may be relied on. */
bool weir__engine_is_lost(const weir_engine *engine);

/* The workers as they are at the start of a run. */
void weir__engine_reset_workers(weir_engine *engine);
/* Adds up what the workers counted, to the stats of a run that have its team and its time already. */
void weir__engine_sum_stats(weir_engine *engine, weir_stats *stats);

/* Reserves bytes of max_bytes for a stream or a lane; false if they are not there. */
bool weir__engine_reserve(weir_engine *engine, uint64_t bytes) WEIR_MUST_CHECK;
void weir__engine_give_back(weir_engine *engine, uint64_t bytes);

/* The calling thread is a worker of a stream on this engine from enter to leave. */
void weir__engine_enter(weir_engine *engine, unsigned worker);
void weir__engine_leave(void);
/* The lane for runs in place if the calling thread is such a worker, else NULL. */
weir__lane *weir__engine_lane_in_place(const weir_engine *engine);
/* That worker's number. */
unsigned weir__engine_worker_in_place(void);

#endif
