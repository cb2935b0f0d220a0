/* The program's side of a stream: takes items from its last stages, and feeds its inlets.
 *
 * Programs call it from their own threads.  It must never use a core for longer than
 * WEIR_SEARCH_STREAM_NS while it waits, and never wait on a worker of the stream itself. */
#include <sched.h>
#include <string.h>

#include "base/atomics.h"
#include "base/error.h"
#include "sched/tuning.h"
#include "stream/stream.h"
#include "trace/point.h"

static weir_status refuse(const weir_stream *s, weir_stage stage, const char *text)
{
    const bool known = stage >= 0 && (unsigned)stage < s->count;
    return weir__error_set(WEIR_EINVAL, 0, known ? s->stages[stage]->o.name : "stage", "%s", text);
}

static weir_status check_stage(const weir_stream *s, weir_stage stage)
{
    if (s == NULL)
        return weir__error_null("s");
    if (stage < 0 || (unsigned)stage >= s->count)
        return refuse(s, stage, "this stream has no such stage");
    if (!s->started)
        return refuse(s, stage, "the stream has not been started");
    if (weir__stream_is_lost(s))
        return weir__stream_refuse_lost();
    if (weir__here_on(s->engine) != NULL)
        return weir__error_set(WEIR_EBUSY, 0, s->stages[stage]->o.name,
                               "a call of a stage cannot wait for a stream on its own engine; use "
                               "another engine");
    return WEIR_OK;
}

/* What stopped the stream, as this thread's last error. A cancel that came after a failure goes first:
 * what was before the failure does not come any more. */
static weir_status failure_of(weir_stream *s)
{
    weir_error error;
    WEIR_ASSERT(!weir__failure_idle(&s->run->failure));
    if (weir__run_cancelled(s->run))
        return weir__error_copy(&weir__run_cancel_error);
    while (!weir__failure_peek(&s->run->failure, &error))
        sched_yield(); /* its reporter is a few stores from publishing it */
    return weir__error_copy(&error);
}

/* Has the stream failed, or been cancelled? */
static bool has_stopped(const weir_stream *s)
{
    return weir__failure_stopping(&s->run->failure) || weir__run_cancelled(s->run);
}

/* Nothing that is pushed will be taken any more. */
static bool inlet_is_closed(const weir__stage *inlet)
{
    /* P1: seq_cst, for weir__event; pairs with S2. */
    return (load_seq_cst(&inlet->state) & (WEIR_STAGE_OVER | WEIR_STAGE_UNWANTED)) != 0;
}

/* What the program waits for: an item, or room. */
static bool can_go_on(weir_stream *s, weir__stage *stage, bool item)
{
    if (item)
        return weir__ring_advance(&stage->ring) != WEIR_VIEW_EMPTY || weir__run_cancelled(s->run);
    return weir__ring_room(&stage->ring) > 0 || inlet_is_closed(stage) || has_stopped(s);
}

static bool is_past(uint64_t deadline_ns)
{
    return deadline_ns != WEIR_NO_DEADLINE && weir__now_ns() >= deadline_ns;
}

/* False: the deadline has passed first. */
static bool wait_for(weir_stream *s, weir__stage *stage, bool item, uint64_t deadline_ns)
{
    weir__ring *ring = &stage->ring;
    weir__event *event = item ? &ring->program_takes : &ring->program_fills;
    WEIR_ASSERT((item ? ring->takers : ring->fillers) == NULL); /* or nobody would tell it */
    uint64_t now_ns = weir__now_ns();
    const uint64_t until = now_ns + WEIR_SEARCH_STREAM_NS;
    for (; now_ns < until && now_ns < deadline_ns; now_ns = weir__now_ns()) {
        if (can_go_on(s, stage, item))
            return true;
        sched_yield();
    }
    while (!can_go_on(s, stage, item)) {
        if (is_past(deadline_ns))
            return false;
        weir__event_prepare(event);
        WEIR_POINT(WAIT_ANNOUNCED);
        if (can_go_on(s, stage, item))
            weir__event_withdraw(event);
        else
            weir__event_wait(event, deadline_ns);
    }
    return true;
}

/* In so many ns. */
static uint64_t deadline_in(uint64_t ns)
{
    const uint64_t now_ns = weir__now_ns();
    return ns < WEIR_NO_DEADLINE - now_ns ? now_ns + ns : WEIR_NO_DEADLINE;
}

static weir_status check_last(const weir_stream *s, weir_stage stage, const void *items)
{
    const weir_status status = check_stage(s, stage);
    if (status != WEIR_OK)
        return status;
    if (s->stages[stage]->taken)
        return refuse(s, stage, "another stage takes the items of this one");
    if (items == NULL && s->stages[stage]->o.item_bytes > 0)
        return refuse(s, stage, "item is NULL; it receives the item");
    return WEIR_OK;
}

