/* A ring: the bounded buffer between one stage and whoever takes its items.
 *
 * A producer claims positions, in order, before it has their items; it makes each ready, or a hole,
 * in any order. The consumer takes positions in order, and skips holes.  What a call has claimed and does not
 * use, up to its end, is one hole.  A ring must never have
 * more than `capacity` positions claimed and not taken: that is the whole bound of a stream.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *              claim  fill/skip  finish  advance/take
 *   claim        -        -        X        -      claim: under the producing stage's lock, or by the
 *   fill/skip    -        -        -        -      one thread that pushes; what was reserved also by
 *   finish       X        -        X        -      calls. fill, skip: once for each claimed position;
 *   advance/take -        -        -        X      a skip does for those behind it in its call. advance,
 *                                                  take: under the consuming stage's lock, or by the one
 *                                                  thread that pulls
 * Order:     what was written before fill is seen after advance said ready, and a slot is written
 *            again only after take is through with it.
 * Progress:  nothing here waits. */
#ifndef WEIR_RING_H
#define WEIR_RING_H

#include "base/atomics.h"
#include "base/base.h"
#include "sched/event.h"
#include "sched/mail.h"
#include "trace/point.h"

typedef enum weir__view {
    WEIR_VIEW_EMPTY, /* the next item is not there yet */
    WEIR_VIEW_READY,
    WEIR_VIEW_END,   /* there are no more */
    WEIR_VIEW_FAILED /* here the stream failed */
} weir__view;

#define WEIR_NO_POSITION UINT64_MAX

/* Position p stands in slot p % capacity, and calls begin at multiples of `call`. Each time that a slot is
 * filled or skipped its state has the other turn than before; the consumer notes in `taken` which one it has
 * taken last. So the consumer, which reads states, never writes them, and of a hole only its first slot is
 * touched, however many positions it has.
 *
 * Invariant (weir__ring_is_valid), when neither side is at work:
 *   head <= tail,  tail - head + reserved <= capacity;
 *   head_slot == head % capacity,  1 <= call <= capacity;
 *   end is none or tail;  failed is none or at most tail;
 *   the slots of positions [tail, head + capacity) are empty.
 * While they are at work, an item of an unordered call counts twice for a moment: it is claimed
 * before it is unreserved. */
typedef struct weir__ring {
    /* Read-only after the start, but for the end. */
    uint32_t capacity;
    uint32_t call; /* positions that are claimed for one call; 1 where each is claimed by itself */
    size_t item_bytes, stride;
    char *items;
    atomic_uchar *states, *taken; /* of each slot; `taken` is written by the consumer */
    weir__mail *fillers, *takers; /* of workers that fill, or take from, it; NULL: a program does */
    atomic_uint_least64_t end, failed; /* positions, or WEIR_NO_POSITION */

    /* Written by the producer. */
    alignas(WEIR_LINE) atomic_uint_least64_t tail; /* next position to claim */
    atomic_uint reserved; /* of an unordered stage: items that calls may yet yield */

    /* Written by the consumer. */
    alignas(WEIR_LINE) atomic_uint_least64_t head; /* next position to take */
    uint32_t head_slot;

    weir__event program_fills, program_takes; /* a program that waits to */
} weir__ring;

static_assert(WEIR_SAME_LINE(weir__ring, tail, reserved), "the producer's line");
static_assert(WEIR_SAME_LINE(weir__ring, head, head_slot), "the consumer's line");
static_assert(!WEIR_SAME_LINE(weir__ring, failed, tail) &&
                  !WEIR_SAME_LINE(weir__ring, tail, head) &&
                  !WEIR_SAME_LINE(weir__ring, head, program_fills),
              "nobody writes to the line of another");

/* Does the invariant hold? For asserts and tests, while neither side is at work. */
bool weir__ring_is_valid(const weir__ring *ring);

/* Bytes that a ring takes of the allocator beside its own record. */
uint64_t weir__ring_bytes(size_t item_bytes, uint32_t capacity);

weir_status weir__ring_open(weir__ring *ring, size_t item_bytes, uint32_t capacity,
                            uint32_t call) WEIR_MUST_CHECK;
void weir__ring_close(weir__ring *ring);

/* Wakes programs that wait at this ring. */
void weir__ring_wake_programs(weir__ring *ring);

/* ---- the producer ---- */

/* Positions that can be claimed now. */
static inline uint32_t weir__ring_room(const weir__ring *ring)
{
    /* R1: seq_cst, for weir__event; as an acquire it pairs with R2: the slots behind head are free to
     * be written. */
    const uint64_t head = load_seq_cst(&ring->head);
    /* R8: seq_cst, for weir__event; as an acquire before the load of tail it pairs with R9: what is not
     * reserved any more has become a claim. */
    const uint64_t reserved = load_seq_cst(&ring->reserved);
    WEIR_POINT(RING_COUNTED);
    const uint64_t used = load_relaxed(&ring->tail) - head + reserved;
    /* What is being claimed out of what was reserved may count twice for a moment. */
    return used < ring->capacity ? ring->capacity - (uint32_t)used : 0;
}

/* A position: its number, and its slot. */
typedef struct weir__position {
    uint64_t number;
    uint32_t slot;
} weir__position;

weir__position weir__ring_claim(weir__ring *ring, uint32_t n);
/* An unordered stage reserves first, and then claims what it has reserved or gives it up. */
void weir__ring_reserve(weir__ring *ring, uint32_t n);
void weir__ring_unreserve(weir__ring *ring, uint32_t n);

/* The position `n` after this one; n is at most the capacity. */
static inline weir__position weir__ring_after(const weir__ring *ring, weir__position at, uint32_t n)
{
    WEIR_ASSERT(at.slot < ring->capacity && n <= ring->capacity);
    const uint64_t slot = (uint64_t)at.slot + n;
    const bool wraps = slot >= ring->capacity;
    return (weir__position){.number = at.number + n,
                            .slot = (uint32_t)(wraps ? slot - ring->capacity : slot)};
}

static inline char *weir__ring_slot(const weir__ring *ring, uint32_t slot)
{
    WEIR_ASSERT(slot < ring->capacity);
    return ring->items + (size_t)slot * ring->stride;
}

/* The item of this position is in its slot. */
void weir__ring_fill(weir__ring *ring, weir__position at);
/* This position stays without an item, and so do those behind it up to the end of its call. */
void weir__ring_skip(weir__ring *ring, weir__position at);

/* No position from tail on will be claimed: the ring ends there. */
void weir__ring_finish(weir__ring *ring);
/* The ring failed at `position`, unless it failed before that already; what is claimed behind it is
 * not looked at any more. */
void weir__ring_fail(weir__ring *ring, uint64_t position);

/* ---- the consumer ---- */

/* What is next; takes holes on the way. */
weir__view weir__ring_advance(weir__ring *ring);
/* Whether advance might say something else than EMPTY: for anybody, a hint. */
weir__view weir__ring_peek(const weir__ring *ring);
/* Calls `drop` on each item that is there; for when neither side is at work any more. */
void weir__ring_drop(weir__ring *ring, void (*drop)(void *argument, void *item), void *argument);
/* Copies the next item out and frees its slot; advance has said READY. */
void weir__ring_take(weir__ring *ring, void *item);
/* The same for those behind it that are there, up to `most`, one right behind the other. Returns how many; the
 * slots are free once all have been copied. */
size_t weir__ring_take_many(weir__ring *ring, char *items, size_t most);

#endif
