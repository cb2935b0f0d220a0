/* Bells on futexes of Linux; see bell.h.
 *
 * A futex tells each sleeper by its own word, knows deadlines of the monotonic clock, and may be woken
 * in a signal handler; no primitive of POSIX does all three. */
#include "sched/bell.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void weir__bell_wait(weir__bell *bell, unsigned read, uint64_t deadline_ns)
{
    const struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
                                      .tv_nsec = (long)(deadline_ns % 1000000000u)};
    static_assert(sizeof bell->rung == 4, "a futex has 32 bits");
    (void)syscall(SYS_futex, &bell->rung, FUTEX_WAIT_BITSET_PRIVATE, read,
                  deadline_ns == WEIR_NO_DEADLINE ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

void weir__bell_ring(weir__bell *bell)
{
    const int before = errno; /* of the code that a signal handler has interrupted */
    /* B2: release; pairs with B1. */
    add_release(&bell->rung, 1);
    (void)syscall(SYS_futex, &bell->rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    errno = before;
}
