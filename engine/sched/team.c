/* The team: OpenMP region, binding, and the checks that both can work; see team.h.
 *
 * The region is entered anew for each run, since a warm one costs about a microsecond, and its
 * closing barrier is the one place where both runtimes wake a thread for new work.  Threads of the
 * pool stay where they were bound, the calling thread gets its own binding back. */
#include "sched/team.h"

#include <omp.h>

#include "base/arithmetic.h"
#include "base/atomics.h"
#include "base/error.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/threads.h"
#include "machine/decide.h"
#include "sched/enclose.h"

/* Code from gcc calls GOMP_* entries, which LLVM's runtime also has, but without `detach`: tasks
 * would count as complete too early. It gives itself away by this symbol. */
#if !defined(__clang__)
extern void __kmpc_global_thread_num(void) __attribute__((weak));

static weir_status check_runtime(void)
{
    if (__kmpc_global_thread_num != NULL)
        return weir__error_set(WEIR_ERUNTIME, 0, "OpenMP runtime",
                               "weir was compiled by gcc, but this program runs LLVM's OpenMP "
                               "runtime (libomp); link with 'gcc -fopenmp', or use a weir "
                               "that was compiled by clang");
    return WEIR_OK;
}
#else
static weir_status check_runtime(void)
{
    return WEIR_OK; /* the other way round, the program does not link */
}
#endif

/* ---- threads ---- */

/* The OpenMP threads that this host thread can use without new ones, itself included, as far as weir knows.
 * Both runtimes keep them for each host thread; libgomp ends those that a smaller team leaves over. */
static _Thread_local struct {
    unsigned process, threads;
} pool;

static unsigned pool_threads(void)
{
    return pool.process == weir__fork_process() && pool.threads > 0 ? pool.threads : 1;
}

static void set_pool_threads(unsigned threads)
{
#if defined(__clang__)
    if (threads < pool_threads())
        return;
#endif
    pool.process = weir__fork_process();
    pool.threads = threads;
}

weir_status weir__team_try(const weir__team *team, unsigned own)
{
    WEIR_ASSERT(team->threads > 0 && team->threads <= team->workers);
    return weir__threads_try(team->threads - 1, own);
}

void weir__team_note_tried(const weir__team *team)
{
    set_pool_threads(team->threads);
}

/* Both runtimes end the process when they cannot create a thread, so what a region would create is tried
 * first. */
static weir_status try_to_grow(unsigned threads)
{
    const unsigned there = pool_threads();
    const weir_status status = threads > there ? weir__threads_try(threads - there, 0) : WEIR_OK;
    if (status == WEIR_OK)
        set_pool_threads(threads);
    return status;
}

/* What binding needs; places only where weir binds. */
static weir_status prepare_binding(weir__team *team, const weir_placement *placement)
{
    team->caller = weir__binding_create();
    team->opener = weir__binding_create();
    if (team->caller == NULL || team->opener == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "bind", "no memory for the thread binding");
    (void)weir__binding_save(team->topology, team->opener);
    if (placement->bind == WEIR_BIND_NONE)
        return WEIR_OK;
    team->places = weir__memory_alloc(placement->threads * sizeof *team->places);
    if (team->places == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "workers", "no memory for %u workers",
                               placement->threads);
    return weir__decide_places(team->topology, placement, team->places, &team->claim);
}

weir_status weir__team_open(weir__team *team, const weir_placement *placement,
                            weir_topology *topology)
{
    static atomic_uint_least64_t next_id = 1;
    WEIR_ASSERT(placement->bind != WEIR_BIND_AUTO && topology != NULL);
    const bool can_bind = weir__topology_machine(topology)->can_bind && !placement->openmp_binds;
    *team = (weir__team){.workers = placement->workers,
                         .threads = placement->threads,
                         .topology = can_bind ? topology : NULL};
    if (!can_bind)
        weir_topology_free(topology);
    weir_status status = check_runtime();
    if (status == WEIR_OK)
        status = weir__team_try(team, 0);
    if (status == WEIR_OK && can_bind)
        status = prepare_binding(team, placement);
    team->id = add_relaxed(&next_id, 1);
    return status;
}

void weir__team_close(weir__team *team)
{
    weir__claim_drop(team->claim);
    weir__memory_free(team->claim);
    weir__memory_free(team->places);
    weir__binding_destroy(team->opener);
    weir__binding_destroy(team->caller);
    weir_topology_free(team->topology);
    *team = (weir__team){0};
}

/* ---- runs ---- */

/* Puts a thread of the pool where this team wants its worker `worker`, if it is not there already:
 * on its hardware thread, or off the one where another team has bound it. */
static void place_worker(const weir__team *team, unsigned worker)
{
    static _Thread_local uint64_t placed_by; /* 0: no team has bound it */
    static _Thread_local unsigned placed_as;
    WEIR_ASSERT(worker > 0 && team->id != 0); /* worker 0 is the caller's own thread */
    if (placed_by == team->id && placed_as == worker)
        return;
    if (team->places != NULL) {
        if (!weir__topology_bind(team->topology, team->places[worker]))
            return;
    } else if (placed_by != 0) {
        weir__binding_restore(team->topology, team->opener);
    } else {
        return;
    }
    placed_by = team->id;
    placed_as = worker;
}

