/* Rings of ints for models, in memory that stays. */
#ifndef WEIR_RING_SUPPORT_H
#define WEIR_RING_SUPPORT_H

#include <string.h>

#include "stream/ring.h"

#if defined(MODEL_CHECKED)
#define memcpy(to, from, bytes) ((void)(to), (void)(from), (void)(bytes)) /* of no bytes */
#include "sched/event.c"
#include "sched/mail.c"
#include "sched/numbers.c"
#include "stream/ring.c"
#endif

enum { RING_MOST = 4 };

/* An item has a slot of its own by its stride, and no bytes that the ring would copy: the models read
 * and write them, so that a checker sees two that race. */
static alignas(WEIR_ALIGN) struct ring_slot {
    alignas(WEIR_ALIGN) int item;
} ring_slots[RING_MOST];
static atomic_uchar ring_states[RING_MOST], ring_taken[RING_MOST];

static inline int *ring_item(const weir__ring *ring, uint32_t slot)
{
    return (int *)(void *)weir__ring_slot(ring, slot);
}

static inline int ring_take(weir__ring *ring)
{
    const int item = *ring_item(ring, ring->head_slot);
    weir__ring_take(ring, NULL);
    return item;
}

/* An empty ring, for the event of a program on either side. */
static inline void ring_begin(weir__ring *ring, uint32_t capacity)
{
    ring->capacity = capacity;
    ring->call = 1;
    ring->item_bytes = 0;
    ring->stride = sizeof(struct ring_slot);
    ring->items = (char *)ring_slots;
    ring->states = ring_states;
    ring->taken = ring_taken;
    for (unsigned i = 0; i < RING_MOST; i++)
        store_relaxed(&ring_states[i], 0), store_relaxed(&ring_taken[i], 0);
    store_relaxed(&ring->end, WEIR_NO_POSITION);
    store_relaxed(&ring->failed, WEIR_NO_POSITION);
    store_relaxed(&ring->tail, 0);
    store_relaxed(&ring->reserved, 0);
    store_relaxed(&ring->head, 0);
    ring->head_slot = 0;
}

#endif
