/* The engine's record: the team, its mail and workers, and the runs under way.
 *
 * engine.c opens and closes it; life.c acquires it for a root run, and releases it.  It must
 * never know what kinds of run there are. */
#ifndef WEIR_ENGINE_INTERNAL_H
#define WEIR_ENGINE_INTERNAL_H

#include "base/atomics.h"
#include "base/base.h"
#include "sched/here.h"
#include "sched/mail.h"
#include "sched/run.h"
#include "sched/team.h"
#include "sched/watch.h"
#include "sched/worker.h"
#include "weir/engine.h"

struct weir__host;
struct weir__books;

struct weir_engine {
    /* Read-only after open. */
    weir__team team;
    size_t max_in_flight;
    weir__worker *workers;
    uint64_t search_ns; /* how long a worker without work stays awake */

    atomic_uint taken;   /* 0: no root run is under way; else in which process (fork.h) */
    atomic_uint cancels; /* so many calls of weir_engine_cancel() */

    weir__mail mail;
    weir__watch watch;
    weir__run root; /* the root run that has the engine, or the one with chores */
    struct weir__host *host;

    alignas(WEIR_LINE) weir__budget budget; /* what all runs and streams hold, up to max_bytes */
    weir__windows windows;                  /* of all runs */
    struct weir__books
        *books; /* of all graphs; NULL: there is no limit. The scheduler looks at none */

    weir_stats stats;           /* of the last root run; written by the thread that ran, */
    pthread_mutex_t stats_lock; /* several of which may be in the host's region */
};

/* Takes the engine for a root run: WEIR_OK, WEIR_EBUSY, or WEIR_ESYS: what it ran when this process was
 * forked off was left to the parent, and the engine with it. */
weir_status weir__engine_acquire(weir_engine *engine) WEIR_MUST_CHECK;
bool weir__engine_try_acquire(weir_engine *engine) WEIR_MUST_CHECK;
bool weir__engine_is_taken(const weir_engine *engine);
/* Why it cannot be taken, as this thread's last error. */
weir_status weir__engine_refuse(const weir_engine *engine);
void weir__engine_release(weir_engine *engine);
/* The same for a variable's cleanup, since an op's exception may leave the function that holds it. */
static inline void weir__engine_release_held(weir_engine *const *engine)
{
    weir__engine_release(*engine);
}
/* Has it been left to the parent of this process? Then nothing of it may be relied on. */
bool weir__engine_is_lost(const weir_engine *engine);

/* The workers as they are when a team begins. */
void weir__engine_reset_workers(weir_engine *engine);
/* The statistics of the last run that this thread has started, which is on this engine; they are to be
 * filled in, */
weir_stats *weir__engine_stats(const weir_engine *engine);
/* and noted for threads that have started none. `alone`: no other root is under way. */
void weir__engine_note_stats(weir_engine *engine, bool alone);

/* A record for a run; NULL: no memory. */
weir__run *weir__engine_make_record(weir_engine *engine) WEIR_MUST_CHECK;
void weir__engine_free_records(weir__run *first);
/* One for a run nested in what the worker runs. By that worker, as is the give. */
weir__run *weir__engine_acquire_record(weir_engine *engine, weir__worker *worker) WEIR_MUST_CHECK;
void weir__engine_release_record(weir__worker *worker, weir__run *run);

#endif
