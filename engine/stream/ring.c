/* Rings; see ring.h. */
#include "stream/ring.h"

#include <string.h>

#include "base/atomics.h"
#include "base/memory.h"
#include "trace/point.h"

/* The state of a slot: what is there, and the turn that it was written in. A slot that was never used is 0,
 * which nobody has taken. */
enum { EMPTY = 0, READY = 1, HOLE = 2, TURN = 4 };

/* Bytes of the states, and of what was taken of them: the consumer's do not share lines with those. */
static uint64_t state_bytes(uint32_t capacity)
{
    return weir__round_up(capacity, WEIR_LINE);
}

uint64_t weir__ring_bytes(size_t item_bytes, uint32_t capacity)
{
    const uint64_t stride = weir__round_up(item_bytes, WEIR_ALIGN);
    return weir__bytes_add(weir__memory_bytes(weir__bytes_multiply(stride, capacity)),
                           2 * state_bytes(capacity));
}

static weir__position position_of(const weir__ring *ring, uint64_t number)
{
    return (weir__position){.number = number, .slot = (uint32_t)(number % ring->capacity)};
}

/* What the consumer has not taken yet of a slot. */
static int state_of(const weir__ring *ring, uint32_t slot)
{
    /* R4: seq_cst; pairs with R3. */
    const unsigned state = load_seq_cst(&ring->states[slot]);
    const unsigned taken = load_relaxed(&ring->taken[slot]);
    return (state ^ taken) & TURN ? (int)(state & ~(unsigned)TURN) : EMPTY;
}

/* Positions of the hole that begins here: up to the end of the call. */
static uint32_t hole_at(const weir__ring *ring, uint64_t number)
{
    return ring->call == 1 ? 1 : ring->call - (uint32_t)(number % ring->call);
}

#if defined(WEIR_ASSERTS)
bool weir__ring_is_valid(const weir__ring *ring)
{
    const uint64_t head = load_relaxed(&ring->head), tail = load_relaxed(&ring->tail);
    const uint64_t end = load_relaxed(&ring->end), failed = load_relaxed(&ring->failed);
    bool valid = head <= tail && tail - head + load_relaxed(&ring->reserved) <= ring->capacity &&
                 ring->head_slot == head % ring->capacity && ring->call >= 1 &&
                 ring->call <= ring->capacity && (end == WEIR_NO_POSITION || end == tail) &&
                 (failed == WEIR_NO_POSITION || failed <= tail);
    for (uint64_t p = tail; valid && p < head + ring->capacity; p++)
        valid = state_of(ring, position_of(ring, p).slot) == EMPTY;
    return valid;
}
#endif

weir_status weir__ring_open(weir__ring *ring, size_t item_bytes, uint32_t capacity, uint32_t call)
{
    WEIR_ASSERT(capacity > 0 && item_bytes <= SIZE_MAX / 2);
    ring->capacity = capacity;
    ring->call = call;
    ring->item_bytes = item_bytes;
    ring->stride = (size_t)weir__round_up(item_bytes, WEIR_ALIGN);
    atomic_init(&ring->end, WEIR_NO_POSITION);
    atomic_init(&ring->failed, WEIR_NO_POSITION);
    ring->items = weir__memory_alloc(ring->stride * capacity);
    ring->states = weir__memory_alloc_zero((size_t)(2 * state_bytes(capacity)));
    if (ring->items != NULL && ring->states != NULL) {
        ring->taken = ring->states + state_bytes(capacity);
        WEIR_ASSERT_SLOW(weir__ring_is_valid(ring));
        return WEIR_OK;
    }
    weir__ring_close(ring);
    return WEIR_ENOMEM;
}

void weir__ring_close(weir__ring *ring)
{
    weir__memory_free(ring->items);
    weir__memory_free(ring->states);
    ring->items = NULL;
    ring->states = ring->taken = NULL;
}

