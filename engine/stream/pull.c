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

static void wait_for(weir_stream *s, weir__stage *stage, bool item)
{
    weir__ring *ring = &stage->ring;
    weir__event *event = item ? &ring->program_takes : &ring->program_fills;
    WEIR_ASSERT((item ? ring->takers : ring->fillers) == NULL); /* or nobody would tell it */
    const uint64_t until = weir__now_ns() + WEIR_SEARCH_STREAM_NS;
    do {
        if (can_go_on(s, stage, item))
            return;
        sched_yield();
    } while (weir__now_ns() < until);
    while (!can_go_on(s, stage, item)) {
        weir__event_prepare(event);
        WEIR_POINT(WAIT_ANNOUNCED);
        if (can_go_on(s, stage, item))
            weir__event_withdraw(event);
        else
            weir__event_wait(event, WEIR_NO_DEADLINE);
    }
}

weir_status weir_next(weir_stream *s, weir_stage stage, void *item)
{
    const weir_status status = check_stage(s, stage);
    if (status != WEIR_OK)
        return status;
    weir__stage *from = s->stages[stage];
    if (from->taken)
        return refuse(s, stage, "another stage takes the items of this one");
    if (item == NULL && from->o.item_bytes > 0)
        return refuse(s, stage, "item is NULL; it receives the item");
    for (;;) {
        switch (weir__ring_advance(&from->ring)) {
        case WEIR_VIEW_READY:
            weir__ring_take(&from->ring, item);
            return WEIR_OK;
        case WEIR_VIEW_END:
            return WEIR_END;
        case WEIR_VIEW_FAILED:
            return failure_of(s);
        case WEIR_VIEW_EMPTY:
            if (weir__run_cancelled(s->run))
                return failure_of(s);
            wait_for(s, from, true);
        }
    }
}

static weir_status check_inlet(const weir_stream *s, weir_stage inlet)
{
    const weir_status status = check_stage(s, inlet);
    if (status == WEIR_OK && s->stages[inlet]->kind != WEIR_STAGE_INLET)
        return refuse(s, inlet, "this stage is no inlet, so nothing can be pushed into it");
    return status;
}

weir_status weir_push(weir_stream *s, weir_stage inlet, const void *item)
{
    const weir_status status = check_inlet(s, inlet);
    if (status != WEIR_OK)
        return status;
    weir__stage *into = s->stages[inlet];
    weir__ring *ring = &into->ring;
    if (item == NULL && into->o.item_bytes > 0)
        return refuse(s, inlet, "item is NULL; it is the item to push");
    for (;;) {
        if (has_stopped(s))
            return failure_of(s);
        if (inlet_is_closed(into))
            return WEIR_END;
        if (weir__ring_room(ring) > 0)
            break;
        wait_for(s, into, false);
    }
    WEIR_ASSERT(into->o.max_yield == 1 && weir__ring_room(ring) > 0);
    const weir__position at = weir__ring_claim(ring, 1);
    if (into->o.item_bytes > 0)
        memcpy(weir__ring_slot(ring, at.slot), item, into->o.item_bytes);
    weir__ring_fill(ring, at);
    return WEIR_OK;
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
