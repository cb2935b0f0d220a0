/* Rings; see ring.h. */
#include "ring.h"

#include <string.h>

#include "memory.h"

enum { EMPTY, READY, HOLE };

static size_t stride_of(size_t item_bytes)
{
    return (item_bytes + WEIR_ALIGN - 1) / WEIR_ALIGN * WEIR_ALIGN;
}

uint64_t weir__ring_bytes(size_t item_bytes, uint32_t capacity)
{
    uint64_t items;
    if (item_bytes > SIZE_MAX / 2 ||
        __builtin_mul_overflow((uint64_t)stride_of(item_bytes), (uint64_t)capacity, &items) ||
        items > UINT64_MAX / 2)
        return UINT64_MAX;
    return items + capacity * sizeof(atomic_uchar);
}

weir_status weir__ring_open(weir__ring *ring, size_t item_bytes, uint32_t capacity)
{
    ring->capacity = capacity;
    ring->item_bytes = item_bytes;
    ring->stride = stride_of(item_bytes);
    atomic_init(&ring->end, WEIR_NO_POSITION);
    atomic_init(&ring->failed, WEIR_NO_POSITION);
    ring->taken = &ring->program_fills;
    ring->filled = &ring->program_takes;
    if (weir__event_open(ring->taken) != WEIR_OK || weir__event_open(ring->filled) != WEIR_OK)
        return WEIR_ENOMEM;
    ring->items = weir__memory_take(ring->stride * capacity);
    ring->states = weir__memory_take_zero(capacity * sizeof *ring->states);
    return ring->items == NULL || ring->states == NULL ? WEIR_ENOMEM : WEIR_OK;
}

void weir__ring_close(weir__ring *ring)
{
    weir__memory_give(ring->items);
    weir__memory_give(ring->states);
    ring->items = NULL;
    ring->states = NULL;
}

void weir__ring_wake_programs(weir__ring *ring)
{
    weir__event_wake_all(&ring->program_fills);
    weir__event_wake_all(&ring->program_takes);
}

weir__position weir__ring_claim(weir__ring *ring, uint32_t n)
{
    const uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    const weir__position at = {tail, ring->tail_slot};
    ring->tail_slot = weir__ring_after(ring, at, n).slot;
    atomic_store_explicit(&ring->tail, tail + n, memory_order_relaxed);
    return at;
}

void weir__ring_promise(weir__ring *ring, uint32_t n)
{
    atomic_fetch_add_explicit(&ring->promised, n, memory_order_relaxed);
}

void weir__ring_unpromise(weir__ring *ring, uint32_t n)
{
    atomic_fetch_sub_explicit(&ring->promised, n, memory_order_relaxed);
}

/* Tells the consumer, if it is at this position; if it gets there later, it sees the state. */
static void settle(weir__ring *ring, weir__position at, unsigned char state)
{
    WEIR_YIELD_POINT();
    /* R3: seq_cst; as a release it pairs with R4: the item is there. Together with the load of head
     * it pairs with R2 and R4: of a consumer that moves to this position and a producer that
     * settles it, one sees the other. */
    atomic_store_explicit(&ring->states[at.slot], state, memory_order_seq_cst);
    if (atomic_load_explicit(&ring->head, memory_order_seq_cst) == at.number)
        weir__event_notify(ring->filled);
}

void weir__ring_fill(weir__ring *ring, weir__position at)
{
    settle(ring, at, READY);
}

void weir__ring_skip(weir__ring *ring, weir__position at)
{
    settle(ring, at, HOLE);
}

void weir__ring_finish(weir__ring *ring)
{
    const uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    /* R5: seq_cst, for weir__event; as a release it pairs with R6. */
    atomic_store_explicit(&ring->end, tail, memory_order_seq_cst);
    weir__event_notify(ring->filled);
}

void weir__ring_fail(weir__ring *ring, uint64_t position)
{
    if (position < atomic_load_explicit(&ring->failed, memory_order_relaxed))
        /* R7: seq_cst, for weir__event; as a release it pairs with R6. */
        atomic_store_explicit(&ring->failed, position, memory_order_seq_cst);
    weir__event_notify(ring->filled);
    weir__event_notify(ring->taken); /* nobody fills it any more, but may wait to */
}

/* Frees the slot at head. */
static void move_head(weir__ring *ring, uint64_t head)
{
    atomic_store_explicit(&ring->states[ring->head_slot], EMPTY, memory_order_relaxed);
    if (++ring->head_slot == ring->capacity)
        ring->head_slot = 0;
    WEIR_YIELD_POINT();
    /* R2: seq_cst; as a release it pairs with R1; for the rest see R3. */
    atomic_store_explicit(&ring->head, head + 1, memory_order_seq_cst);
    weir__event_notify(ring->taken);
}

weir__view weir__ring_look(weir__ring *ring)
{
    for (;;) {
        const uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        /* R4: seq_cst; pairs with R3. */
        const unsigned char state =
            atomic_load_explicit(&ring->states[ring->head_slot], memory_order_seq_cst);
        /* R6: acquire; pairs with R5 and R7: a failure is noted before its position is. */
        if (head == atomic_load_explicit(&ring->failed, memory_order_acquire))
            return WEIR_VIEW_FAILED;
        if (state == READY)
            return WEIR_VIEW_READY;
        if (state == EMPTY)
            return head == atomic_load_explicit(&ring->end, memory_order_acquire) ? WEIR_VIEW_END
                                                                                  : WEIR_VIEW_EMPTY;
        move_head(ring, head);
    }
}

weir__view weir__ring_glance(const weir__ring *ring)
{
    const uint64_t head = atomic_load_explicit(&ring->head, memory_order_seq_cst);
    if (head == atomic_load_explicit(&ring->failed, memory_order_seq_cst))
        return WEIR_VIEW_FAILED;
    if (head == atomic_load_explicit(&ring->end, memory_order_seq_cst))
        return WEIR_VIEW_END;
    return atomic_load_explicit(&ring->states[head % ring->capacity], memory_order_seq_cst) == EMPTY
               ? WEIR_VIEW_EMPTY
               : WEIR_VIEW_READY;
}

void weir__ring_take(weir__ring *ring, void *item)
{
    const uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (ring->item_bytes > 0)
        memcpy(item, weir__ring_slot(ring, ring->head_slot), ring->item_bytes);
    move_head(ring, head);
}

bool weir__ring_holds(const weir__ring *ring, uint32_t slot)
{
    return atomic_load_explicit(&ring->states[slot], memory_order_relaxed) == READY;
}
