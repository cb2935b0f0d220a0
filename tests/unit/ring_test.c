/* Tests rings: exact capacity, order, holes, reservations, ends and failures, and both sides at work at
 * the same time.
 *
 * Run by ctest with the engine's internal headers.  It must never touch a ring from two threads in
 * a way that ring.h forbids. */
#include "stream_support.h"

#include "base/testing.h"
#include "stream/ring.h"

static weir__ring *open_ring_of_calls(size_t item_bytes, uint32_t capacity, uint32_t call)
{
    static weir__ring ring;
    memset(&ring, 0, sizeof ring);
    assert_int_equal(weir__ring_open(&ring, item_bytes, capacity, call), WEIR_OK);
    return &ring;
}

static weir__ring *open_ring(size_t item_bytes, uint32_t capacity)
{
    return open_ring_of_calls(item_bytes, capacity, 1);
}

static void close_ring(weir__ring *ring)
{
    weir__ring_close(ring);
    assert_int_equal(weir__testing_live_blocks(), 0);
}

static void fill(weir__ring *ring, weir__position at, uint64_t value)
{
    memcpy(weir__ring_slot(ring, at.slot), &value, sizeof value);
    weir__ring_fill(ring, at);
}

static void expect(weir__ring *ring, uint64_t value)
{
    uint64_t got = ~value;
    assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_READY);
    weir__ring_take(ring, &got);
    assert_int_equal(got, value);
}

static const uint32_t capacities[] = {1, 2, 3, 5, 7, 16, 61};
#define EACH_CAPACITY(c)                                                                           \
    (const uint32_t *c = capacities; c < capacities + sizeof capacities / sizeof *capacities; c++)

static void a_ring_has_room_for_its_capacity_and_not_one_more(void **state)
{
    (void)state;
    for
        EACH_CAPACITY(c)
        {
            weir__ring *ring = open_ring(sizeof(uint64_t), *c);
            for (uint32_t n = 0; n < *c; n++) {
                assert_int_equal(weir__ring_room(ring), *c - n);
                assert_int_equal(weir__ring_claim(ring, 1).number, n);
            }
            assert_int_equal(weir__ring_room(ring), 0);
            assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
            close_ring(ring);
        }
}

static void items_come_in_the_order_of_their_positions_round_and_round(void **state)
{
    (void)state;
    uint64_t random = 3;
    for
        EACH_CAPACITY(c)
        {
            weir__ring *ring = open_ring(sizeof(uint64_t), *c);
            uint64_t number = 0;
            for (int round = 0; round < 200; round++) {
                const uint32_t n = 1 + (uint32_t)draw(&random, *c);
                const weir__position at = weir__ring_claim(ring, n);
                assert_int_equal(at.number, number);
                assert_int_equal(at.slot, number % *c);
                for (uint32_t i = n; i-- > 0;) { /* the last first */
                    assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
                    assert_int_equal(weir__ring_room(ring), *c - n);
                    const weir__position one = weir__ring_after(ring, at, i);
                    assert_int_equal(one.slot, (number + i) % *c);
                    fill(ring, one, number + i);
                }
                for (uint32_t i = 0; i < n; i++) {
                    expect(ring, number++);
                    assert_int_equal(weir__ring_room(ring), *c - n + i + 1);
                }
            }
            close_ring(ring);
        }
}

static void holes_are_passed_over_and_give_their_room_back(void **state)
{
    (void)state;
    for
        EACH_CAPACITY(c)
        {
            weir__ring *ring = open_ring(sizeof(uint64_t), *c);
            for (uint32_t kept = 0; kept < *c; kept++) { /* all holes but one */
                const weir__position at = weir__ring_claim(ring, *c);
                for (uint32_t i = 0; i < *c; i++)
                    if (i != kept)
                        weir__ring_skip(ring, weir__ring_after(ring, at, i));
                fill(ring, weir__ring_after(ring, at, kept), kept);
                expect(ring, kept);
                assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
                assert_int_equal(weir__ring_room(ring), *c);
            }
            weir__position at = weir__ring_claim(ring, *c); /* nothing but holes */
            for (uint32_t i = 0; i < *c; i++, at = weir__ring_after(ring, at, 1))
                weir__ring_skip(ring, at);
            assert_int_equal(weir__ring_room(ring), 0);
            assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
            assert_int_equal(weir__ring_room(ring), *c);
            close_ring(ring);
        }
}

