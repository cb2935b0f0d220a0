/* The final task around ops; see enclose.h.
 *
 * This file is compiled without tables for unwinding.  So an exception that nobody has caught by here
 * counts as one that nobody catches, as OpenMP wants it: else it could leave the region on the calling
 * thread, and the other workers would go on with a run whose memory is gone. */
#include "sched/enclose.h"

void weir__enclose(void (*f)(void *), void *argument)
{
#pragma omp task if (0) final(1) firstprivate(f, argument)
    f(argument);
}
