/* What a stream's workers do: the stage nearest the consumer goes first.
 *
 * The loop is the scheduler's, which calls this as the chores of the stream's run.  A worker must never go
 * to sleep while a call could begin. */
#include "stream/stream.h"

static bool is_cancelled(const weir_stream *s)
{
    return weir__run_cancelled(s->run);
}

static bool somebody_could_begin(const weir_stream *s)
{
    for (unsigned i = s->count; i-- > 0;)
        if (weir__stage_peek(s->stages[i]))
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

/* One worker is woken at a time; what there is beside its own batch is for it to pass on. */
static void pass_wake_up_on(weir_stream *s)
{
    weir__mail *mail = s->run->mail;
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
        bool progressed;
        const uint32_t n = weir__stage_begin(stage, &y, &progressed);
        WEIR_ASSERT(n == 0 || (progressed && y->stage == stage));
        if (n > 0) {
            pass_wake_up_on(s);
            weir__arithmetic_set(&s->run->arithmetic);
            worker->counts.branches += weir__stage_make(stage, y, n);
        }
        if (progressed)
            return true;
    }
    return false;
}

/* A worker without work counts what there is that nobody may do. */
static void count_lacks(void *stream)
{
    weir_stream *s = stream;
    bool job = false, room = false;
    for (unsigned i = 0; i < s->count; i++) {
        const weir__lack lack = weir__stage_lack(s->stages[i]);
        job |= lack == WEIR_LACK_JOB;
        room |= lack == WEIR_LACK_ROOM;
    }
    if (job)
        add_relaxed(&s->run->tally.denied_permits, 1);
    if (room)
        add_relaxed(&s->run->tally.denied_bytes, 1);
}

weir__chores weir__stream_chores(weir_stream *s)
{
    return (weir__chores){.try = work_once, .ready = ready, .found_none = count_lacks, .of = s};
}