void weir__ring_wake_programs(weir__ring *ring)
{
    weir__event_notify(&ring->program_fills);
    weir__event_notify(&ring->program_takes);
}

weir__position weir__ring_claim(weir__ring *ring, uint32_t n)
{
    WEIR_ASSERT(n > 0 && n <= ring->capacity);
    /* R12: release and acquire; pairs with itself. Calls of an unordered stage claim what they have
     * reserved, and the one that saw the slot free (R1) may be another, whose claim came before this. */
    return position_of(ring, add_acq_rel(&ring->tail, n));
}

void weir__ring_reserve(weir__ring *ring, uint32_t n)
{
    WEIR_ASSERT(n > 0 && n <= ring->capacity - load_relaxed(&ring->reserved));
    add_relaxed(&ring->reserved, n);
}

void weir__ring_unreserve(weir__ring *ring, uint32_t n)
{
    WEIR_ASSERT(n <= load_relaxed(&ring->reserved));
    /* R9: seq_cst, for weir__event; as a release it pairs with R8. */
    sub_seq_cst(&ring->reserved, n);
}

/* Does anybody sleep, or listen, who may be waiting to fill, or to take? */
static bool somebody_waits(const weir__mail *workers, weir__event *program)
{
    return workers != NULL ? WEIR_UNLIKELY(weir__mail_has_listeners(workers))
                           : weir__event_has_waiter(program);
}

static void wake(weir__mail *workers, weir__event *program)
{
    if (workers != NULL)
        weir__mail_tell(workers);
    else
        weir__event_wake(program);
}

static void tell(weir__mail *workers, weir__event *program)
{
    if (somebody_waits(workers, program))
        wake(workers, program);
}

/* Tells the consumer, if it waits at this position; if it gets there later, it sees the state. */
static void settle(weir__ring *ring, weir__position at, unsigned kind)
{
    const unsigned before = load_relaxed(&ring->states[at.slot]);
    WEIR_ASSERT(at.slot == at.number % ring->capacity && at.number < load_relaxed(&ring->tail));
    WEIR_ASSERT(state_of(ring, at.slot) == EMPTY); /* each position is settled once */
    WEIR_POINT(RING_SETTLING);
    /* R3: seq_cst; as a release it pairs with R4: the item is there. A producer settles (R3) and then
     * reads head (R10); a consumer moves head (R2) and then reads the state (R4): one sees the other. */
    store_seq_cst(&ring->states[at.slot], (unsigned char)(kind | (~before & TURN)));
    /* R10: seq_cst; pairs with R2. The consumer's own line is read only when somebody sleeps. */
    if (somebody_waits(ring->takers, &ring->program_takes) &&
        load_seq_cst(&ring->head) == at.number)
        wake(ring->takers, &ring->program_takes);
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
    const uint64_t tail = load_relaxed(&ring->tail);
    WEIR_ASSERT(load_relaxed(&ring->end) == WEIR_NO_POSITION || load_relaxed(&ring->end) == tail);
    /* R5: seq_cst, for weir__event; as a release it pairs with R11. */
    store_seq_cst(&ring->end, tail);
    tell(ring->takers, &ring->program_takes);
}

void weir__ring_fail(weir__ring *ring, uint64_t position)
{
    WEIR_ASSERT(position <= load_relaxed(&ring->tail));
    if (position < load_relaxed(&ring->failed))
        /* R7: seq_cst, for weir__event; as a release it pairs with R6. */
        store_seq_cst(&ring->failed, position);
    tell(ring->takers, &ring->program_takes);
    tell(ring->fillers, &ring->program_fills); /* nobody fills it any more, but may wait to */
}

/* The n positions from the one at head_slot on, of which the first was settled, are taken, and not free yet. */
static void pass(weir__ring *ring, uint32_t n)
{
    atomic_uchar *taken = &ring->taken[ring->head_slot];
    store_relaxed(taken, load_relaxed(taken) ^ TURN);
    ring->head_slot += n;
    if (ring->head_slot >= ring->capacity)
        ring->head_slot -= ring->capacity;
}

