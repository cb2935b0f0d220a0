/* The engine's state: the team, the window, the first failure, and what its workers keep.
 *
 * engine.c owns it; each kind of run (pipeline/run.c) takes the engine with begin and gives it back
 * with end.  It must never know what kinds of run there are. */
#ifndef WEIR_ENGINE_INTERNAL_H
#define WEIR_ENGINE_INTERNAL_H

#include "base.h"
#include "failure.h"
#include "team.h"
#include "weir/engine.h"
#include "window.h"

/* What one worker keeps from part to part of a run; written by that worker only. */
typedef struct weir__worker {
    alignas(WEIR_LINE) uint64_t branches;
    uint64_t promotions;
    uint64_t gathers_promoted;
    uint64_t earned_at_ns; /* up to when running time was turned into credits */
    unsigned credits;      /* promotions that it may make at once */
    uint32_t chunk;        /* leaves in one call of a range op */
} weir__worker;

struct weir_engine {
    /* Read-only after open. */
    weir__team team;
    size_t max_in_flight;
    size_t max_bytes; /* SIZE_MAX: no limit */
    weir__worker *workers;

    /* The run under way. */
    atomic_bool busy;
    weir__failure failure;
    weir__window window;

    weir_stats stats; /* of the last run; written by the thread that ran */
};

/* Takes the engine for a run: WEIR_OK, or WEIR_EBUSY. */
weir_status weir__engine_acquire(weir_engine *engine) WEIR_MUST_CHECK;
void weir__engine_release(weir_engine *engine);

/* The workers as they are at the start of a run. */
void weir__engine_reset_workers(weir_engine *engine);
/* Adds up what the workers counted. */
void weir__engine_sum_stats(weir_engine *engine, weir_stats *stats);

/* Stops the run under way with this error, unless another failure was first.
 * Threads: any; from a signal handler as well. */
void weir__engine_fail(weir_engine *engine, const weir_error *error);

#endif
