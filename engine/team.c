/* The team: OpenMP region, binding, and the checks that both can work; see team.h.
 *
 * The region is entered anew for each run, since a warm one costs about a microsecond, and its
 * closing barrier is the one place where both runtimes wake a thread for new work.  Threads of the
 * pool stay where they were bound, the calling thread gets its own binding back. */
#include "team.h"

#include <omp.h>
#include <stdatomic.h>

#include "enclose.h"
#include "error.h"
#include "fork.h"
#include "memory.h"
#include "threads.h"

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

/* libomp warns on stderr when it is asked for more than OMP_THREAD_LIMIT. */
static unsigned threads_to_ask_for(const weir__team *team)
{
    const unsigned limit = (unsigned)omp_get_thread_limit();
    return team->workers < limit ? team->workers : limit;
}

weir_status weir__team_try(const weir__team *team, unsigned own)
{
    return weir__threads_try(threads_to_ask_for(team) - 1, own);
}

void weir__team_note_tried(const weir__team *team)
{
    set_pool_threads(threads_to_ask_for(team));
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

weir_status weir__team_open(weir__team *team, unsigned workers, weir_topology *topology,
                            unsigned *places)
{
    static atomic_uint_least64_t next_id = 1;
    *team = (weir__team){.workers = workers, .topology = topology, .places = places};
    weir_status status = check_runtime();
    if (status == WEIR_OK)
        status = weir__team_try(team, 0);
    if (status == WEIR_OK && topology != NULL) {
        team->caller = weir__binding_create();
        if (team->caller == NULL)
            status = weir__error_set(WEIR_ENOMEM, 0, "bind", "no memory for the thread binding");
    }
    team->id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
    return status;
}

void weir__team_close(weir__team *team)
{
    weir__binding_destroy(team->caller);
    weir_topology_free(team->topology);
    weir__memory_give(team->places);
    *team = (weir__team){0};
}

/* ---- runs ---- */

/* Binds a thread of the pool as worker `worker`, if it is not so already. */
static void bind_worker(const weir__team *team, unsigned worker)
{
    static _Thread_local uint64_t bound_team;
    static _Thread_local unsigned bound_worker;
    if (bound_team == team->id && bound_worker == worker)
        return;
    if (weir__topology_bind(team->topology, team->places[worker])) {
        bound_team = team->id;
        bound_worker = worker;
    }
}

void weir__team_bind_caller(weir__team *team)
{
    if (!team->bind_caller)
        return;
    team->bind_caller = false;
    team->restore_caller = weir__binding_save(team->topology, team->caller) &&
                           weir__topology_bind(team->topology, team->places[0]);
}

/* A thread of the pool begins its part of a run: the program's signals are for the program's threads. */
static void begin_worker(const weir__team *team, unsigned worker, bool bind)
{
    static _Thread_local bool quiet;
    if (!quiet)
        weir__threads_block_signals(NULL);
    quiet = true;
    if (bind)
        bind_worker(team, worker);
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

static void run_region(call *c, unsigned threads, bool bind)
{
    weir__team *team = c->team;
    const bool grows = threads > pool_threads();
    sigset_t before;
    c->status = try_to_grow(threads);
    if (c->status != WEIR_OK)
        return;
    if (grows) /* new threads get the mask of the one that makes them */
        weir__threads_block_signals(&before);
#pragma omp parallel num_threads((int)threads)
    {
        const unsigned worker = (unsigned)omp_get_thread_num();
        const unsigned size = (unsigned)omp_get_num_threads();
        if (worker == 0 && grows)
            weir__threads_restore_signals(&before);
        /* Not before the region: libomp puts the caller's mask back in its first one. */
        if (worker > 0)
            begin_worker(team, worker, bind);
        else if (bind && !weir__binding_is_on(team->topology, team->caller, team->places[0]))
            weir__team_bind_caller(team);
        if (size > 1)
            c->body(c->argument, worker, size);
        else /* no exception may leave a region */
            weir__enclose(run_alone, c);
    } /* in this barrier they wait for tasks, and the run ends */
}

static weir_status run_here(weir__team *team, weir__team_body *body, void *argument)
{
    call c __attribute__((cleanup(put_caller_back))) = {
        .team = team, .body = body, .argument = argument, .status = WEIR_OK};
    /* Inside a region of the caller's, its threads are where the caller wants them. */
    const bool bind = team->topology != NULL && !omp_in_parallel();
    team->bind_caller = bind;
    team->restore_caller = false;
    /* A region that would get one thread is not worth opening. */
    if (team->workers == 1 || omp_get_active_level() >= omp_get_max_active_levels())
        run_alone(&c);
    else
        run_region(&c, threads_to_ask_for(team), bind);
    return c.status;
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
    if (team->workers == 1 || !weir__fork_lost_pool())
        return run_here(team, body, argument);
    errand e = {.team = team, .body = body, .argument = argument};
    const weir_status status = weir__fork_call(run_errand, &e);
    return status != WEIR_OK || e.status == WEIR_OK ? status : weir__error_copy(&e.error);
}

unsigned weir__team_worker(void)
{
    return (unsigned)omp_get_thread_num();
}
