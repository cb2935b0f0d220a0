/* Opens and closes engines, holds the limits in force, and lets one run at a time in.
 *
 * The public functions of weir/engine.h are here; runs of each kind call acquire, fail and release.
 * It must never start work by itself. */
#include <stdlib.h>
#include <strings.h>

#include "base/atomics.h"
#include "base/error.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "machine/decide.h"
#include "sched/engine.h"

/* How long a worker without work stays awake. A thread of libgomp's spins for longer by itself. */
#define WATCH_NS 100000

static size_t clamp_in_flight(size_t asked, unsigned workers)
{
    const size_t most = (size_t)workers * WEIR_MOST_IN_FLIGHT_PER_WORKER;
    if (asked == 0)
        return (size_t)workers * 4;
    return asked < most ? asked : most;
}

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
    engine->workers = weir__memory_take_zero(workers * sizeof *engine->workers);
    engine->in_place = weir__memory_take_zero(workers * sizeof *engine->in_place);
    if (engine->workers == NULL || engine->in_place == NULL ||
        weir__mail_open(&engine->lane.mail, workers) != WEIR_OK)
        return false;
    for (; engine->lanes < workers; engine->lanes++) {
        weir__lane *lane = &engine->in_place[engine->lanes];
        if (weir__lane_open(lane) != WEIR_OK)
            return false;
        lane->above = &engine->lane;
        if (weir__mail_open(&lane->mail, 1) != WEIR_OK) {
            weir__lane_close(lane);
            return false;
        }
    }
    return true;
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
    engine->max_in_flight = clamp_in_flight(resolved->max_in_flight, placement.workers);
    engine->max_bytes = resolved->max_bytes == 0 ? SIZE_MAX : resolved->max_bytes;
    WEIR_ASSERT(engine->max_in_flight > 0 && engine->max_bytes > 0);
    engine->watch_ns = may_spin(&placement, quota) ? WATCH_NS : 0;
    if (!open_workers(engine, placement.workers))
        return weir__error_set(WEIR_ENOMEM, 0, "workers", "no memory for %u workers",
                               placement.workers);
    return WEIR_OK;
}

/* Locks and semaphores, which can fail only for want of memory. */
static weir_status open_primitives(weir_engine *engine)
{
    if (weir__lane_open(&engine->lane) != WEIR_OK)
        return WEIR_ENOMEM;
    if (weir__event_open(&engine->workers_wake) == WEIR_OK)
        return WEIR_OK;
    weir__lane_close(&engine->lane);
    return WEIR_ENOMEM;
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
    weir_engine *opened = weir__memory_take_zero(sizeof *opened);
    if (opened == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "engine", "no memory for an engine");
    if (open_primitives(opened) != WEIR_OK) {
        weir__memory_give(opened);
        return weir__error_set(WEIR_ENOMEM, 0, "engine", "no memory for an engine's locks");
    }
    status = fill_engine(opened, options, &resolved);
    if (status != WEIR_OK) {
        weir_engine_close(opened);
        return status;
    }
    *engine = opened;
    return WEIR_OK;
}

void weir_engine_close(weir_engine *engine)
{
    if (engine == NULL ||
        weir__engine_is_lost(engine)) /* a worker may have held one of its locks */
        return;
    WEIR_ASSERT(load_relaxed(&engine->taken) == 0 && load_relaxed(&engine->reserved_bytes) == 0);
    weir__team_close(&engine->team);
    weir__event_close(&engine->workers_wake);
    weir__lane_close(&engine->lane);
    for (unsigned i = 0; i < engine->lanes; i++)
        weir__lane_close(&engine->in_place[i]);
    weir__memory_give(engine->in_place);
    weir__memory_give(engine->workers);
    weir__memory_give(engine);
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
    return engine != NULL ? engine->max_bytes : 0;
}

void weir_engine_stats(const weir_engine *engine, weir_stats *stats)
{
    if (stats != NULL)
        *stats = engine != NULL ? engine->stats : (weir_stats){0};
}

bool weir__engine_is_lost(const weir_engine *engine)
{
    const unsigned taken = load_relaxed(&engine->taken);
    return taken != 0 && taken != weir__fork_process();
}

static weir_status refuse(const weir_engine *engine)
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

weir_status weir__engine_acquire(weir_engine *engine)
{
    unsigned free = 0;
    /* E1: acquire; pairs with E2, so that this run sees all that the run before left. */
    if (cas_acquire(&engine->taken, &free, weir__fork_process()))
        return WEIR_OK;
    return refuse(engine);
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
        weir__worker_reset(&engine->workers[i]);
}

void weir__engine_sum_stats(weir_engine *engine, weir_stats *stats)
{
    const uint64_t all_ns = (uint64_t)(stats->seconds * 1e9) * stats->workers;
    uint64_t busy_ns = 0;
    for (unsigned i = 0; i < engine->team.workers; i++) {
        stats->branches += engine->workers[i].branches;
        stats->promotions += engine->workers[i].promotions;
        stats->gathers_promoted += engine->workers[i].gathers_promoted;
        stats->denied_permits += engine->workers[i].denied_permits;
        stats->denied_bytes += engine->workers[i].denied_bytes;
        busy_ns += engine->workers[i].busy_ns;
    }
    stats->idle_ns = all_ns > busy_ns ? all_ns - busy_ns : 0;
}

bool weir__engine_reserve(weir_engine *engine, uint64_t bytes)
{
    uint64_t reserved = load_relaxed(&engine->reserved_bytes);
    do {
        WEIR_ASSERT(reserved <= engine->max_bytes);
        if (bytes > engine->max_bytes - reserved)
            return false;
    } while (!cas_weak_relaxed(&engine->reserved_bytes, &reserved, reserved + bytes));
    return true;
}

void weir__engine_give_back(weir_engine *engine, uint64_t bytes)
{
    const uint64_t before = sub_relaxed(&engine->reserved_bytes, bytes);
    WEIR_ASSERT(bytes <= before && before <= engine->max_bytes);
    (void)before;
}

/* Set while the thread is a worker of a stream. */
static _Thread_local weir_engine *worker_of;
static _Thread_local unsigned worker_number;

void weir__engine_enter(weir_engine *engine, unsigned worker)
{
    WEIR_ASSERT(worker_of == NULL && worker < engine->lanes);
    worker_of = engine;
    worker_number = worker;
}

void weir__engine_leave(void)
{
    WEIR_ASSERT(worker_of != NULL);
    worker_of = NULL;
}

weir__lane *weir__engine_lane_in_place(const weir_engine *engine)
{
    return worker_of == engine && !weir__engine_is_lost(engine) ? &engine->in_place[worker_number]
                                                                : NULL;
}

unsigned weir__engine_worker_in_place(void)
{
    WEIR_ASSERT(worker_of != NULL);
    return worker_number;
}

void weir_engine_cancel(weir_engine *engine)
{
    if (engine == NULL)
        return;
    weir__lane_cancel(&engine->lane); /* first; see weir__lane_begin() */
    for (unsigned i = 0; i < engine->lanes; i++)
        weir__lane_cancel(&engine->in_place[i]);
    weir__event_wake_all(&engine->workers_wake);
}
