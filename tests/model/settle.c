/* A worker has gone to sleep, or is about to, for want of an item, while another takes the item before
 * it and looks for the next, and a third thread brings that: one of the two comes to know of it. */
#include "model.h"

#include "ring_support.h"
#include "sleep_support.h"

enum { FILLER, TAKER, SLEEPER, THREADS };

static weir__box box[THREADS];
static weir__mail mail = {.box = box, .boxes = THREADS};
static weir__ring ring;
static atomic_bool taken; /* by the taker: the next item too */

static void fill(void)
{
    /* Made here, since a checker wants no record that is read in other pieces than written. */
    const weir__position next = {.number = 1, .slot = 1};
    *ring_item(&ring, next.slot) = 2;
    weir__ring_fill(&ring, next);
}

/* Takes what is there; if that was all, the sleeper has to end as well. */
static void take(void)
{
    assert(weir__ring_advance(&ring) == WEIR_VIEW_READY && ring_take(&ring) == 1);
    if (weir__ring_advance(&ring) != WEIR_VIEW_READY)
        return;
    assert(ring_take(&ring) == 2);
    store_seq_cst(&taken, true);
    weir__mail_wake(&mail, SLEEPER);
}

/* By whoever was awake. */
static bool next_is_seen(void)
{
    return weir__ring_peek(&ring) != WEIR_VIEW_EMPTY || load_seq_cst(&taken);
}

static void model_thread(unsigned me)
{
    switch (me) {
    case FILLER:
        fill();
        break;
    case TAKER:
        take();
        break;
    default:
        sleep_until(&mail, SLEEPER, next_is_seen);
    }
}

static void model_round(void)
{
    ring_begin(&ring, 2);
    ring.takers = &mail;
    store_relaxed(&taken, false);
    const weir__position at = weir__ring_claim(&ring, 2);
    *ring_item(&ring, at.slot) = 1;
    weir__ring_fill(&ring, at);
    model_run(THREADS);
    assert(!weir__mail_has_sleepers(&mail));
}