static void expect_dropped(void *argument, void *item)
{
    uint64_t *next = argument;
    assert_int_equal(*(uint64_t *)item, *next);
    (*next)++;
}

/* Calls of up to `call` items, which fill some and leave the others, in rings that are no multiple of that:
 * slots come to be in a hole for many rounds, and then have an item again. */
static void what_a_call_does_not_use_is_one_hole(void **state)
{
    (void)state;
    uint64_t random = 5, number = 0;
    for (uint32_t call = 2; call <= 9; call++)
        for (uint32_t capacity = call; capacity <= 2 * call + 3; capacity++) {
            weir__ring *ring = open_ring_of_calls(sizeof(uint64_t), capacity, call);
            for (int round = 0; round < 100; round++) {
                const uint32_t calls = 1 + (uint32_t)draw(&random, capacity / call);
                const uint64_t first = number;
                weir__position at = weir__ring_claim(ring, calls * call);
                for (uint32_t i = 0; i < calls; i++, at = weir__ring_after(ring, at, call)) {
                    const uint32_t n = (uint32_t)draw(&random, call + 1);
                    for (uint32_t k = 0; k < n; k++)
                        fill(ring, weir__ring_after(ring, at, k), number++);
                    if (n < call)
                        weir__ring_skip(ring, weir__ring_after(ring, at, n));
                }
                for (uint64_t i = first; i < number; i++)
                    expect(ring, i);
                assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
                assert_int_equal(weir__ring_room(ring), capacity);
                assert_true(weir__ring_is_valid(ring));
            }
            close_ring(ring);
        }
}

/* However large: of the others' states none is touched. */
static void a_hole_costs_what_one_item_costs(void **state)
{
    enum { CALL = 10000 };
    (void)state;
    weir__ring *ring = open_ring_of_calls(sizeof(uint64_t), 2 * CALL, CALL);
    uint64_t ignored = 0;
    for (int round = 0; round < 5; round++) {
        const weir__position at = weir__ring_claim(ring, CALL);
        fill(ring, at, 7);
        weir__ring_skip(ring, weir__ring_after(ring, at, 1));
        expect(ring, 7);
        assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
        for (uint32_t i = 2; i < CALL; i++)
            assert_int_equal(load_relaxed(&ring->states[i]) | load_relaxed(&ring->taken[i]), 0);
    }
    const weir__position at = weir__ring_claim(ring, CALL); /* what is left is dropped past it */
    weir__ring_skip(ring, at);
    weir__ring_drop(ring, expect_dropped, &ignored);
    close_ring(ring);
}

static void what_is_reserved_takes_room_as_positions_do(void **state)
{
    (void)state;
    weir__ring *ring = open_ring(sizeof(uint64_t), 7);
    weir__ring_reserve(ring, 3);
    assert_int_equal(weir__ring_room(ring), 4);
    fill(ring, weir__ring_claim(ring, 4), 10);
    assert_int_equal(weir__ring_room(ring), 0);
    weir__ring_unreserve(ring, 1); /* one comes true, one does not */
    const weir__position at = weir__ring_claim(ring, 1);
    assert_int_equal(weir__ring_room(ring), 0);
    fill(ring, at, 14);
    weir__ring_unreserve(ring, 1);
    assert_int_equal(weir__ring_room(ring), 1);
    weir__ring_unreserve(ring, 1);
    assert_int_equal(weir__ring_room(ring), 2);
    expect(ring, 10);
    assert_int_equal(weir__ring_room(ring), 3);
    close_ring(ring);
}

static void the_end_comes_after_the_last_item(void **state)
{
    (void)state;
    weir__ring *ring = open_ring(sizeof(uint64_t), 3);
    const weir__position at = weir__ring_claim(ring, 3);
    weir__ring_finish(ring);
    assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
    fill(ring, weir__ring_after(ring, at, 1), 1);
    assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
    fill(ring, at, 0);
    weir__ring_skip(ring, weir__ring_after(ring, at, 2));
    expect(ring, 0);
    expect(ring, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_END);
        assert_int_equal(weir__ring_peek(ring), WEIR_VIEW_END);
    }
    close_ring(ring);
    ring = open_ring(sizeof(uint64_t), 3); /* one without any item */
    weir__ring_finish(ring);
    assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_END);
    close_ring(ring);
}

