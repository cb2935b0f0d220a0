/* How a stage claims, runs and settles calls; see stage.h.
 *
 * Calls are claimed in batches of some microseconds, so that the lock costs little beside small items;
 * each item is shown to its taker at once all the same.  A batch is never more than a worker's
 * share of what is there, so that other workers find calls too. */
#include "stream/stage.h"

#include <stdio.h>
#include <string.h>

#include "base/atomics.h"

#define BATCH_SHARED 16 /* calls of which that many are worth one claim are not shared out */

static const weir__aim batch_aim = {.ns = 5000, .untimed = 7};

/* ---- what a stage may do ---- */

static bool is_at_work(const weir__stage *stage)
{
    return !load_relaxed(&stage->over) && !load_relaxed(&stage->stopped);
}

static bool has_job(const weir__stage *stage)
{
    /* S3: seq_cst, for weir__event; pairs with S1. */
    return load_seq_cst(&stage->running) < stage->o.jobs;
}

static bool may_begin(const weir__stage *stage)
{
    return is_at_work(stage) && has_job(stage);
}

/* Would the inputs let a call begin, or end the stage? */
static bool inputs_call(const weir__stage *stage)
{
    if (stage->inputs == 0)
        return stage->kind == WEIR_STAGE_SOURCE;
    unsigned ready = 0, ended = 0;
    for (unsigned i = 0; i < stage->inputs; i++)
        switch (weir__ring_glance(&stage->input[i]->ring)) {
        case WEIR_VIEW_EMPTY:
            break;
        case WEIR_VIEW_READY:
            ready++;
            break;
        case WEIR_VIEW_END:
            ended++;
            break;
        case WEIR_VIEW_FAILED:
            return true;
        }
    if (stage->o.join == WEIR_MERGE)
        return ready > 0 || ended == stage->inputs;
    return ready == stage->inputs || ended > 0;
}

/* For all that a call may yield. */
static bool has_room(const weir__stage *stage)
{
    return weir__ring_room(&stage->ring) >= stage->o.max_yield;
}

/* The stream failed, and no failure comes down to where this stage's items are pulled: what is on
 * the way there before a failure is still wanted. An inlet fails in any case, since pushes do. */
static bool failed_elsewhere(const weir__stage *stage)
{
    return weir__failure_published(&stage->engine->lane.failure) &&
           (stage->kind == WEIR_STAGE_INLET || !load_relaxed(&stage->last->fails_here));
}

bool weir__stage_glance(const weir__stage *stage)
{
    if (!may_begin(stage))
        return false;
    if (stage->inputs == 0 && failed_elsewhere(stage))
        return true;
    return inputs_call(stage) && has_room(stage);
}

weir__lack weir__stage_lack(const weir__stage *stage)
{
    if (!is_at_work(stage) || !inputs_call(stage))
        return WEIR_LACK_NOTHING;
    if (!has_job(stage))
        return WEIR_LACK_JOB;
    return has_room(stage) ? WEIR_LACK_NOTHING : WEIR_LACK_ROOM;
}

/* ---- the end of a stage ---- */

/* Under the lock. Ends the ring once no call is under way; an inlet's program ends its ring itself,
 * which alone knows where. */
static void end_if_done(weir__stage *stage)
{
    if (!load_relaxed(&stage->over) || load_relaxed(&stage->running) > 0)
        return;
    if (stage->failing)
        weir__ring_fail(&stage->ring, load_relaxed(&stage->ring.tail));
    else if (stage->kind != WEIR_STAGE_INLET)
        weir__ring_finish(&stage->ring);
}

/* Nobody takes from these stages any more, so they need not run. */
static void stop_inputs(weir__stage *stage)
{
    for (unsigned i = 0; i < stage->inputs; i++) {
        /* S2: seq_cst, for weir__event; pairs with P1: a program may wait for room that will not
         * come. */
        store_seq_cst(&stage->input[i]->stopped, true);
        weir__event_notify(&stage->input[i]->ring.program_fills);
        stop_inputs(stage->input[i]);
    }
}

void weir__stage_fail(weir__stage *stage, uint64_t position)
{
    store_relaxed(&stage->over, true);
    stage->failing = true;
    stop_inputs(stage);
    if (position != WEIR_NO_POSITION)
        weir__ring_fail(&stage->ring, position);
}

/* ---- claiming; all under the lock ---- */

