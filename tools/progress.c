/* The progress line: a counter of bytes, and a line that the first op after its time prints.
 *
 * A subcommand opens and closes it, the ops of a run report to it from every worker.  It must never
 * start a thread or a timer: without ops there is no progress to tell of. */
#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

enum { WIDTH = 30, FIRST_MS = 500, EVERY_MS = 100 };
#define NS_PER_MS 1000000u

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void progress_open(progress *p, uint64_t total_bytes)
{
    p->total = total_bytes;
    p->begin_ns = now_ns();
    p->enabled = isatty(STDERR_FILENO) == 1;
    p->shown = false;
    atomic_init(&p->done, 0);
    atomic_init(&p->next_ns, p->begin_ns + FIRST_MS * NS_PER_MS);
    atomic_init(&p->printing, false);
}

static void print_line(progress *p, uint64_t done, uint64_t now)
{
    char bar[WIDTH + 1], size[16], total[16];
    double share = p->total ? (double)done / (double)p->total : 1;
    double seconds = (double)(now - p->begin_ns) * 1e-9;
    for (int i = 0; i < WIDTH; i++)
        bar[i] = (i + 1) <= (int)lround(share * (double)WIDTH) ? '#' : '.';
    bar[WIDTH] = '\0';
    double left = share > 0 ? seconds / share - seconds : 0;
    fprintf(stderr, "\r[%s] %3.0f %%  %s of %s  %.2f GB/s  %.0f s left\033[K", bar, 100 * share,
            tool_format_bytes(done, size), tool_format_bytes(p->total, total),
            (double)done / seconds * 1e-9, left);
    fflush(stderr);
    p->shown = true;
}

/* All relaxed but the flag, whose exchange (acquire) and store (release) hand `shown` on. */
void progress_add(progress *p, uint64_t bytes)
{
    if (!p->enabled)
        return;
    uint64_t done = atomic_fetch_add_explicit(&p->done, bytes, memory_order_relaxed) + bytes;
    uint64_t now = now_ns();
    if (now < atomic_load_explicit(&p->next_ns, memory_order_relaxed))
        return;
    if (atomic_exchange_explicit(&p->printing, true, memory_order_acquire))
        return;
    atomic_store_explicit(&p->next_ns, now + EVERY_MS * NS_PER_MS, memory_order_relaxed);
    print_line(p, done, now);
    atomic_store_explicit(&p->printing, false, memory_order_release);
}

void progress_close(progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