static void the_first_failure_in_order_hides_all_behind_it(void **state)
{
    (void)state;
    weir__ring *ring = open_ring(sizeof(uint64_t), 8);
    const weir__position at = weir__ring_claim(ring, 6);
    for (uint32_t i = 0; i < 6; i++)
        fill(ring, weir__ring_after(ring, at, i), i);
    weir__ring_fail(ring, 5);
    weir__ring_fail(ring, 2);
    weir__ring_fail(ring, 4);
    weir__ring_finish(ring);
    assert_int_equal(weir__ring_peek(ring), WEIR_VIEW_READY);
    expect(ring, 0);
    expect(ring, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_FAILED);
        assert_int_equal(weir__ring_peek(ring), WEIR_VIEW_FAILED);
    }
    uint64_t next = 2; /* the others are still there, to be destroyed */
    weir__ring_drop(ring, expect_dropped, &next);
    assert_int_equal(next, 6);
    close_ring(ring);
}

static void a_failure_that_comes_when_its_position_is_taken_is_seen_all_the_same(void **state)
{
    (void)state;
    weir__ring *ring = open_ring(sizeof(uint64_t), 3);
    fill(ring, weir__ring_claim(ring, 1), 0);
    expect(ring, 0);
    fill(ring, weir__ring_claim(ring, 1), 1);
    weir__ring_fail(ring, 0); /* an inlet that is pushed into while it fails */
    assert_int_equal(weir__ring_peek(ring), WEIR_VIEW_FAILED);
    assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_FAILED);
    uint64_t next = 1;
    weir__ring_drop(ring, expect_dropped, &next);
    assert_int_equal(next, 2);
    close_ring(ring);
}

static void a_peek_says_what_an_advance_will_say(void **state)
{
    (void)state;
    weir__ring *ring = open_ring(sizeof(uint64_t), 3);
    uint64_t random = 8;
    for (uint64_t number = 0; number < 1000; number++) {
        assert_int_equal(weir__ring_peek(ring), WEIR_VIEW_EMPTY);
        const weir__position at = weir__ring_claim(ring, 1);
        assert_int_equal(weir__ring_peek(ring), WEIR_VIEW_EMPTY);
        if (draw(&random, 2) == 0) {
            weir__ring_skip(ring, at); /* something to look at, at least */
            assert_int_equal(weir__ring_peek(ring), WEIR_VIEW_READY);
            assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
        } else {
            fill(ring, at, number);
            assert_int_equal(weir__ring_peek(ring), WEIR_VIEW_READY);
            expect(ring, number);
        }
    }
    close_ring(ring);
}

static void items_may_have_no_bytes(void **state)
{
    (void)state;
    weir__ring *ring = open_ring(0, 2);
    for (int i = 0; i < 10; i++) {
        weir__ring_fill(ring, weir__ring_claim(ring, 1));
        assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_READY);
        weir__ring_take(ring, NULL);
        assert_int_equal(weir__ring_advance(ring), WEIR_VIEW_EMPTY);
    }
    close_ring(ring);
    assert_int_equal(weir__ring_bytes(0, 1000), 2048); /* what is there, and what was taken */
}

static void bytes_that_do_not_fit_are_said_to_be_too_many(void **state)
{
    (void)state;
    assert_true(weir__ring_bytes(8, 100) >= 800);
    assert_true(weir__ring_bytes(SIZE_MAX, 1) == UINT64_MAX);
    assert_true(weir__ring_bytes(SIZE_MAX / 4, UINT32_MAX) == UINT64_MAX);
    assert_true(weir__ring_bytes(SIZE_MAX - 10, 1) == UINT64_MAX);
    assert_true(weir__ring_bytes(SIZE_MAX - 200, 1) > SIZE_MAX - 200);
}

static void sizes_are_rounded_up_and_stay_too_many(void **state)
{
    (void)state;
    for (uint64_t n = 0; n <= 16; n++)
        assert_int_equal(weir__round_up(n, 16), n == 0 ? 0 : 16);
    assert_int_equal(weir__round_up(17, 16), 32);
    assert_true(weir__round_up(UINT64_MAX - 15, 16) == UINT64_MAX - 15);
    assert_true(weir__round_up(UINT64_MAX - 14, 16) == UINT64_MAX);
    assert_true(weir__round_up(UINT64_MAX, 64) == UINT64_MAX);
}

/* ---- two threads ---- */

enum { POSITIONS = 1000000 / SLOW_BUILD, MOST = 9 };

