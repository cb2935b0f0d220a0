/* Bells on futexes of Linux; see bell.h.
 *
 * A futex tells each sleeper by its own word, knows deadlines of the monotonic clock, and may be woken
 * in a signal handler; no primitive of POSIX does all three. */
#include "sched/bell.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR_BELL_NAPS
#endif
#endif

#if defined(WEIR_BELL_NAPS)
/* The thread sanitizer holds signals back from a thread that sleeps in a call which it does not know, like
 * that of a futex. A wait may return early, so it is a nap. */
void weir__bell_wait(weir__bell *bell, unsigned read, uint64_t deadline_ns)
{
    const struct timespec nap = {0, 500000};
    (void)deadline_ns;
    if (weir__bell_read(bell) == read)
        nanosleep(&nap, NULL);
}
#else
void weir__bell_wait(weir__bell *bell, unsigned read, uint64_t deadline_ns)
{
    const struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
                                      .tv_nsec = (long)(deadline_ns % 1000000000u)};
    static_assert(sizeof bell->rung == 4, "a futex has 32 bits");
    (void)syscall(SYS_futex, &bell->rung, FUTEX_WAIT_BITSET_PRIVATE, read,
                  deadline_ns == WEIR_NO_DEADLINE ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}
#endif

void weir__bell_ring(weir__bell *bell)
{
    const int before = errno; /* of the code that a signal handler has interrupted */
    /* B2: release; pairs with B1. */
    add_release(&bell->rung, 1);
    (void)syscall(SYS_futex, &bell->rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    errno = before;
}