void weir__team_bind_caller(weir__team *team)
{
    if (!team->bind_caller)
        return;
    WEIR_ASSERT(team->places != NULL && !team->restore_caller);
    team->bind_caller = false;
    team->restore_caller = weir__binding_save(team->topology, team->caller) &&
                           weir__topology_bind(team->topology, team->places[0]);
}

/* A thread of the pool begins its part of a run: the program's signals are for the program's threads. */
static void begin_worker(const weir__team *team, unsigned worker, bool place)
{
    static _Thread_local bool quiet;
    if (!quiet)
        weir__threads_block_signals(NULL);
    quiet = true;
    if (place)
        place_worker(team, worker);
}

/* One run, as it stands on the calling thread's stack. */
typedef struct call {
    weir__team *team;
    weir__team_body *body;
    void *argument;
    weir_status status;
    int levels; /* of active regions that the caller allows; 0: they are as they were */
} call;

/* By way of an exception as well. */
static void put_caller_back(call *c)
{
    if (c->levels > 0)
        omp_set_max_active_levels(c->levels);
    if (c->team->restore_caller)
        weir__binding_restore(c->team->topology, c->team->caller);
    c->team->restore_caller = false;
}

/* Without others. A region of an op's own gets what it would get in a team, whose region takes up one of
 * the levels that may be active. */
static void run_alone(void *argument)
{
    call *c = argument;
    const int levels = omp_get_max_active_levels();
    if (levels > 0) {
        c->levels = levels;
        omp_set_max_active_levels(levels - 1);
    }
    weir__team_bind_caller(c->team);
    c->body(c->argument, 0, 1);
}

/* With one thread it leaves the pool as it is. */
static void run_region(call *c, unsigned threads, bool place)
{
    weir__team *team = c->team;
    const weir__arithmetic arithmetic = weir__arithmetic_get();
    const bool bind = place && team->places != NULL;
    const bool grows = threads > pool_threads();
    sigset_t before;
    c->status = threads > 1 ? try_to_grow(threads) : WEIR_OK;
    if (c->status != WEIR_OK)
        return;
    if (grows) /* new threads get the mask of the one that makes them */
        weir__threads_block_signals(&before);
#pragma omp parallel num_threads((int)threads)
    {
        const unsigned worker = (unsigned)omp_get_thread_num();
        const unsigned size = (unsigned)omp_get_num_threads();
        /* The pool's threads are the program's as well, and keep what they have outside of runs. */
        const weir__arithmetic own = weir__arithmetic_get();
        WEIR_ASSERT(worker < size && size <= threads);
        if (worker == 0 && threads > 1)
            team->came = size;
        weir__arithmetic_set(&arithmetic);
        if (worker == 0 && grows)
            weir__threads_restore_signals(&before);
        /* Not before the region: libomp puts the caller's mask back in its first one. */
        if (worker > 0)
            begin_worker(team, worker, place);
        else if (bind && !weir__binding_is_on(team->topology, team->caller, team->places[0]))
            weir__team_bind_caller(team);
        if (size > 1)
            c->body(c->argument, worker, size);
        else /* no exception may leave a region */
            weir__enclose_ops(run_alone, c);
        weir__arithmetic_set(&own);
    } /* in this barrier they wait for tasks, and the run ends */
}

static call make_call(weir__team *team, weir__team_body *body, void *argument)
{
    team->bind_caller = team->restore_caller = false;
    return (call){.team = team, .body = body, .argument = argument, .status = WEIR_OK};
}

/* A region that would get one thread is not worth opening. */
static bool gets_one(const weir__team *team)
{
    return team->threads == 1 || omp_get_active_level() >= omp_get_max_active_levels();
}

static weir_status run_here(weir__team *team, weir__team_body *body, void *argument)
{
    call c __attribute__((cleanup(put_caller_back))) = make_call(team, body, argument);
    /* Inside a region of the caller's, its threads are where the caller wants them. */
    const bool place = team->topology != NULL && !omp_in_parallel();
    team->bind_caller = place && team->places != NULL;
    if (gets_one(team))
        run_alone(&c);
    else
        run_region(&c, team->threads, place);
    return c.status;
}

unsigned weir__team_expected(const weir__team *team)
{
    /* In the child of a fork another thread may be worker 0 in the team. */
    return gets_one(team) || weir__fork_lost_pool() ? 1 : team->came;
}

void weir__team_run_alone(weir__team *team, weir__team_body *body, void *argument)
{
    call c __attribute__((cleanup(put_caller_back))) = make_call(team, body, argument);
    run_region(&c, 1, false);
}

/* A run for another thread than the one that opens its region. */
typedef struct errand {
    weir__team *team;
    weir__team_body *body;
    void *argument;
    weir_status status;
    weir_error error;
} errand;

static void run_errand(void *argument)
{
    errand *e = argument;
    e->status = run_here(e->team, e->body, e->argument);
    if (e->status != WEIR_OK)
        e->error = *weir_last_error();
}

weir_status weir__team_run(weir__team *team, weir__team_body *body, void *argument)
{
    if (team->threads == 1 || !weir__fork_lost_pool())
        return run_here(team, body, argument);
    errand e = {.team = team, .body = body, .argument = argument};
    const weir_status status = weir__fork_call(run_errand, &e);
    return status != WEIR_OK || e.status == WEIR_OK ? status : weir__error_copy(&e.error);
}