typedef struct exchange {
    weir__ring *ring;
    uint64_t seed;
    uint64_t positions;
    bool reserves;              /* as an unordered stage does */
    atomic_uint_least64_t over; /* times that more was there than the capacity */
} exchange;

static bool is_hole(uint64_t seed, uint64_t position)
{
    return mix(seed, position) % 3 == 0;
}

static void wait_for_room(weir__ring *ring)
{
    while (weir__ring_room(ring) == 0) {
        weir__event_prepare(&ring->program_fills);
        if (weir__ring_room(ring) > 0)
            weir__event_withdraw(&ring->program_fills);
        else
            weir__event_wait(&ring->program_fills, WEIR_NO_DEADLINE);
    }
}

static weir__position claim_some(weir__ring *ring, uint32_t n, bool reserves)
{
    if (!reserves)
        return weir__ring_claim(ring, n);
    weir__ring_reserve(ring, n);
    weir__ring_unreserve(ring, n);
    return weir__ring_claim(ring, n);
}

static void *produce(void *argument)
{
    exchange *x = argument;
    weir__ring *ring = x->ring;
    uint64_t random = x->seed;
    for (uint64_t done = 0; done < x->positions;) {
        wait_for_room(ring);
        const uint32_t room = weir__ring_room(ring);
        uint32_t n = 1 + (uint32_t)draw(&random, room);
        if (n > x->positions - done)
            n = (uint32_t)(x->positions - done);
        const weir__position at = claim_some(ring, n, x->reserves);
        const uint32_t first = (uint32_t)draw(&random, n);
        for (uint32_t i = 0; i < n; i++) { /* from the middle on, and round */
            const weir__position one = weir__ring_after(ring, at, (first + i) % n);
            if (is_hole(x->seed, one.number))
                weir__ring_skip(ring, one);
            else
                fill(ring, one, one.number);
        }
        if (room > ring->capacity)
            atomic_fetch_add(&x->over, 1);
        done += n;
    }
    weir__ring_finish(ring);
    return NULL;
}

static weir__view wait_for_view(weir__ring *ring)
{
    weir__view view;
    while ((view = weir__ring_advance(ring)) == WEIR_VIEW_EMPTY) {
        weir__event_prepare(&ring->program_takes);
        if (weir__ring_advance(ring) != WEIR_VIEW_EMPTY)
            weir__event_withdraw(&ring->program_takes);
        else
            weir__event_wait(&ring->program_takes, WEIR_NO_DEADLINE);
    }
    return view;
}

static void exchange_some(uint64_t seed, uint32_t capacity, bool reserves, uint64_t positions)
{
    exchange x = {.ring = open_ring(sizeof(uint64_t), capacity),
                  .seed = seed,
                  .positions = positions,
                  .reserves = reserves};
    pthread_t producer;
    uint64_t wrong = 0, number = 0, got[MOST], random = seed;
    assert_int_equal(pthread_create(&producer, NULL, produce, &x), 0);
    while (wait_for_view(x.ring) == WEIR_VIEW_READY) {
        size_t n = 1, most = draw(&random, MOST + 1);
        if (most == 0)
            weir__ring_take(x.ring, got);
        else
            n = weir__ring_take_many(x.ring, (char *)got, most);
        wrong += n == 0 || n > (most == 0 ? 1 : most);
        for (size_t i = 0; i < n; i++) {
            while (is_hole(seed, number))
                number++;
            wrong += got[i] != number++;
        }
    }
    pthread_join(producer, NULL);
    while (number < positions && is_hole(seed, number))
        number++;
    assert_int_equal(number, positions);
    assert_int_equal(wrong + atomic_load(&x.over), 0);
    assert_int_equal(weir__ring_room(x.ring), capacity);
    close_ring(x.ring);
}

static void two_threads_exchange_a_million_positions_with_holes(void **state)
{
    (void)state;
    exchange_some(1, 64, false, POSITIONS);
    exchange_some(2, 7, false, POSITIONS / 10);
    exchange_some(3, 33, true, POSITIONS);
}

static void two_threads_exchange_under_delays(void **state)
{
    (void)state;
    for (uint32_t capacity = 1; capacity <= 5; capacity++) {
        weir__testing_seed(capacity);
        exchange_some(capacity, capacity, capacity % 2 == 0, 4000);
    }
    weir__testing_seed(0);
}

/* ---- reservations that become claims while others look for room ---- */