/* The view of a zip: what the call needs of every input. */
static weir__view take_zip(weir__stage *stage, char *call)
{
    weir__view all = WEIR_VIEW_READY;
    for (unsigned i = 0; i < stage->inputs; i++) {
        const weir__view view = weir__ring_look(&stage->input[i]->ring);
        if (view == WEIR_VIEW_FAILED || (view == WEIR_VIEW_END && all != WEIR_VIEW_FAILED) ||
            (view == WEIR_VIEW_EMPTY && all == WEIR_VIEW_READY))
            all = view;
    }
    for (unsigned i = 0; i < stage->inputs && all == WEIR_VIEW_READY; i++)
        weir__ring_take(&stage->input[i]->ring, call + stage->input_offset[i]);
    return all;
}

/* The view of a merge: inputs take turns. */
static weir__view take_merge(weir__stage *stage, char *call, unsigned *origin)
{
    unsigned ended = 0;
    for (unsigned n = 0; n < stage->inputs; n++) {
        const unsigned i = (stage->next_input + n) % stage->inputs;
        const weir__view view = weir__ring_look(&stage->input[i]->ring);
        if (view == WEIR_VIEW_FAILED)
            return view;
        ended += view == WEIR_VIEW_END;
        if (view == WEIR_VIEW_READY) {
            weir__ring_take(&stage->input[i]->ring, call + stage->input_offset[i]);
            *origin = i;
            stage->next_input = i + 1;
            return view;
        }
    }
    return ended == stage->inputs ? WEIR_VIEW_END : WEIR_VIEW_EMPTY;
}

/* Takes the inputs of the nth claimed call; false if there are none now. */
static bool take_inputs(weir__stage *stage, weir_yielder *y, uint32_t n)
{
    if (stage->kind == WEIR_STAGE_SOURCE)
        return true;
    char *call = y->inputs + n * stage->call_bytes;
    const weir__view view =
        stage->o.join == WEIR_ZIP ? take_zip(stage, call) : take_merge(stage, call, &y->origins[n]);
    if (view == WEIR_VIEW_FAILED)
        weir__stage_fail(stage, WEIR_NO_POSITION);
    else if (view == WEIR_VIEW_END) {
        store_relaxed(&stage->over, true);
        stop_inputs(stage); /* zip: the longer inputs are of no use any more */
    }
    return view == WEIR_VIEW_READY;
}

/* Most calls to claim at once: what is worth one claim, what has room, and a fair share of what is
 * there. */
static uint32_t batch_size(const weir__stage *stage)
{
    const unsigned team = stage->engine->team.workers;
    const uint32_t share = stage->o.jobs < team ? stage->o.jobs : team;
    const uint32_t room = weir__ring_room(&stage->ring) / stage->o.max_yield;
    uint32_t there = room;
    for (unsigned i = 0; i < stage->inputs; i++) {
        const weir__ring *in = &stage->input[i]->ring;
        const uint64_t items = load_relaxed(&in->tail) - load_relaxed(&in->head);
        if (items < there)
            there = (uint32_t)items;
    }
    /* A batch of very short calls is soon over; sharing it costs more. */
    const uint32_t fair = stage->batch.n >= BATCH_SHARED ? there : (there + share - 1) / share;
    const uint32_t most = room < stage->batch.n ? room : stage->batch.n;
    return fair == 0 && room > 0 ? 1 : most < fair ? most : fair;
}

/* Claims calls for a job; 0 if none can begin. */
static uint32_t claim(weir__stage *stage, weir_yielder *y)
{
    const uint32_t most = batch_size(stage);
    uint32_t n = 0;
    while (n < most && take_inputs(stage, y, n))
        n++;
    if (n > 0 && stage->o.unordered)
        weir__ring_promise(&stage->ring, n * stage->o.max_yield);
    else if (n > 0)
        y->at = weir__ring_claim(&stage->ring, n * stage->o.max_yield);
    return n;
}

/* ---- calls ---- */

/* In an unordered stage a position is claimed for each item when it is yielded. */
static weir__position position_of_yield(weir_yielder *y)
{
    weir__stage *stage = y->stage;
    if (!stage->o.unordered)
        return weir__ring_after(&stage->ring, y->at, y->yielded);
    const weir__position at = weir__ring_claim(&stage->ring, 1);
    weir__ring_unpromise(&stage->ring, 1);
    return at;
}

weir_status weir_yield(weir_yielder *y, const void *item)
{
    weir__stage *stage = y->stage;
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
    return y->job;
}

