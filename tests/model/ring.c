/* A program pushes items and a hole through a ring that is smaller than they are many, and ends it; another
 * takes them. Both wait on the ring's events: the items come in order and complete, then the end, and
 * nobody sleeps for ever.
 *
 * MODEL_ITEMS, MODEL_CAPACITY: how many. MODEL_HOLE: which position is a hole. MODEL_FAILS: the ring
 * fails there, and the taker sees that instead. */
#include "model.h"

#include <stdlib.h>

#include "ring_support.h"

#if !defined(MODEL_ITEMS)
#define MODEL_ITEMS 3
#endif
#if !defined(MODEL_CAPACITY)
#define MODEL_CAPACITY 2
#endif
#if !defined(MODEL_HOLE)
#define MODEL_HOLE 1
#endif
#if !defined(MODEL_FAILS)
#define MODEL_FAILS 0
#endif

static weir__ring ring;
static bool fails; /* in this round, where the hole is */

static bool has_room(void)
{
    return weir__ring_room(&ring) > 0;
}

static bool has_news(void)
{
    return weir__ring_advance(&ring) != WEIR_VIEW_EMPTY;
}

/* As in weir_next() and weir_push(). */
static void wait_until(bool (*can_go_on)(void), weir__event *event)
{
    while (!can_go_on()) {
        weir__event_prepare(event);
        WEIR_POINT(WAIT_ANNOUNCED);
        if (can_go_on())
            weir__event_withdraw(event);
        else
            weir__event_wait(event, WEIR_NO_DEADLINE);
    }
}

static void push(int i)
{
    wait_until(has_room, &ring.program_fills);
    const weir__position at = weir__ring_claim(&ring, 1);
    if (i == MODEL_HOLE) {
        if (fails)
            weir__ring_fail(&ring, at.number);
        weir__ring_skip(&ring, at);
        return;
    }
    *ring_item(&ring, at.slot) = 10 + i;
    weir__ring_fill(&ring, at);
}

static void push_all(void)
{
    for (int i = 0; i < (fails ? MODEL_HOLE + 1 : MODEL_ITEMS); i++)
        push(i);
    weir__ring_finish(&ring);
}

static void take_all(void)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        if (i == MODEL_HOLE && !fails)
            continue;
        wait_until(has_news, &ring.program_takes);
        const weir__view view = weir__ring_advance(&ring);
        if (i == MODEL_HOLE) {
            assert(view == WEIR_VIEW_FAILED);
            return;
        }
        assert(view == WEIR_VIEW_READY);
        assert(ring_take(&ring) == 10 + i);
    }
    wait_until(has_news, &ring.program_takes);
    assert(weir__ring_advance(&ring) == WEIR_VIEW_END);
}

static void model_thread(unsigned me)
{
    if (me == 0)
        push_all();
    else
        take_all();
}

static void model_round(void)
{
    fails = MODEL_FAILS || model_odd;
    ring_begin(&ring, MODEL_CAPACITY);
    model_run(2);
}
