/* The idle worker; see idle.h.
 *
 * A worker whose last parts were over in no time rests before it asks again, and longer each time:
 * meanwhile it counts as one that is busy and has a part queued ahead, so that nobody is asked. */
#include "idle.h"

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool is_over(const weir__run *run, const weir__frame *f)
{
    return weir__window_stopped(&run->lane->window) || (f != NULL && !weir__frame_has_parts(f));
}

/* Watches the mail, with the hand up or not, until `until`. */
static weir__part *watch(weir__run *run, unsigned worker, const weir__frame *f, uint64_t until,
                         bool hand)
{
    weir__part *part;
    while ((part = weir__mail_take(run->mail, worker)) == NULL && !is_over(run, f) &&
           weir__now_ns() < until) {
        if (hand)
            weir__mail_raise(run->mail, worker);
        WEIR_YIELD_POINT();
        pause_cpu();
    }
    return part;
}

weir__part *weir__idle(weir__run *run, unsigned worker, const weir__frame *f)
{
    weir__window *window = &run->lane->window;
    const uint64_t begun = weir__now_ns(), wanted = run->workers[worker].rest_ns, rest = wanted < run->watch_ns ? wanted : run->watch_ns;
    weir__part *part = NULL;
    if (rest > 0) {
        weir__window_add_active(window, +2);
        part = watch(run, worker, f, begun + rest, false);
        weir__window_add_active(window, -2);
    }
    if (part == NULL)
        part = watch(run, worker, f, begun + rest + run->watch_ns, true);
    return part != NULL ? part : weir__mail_lower(run->mail, worker);
}