typedef struct reserver {
    weir__ring *ring;
    atomic_bool over;
} reserver;

static void *claim_what_was_reserved(void *argument)
{
    reserver *p = argument;
    while (!atomic_load(&p->over))
        if (atomic_load(&p->ring->reserved) > 0) {
            const weir__position at = weir__ring_claim(p->ring, 1);
            weir__ring_unreserve(p->ring, 1);
            weir__ring_fill(p->ring, at);
        }
    return NULL;
}

static void a_reservation_that_becomes_a_claim_is_never_seen_as_room(void **state)
{
    (void)state;
    weir__ring *ring = open_ring(sizeof(uint64_t), 4);
    reserver p = {.ring = ring};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, claim_what_was_reserved, &p), 0);
    bool overbooked = false;
    weir__testing_seed(7);
    for (int turn = 0; turn < 30000 && !overbooked; turn++) {
        uint64_t item;
        const uint32_t room = weir__ring_room(ring);
        if (room > 0)
            weir__ring_reserve(ring, room);
        overbooked = atomic_load(&ring->tail) - atomic_load(&ring->head) > 4;
        if (weir__ring_advance(ring) == WEIR_VIEW_READY)
            weir__ring_take(ring, &item);
    }
    weir__testing_seed(0);
    atomic_store(&p.over, true);
    pthread_join(thread, NULL);
    assert_false(overbooked);
    close_ring(ring);
}

/* ---- a reservation from before the slot was free ---- */

typedef struct late_call {
    weir__ring *ring;
    atomic_int step; /* relaxed: it must not be what orders the two threads */
} late_call;

static void wait_for_step(late_call *c, int step)
{
    while (load_relaxed(&c->step) < step)
        nap(10);
}

static void *claim_late(void *argument)
{
    late_call *c = argument;
    wait_for_step(c, 1);
    const weir__position at = weir__ring_claim(c->ring, 1);
    weir__ring_unreserve(c->ring, 1);
    fill(c->ring, at, at.number);
    store_relaxed(&c->step, 2);
    return NULL;
}

/* For the thread sanitizer: the late call fills a slot that another claim saw free. */
static void a_claim_is_ordered_behind_the_claims_before_it(void **state)
{
    (void)state;
    late_call late = {.ring = open_ring(sizeof(uint64_t), 2)};
    pthread_t thread;
    weir__ring_reserve(late.ring, 1);
    assert_int_equal(pthread_create(&thread, NULL, claim_late, &late), 0);
    weir__position at = claim_some(late.ring, 1, true);
    fill(late.ring, at, 0);
    expect(late.ring, 0);
    assert_int_equal(weir__ring_room(late.ring), 1);
    weir__ring_reserve(late.ring, 1);
    at = weir__ring_claim(late.ring, 1);
    store_relaxed(&late.step, 1);
    wait_for_step(&late, 2);
    weir__ring_unreserve(late.ring, 1);
    fill(late.ring, at, 1);
    expect(late.ring, 1);
    expect(late.ring, 2);
    pthread_join(thread, NULL);
    close_ring(late.ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_has_room_for_its_capacity_and_not_one_more),
        cmocka_unit_test(items_come_in_the_order_of_their_positions_round_and_round),
        cmocka_unit_test(holes_are_passed_over_and_give_their_room_back),
        cmocka_unit_test(what_a_call_does_not_use_is_one_hole),
        cmocka_unit_test(a_hole_costs_what_one_item_costs),
        cmocka_unit_test(what_is_reserved_takes_room_as_positions_do),
        cmocka_unit_test(the_end_comes_after_the_last_item),
        cmocka_unit_test(the_first_failure_in_order_hides_all_behind_it),
        cmocka_unit_test(a_failure_that_comes_when_its_position_is_taken_is_seen_all_the_same),
        cmocka_unit_test(a_peek_says_what_an_advance_will_say),
        cmocka_unit_test(items_may_have_no_bytes),
        cmocka_unit_test(bytes_that_do_not_fit_are_said_to_be_too_many),
        cmocka_unit_test(sizes_are_rounded_up_and_stay_too_many),
        cmocka_unit_test(two_threads_exchange_a_million_positions_with_holes),
        cmocka_unit_test(two_threads_exchange_under_delays),
        cmocka_unit_test(a_reservation_that_becomes_a_claim_is_never_seen_as_room),
        cmocka_unit_test(a_claim_is_ordered_behind_the_claims_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
