/* What a stream's workers do: the stage nearest the consumer goes first, and whoever finds nothing
 * sleeps.
 *
 * stream.c has every thread of the team call it.  A worker must never go to sleep while a call
 * could begin, nor keep a core busy for longer than WEIR_SPIN_NS when none can. */
#include <sched.h>

#include "base/atomics.h"
#include "stream/stream.h"
#include "trace/point.h"

/* Cancelled or closing: no call begins any more. A stream that failed by itself goes on with what
 * comes before the failure. */
static bool must_stop(const weir_stream *s)
{
    /* C2: seq_cst; pairs with C1 in weir_stream_close. */
    return load_seq_cst(&s->closing) || weir__failure_cancelled(&s->engine->lane.failure);
}

static bool somebody_could_begin(const weir_stream *s)
{
    for (unsigned i = s->count; i-- > 0;)
        if (weir__stage_glance(s->stages[i]))
            return true;
    return false;
}

/* One piece of news wakes one worker; what it does not do itself, it passes on. */
static void pass_news_on(weir_stream *s)
{
    if (weir__event_has_waiters(&s->engine->workers_wake) && somebody_could_begin(s))
        weir__event_wake(&s->engine->workers_wake);
}

/* One batch of the stage nearest the consumer that has one; false if there is none. */
static bool work_once(weir_stream *s, weir__worker *worker)
{
    for (unsigned i = s->count; i-- > 0;) {
        weir__stage *stage = s->stages[i];
        weir_yielder *y;
        bool moved;
        const uint32_t n = weir__stage_begin(stage, &y, &moved);
        WEIR_ASSERT(n == 0 || (moved && y->stage == stage));
        if (n > 0) {
            pass_news_on(s);
            worker->branches += weir__stage_make(stage, y, n);
        }
        if (moved)
            return true;
    }
    return false;
}

/* A worker without work counts what there is that nobody may do. */
static void count_lacks(const weir_stream *s, weir__worker *worker)
{
    bool job = false, room = false;
    for (unsigned i = 0; i < s->count; i++) {
        const weir__lack lack = weir__stage_lack(s->stages[i]);
        job |= lack == WEIR_LACK_JOB;
        room |= lack == WEIR_LACK_ROOM;
    }
    worker->denied_permits += job;
    worker->denied_bytes += room;
}

/* Looks for a while whether something comes up. */
static bool spin(weir_stream *s, uint64_t until)
{
    do {
        if (somebody_could_begin(s) || must_stop(s))
            return true;
        sched_yield();
    } while (weir__now_ns() < until);
    return false;
}

static void sleep_until_news(weir_stream *s)
{
    weir__event *event = &s->engine->workers_wake;
    weir__event_prepare(event);
    WEIR_POINT(WAIT_ANNOUNCED);
    if (somebody_could_begin(s) || must_stop(s))
        weir__event_withdraw(event);
    else
        weir__event_wait(event);
}

/* Until there may be some again. Returns how long that took. */
static uint64_t wait_for_work(weir_stream *s, weir__worker *worker)
{
    const uint64_t began_ns = weir__now_ns();
    count_lacks(s, worker);
    if (!spin(s, began_ns + WEIR_SPIN_NS))
        sleep_until_news(s);
    return weir__now_ns() - began_ns;
}

void weir__stream_work(weir_stream *s, unsigned number)
{
    weir__worker *worker = &s->engine->workers[number];
    WEIR_ASSERT(s->started && number < s->engine->team.workers);
    const uint64_t began_ns = weir__now_ns();
    uint64_t idle_ns = 0;
    weir__engine_enter(s->engine, number);
    while (!must_stop(s))
        if (!work_once(s, worker))
            idle_ns += wait_for_work(s, worker);
    weir__engine_leave();
    worker->busy_ns = weir__now_ns() - began_ns - idle_ns;
    for (unsigned i = 0; i < s->count; i++) /* a cancel can wake only workers */
        weir__ring_wake_programs(&s->stages[i]->ring);
}