static weir_status timed_out(const weir__stage *stage, const char *what)
{
    return weir__error_set(WEIR_ETIME, 0, stage->o.name, "%s stage '%.90s' in the time given", what,
                           stage->o.name);
}

/* WEIR_OK once an item is there. */
static weir_status await_item(weir_stream *s, weir__stage *from, uint64_t deadline_ns)
{
    for (;;) {
        switch (weir__ring_advance(&from->ring)) {
        case WEIR_VIEW_READY:
            return WEIR_OK;
        case WEIR_VIEW_END:
            return WEIR_END;
        case WEIR_VIEW_FAILED:
            return failure_of(s);
        case WEIR_VIEW_EMPTY:
            if (weir__run_cancelled(s->run))
                return failure_of(s);
            if (!wait_for(s, from, true, deadline_ns))
                return timed_out(from, "nothing came out of");
        }
    }
}

static weir_status next(weir_stream *s, weir_stage stage, void *item, uint64_t deadline_ns)
{
    weir__stage *from = s->stages[stage];
    const weir_status status = await_item(s, from, deadline_ns);
    if (status == WEIR_OK)
        weir__ring_take(&from->ring, item);
    return status;
}

weir_status weir_next(weir_stream *s, weir_stage stage, void *item)
{
    const weir_status status = check_last(s, stage, item);
    return status == WEIR_OK ? next(s, stage, item, WEIR_NO_DEADLINE) : status;
}

weir_status weir_next_until(weir_stream *s, weir_stage stage, void *item, uint64_t ns)
{
    const weir_status status = check_last(s, stage, item);
    return status == WEIR_OK ? next(s, stage, item, deadline_in(ns)) : status;
}

weir_status weir_next_many(weir_stream *s, weir_stage stage, void *items, size_t most, size_t *n)
{
    if (n == NULL)
        return weir__error_null("n");
    *n = 0;
    weir_status status = check_last(s, stage, items);
    if (status == WEIR_OK && most == 0)
        status = refuse(s, stage, "most is 0; it is how many items there is room for");
    if (status == WEIR_OK)
        status = await_item(s, s->stages[stage], WEIR_NO_DEADLINE);
    if (status == WEIR_OK)
        *n = weir__ring_take_many(&s->stages[stage]->ring, items, most);
    return status;
}

static weir_status check_inlet(const weir_stream *s, weir_stage inlet)
{
    const weir_status status = check_stage(s, inlet);
    if (status == WEIR_OK && s->stages[inlet]->kind != WEIR_STAGE_INLET)
        return refuse(s, inlet, "this stage is no inlet, so nothing can be pushed into it");
    return status;
}

static weir_status check_push(const weir_stream *s, weir_stage inlet, const void *item)
{
    const weir_status status = check_inlet(s, inlet);
    if (status == WEIR_OK && item == NULL && s->stages[inlet]->o.item_bytes > 0)
        return refuse(s, inlet, "item is NULL; it is the item to push");
    return status;
}

static weir_status push(weir_stream *s, weir_stage inlet, const void *item, uint64_t deadline_ns)
{
    weir__stage *into = s->stages[inlet];
    weir__ring *ring = &into->ring;
    for (;;) {
        if (has_stopped(s))
            return failure_of(s);
        if (inlet_is_closed(into))
            return WEIR_END;
        if (weir__ring_room(ring) > 0)
            break;
        if (!wait_for(s, into, false, deadline_ns))
            return timed_out(into, "there was no room in");
    }
    WEIR_ASSERT(into->o.max_yield == 1 && weir__ring_room(ring) > 0);
    const weir__position at = weir__ring_claim(ring, 1);
    if (into->o.item_bytes > 0)
        memcpy(weir__ring_slot(ring, at.slot), item, into->o.item_bytes);
    weir__ring_fill(ring, at);
    return WEIR_OK;
}

weir_status weir_push(weir_stream *s, weir_stage inlet, const void *item)
{
    const weir_status status = check_push(s, inlet, item);
    return status == WEIR_OK ? push(s, inlet, item, WEIR_NO_DEADLINE) : status;
}

weir_status weir_push_until(weir_stream *s, weir_stage inlet, const void *item, uint64_t ns)
{
    const weir_status status = check_push(s, inlet, item);
    return status == WEIR_OK ? push(s, inlet, item, deadline_in(ns)) : status;
}

weir_status weir_push_end(weir_stream *s, weir_stage inlet)
{
    const weir_status status = check_inlet(s, inlet);
    if (status != WEIR_OK)
        return status;
    weir__stage *into = s->stages[inlet];
    if ((or_relaxed(&into->state, WEIR_STAGE_OVER) & WEIR_STAGE_OVER) == 0)
        weir__ring_finish(&into->ring);
    return WEIR_OK;
}

int weir_stream_stopping(const weir_stream *s)
{
    return s != NULL && s->started && (has_stopped(s) || load_relaxed(&s->closing));
}
