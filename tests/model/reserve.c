/* A call of an unordered stage claims out of what it has reserved while the stage, whose lock
 * another thread holds, looks for room and claims as well, and a taker frees slots: never are more
 * positions claimed than there are slots, no slot is written before its item was taken, and every
 * item arrives. */
#include "model.h"

#include "ring_support.h"

enum { CAPACITY = 2, CALL, STAGE, TAKER };

static weir__ring ring;
static bool claimed; /* by the stage */
static int sum;      /* of what was taken */

/* As weir_yield() does it. */
static void yield_item(int item)
{
    const weir__position at = weir__ring_claim(&ring, 1);
    weir__ring_unreserve(&ring, 1);
    *ring_item(&ring, at.slot) = item;
    weir__ring_fill(&ring, at);
}

static void take_what_is_there(void)
{
    while (weir__ring_advance(&ring) == WEIR_VIEW_READY)
        sum += ring_take(&ring);
}

static void model_thread(unsigned me)
{
    switch (me + CALL) {
    case CALL:
        yield_item(10);
        break;
    case STAGE:
        claimed = weir__ring_room(&ring) > 0;
        if (claimed) {
            weir__ring_reserve(&ring, 1);
            yield_item(100);
        }
        break;
    default:
        take_what_is_there();
    }
}

static void model_round(void)
{
    ring_begin(&ring, CAPACITY);
    sum = 0;
    weir__ring_reserve(&ring, 1);
    yield_item(1); /* one item is there, and room for another is reserved: the ring is full */
    weir__ring_reserve(&ring, 1);
    model_run(3);
    take_what_is_there();
    assert(sum == 1 + 10 + (claimed ? 100 : 0));
    assert(load_relaxed(&ring.reserved) == 0);
}
