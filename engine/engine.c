/* Opens and closes engines, holds the limits in force, and lets one run at a time in.
 *
 * The public functions of weir/engine.h are here; sched/life.c acquires for a run, and releases.
 * It must never start work by itself. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/atomics.h"
#include "base/error.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "graph/book.h"
#include "machine/decide.h"
#include "sched/host.h"
#include "sched/tuning.h"

/* May a thread that has nothing to do keep its core? Not if there are more workers than its part of
 * the machine has hardware threads, or the CPU quota pays for; nor if the user does not want it of
 * OpenMP's threads. */
static bool may_spin(const weir_placement *placement, double quota)
{
    const char *policy = getenv("OMP_WAIT_POLICY");
    const bool passive = policy != NULL && strcasecmp(policy, "passive") == 0;
    return !passive && placement->workers <= placement->pus &&
           (!(quota > 0) || (double)placement->workers * placement->shares <= quota);
}

/* What there is for each worker; false: no memory. */
static bool open_workers(weir_engine *engine, unsigned workers)
{
    engine->workers = weir__memory_alloc_zero(workers * sizeof *engine->workers);
    return engine->workers != NULL && weir__mail_open(&engine->mail, workers) == WEIR_OK &&
           weir__host_open(engine) == WEIR_OK;
}

/* What its graphs share, where there is a limit; false: no memory. */
static bool open_books(weir_engine *engine)
{
    if (engine->budget.limit == WEIR_NO_LIMIT)
        return true;
    engine->books = weir__memory_alloc(sizeof *engine->books);
    if (engine->books != NULL)
        weir__books_open_in(engine->books, &engine->windows);
    return engine->books != NULL;
}

/* Everything of an engine whose memory is there already. */
static weir_status fill_engine(weir_engine *engine, const weir_engine_options *given,
                               const weir_engine_options *resolved)
{
    weir_topology *topology;
    weir_placement placement;
    weir_status status = weir__topology_load(NULL, false, &topology);
    if (status != WEIR_OK)
        return status;
    status = weir__decide_here(topology, given, &placement);
    if (status != WEIR_OK) {
        weir_topology_free(topology);
        return status;
    }
    const double quota = weir__topology_machine(topology)->quota;
    status = weir__team_open(&engine->team, &placement, topology);
    if (status != WEIR_OK)
        return status;
    engine->max_in_flight = resolved->max_in_flight != 0
                                ? resolved->max_in_flight
                                : (size_t)placement.workers * WEIR_IN_FLIGHT_A_WORKER;
    WEIR_ASSERT(engine->max_in_flight > 0 && engine->budget.limit > 0);
    engine->search_ns = may_spin(&placement, quota) ? WEIR_SEARCH_NS : 0;
    if (!open_workers(engine, placement.workers) || !open_books(engine))
        return weir__error_set(WEIR_ENOMEM, 0, "workers", "no memory for %u workers",
                               placement.workers);
    return WEIR_OK;
}

weir_status weir_engine_open(const weir_engine_options *options, weir_engine **engine)
{
    if (engine == NULL)
        return weir__error_set(WEIR_EINVAL, 0, "engine", "engine is NULL; it receives the engine");
    *engine = NULL;
    weir_engine_options resolved;
    weir_status status = weir__options_resolve(options, true, &resolved);
    if (status != WEIR_OK)
        return status;
    weir_engine *opened = weir__memory_alloc_zero(sizeof *opened);
    if (opened == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "engine", "no memory for an engine");
    weir__budget_open(&opened->budget, NULL,
                      resolved.max_bytes == 0 ? WEIR_NO_LIMIT : resolved.max_bytes);
    weir__windows_open(&opened->windows, &opened->budget);
    weir__watch_open(&opened->watch, &opened->mail);
    if (pthread_mutex_init(&opened->stats_lock, NULL) != 0 ||
        weir__run_open(&opened->root, opened, &opened->windows, &opened->mail, &opened->cancels) !=
            WEIR_OK) {
        weir__memory_free(opened);
        return weir__error_set(WEIR_ENOMEM, 0, "engine", "no memory for an engine's lock");
    }
    status = fill_engine(opened, options, &resolved);
    if (status != WEIR_OK) {
        weir_engine_close(opened);
        return status;
    }
    *engine = opened;
    return WEIR_OK;
}

void weir__engine_free_records(weir__run *run)
{
    while (run != NULL) {
        weir__run *next = run->spare;
        weir__run_close(run);
        weir__memory_free(run);
        run = next;
    }
}

