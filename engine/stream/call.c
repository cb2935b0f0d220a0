/* How the claimed calls of a stage are made, and their positions settled; see stage.h.
 *
 * stage.c calls it for a batch, on the worker that claimed it.  It must never leave a position
 * unsettled, nor an input of a call that is not made. */
#include <stdio.h>
#include <string.h>

#include "base/atomics.h"
#include "stream/stage.h"

/* In an unordered stage a position is claimed for each item when it is yielded. */
static weir__position position_of_yield(weir_yielder *y)
{
    weir__stage *stage = y->stage;
    if (!stage->o.unordered)
        return weir__ring_after(&stage->ring, y->at, y->yielded);
    const weir__position at = weir__ring_claim(&stage->ring, 1);
    weir__ring_unreserve(&stage->ring, 1);
    return at;
}

weir_status weir_yield(weir_yielder *y, const void *item)
{
    weir__stage *stage = y->stage;
    WEIR_ASSERT(load_relaxed(&stage->running) > 0); /* only a call yields */
    const size_t bytes = stage->ring.item_bytes;
    if (y->yielded == stage->o.max_yield || (item == NULL && bytes > 0)) {
        y->fault = WEIR_EINVAL;
        return WEIR_EINVAL;
    }
    const weir__position at = position_of_yield(y);
    if (bytes > 0)
        memcpy(weir__ring_slot(&stage->ring, at.slot), item, bytes);
    y->yielded++;
    weir__ring_fill(&stage->ring, at);
    return WEIR_OK;
}

unsigned weir_yielder_job(const weir_yielder *y)
{
    WEIR_ASSERT(y->job < y->stage->jobs);
    return y->job;
}

/* One call of a source: the item is written where it will be taken. */
static int call_next(weir_yielder *y)
{
    weir__stage *stage = y->stage;
    WEIR_ASSERT(stage->o.max_yield == 1 && y->yielded == 0);
    if (stage->o.unordered) { /* its position is known only once it is there: by way of the job */
        const int code = stage->next(stage->o.state, y->inputs);
        return code == WEIR_OK ? weir_yield(y, y->inputs) : code;
    }
    const int code = stage->next(stage->o.state, weir__ring_slot(&stage->ring, y->at.slot));
    if (code == WEIR_OK) {
        weir__ring_fill(&stage->ring, y->at);
        y->yielded = 1;
    }
    return code;
}

/* The nth claimed call of a stage with inputs. */
static int call_work(weir_yielder *y, uint32_t n)
{
    weir__stage *stage = y->stage;
    char *call = y->inputs + n * stage->call_bytes;
    WEIR_ASSERT(stage->kind == WEIR_STAGE_WORK && n < stage->batch.most);
    if (stage->o.join == WEIR_MERGE)
        y->items[0] = call + stage->input_offset[y->origins[n]];
    else
        for (unsigned i = 0; i < stage->inputs; i++)
            y->items[i] = call + stage->input_offset[i];
    return stage->work(stage->o.state, y->items, y);
}

/* The inputs of a claimed call that will not be made. */
static void drop_inputs(weir_yielder *y, uint32_t n)
{
    weir__stage *stage = y->stage;
    char *call = y->inputs + n * stage->call_bytes;
    if (stage->kind != WEIR_STAGE_WORK)
        return;
    for (unsigned i = 0; i < stage->inputs; i++)
        if (stage->o.join == WEIR_ZIP || y->origins[n] == i)
            weir__stage_drop(stage->input[i], call + stage->input_offset[i]);
}

/* Positions of the current call that it left without an item. */
static void settle_call(weir_yielder *y)
{
    weir__stage *stage = y->stage;
    WEIR_ASSERT(y->yielded <= stage->o.max_yield);
    const uint32_t unused = stage->o.max_yield - y->yielded;
    if (stage->o.unordered) {
        weir__ring_unreserve(&stage->ring, unused);
        return; /* that there is room again is told when the job is given back */
    }
    if (unused > 0)
        weir__ring_skip(&stage->ring, weir__ring_after(&stage->ring, y->at, y->yielded));
    y->at = weir__ring_after(&stage->ring, y->at, stage->o.max_yield);
}

static void report(weir__stage *stage, const weir_yielder *y, int code)
{
    weir_error error = {.status = WEIR_EOP, .code = code};
    snprintf(error.where, sizeof error.where, "%s", stage->o.name);
    if (y->fault != 0) {
        error.status = WEIR_EINVAL;
        error.code = 0;
        snprintf(error.text, sizeof error.text,
                 "stage '%.90s' called weir_yield() with NULL, or more than max_yield (%u) times",
                 stage->o.name, stage->o.max_yield);
    } else {
        snprintf(error.text, sizeof error.text, "stage '%.90s' returned %d", stage->o.name, code);
    }
    weir__run_report(stage->run, &error); /* a later failure is dropped */
}

/* A call failed: the ring fails behind what it yielded. */
static void fail_call(weir_yielder *y, int code)
{
    weir__stage *stage = y->stage;
    WEIR_ASSERT(code != 0 || y->fault != 0);
    /* Before the report, which publishes it. */
    or_relaxed(&stage->last->state, WEIR_STAGE_FAILS_HERE);
    report(stage, y, code);
    pthread_mutex_lock(&stage->lock);
    weir__stage_fail(stage, stage->o.unordered ? WEIR_NO_POSITION : y->at.number + y->yielded);
    pthread_mutex_unlock(&stage->lock);
    /* Sources look at the failure themselves. */
    weir__mail_wake_all(stage->run->mail);
}

/* The calls from `made` on are not made: their inputs go, and their positions stay empty. */
static void drop_calls(weir_yielder *y, uint32_t made, uint32_t n)
{
    for (uint32_t i = made; i < n; i++) {
        drop_inputs(y, i);
        y->yielded = 0;
        settle_call(y);
    }
}

/* What a stopped stage would yield, nobody wants; and a source that has ended is not asked again. */
static bool may_go_on(const weir__stage *stage)
{
    return !weir__stage_is(stage, WEIR_STAGE_UNWANTED) &&
           (stage->inputs > 0 || !weir__stage_is(stage, WEIR_STAGE_OVER));
}

/* After a cancel no call begins, and nothing behind the first that does not is delivered: else
 * items would be missing in the middle, or before an end. */
static bool stop_at_cancel(const weir_yielder *y)
{
    weir__stage *stage = y->stage;
    if (!weir__run_cancelled(stage->run))
        return false;
    pthread_mutex_lock(&stage->lock);
    weir__stage_fail(stage, stage->o.unordered ? WEIR_NO_POSITION : y->at.number);
    pthread_mutex_unlock(&stage->lock);
    return true;
}

/* Those after a failed call, or after a source's end, are not made. */
uint32_t weir__stage_call(weir_yielder *y, uint32_t n)
{
    weir__stage *stage = y->stage;
    WEIR_ASSERT(n > 0 && n <= stage->batch.most);
    const bool source = stage->kind == WEIR_STAGE_SOURCE;
    uint32_t made = 0;
    while (made < n && may_go_on(stage) && !stop_at_cancel(y)) {
        y->yielded = 0;
        y->fault = 0;
        const int code = source ? call_next(y) : call_work(y, made);
        const bool ended = source && code == WEIR_END;
        if (ended)
            or_relaxed(&stage->state, WEIR_STAGE_OVER);
        else if (code != 0 || y->fault != 0)
            fail_call(y, code);
        settle_call(y);
        made++;
        if (code != 0 || y->fault != 0)
            break;
    }
    WEIR_ASSERT(made <= n);
    drop_calls(y, made, n);
    return made;
}
