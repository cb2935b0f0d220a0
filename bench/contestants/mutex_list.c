/* A mutex and a list: the plainest thing that runs any graph on several threads, and so the floor that
 * every library must beat.
 *
 * The list has the ready tasks, and only who holds the mutex touches it; a task's open predecessors
 * are counted down atomically.  It must never sleep: who waits, for the mutex, for a task or for the
 * next run, looks again. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "contestant.h"

#define NOBODY UINT32_MAX

/* Tasks by links: each one's next one is in graph.next. */
typedef struct chain {
    uint32_t head, tail;
} chain;

static struct {
    dag *d;
    uint64_t *first;       /* the successors of task i are then[first[i] … first[i + 1] - 1] */
    uint32_t *then, *next; /* next: of the list, and of the chains that join it */
    _Atomic(uint32_t) *open;
} graph;

static struct {
    _Alignas(64) pthread_mutex_t mutex;
    chain ready;       /* under the mutex, as is */
    uint32_t finished; /* how many tasks have been run */
    /* What those look at who wait. */
    _Alignas(64) _Atomic(bool) some; /* ready has some */
    _Atomic(bool) over;              /* all tasks are finished */
} list = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct {
    unsigned threads;
    pthread_t *thread;
    _Alignas(
        64) _Atomic(uint64_t) run; /* its number; 0 before the first, UINT64_MAX after the last */
    _Alignas(64) _Atomic(unsigned) inside; /* threads, but for the one that calls */
} team;

static void pause_briefly(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* ---- the list ---- */

static void append(chain *to, const chain *more)
{
    if (more->head == NOBODY)
        return;
    if (to->head == NOBODY)
        to->head = more->head;
    else
        graph.next[to->tail] = more->head;
    to->tail = more->tail;
}

static void lock(void)
{
    while (pthread_mutex_trylock(&list.mutex) != 0)
        pause_briefly();
}

/* Gives the tasks that the end of `finished` ones has made ready, and takes one, or NOBODY. */
static uint32_t exchange(const chain *more, uint32_t finished)
{
    lock();
    append(&list.ready, more);
    list.finished += finished;
    const uint32_t task = list.ready.head;
    if (task != NOBODY)
        list.ready.head = task == list.ready.tail ? NOBODY : graph.next[task];
    if (atomic_load_explicit(&list.some, memory_order_relaxed) != (list.ready.head != NOBODY))
        atomic_store_explicit(&list.some, list.ready.head != NOBODY, memory_order_relaxed);
    if (list.finished == graph.d->tasks)
        atomic_store_explicit(&list.over, true, memory_order_release);
    pthread_mutex_unlock(&list.mutex);
    return task;
}

/* The tasks for which `task` was the last open predecessor. */
static chain finish(uint32_t task)
{
    chain ready = {NOBODY, NOBODY};
    const uint64_t *first = graph.d->first;
    for (uint64_t e = graph.first[task]; e < graph.first[task + 1]; e++) {
        const uint32_t then = graph.then[e];
        if (atomic_fetch_sub_explicit(&graph.open[then], 1, memory_order_acq_rel) > 1)
            continue;
        const chain one = {then, then};
        append(&ready, &one);
        /* for the next run: nobody else looks in this one any more */
        const uint32_t all = (uint32_t)(first[then + 1] - first[then]);
        atomic_store_explicit(&graph.open[then], all, memory_order_relaxed);
    }
    return ready;
}

static void work(void)
{
    const chain none = {NOBODY, NOBODY};
    while (!atomic_load_explicit(&list.over, memory_order_acquire)) {
        uint32_t task = NOBODY;
        if (atomic_load_explicit(&list.some, memory_order_relaxed))
            task = exchange(&none, 0);
        else
            pause_briefly();
        while (task != NOBODY) {
            dag_task(graph.d, task);
            const chain ready = finish(task);
            task = exchange(&ready, 1);
        }
    }
}

/* ---- the threads ---- */

static void *be_worker(void *argument)
{
    uint64_t last = 0, run;
    (void)argument;
    for (;; last = run) {
        while ((run = atomic_load_explicit(&team.run, memory_order_acquire)) == last)
            pause_briefly();
        if (run == UINT64_MAX)
            return NULL;
        work();
        atomic_fetch_sub_explicit(&team.inside, 1, memory_order_release);
    }
}

/* The thread may run on the i-th of the cores that the process has alone. */
static void bind(pthread_t thread, unsigned i)
{
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) != 0 || (int)team.threads > CPU_COUNT(&all))
        return;
    CPU_ZERO(&one);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all) && i-- == 0)
            CPU_SET(cpu, &one);
    pthread_setaffinity_np(thread, sizeof one, &one);
}

