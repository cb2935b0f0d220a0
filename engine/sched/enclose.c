/* The OpenMP tasks of the engine; see enclose.h.
 *
 * This file is compiled without tables for unwinding.  So an exception that nobody has caught by here
 * counts as one that nobody catches, as OpenMP wants it: else it could leave the region on the calling
 * thread, and the other workers would go on with a run whose memory is gone. */
#include "sched/enclose.h"

#include <omp.h>

static _Thread_local int worker_level; /* of the region that the thread is a worker in */

void weir__enclose_worker(void (*f)(void *), void *argument)
{
    const int outer = worker_level;
    worker_level = omp_get_level();
#pragma omp task if (0) firstprivate(f, argument)
    f(argument);
    worker_level = outer;
}

void weir__enclose_ops(void (*f)(void *), void *argument)
{
    if (omp_in_final()) { /* by an op that starts a run */
        f(argument);
        return;
    }
#pragma omp task if (0) final(1) firstprivate(f, argument)
    f(argument);
}

void weir__enclose_gather(void (*f)(void *), void *argument, const char *frame)
{
    if (omp_get_level() != worker_level) {
        f(argument);
        return;
    }
#pragma omp task if (0) firstprivate(f, argument, frame)
    {
#pragma omp task depend(inout : *frame) firstprivate(f, argument)
        f(argument);
#pragma omp taskwait
    }
}