/* Frees the slots up to this position. */
static void set_head(weir__ring *ring, uint64_t head)
{
    WEIR_ASSERT(ring->head_slot == head % ring->capacity);
    WEIR_ASSERT(load_relaxed(&ring->tail) - head <= ring->capacity); /* they were claimed */
    WEIR_POINT(RING_ADVANCED);
    /* R2: seq_cst; pairs with R1, as a release, and with R10; see R3. */
    store_seq_cst(&ring->head, head);
    tell(ring->fillers, &ring->program_fills);
}

weir__view weir__ring_advance(weir__ring *ring)
{
    for (;;) {
        const uint64_t head = load_relaxed(&ring->head);
        const int state = state_of(ring, ring->head_slot);
        /* R6: seq_cst; pairs with R7: a failure is noted before its position is settled. One of an inlet
         * may come late: the program pushes on, and head may be past it. */
        if (head >= load_seq_cst(&ring->failed))
            return WEIR_VIEW_FAILED;
        if (state == READY)
            return WEIR_VIEW_READY;
        if (state == EMPTY)
            /* R11: seq_cst; pairs with R5. */
            return head == load_seq_cst(&ring->end) ? WEIR_VIEW_END : WEIR_VIEW_EMPTY;
        const uint32_t hole = hole_at(ring, head);
        pass(ring, hole);
        set_head(ring, head + hole);
    }
}

weir__view weir__ring_peek(const weir__ring *ring)
{
    /* R10 as well: a sleeper's last look finds head where the item is, or whoever moves it there
     * looks after it. */
    const uint64_t head = load_seq_cst(&ring->head);
    /* R6 as well. */
    if (head >= load_seq_cst(&ring->failed))
        return WEIR_VIEW_FAILED;
    /* R11 as well. */
    if (head == load_seq_cst(&ring->end))
        return WEIR_VIEW_END;
    const weir__position at = position_of(ring, head);
    return state_of(ring, at.slot) == EMPTY ? WEIR_VIEW_EMPTY : WEIR_VIEW_READY;
}

void weir__ring_take(weir__ring *ring, void *item)
{
    const uint64_t head = load_relaxed(&ring->head);
    WEIR_ASSERT(state_of(ring, ring->head_slot) == READY);
    if (ring->item_bytes > 0)
        memcpy(item, weir__ring_slot(ring, ring->head_slot), ring->item_bytes);
    pass(ring, 1);
    set_head(ring, head + 1);
}

size_t weir__ring_take_many(weir__ring *ring, char *items, size_t most)
{
    uint64_t at = load_relaxed(&ring->head);
    size_t n = 0;
    WEIR_ASSERT(most > 0 && state_of(ring, ring->head_slot) == READY);
    while (n < most) {
        const int state = state_of(ring, ring->head_slot);
        /* R6 as well, after the state. */
        if (state == EMPTY || at >= load_seq_cst(&ring->failed))
            break;
        if (state == READY && ring->item_bytes > 0)
            memcpy(items + n * ring->item_bytes, weir__ring_slot(ring, ring->head_slot),
                   ring->item_bytes);
        n += state == READY;
        const uint32_t passed = state == READY ? 1 : hole_at(ring, at);
        pass(ring, passed);
        at += passed;
    }
    set_head(ring, at);
    return n;
}

void weir__ring_drop(weir__ring *ring, void (*drop)(void *argument, void *item), void *argument)
{
    const uint64_t tail = load_relaxed(&ring->tail);
    WEIR_ASSERT_SLOW(weir__ring_is_valid(ring));
    for (uint64_t n = load_relaxed(&ring->head); n < tail;) {
        const weir__position at = position_of(ring, n);
        const int state = state_of(ring, at.slot);
        if (state == READY)
            drop(argument, weir__ring_slot(ring, at.slot));
        n += state == HOLE ? hole_at(ring, n) : 1;
    }
}
