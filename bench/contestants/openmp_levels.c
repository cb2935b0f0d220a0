/* Graphs level by level, as OpenMP programs have them: in each level all threads get as many tasks, and
 * then wait for each other.
 *
 * The levels are found once, before what is timed. */
#include <omp.h>
#include <stdlib.h>

#include "contestant.h"
#include "levels.h"

static unsigned workers;
static levels made;

/* Thread `me` of `all` has its share of a level. */
static void run_share(dag *d, uint32_t level, uint32_t me, uint32_t all)
{
    const uint64_t first = made.first[level], n = made.first[level + 1] - first;
    const uint64_t from = first + n * me / all, to = first + n * (me + 1) / all;
    dag_tasks(d, made.task + from, (uint32_t)(to - from));
}

static uint64_t run_dag(const problem *p)
{
    dag *d = p->dag;
#pragma omp parallel num_threads(workers)
    for (uint32_t level = 0; level < made.count; level++) {
        run_share(d, level, (uint32_t)omp_get_thread_num(), (uint32_t)omp_get_num_threads());
#pragma omp barrier
    }
    return 0;
}

void contestant_prepare(const problem *p)
{
    if (made.first == NULL && !levels_find(p->dag, &made))
        abort();
}

void contestant_finish(const problem *p)
{
    (void)p;
    levels_free(&made);
}

const contest contestant_contests[] = {DAG_CONTESTS(run_dag), {NULL, NULL}};

const char *contestant_about(void)
{
    return "OpenMP loops over levels, " WEIR_BENCH_OPENMP ", " __VERSION__;
}

bool contestant_open(const problem *p)
{
    workers = p->workers;
    return true;
}

void contestant_close(void)
{
}