bool contestant_open(const problem *p)
{
    team.threads = p->workers;
    team.thread = calloc(p->workers, sizeof *team.thread);
    if (team.thread == NULL)
        return false;
    for (unsigned i = 1; i < team.threads; i++) {
        if (pthread_create(&team.thread[i], NULL, be_worker, NULL) != 0)
            abort();
        bind(team.thread[i], i);
    }
    bind(pthread_self(), 0);
    return true;
}

void contestant_close(void)
{
    atomic_store_explicit(&team.run, UINT64_MAX, memory_order_release);
    for (unsigned i = 1; i < team.threads; i++)
        pthread_join(team.thread[i], NULL);
    free(team.thread);
}

/* ---- the graph ---- */

void contestant_finish(const problem *p)
{
    (void)p;
    free(graph.first);
    free(graph.then);
    free(graph.next);
    free(graph.open);
    graph.d = NULL;
}

/* Counts first, then puts each edge where its beginning's edges are. */
static void sort_edges(const dag *d)
{
    for (uint64_t e = 0; e < d->edges; e++)
        graph.first[d->before[e] + 1]++;
    for (uint32_t i = 0; i < d->tasks; i++)
        graph.first[i + 1] += graph.first[i];
    for (uint64_t e = d->edges; e-- > 0;) /* from where the next task's begin, backwards */
        graph.then[--graph.first[d->before[e] + 1]] = d->after[e];
    for (uint32_t i = 0; i < d->tasks; i++)
        graph.first[i] = graph.first[i + 1];
    graph.first[d->tasks] = d->edges;
}

void contestant_prepare(const problem *p)
{
    dag *d = p->dag;
    if (graph.d == d)
        return;
    graph.d = d;
    graph.first = calloc((size_t)d->tasks + 1, sizeof *graph.first);
    graph.then = malloc((d->edges + 1) * sizeof *graph.then);
    graph.next = malloc(d->tasks * sizeof *graph.next);
    graph.open = malloc(d->tasks * sizeof *graph.open);
    if (graph.first == NULL || graph.then == NULL || graph.next == NULL || graph.open == NULL)
        abort();
    sort_edges(d);
    for (uint32_t i = 0; i < d->tasks; i++)
        atomic_init(&graph.open[i], (uint32_t)(d->first[i + 1] - d->first[i]));
}

static uint64_t run_dag(const problem *p)
{
    const dag *d = p->dag;
    list.ready = (chain){NOBODY, NOBODY};
    list.finished = 0;
    for (uint32_t i = 0; i < d->tasks; i++) {
        const chain one = {i, i};
        if (d->first[i] == d->first[i + 1])
            append(&list.ready, &one);
    }
    atomic_store_explicit(&list.some, true, memory_order_relaxed);
    atomic_store_explicit(&list.over, false, memory_order_relaxed);
    atomic_store_explicit(&team.inside, team.threads - 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&team.run, 1, memory_order_release);
    work();
    while (atomic_load_explicit(&team.inside, memory_order_acquire) > 0)
        pause_briefly();
    return 0;
}

const contest contestant_contests[] = {DAG_CONTESTS(run_dag), {NULL, NULL}};

const char *contestant_about(void)
{
    return "a mutex and a list, " __VERSION__;
}
