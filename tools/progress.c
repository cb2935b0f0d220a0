/* The progress line: a counter of bytes, and a line that the first op after its time shows.
 *
 * A subcommand opens and closes it, the ops of a run report to it from every worker.  It must never
 * start a thread or a timer: without ops there is no progress to tell of. */
#include "progress.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "terminal.h"
#include "tool.h"

enum { BAR_LEAST = 8, BAR_MOST = 30, FIRST_MS = 500, EVERY_MS = 100 };
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
    p->enabled = terminal_has_status();
    atomic_init(&p->done, 0);
    atomic_init(&p->next_ns, p->begin_ns + FIRST_MS * NS_PER_MS);
    atomic_init(&p->printing, false);
}

/* --- the line -------------------------------------------------------------------------------- */

static void format_left(double seconds, char text[24])
{
    if (seconds < 100)
        snprintf(text, 24, "  %.0f s left", seconds);
    else if (seconds < 100 * 60)
        snprintf(text, 24, "  %.0f min left", seconds / 60);
    else
        snprintf(text, 24, "  %.0f h left", fmin(seconds / 3600, 1e6));
}

static size_t draw_bar(char *line, size_t width, double share)
{
    const size_t full = (size_t)lround(share * (double)width);
    line[0] = '[';
    memset(line + 1, '.', width);
    memset(line + 1, '#', full < width ? full : width);
    memcpy(line + 1 + width, "] ", 3);
    return width + 3;
}

void progress_format(char *line, unsigned columns, uint64_t done, uint64_t total, double seconds)
{
    /* In the order in which they stand; what matters most is kept longest. */
    enum { PERCENT, SIZES, RATE, LEFT, PARTS };
    static const unsigned keep[PARTS] = {PERCENT, LEFT, SIZES, RATE};
    const double share = total ? fmin((double)done / (double)total, 1) : 1;
    char size[16], of[16], part[PARTS][64];
    snprintf(part[PERCENT], 64, "%3.0f %%", 100 * share);
    snprintf(part[SIZES], 64, "  %s of %s", tool_format_bytes(done, size),
             tool_format_bytes(total, of));
    snprintf(part[RATE], 64, "  %.2f GB/s", seconds > 0 ? (double)done / seconds * 1e-9 : 0);
    format_left(share > 0 ? seconds / share - seconds : 0, part[LEFT]);
    size_t room = columns < PROGRESS_LINE ? columns : PROGRESS_LINE - 1, at = 0;
    bool kept[PARTS] = {false};
    for (unsigned i = 0; i < PARTS; i++) {
        const size_t length = strlen(part[keep[i]]), bar = i == 0 ? 0 : BAR_LEAST + 3;
        if (length + bar > room)
            break;
        kept[keep[i]] = true;
        room -= length;
    }
    if (room >= BAR_LEAST + 3)
        at = draw_bar(line, room - 3 < BAR_MOST ? room - 3 : BAR_MOST, share);
    line[at] = '\0';
    for (unsigned i = 0; i < PARTS; i++)
        if (kept[i])
            at += (size_t)sprintf(line + at, "%s", part[i]);
}

/* The last column stays free, since behind it some terminals begin another line, and two before it,
 * for the "^C" that a terminal writes there. */
static void show(const progress *p, uint64_t done, uint64_t now)
{
    enum { USUAL = 80, FREE = 3 };
    char line[PROGRESS_LINE];
    const unsigned asked = terminal_columns(STDERR_FILENO), columns = asked ? asked : USUAL;
    progress_format(line, columns > FREE ? columns - FREE : 0, done, p->total,
                    (double)(now - p->begin_ns) * 1e-9);
    terminal_show_status(line);
}

/* --- reports of the ops ---------------------------------------------------------------------- */

/* All relaxed but the flag, whose exchange (acquire) and store (release) keep lines in order. */
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
    show(p, done, now);
    atomic_store_explicit(&p->printing, false, memory_order_release);
}

/* The flag stays taken, so that nobody shows a line any more. */
void progress_close(progress *p)
{
    while (atomic_exchange_explicit(&p->printing, true, memory_order_acquire))
        sched_yield();
    terminal_clear_status();
}
