/* How a stage claims calls, and how it ends; see stage.h.
 *
 * Calls are claimed in batches of some microseconds, so that the lock costs little beside small items;
 * each item is shown to its taker at once all the same.  A batch is never more than a worker's
 * share of what is there, so that other workers find calls too. */
#include "stream/stage.h"

#include <errno.h>

#include "base/atomics.h"
#include "sched/tuning.h"

static const weir__aim batch_aim = {.ns = WEIR_BATCH_NS, .untimed = WEIR_BATCH_UNTIMED};

/* ---- what must hold ---- */

/* By this thread, one hopes: that much a mutex does not tell. */
static bool is_locked(weir__stage *stage)
{
    return pthread_mutex_trylock(&stage->lock) == EBUSY;
}

#if defined(WEIR_ASSERTS)
static bool links_are_valid(const weir__stage *stage)
{
    for (unsigned i = 0; i < stage->inputs; i++)
        if (!stage->input[i]->taken || stage->input[i]->last != stage->last)
            return false;
    return (stage->kind == WEIR_STAGE_WORK) == (stage->inputs > 0) &&
           (stage->last == stage) == !stage->taken;
}

static bool jobs_are_valid(const weir__stage *stage)
{
    const unsigned running = load_relaxed(&stage->running);
    const unsigned jobs = stage->kind == WEIR_STAGE_INLET ? 0 : stage->jobs;
    unsigned free = 0;
    for (const weir_yielder *y = stage->free_yielders; y != NULL && free <= jobs; y = y->next_free)
        free++;
    return running + free == jobs && stage->jobs <= stage->o.jobs &&
           (running > 0 || load_relaxed(&stage->ring.reserved) == 0);
}

bool weir__stage_is_valid(const weir__stage *stage)
{
    return links_are_valid(stage) && jobs_are_valid(stage) && weir__grain_is_valid(&stage->batch) &&
           stage->o.max_yield >= 1 && stage->o.max_yield <= stage->o.buffer &&
           stage->o.buffer == stage->ring.capacity &&
           (!weir__stage_is(stage, WEIR_STAGE_FAILING) || weir__stage_is(stage, WEIR_STAGE_OVER));
}

static bool has_ended_if_done(const weir__stage *stage)
{
    return stage->kind == WEIR_STAGE_INLET || !weir__stage_is(stage, WEIR_STAGE_OVER) ||
           load_relaxed(&stage->running) > 0 ||
           load_relaxed(&stage->ring.end) != WEIR_NO_POSITION ||
           load_relaxed(&stage->ring.failed) != WEIR_NO_POSITION;
}
#endif

/* ---- what a stage may do ---- */

static bool is_at_work(const weir__stage *stage)
{
    return !weir__stage_is(stage, WEIR_STAGE_OVER | WEIR_STAGE_UNWANTED);
}

static bool has_job(const weir__stage *stage)
{
    /* S3: seq_cst, for weir__event; pairs with S1. */
    return load_seq_cst(&stage->running) < stage->jobs;
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
        switch (weir__ring_peek(&stage->input[i]->ring)) {
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
    return weir__failure_published(&stage->run->failure) &&
           (stage->kind == WEIR_STAGE_INLET || !weir__stage_is(stage->last, WEIR_STAGE_FAILS_HERE));
}

bool weir__stage_peek(const weir__stage *stage)
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
    if (!weir__stage_is(stage, WEIR_STAGE_OVER) || load_relaxed(&stage->running) > 0)
        return;
    if (weir__stage_is(stage, WEIR_STAGE_FAILING))
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
        or_seq_cst(&stage->input[i]->state, WEIR_STAGE_UNWANTED);
        weir__event_notify(&stage->input[i]->ring.program_fills);
        stop_inputs(stage->input[i]);
    }
}

void weir__stage_fail(weir__stage *stage, uint64_t position)
{
    WEIR_ASSERT(is_locked(stage));
    or_relaxed(&stage->state, WEIR_STAGE_OVER | WEIR_STAGE_FAILING);
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
        const weir__view view = weir__ring_advance(&stage->input[i]->ring);
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
    WEIR_ASSERT(stage->next_input <= stage->inputs);
    for (unsigned n = 0; n < stage->inputs; n++) {
        const unsigned i = (stage->next_input + n) % stage->inputs;
        const weir__view view = weir__ring_advance(&stage->input[i]->ring);
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
        or_relaxed(&stage->state, WEIR_STAGE_OVER);
        stop_inputs(stage); /* zip: the longer inputs are of no use any more */
    }
    return view == WEIR_VIEW_READY;
}

