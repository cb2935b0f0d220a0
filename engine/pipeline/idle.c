/* The idle worker; see idle.h.
 *
 * It raises its hand, and signals so to all others, every ASK_NS.  A worker whose last parts were over
 * in no time rests before it asks again, and longer each time: until then it counts as busy. */
#include "pipeline/idle.h"

#include "trace/point.h"

#define ASK_NS 20000

void weir__idle_ends_with_part(weir__run *run, weir__worker *worker)
{
    if (worker->busy)
        weir__window_add_active(&run->lane->window, -1);
    worker->busy = true;
}

void weir__idle_ends(weir__run *run, weir__worker *worker)
{
    if (!worker->busy)
        weir__window_add_active(&run->lane->window, +1);
    worker->busy = true;
}

void weir__idle_begins(weir__run *run, weir__worker *worker)
{
    if (worker->busy)
        weir__window_add_active(&run->lane->window, -1);
    worker->busy = false;
}

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool is_over(const weir__run *run, unsigned place, const weir__frame *f)
{
    const weir__mail *mail = &run->lane->mail;
    return weir__mail_stopped(mail, place) || weir__mail_has_tasks(mail) ||
           (f != NULL && !weir__frame_has_parts(f));
}

/* Looks for a part, until `until`. */
static weir__part *watch(weir__run *run, unsigned place, const weir__frame *f, uint64_t until)
{
    weir__part *part;
    while ((part = weir__mail_take(&run->lane->mail, place)) == NULL && !is_over(run, place, f) &&
           weir__now_ns() < until) {
        WEIR_POINT(IDLE);
        pause_cpu();
    }
    return part;
}

weir__part *weir__idle(weir__run *run, unsigned place, const weir__frame *f)
{
    weir__mail *mail = &run->lane->mail;
    weir__worker *worker = &run->workers[place];
    const uint64_t rest = worker->rest_ns < run->watch_ns ? worker->rest_ns : run->watch_ns;
    uint64_t now = weir__now_ns() + rest;
    const uint64_t until = now + run->watch_ns;
    weir__part *part = watch(run, place, f, now);
    while (part == NULL && now < until && !is_over(run, place, f)) {
        weir__mail_raise(mail, place);
        weir__idle_begins(run, worker);
        weir__mail_poke_others(mail, place);
        now += ASK_NS;
        part = watch(run, place, f, now < until ? now : until);
    }
    weir__idle_begins(run, worker);
    return part != NULL ? part : weir__mail_lower(mail, place);
}
