/* What a stream's workers do: the stage nearest the consumer goes first.
 *
 * stream.c has every thread of the team call it; the loop is the scheduler's.  A worker must never go
 * to sleep while a call could begin. */
#include "stream/stream.h"

static bool is_cancelled(const weir_stream *s)
{
    return weir__run_cancelled(&s->engine->root);
}

static bool somebody_could_begin(const weir_stream *s)
{
    for (unsigned i = s->count; i-- > 0;)
        if (weir__stage_glance(s->stages[i]))
            return true;
    return false;
}

/* Once cancelled, no call begins any more. A stream that failed by itself goes on with what comes
 * before the failure. */
static bool ready(const void *stream)
{
    const weir_stream *s = stream;
    return is_cancelled(s) ? !load_relaxed(&s->cancel_told) : somebody_could_begin(s);
}

/* One piece of news wakes one worker; what it does not do itself, it passes on. */
static void pass_news_on(weir_stream *s)
{
    weir__mail *mail = &s->engine->mail;
    if (WEIR_UNLIKELY(weir__mail_has_sleepers(mail)) && somebody_could_begin(s))
        weir__mail_wake_one(mail);
}

/* A cancel can wake only workers. */
static bool tell_of_cancel(weir_stream *s)
{
    if (exchange_relaxed(&s->cancel_told, true))
        return false;
    for (unsigned i = 0; i < s->count; i++)
        weir__ring_wake_programs(&s->stages[i]->ring);
    return true;
}

/* One batch of the stage nearest the consumer that has one; false if there is none. */
static bool work_once(void *stream, weir__worker *worker)
{
    weir_stream *s = stream;
    if (is_cancelled(s))
        return tell_of_cancel(s);
    for (unsigned i = s->count; i-- > 0;) {
        weir__stage *stage = s->stages[i];
        weir_yielder *y;
        bool moved;
        const uint32_t n = weir__stage_begin(stage, &y, &moved);
        WEIR_ASSERT(n == 0 || (moved && y->stage == stage));
        if (n > 0) {
            pass_news_on(s);
            weir__arithmetic_set(&s->engine->root.arithmetic);
            worker->branches += weir__stage_make(stage, y, n);
        }
        if (moved)
            return true;
    }
    return false;
}

/* A worker without work counts what there is that nobody may do. */
static void count_lacks(const void *stream, weir__worker *worker)
{
    const weir_stream *s = stream;
    bool job = false, room = false;
    for (unsigned i = 0; i < s->count; i++) {
        const weir__lack lack = weir__stage_lack(s->stages[i]);
        job |= lack == WEIR_LACK_JOB;
        room |= lack == WEIR_LACK_ROOM;
    }
    worker->denied_permits += job;
    worker->denied_bytes += room;
}

void weir__stream_assign(weir_stream *s)
{
    s->chores =
        (weir__chores){.try = work_once, .ready = ready, .found_none = count_lacks, .of = s};
    for (unsigned i = 0; i < s->engine->team.workers; i++) {
        weir__worker *worker = &s->engine->workers[i];
        worker->chores = &s->chores;
        worker->polite = true; /* the consumer's thread is one too many */
        if (worker->watch_ns > WEIR_SPIN_NS)
            worker->watch_ns = WEIR_SPIN_NS;
    }
}

void weir__stream_work(void *argument)
{
    weir__worker *worker = argument;
    weir__here here;
    weir__here_enter(&here, worker->engine, worker);
    here.run = &worker->engine->root;
    const uint64_t began_ns = weir__now_ns();
    weir__credit_begin(worker, began_ns);
    weir__worker_work(worker, NULL, NULL);
    worker->busy_ns = weir__now_ns() - began_ns - worker->idle_ns;
    weir__here_leave(&here);
}