/* Most calls to claim at once: what is worth one claim, what has room, and a fair share of what is
 * there. */
static uint32_t batch_size(const weir__stage *stage)
{
    const uint32_t share = stage->jobs;
    const uint32_t room = weir__ring_room(&stage->ring) / stage->o.max_yield;
    uint32_t there = room;
    for (unsigned i = 0; i < stage->inputs; i++) {
        const weir__ring *in = &stage->input[i]->ring;
        const uint64_t items = load_relaxed(&in->tail) - load_relaxed(&in->head);
        if (items < there)
            there = (uint32_t)items;
    }
    /* A batch of very short calls is soon over; sharing it costs more. */
    const uint32_t fair = stage->batch.n >= WEIR_BATCH_SHARED ? there : (there + share - 1) / share;
    const uint32_t most = room < stage->batch.n ? room : stage->batch.n;
    return fair == 0 && room > 0 ? 1 : most < fair ? most : fair;
}

/* Claims calls for a job; 0 if none can begin. */
static uint32_t claim(weir__stage *stage, weir_yielder *y)
{
    const uint32_t most = batch_size(stage);
    uint32_t n = 0;
    WEIR_ASSERT(most <= stage->batch.most);
    while (n < most && take_inputs(stage, y, n))
        n++;
    WEIR_ASSERT(stage->o.unordered || weir__ring_room(&stage->ring) >= n * stage->o.max_yield);
    if (n > 0 && stage->o.unordered)
        weir__ring_reserve(&stage->ring, n * stage->o.max_yield);
    else if (n > 0)
        y->at = weir__ring_claim(&stage->ring, n * stage->o.max_yield);
    return n;
}

/* ---- batches ---- */

/* Under the lock: a source or an inlet fails where it is when the stream has failed elsewhere. */
static void see_failure(weir__stage *stage)
{
    if (stage->inputs == 0 && failed_elsewhere(stage) && !weir__stage_is(stage, WEIR_STAGE_OVER))
        weir__stage_fail(stage, WEIR_NO_POSITION);
}

uint32_t weir__stage_begin(weir__stage *stage, weir_yielder **y, bool *progressed)
{
    uint32_t n = 0;
    *progressed = false;
    if (!weir__stage_peek(stage))
        return 0;
    pthread_mutex_lock(&stage->lock);
    see_failure(stage);
    if (stage->kind != WEIR_STAGE_INLET && may_begin(stage)) {
        *y = stage->free_yielders;
        WEIR_ASSERT(*y != NULL); /* may_begin() has counted them */
        n = claim(stage, *y);
    }
    if (n > 0) {
        stage->free_yielders = (*y)->next_free;
        (*y)->timed = weir__grain_begin(&stage->batch, &batch_aim, n);
        add_relaxed(&stage->running, 1);
    } else {
        end_if_done(stage);
    }
    *progressed = n > 0 || weir__stage_is(stage, WEIR_STAGE_OVER);
    WEIR_ASSERT_SLOW(weir__stage_is_valid(stage) && has_ended_if_done(stage));
    pthread_mutex_unlock(&stage->lock);
    return n;
}

uint32_t weir__stage_make(weir__stage *stage, weir_yielder *y, uint32_t n)
{
    WEIR_ASSERT(y->stage == stage && n > 0 && n <= stage->batch.most);
    const uint64_t begun = y->timed ? weir__now_ns() : 0;
    const uint32_t made = weir__stage_call(y, n);
    const uint64_t ended = y->timed ? weir__now_ns() : 0;
    pthread_mutex_lock(&stage->lock);
    if (y->timed)
        weir__grain_end(&stage->batch, &batch_aim, n, ended - begun);
    y->next_free = stage->free_yielders;
    stage->free_yielders = y;
    /* S1: seq_cst, for weir__event: a worker may wait for a job to be free; pairs with S3. */
    sub_seq_cst(&stage->running, 1);
    end_if_done(stage);
    WEIR_ASSERT_SLOW(weir__stage_is_valid(stage) && has_ended_if_done(stage));
    pthread_mutex_unlock(&stage->lock);
    weir__mail_wake_one(stage->run->mail);
    return made;
}
