/* The team: OpenMP region, binding, and the checks that both can work; see team.h.
 *
 * The region is entered anew for each run, since a warm one costs about a microsecond, and its
 * closing barrier is the one place where both runtimes wake a thread for new work.  Threads of the
 * pool stay where they were bound, the calling thread gets its own binding back. */
#include "team.h"

#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "error.h"
#include "memory.h"

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

typedef struct probe {
    pthread_mutex_t gate;
} probe;

static void *wait_at_gate(void *argument)
{
    probe *p = argument;
    pthread_mutex_lock(&p->gate);
    pthread_mutex_unlock(&p->gate);
    return NULL;
}

/* Both runtimes end the process when they cannot create a thread, so try it first: all threads at
 * once, for a moment. */
static weir_status check_threads(unsigned workers)
{
    if (workers < 2)
        return WEIR_OK;
    pthread_t *threads = weir__memory_take((workers - 1) * sizeof *threads);
    if (threads == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "workers", "no memory for %u workers", workers);
    probe p = {.gate = PTHREAD_MUTEX_INITIALIZER};
    pthread_mutex_lock(&p.gate);
    unsigned made = 0;
    int refused = 0;
    while (made < workers - 1 && refused == 0) {
        refused = pthread_create(&threads[made], NULL, wait_at_gate, &p);
        made += refused == 0;
    }
    pthread_mutex_unlock(&p.gate);
    for (unsigned i = 0; i < made; i++)
        pthread_join(threads[i], NULL);
    weir__memory_give(threads);
    if (refused != 0)
        return weir__error_set(WEIR_ESYS, refused, "workers",
                               "the system gives this process %u threads of the %u asked for (%s);"
                               " ask for fewer workers or raise the limit (ulimit -u, ulimit -v)",
                               made + 1, workers, strerror(refused));
    return WEIR_OK;
}

weir_status weir__team_open(weir__team *team, unsigned workers, weir_topology *topology,
                            unsigned *places)
{
    static atomic_uint_least64_t next_id = 1;
    *team = (weir__team){.workers = workers, .topology = topology, .places = places};
    weir_status status = check_runtime();
    if (status == WEIR_OK)
        status = check_threads(workers);
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

void weir__team_run(weir__team *team, weir__team_body *body, void *argument)
{
    /* Inside a region of the caller's, its threads are where the caller wants them. */
    const bool bind = team->topology != NULL && !omp_in_parallel();
    team->bind_caller = bind;
    team->restore_caller = false;
    /* A region that would get one thread is not worth opening. */
    if (team->workers == 1 || omp_get_active_level() >= omp_get_max_active_levels()) {
        weir__team_bind_caller(team);
        body(argument, 0, 1);
    } else {
        /* libomp warns on stderr when it is asked for more than OMP_THREAD_LIMIT. */
        const int limit = omp_get_thread_limit();
        const int workers = (int)team->workers < limit ? (int)team->workers : limit;
#pragma omp parallel num_threads(workers)
        {
            const unsigned worker = (unsigned)omp_get_thread_num();
            /* Not before the region: libomp puts the caller's mask back in its first one. */
            if (bind && worker > 0)
                bind_worker(team, worker);
            else if (bind && !weir__binding_is_on(team->topology, team->caller, team->places[0]))
                weir__team_bind_caller(team);
            body(argument, worker, (unsigned)omp_get_num_threads());
        } /* in this barrier they wait for tasks, and the run ends */
    }
    if (team->restore_caller)
        weir__binding_restore(team->topology, team->caller);
}

unsigned weir__team_worker(void)
{
    return (unsigned)omp_get_thread_num();
}