void weir_engine_close(weir_engine *engine)
{
    if (engine == NULL ||
        weir__engine_is_lost(engine)) /* a worker may have held one of its locks */
        return;
    WEIR_ASSERT(load_relaxed(&engine->taken) == 0);
    weir__run_close(&engine->root);
    weir__host_close(engine);
    for (unsigned i = 0; engine->workers != NULL && i < engine->team.workers; i++)
        weir__engine_free_records(engine->workers[i].spare);
    weir__team_close(&engine->team); /* which knows how many workers there are */
    if (engine->books != NULL)
        weir__books_close(engine->books);
    weir__windows_close(&engine->windows);
    weir__budget_close(&engine->budget);
    weir__watch_close(&engine->watch);
    weir__mail_close(&engine->mail);
    pthread_mutex_destroy(&engine->stats_lock);
    weir__memory_free(engine->books);
    weir__memory_free(engine->workers);
    weir__memory_free(engine);
}

/* The numbers are expanded as arguments of DOTTED, and become text in it. */
#define TEXT(number)                #number
#define DOTTED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *weir_version(void)
{
    return DOTTED(WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR, WEIR_VERSION_PATCH);
}

unsigned weir_engine_workers(const weir_engine *engine)
{
    return engine != NULL ? engine->team.workers : 0;
}

size_t weir_engine_max_in_flight(const weir_engine *engine)
{
    return engine != NULL ? engine->max_in_flight : 0;
}

size_t weir_engine_max_bytes(const weir_engine *engine)
{
    if (engine == NULL)
        return 0;
    return engine->budget.limit < SIZE_MAX ? (size_t)engine->budget.limit : SIZE_MAX;
}

/* Of the last root run that the thread has started, on whichever engine. */
static _Thread_local struct {
    uint64_t team; /* that engine's; 0: none */
    weir_stats stats;
} last;

weir_stats *weir__engine_stats(const weir_engine *engine)
{
    last.team = engine->team.id;
    return &last.stats;
}

void weir__engine_note_stats(weir_engine *engine, bool alone)
{
    if (!alone)
        pthread_mutex_lock(&engine->stats_lock);
    memcpy(&engine->stats, &last.stats, offsetof(weir_stats, reserved));
    if (!alone)
        pthread_mutex_unlock(&engine->stats_lock);
}

void weir_engine_stats(const weir_engine *engine, weir_stats *stats)
{
    if (stats == NULL)
        return;
    *stats = engine == NULL                 ? (weir_stats){0}
             : last.team == engine->team.id ? last.stats
                                            : engine->stats;
}

bool weir__engine_is_lost(const weir_engine *engine)
{
    const unsigned taken = load_relaxed(&engine->taken);
    return taken != 0 && taken != weir__fork_process();
}

weir_status weir__engine_refuse(const weir_engine *engine)
{
    if (weir__engine_is_lost(engine))
        return weir__error_set(WEIR_ESYS, 0, "engine",
                               "a run or a stream was under way on this engine when this process "
                               "was forked off, and its workers are in the parent only; open an "
                               "engine in this process");
    return weir__error_set(WEIR_EBUSY, 0, "engine",
                           "the engine is running already; one run at a time, so wait for it "
                           "or open another engine");
}

bool weir__engine_try_acquire(weir_engine *engine)
{
    unsigned free = 0;
    /* E1: acquire; pairs with E2, so that this run sees all that the run before left. */
    return cas_acquire(&engine->taken, &free, weir__fork_process());
}

bool weir__engine_is_taken(const weir_engine *engine)
{
    return load_relaxed(&engine->taken) != 0;
}

weir_status weir__engine_acquire(weir_engine *engine)
{
    return weir__engine_try_acquire(engine) ? WEIR_OK : weir__engine_refuse(engine);
}

void weir__engine_release(weir_engine *engine)
{
    WEIR_ASSERT(load_relaxed(&engine->taken) == weir__fork_process());
    /* E2: release; pairs with E1. */
    store_release(&engine->taken, 0);
}

void weir__engine_reset_workers(weir_engine *engine)
{
    for (unsigned i = 0; i < engine->team.workers; i++)
        weir__worker_begin(&engine->workers[i], engine, &engine->watch, i, engine->search_ns);
}

weir__run *weir__engine_make_record(weir_engine *engine)
{
    weir__run *run = weir__memory_alloc_zero(sizeof *run);
    if (run == NULL ||
        weir__run_open(run, engine, &engine->windows, &engine->mail, &engine->cancels) == WEIR_OK)
        return run;
    weir__memory_free(run);
    return NULL;
}

weir__run *weir__engine_acquire_record(weir_engine *engine, weir__worker *worker)
{
    WEIR_ASSERT(worker->engine == engine);
    weir__run *run = worker->spare;
    if (run == NULL)
        return weir__engine_make_record(engine);
    worker->spare = run->spare;
    return run;
}

void weir__engine_release_record(weir__worker *worker, weir__run *run)
{
    WEIR_ASSERT(run->engine == worker->engine && run != &run->engine->root);
    run->spare = worker->spare;
    worker->spare = run;
}

void weir_engine_cancel(weir_engine *engine)
{
    if (engine == NULL)
        return;
    /* RU3: seq_cst, before the words that have workers look; pairs with RU4. */
    add_seq_cst(&engine->cancels, 1);
    weir__mail_alert_all(&engine->mail);
    weir__event_notify(&engine->windows.room);
}