/* One call of a source: the item is written where it will be taken. */
static int call_next(weir_yielder *y)
{
    weir__stage *stage = y->stage;
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
    const uint32_t left = stage->o.max_yield - y->yielded;
    if (stage->o.unordered) {
        weir__ring_unpromise(&stage->ring, left);
        return; /* that there is room again is told when the job is given back */
    }
    for (uint32_t i = y->yielded; i < stage->o.max_yield; i++)
        weir__ring_skip(&stage->ring, weir__ring_after(&stage->ring, y->at, i));
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
    (void)weir__lane_fail(&stage->engine->lane, &error); /* a later failure is dropped */
}

/* A call failed: the ring fails behind what it yielded. */
static void fail_call(weir_yielder *y, int code)
{
    weir__stage *stage = y->stage;
    /* Before the report, which publishes it. */
    store_relaxed(&stage->last->fails_here, true);
    report(stage, y, code);
    pthread_mutex_lock(&stage->lock);
    weir__stage_fail(stage, stage->o.unordered ? WEIR_NO_POSITION : y->at.number + y->yielded);
    pthread_mutex_unlock(&stage->lock);
    /* Sources look at the failure themselves. */
    weir__event_wake_all(&stage->engine->workers_wake);
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
    return !load_relaxed(&stage->stopped) && (stage->inputs > 0 || !load_relaxed(&stage->over));
}

/* After a cancel no call begins, and nothing behind the first that does not is delivered: else
 * items would be missing in the middle, or before an end. */
static bool stop_at_cancel(const weir_yielder *y)
{
    weir__stage *stage = y->stage;
    if (!weir__failure_cancelled(&stage->engine->lane.failure))
        return false;
    pthread_mutex_lock(&stage->lock);
    weir__stage_fail(stage, stage->o.unordered ? WEIR_NO_POSITION : y->at.number);
    pthread_mutex_unlock(&stage->lock);
    return true;
}

/* Makes the claimed calls; those after a failed one, or after a source's end, are not made. Returns how
 * many were. */
static uint32_t make_calls(weir_yielder *y, uint32_t n)
{
    weir__stage *stage = y->stage;
    const bool source = stage->kind == WEIR_STAGE_SOURCE;
    uint32_t made = 0;
    while (made < n && may_go_on(stage) && !stop_at_cancel(y)) {
        y->yielded = 0;
        y->fault = 0;
        const int code = source ? call_next(y) : call_work(y, made);
        const bool ended = source && code == WEIR_END;
        if (ended)
            store_relaxed(&stage->over, true);
        else if (code != 0 || y->fault != 0)
            fail_call(y, code);
        settle_call(y);
        made++;
        if (code != 0 || y->fault != 0)
            break;
    }
    drop_calls(y, made, n);
    return made;
}

/* Under the lock: a source or an inlet fails where it is when the stream has failed elsewhere. */
static void see_failure(weir__stage *stage)
{
    if (stage->inputs == 0 && failed_elsewhere(stage) && !load_relaxed(&stage->over))
        weir__stage_fail(stage, WEIR_NO_POSITION);
}

uint32_t weir__stage_begin(weir__stage *stage, weir_yielder **y, bool *moved)
{
    uint32_t n = 0;
    *moved = false;
    if (!weir__stage_glance(stage))
        return 0;
    pthread_mutex_lock(&stage->lock);
    see_failure(stage);
    if (stage->kind != WEIR_STAGE_INLET && may_begin(stage)) {
        *y = stage->free_yielders;
        n = claim(stage, *y);
    }
    if (n > 0) {
        stage->free_yielders = (*y)->next_free;
        (*y)->timed = weir__grain_begin(&stage->batch, &batch_aim, n);
        add_relaxed(&stage->running, 1);
    } else {
        end_if_done(stage);
    }
    *moved = n > 0 || load_relaxed(&stage->over);
    pthread_mutex_unlock(&stage->lock);
    return n;
}

uint32_t weir__stage_make(weir__stage *stage, weir_yielder *y, uint32_t n)
{
    const uint64_t begun = y->timed ? weir__now_ns() : 0;
    const uint32_t made = make_calls(y, n);
    const uint64_t ended = y->timed ? weir__now_ns() : 0;
    pthread_mutex_lock(&stage->lock);
    if (y->timed)
        weir__grain_end(&stage->batch, &batch_aim, n, ended - begun);
    y->next_free = stage->free_yielders;
    stage->free_yielders = y;
    /* S1: seq_cst, for weir__event: a worker may wait for a job to be free; pairs with S3. */
    sub_seq_cst(&stage->running, 1);
    end_if_done(stage);
    pthread_mutex_unlock(&stage->lock);
    weir__event_notify(&stage->engine->workers_wake);
    return made;
}
