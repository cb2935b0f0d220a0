/* Tests stages by hand: what a claim takes, the bounds, how a stage ends, and how it fails, with real
 * rings and one thread that plays all workers.
 *
 * Run by ctest with the engine's internal headers.  It must never start a stream: then its workers
 * would claim too. */
#include "stream_support.h"

#include "base/testing.h"
#include "sched/engine.h"
#include "stream/stream.h"

/* A stream whose calls the test makes. */
typedef struct hand {
    weir_engine *engine;
    weir_stream *s;
} hand;

static hand open_hand(void)
{
    hand h = {.engine = open_engine(3, 0, 0)};
    h.s = open_stream(h.engine);
    return h;
}

static weir__stage *at(const hand *h, weir_stage stage)
{
    return h->s->stages[stage];
}

static void start(hand *h)
{
    for (unsigned i = h->s->count; i-- > 0;)
        assert_true(weir__stage_open(h->s->stages[i]));
    weir__run_begin_root(&h->engine->root, NULL);
}

/* Ends it; all that is left in the rings goes by the stages' destroy. */
static void drop_item(void *argument, void *item)
{
    weir__stage_drop(argument, item);
}

static weir_status stop(hand *h)
{
    weir_error error;
    const weir_status status = weir__run_end(&h->engine->root, &error);
    for (unsigned i = 0; i < h->s->count; i++) {
        weir__stage *stage = h->s->stages[i];
        assert_true(weir__stage_is_valid(stage));
        weir__ring_drop(&stage->ring, drop_item, stage);
    }
    assert_ok(weir_stream_close(h->s));
    weir_engine_close(h->engine);
    assert_int_equal(weir__testing_live_blocks(), 0);
    return status;
}

static weir_stage add_inlet(hand *h, const char *name, unsigned buffer)
{
    const weir_stage_options o = stage_of(name, 1, buffer, NULL);
    weir_stage stage = -1;
    assert_ok(weir_stream_inlet(h->s, &o, &stage));
    return stage;
}

static void push(const hand *h, weir_stage inlet, uint64_t item)
{
    weir__ring *ring = &at(h, inlet)->ring;
    assert_true(weir__ring_room(ring) > 0);
    const weir__position position = weir__ring_claim(ring, 1);
    memcpy(weir__ring_slot(ring, position.slot), &item, sizeof item);
    weir__ring_fill(ring, position);
}

static void push_end(const hand *h, weir_stage inlet)
{
    or_relaxed(&at(h, inlet)->state, WEIR_STAGE_OVER);
    weir__ring_finish(&at(h, inlet)->ring);
}

/* Claims calls; none of them, and nothing else comes of it. */
static uint32_t begin(const hand *h, weir_stage stage, weir_yielder **y)
{
    bool progressed;
    const uint32_t n = weir__stage_begin(at(h, stage), y, &progressed);
    assert_true(n == 0 || progressed);
    return n;
}

static void expect_no_call(const hand *h, weir_stage stage)
{
    weir_yielder *y;
    assert_int_equal(begin(h, stage, &y), 0);
}

/* One call, claimed and made. */
static void make_one(const hand *h, weir_stage stage)
{
    weir_yielder *y;
    at(h, stage)->batch.n = 1; /* what was learnt depends on the time that calls took */
    assert_int_equal(begin(h, stage, &y), 1);
    weir__stage_make(at(h, stage), y, 1);
}

static void expect_item(const hand *h, weir_stage stage, uint64_t expected)
{
    uint64_t got = ~expected;
    assert_int_equal(weir__ring_advance(&at(h, stage)->ring), WEIR_VIEW_READY);
    weir__ring_take(&at(h, stage)->ring, &got);
    assert_int_equal(got, expected);
}

static void expect_view(const hand *h, weir_stage stage, weir__view view)
{
    assert_int_equal(weir__ring_advance(&at(h, stage)->ring), view);
}

/* ---- ops ---- */

/* Passes its item on, or fails at one. */
static int pass(void *state, const void *const *items, weir_yielder *y)
{
    const uint64_t item = *(const uint64_t *)items[0];
    const uint64_t *fails_at = state;
    if (fails_at != NULL && item == *fails_at)
        return 7;
    return weir_yield(y, items[0]) == WEIR_OK ? 0 : 1;
}

/* As many items as its own says. */
static int repeat(void *state, const void *const *items, weir_yielder *y)
{
    const uint64_t n = *(const uint64_t *)items[0];
    (void)state;
    for (uint64_t i = 0; i < n; i++)
        (void)weir_yield(y, &n);
    return 0;
}

static int add(void *state, const void *const *items, weir_yielder *y)
{
    const uint64_t sum = *(const uint64_t *)items[0] + *(const uint64_t *)items[1];
    (void)state;
    (void)weir_yield(y, &sum);
    return 0;
}

static unsigned destroyed;

static void count_destroyed(void *state, void *item)
{
    (void)state, (void)item;
    destroyed++;
}

/* ---- claims ---- */

static void a_call_begins_when_there_is_an_input_and_room(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage in = add_inlet(&h, "in", 4);
    const weir_stage_options o = stage_of("pass", 1, 2, NULL);
    const weir_stage out = add_stage(h.s, &o, pass, in);
    start(&h);
    expect_no_call(&h, out);
    for (uint64_t i = 0; i < 3; i++)
        push(&h, in, i);
    make_one(&h, out);
    make_one(&h, out);
    expect_no_call(&h, out); /* the buffer is full */
    assert_false(weir__stage_peek(at(&h, out)));
    expect_item(&h, out, 0);
    assert_true(weir__stage_peek(at(&h, out)));
    make_one(&h, out);
    expect_item(&h, out, 1);
    expect_item(&h, out, 2);
    assert_int_equal(stop(&h), WEIR_OK);
}

static void no_more_calls_run_than_jobs(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage in = add_inlet(&h, "in", 8);
    const weir_stage_options o = stage_of("pass", 3, 8, NULL);
    const weir_stage out = add_stage(h.s, &o, pass, in);
    start(&h);
    for (uint64_t i = 0; i < 8; i++)
        push(&h, in, i);
    weir_yielder *y[3], *none;
    for (int i = 0; i < 3; i++)
        assert_int_equal(begin(&h, out, &y[i]), 1);
    assert_true(y[0]->job != y[1]->job && y[0]->job != y[2]->job && y[1]->job != y[2]->job);
    assert_int_equal(begin(&h, out, &none), 0);
    weir__stage_make(at(&h, out), y[1], 1);
    expect_view(&h, out, WEIR_VIEW_EMPTY); /* in the order of the inputs */
    weir__stage_make(at(&h, out), y[0], 1);
    expect_item(&h, out, 0);
    expect_item(&h, out, 1);
    make_one(&h, out);
    weir__stage_make(at(&h, out), y[2], 1);
    expect_item(&h, out, 2);
    expect_item(&h, out, 3);
    assert_int_equal(stop(&h), WEIR_OK);
}

static void a_batch_is_a_share_of_what_is_there_and_has_room(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage in = add_inlet(&h, "in", 64);
    const weir_stage_options o = stage_of("pass", 2, 20, NULL);
    const weir_stage out = add_stage(h.s, &o, pass, in);
    start(&h);
    for (uint64_t i = 0; i < 30; i++)
        push(&h, in, i);
    weir_yielder *a, *b;
    at(&h, out)->batch.n = 8;
    assert_int_equal(begin(&h, out, &a), 8);
    assert_int_equal(begin(&h, out, &b), 6); /* half of the 12 that have room */
    weir__stage_make(at(&h, out), b, 6);
    weir__stage_make(at(&h, out), a, 8);
    at(&h, out)->batch.n = 64; /* of very short calls, which are not shared out */
    assert_int_equal(begin(&h, out, &a), 6);
    weir__stage_make(at(&h, out), a, 6);
    for (uint64_t i = 0; i < 20; i++)
        expect_item(&h, out, i);
    assert_int_equal(stop(&h), WEIR_OK);
}

static void room_for_all_that_a_call_may_yield_is_claimed_first(void **state)
{
    (void)state;
    for (int unordered = 0; unordered <= 1; unordered++) {
        hand h = open_hand();
        const weir_stage in = add_inlet(&h, "in", 4);
        weir_stage_options o = stage_of("repeat", 2, 5, NULL);
        o.max_yield = 3;
        o.unordered = unordered;
        const weir_stage out = add_stage(h.s, &o, repeat, in);
        start(&h);
        for (uint64_t i = 1; i <= 3; i++)
            push(&h, in, i);
        weir_yielder *y;
        assert_int_equal(begin(&h, out, &y), 1);
        assert_int_equal(weir__ring_room(&at(&h, out)->ring), 2);
        expect_no_call(&h, out);
        assert_int_equal(load_relaxed(&at(&h, in)->ring.head), 1); /* nor is an input taken */
        weir__stage_make(at(&h, out), y, 1);                       /* it yields one */
        expect_item(&h, out, 1);
        expect_view(&h, out, WEIR_VIEW_EMPTY); /* takes the holes */
        assert_int_equal(weir__ring_room(&at(&h, out)->ring), 5);
        make_one(&h, out);
        expect_item(&h, out, 2);
        expect_item(&h, out, 2);
        assert_int_equal(stop(&h), WEIR_OK);
    }
}

/* ---- ends ---- */

static void a_source_ends_where_its_calls_say(void **state)
{
    (void)state;
    hand h = open_hand();
    numbers source = {.n = 2};
    const weir_stage out = add_numbers(h.s, "numbers", 4, &source);
    start(&h);
    make_one(&h, out);
    make_one(&h, out);
    assert_false(weir__stage_is(at(&h, out), WEIR_STAGE_OVER));
    make_one(&h, out); /* the end, in a position of its own */
    assert_true(weir__stage_is(at(&h, out), WEIR_STAGE_OVER));
    assert_false(weir__stage_peek(at(&h, out)));
    expect_item(&h, out, 0);
    expect_item(&h, out, 1);
    expect_view(&h, out, WEIR_VIEW_END);
    assert_int_equal(stop(&h), WEIR_OK);
}

static void a_stage_ends_once_its_last_call_has(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage in = add_inlet(&h, "in", 4);
    const weir_stage_options o = stage_of("pass", 2, 4, NULL);
    const weir_stage out = add_stage(h.s, &o, pass, in);
    start(&h);
    push(&h, in, 5);
    weir_yielder *y;
    assert_int_equal(begin(&h, out, &y), 1);
    push_end(&h, in);
    expect_no_call(&h, out); /* it sees the end */
    assert_true(weir__stage_is(at(&h, out), WEIR_STAGE_OVER));
    assert_true(load_relaxed(&at(&h, out)->ring.end) == WEIR_NO_POSITION);
    weir__stage_make(at(&h, out), y, 1);
    expect_item(&h, out, 5);
    expect_view(&h, out, WEIR_VIEW_END);
    assert_int_equal(stop(&h), WEIR_OK);
}

static void the_shorter_input_of_a_zip_ends_it_and_the_longer_is_not_wanted(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage shorter = add_inlet(&h, "shorter", 4), in = add_inlet(&h, "in", 4);
    weir_stage_options o = stage_of("longer", 1, 4, NULL);
    o.destroy = count_destroyed;
    const weir_stage longer = add_stage(h.s, &o, pass, in);
    const weir_stage_options join = stage_of("add", 1, 4, NULL);
    const weir_stage out = add_join(h.s, &join, add, shorter, longer);
    destroyed = 0;
    start(&h);
    for (uint64_t i = 0; i < 3; i++)
        push(&h, in, i);
    push(&h, shorter, 10);
    push_end(&h, shorter);
    make_one(&h, longer);
    make_one(&h, longer);
    make_one(&h, out);
    expect_no_call(&h, out);
    expect_item(&h, out, 10);
    expect_view(&h, out, WEIR_VIEW_END);
    for (weir_stage stage = shorter; stage <= longer; stage++)
        assert_true(weir__stage_is(at(&h, stage), WEIR_STAGE_UNWANTED));
    assert_false(weir__stage_is(at(&h, longer), WEIR_STAGE_OVER));
    assert_false(weir__stage_peek(at(&h, longer)));
    expect_no_call(&h, longer);
    assert_int_equal(stop(&h), WEIR_OK);
    assert_int_equal(destroyed, 1); /* the one that lay there */
}

static void a_merge_ends_with_its_last_input(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage a = add_inlet(&h, "a", 4), b = add_inlet(&h, "b", 4);
    weir_stage_options o = stage_of("merge", 1, 4, NULL);
    o.join = WEIR_MERGE;
    const weir_stage out = add_join(h.s, &o, pass, a, b);
    start(&h);
    push_end(&h, a);
    expect_no_call(&h, out);
    assert_false(weir__stage_is(at(&h, out), WEIR_STAGE_OVER));
    push(&h, b, 3);
    make_one(&h, out);
    push_end(&h, b);
    expect_no_call(&h, out);
    expect_item(&h, out, 3);
    expect_view(&h, out, WEIR_VIEW_END);
    assert_int_equal(stop(&h), WEIR_OK);
}

static void claimed_calls_of_an_unwanted_stage_are_dropped(void **state)
{
    (void)state;
    hand h = open_hand();
    weir_stage_options o = stage_of("above", 1, 4, NULL);
    const weir_stage in = add_inlet(&h, "in", 4);
    o.destroy = count_destroyed;
    const weir_stage above = add_stage(h.s, &o, pass, in);
    const weir_stage_options below = stage_of("below", 1, 4, NULL);
    const weir_stage out = add_stage(h.s, &below, pass, above);
    destroyed = 0;
    start(&h);
    push(&h, in, 1);
    make_one(&h, above);
    weir_yielder *y;
    assert_int_equal(begin(&h, out, &y), 1);
    or_relaxed(&at(&h, out)->state, WEIR_STAGE_UNWANTED);
    weir__stage_make(at(&h, out), y, 1);
    assert_int_equal(destroyed, 1); /* its input */
    expect_view(&h, out, WEIR_VIEW_EMPTY);
    assert_int_equal(weir__ring_room(&at(&h, out)->ring), 4);
    assert_int_equal(stop(&h), WEIR_OK);
}

/* ---- failures ---- */

static void a_failed_call_fails_its_ring_behind_what_comes_before_it(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage in = add_inlet(&h, "in", 8);
    uint64_t fails_at = 1;
    const weir_stage_options o = stage_of("fails", 3, 8, &fails_at);
    const weir_stage out = add_stage(h.s, &o, pass, in);
    start(&h);
    for (uint64_t i = 0; i < 4; i++)
        push(&h, in, i);
    weir_yielder *y[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(begin(&h, out, &y[i]), 1);
    weir__stage_make(at(&h, out), y[1], 1); /* OVER and FAILING, with two calls running */
    assert_true(weir__failure_published(&h.engine->root.failure));
    assert_int_equal(load_relaxed(&at(&h, out)->state),
                     WEIR_STAGE_OVER | WEIR_STAGE_FAILING | WEIR_STAGE_FAILS_HERE);
    assert_true(weir__stage_is(at(&h, in), WEIR_STAGE_UNWANTED));
    expect_no_call(&h, out);
    expect_view(&h, out, WEIR_VIEW_EMPTY); /* the first call is still to come */
    weir__stage_make(at(&h, out), y[2], 1);
    weir__stage_make(at(&h, out), y[0], 1);
    expect_item(&h, out, 0);
    expect_view(&h, out, WEIR_VIEW_FAILED);
    assert_int_equal(stop(&h), WEIR_EOP);
}

static void an_unordered_stage_fails_behind_all_its_calls(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage in = add_inlet(&h, "in", 8);
    uint64_t fails_at = 0;
    weir_stage_options o = stage_of("fails", 2, 8, &fails_at);
    o.unordered = 1;
    const weir_stage out = add_stage(h.s, &o, pass, in);
    start(&h);
    push(&h, in, 0);
    push(&h, in, 1);
    weir_yielder *first, *second;
    assert_int_equal(begin(&h, out, &first), 1);
    assert_int_equal(begin(&h, out, &second), 1);
    weir__stage_make(at(&h, out), first, 1);
    expect_view(&h, out, WEIR_VIEW_EMPTY);
    weir__stage_make(at(&h, out), second, 1);
    expect_item(&h, out, 1);
    expect_view(&h, out, WEIR_VIEW_FAILED);
    assert_int_equal(stop(&h), WEIR_EOP);
}

static void a_failure_goes_down_from_stage_to_stage_and_stops_those_above(void **state)
{
    (void)state;
    hand h = open_hand();
    numbers source = {.n = 100};
    const weir_stage top = add_numbers(h.s, "numbers", 4, &source);
    uint64_t fails_at = 0;
    const weir_stage_options o = stage_of("fails", 1, 4, &fails_at);
    const weir_stage middle = add_stage(h.s, &o, pass, top);
    const weir_stage_options below = stage_of("below", 1, 4, NULL);
    const weir_stage last = add_stage(h.s, &below, pass, middle);
    start(&h);
    make_one(&h, top);
    make_one(&h, middle);
    assert_true(weir__stage_is(at(&h, last), WEIR_STAGE_FAILS_HERE));
    assert_false(weir__stage_is(at(&h, last), WEIR_STAGE_OVER));
    expect_no_call(&h, top);
    assert_false(weir__stage_is(at(&h, top), WEIR_STAGE_OVER)); /* only not wanted */
    expect_no_call(&h, last);
    assert_true(weir__stage_is(at(&h, last), WEIR_STAGE_FAILING));
    expect_view(&h, last, WEIR_VIEW_FAILED);
    assert_int_equal(stop(&h), WEIR_EOP);
}

static void where_no_failure_comes_down_the_source_fails_itself(void **state)
{
    (void)state;
    hand h = open_hand();
    uint64_t fails_at = 0;
    const weir_stage in = add_inlet(&h, "in", 4);
    const weir_stage_options o = stage_of("fails", 1, 4, &fails_at);
    const weir_stage failed = add_stage(h.s, &o, pass, in);
    numbers source = {.n = 100};
    const weir_stage other = add_numbers(h.s, "other", 4, &source);
    start(&h);
    make_one(&h, other);
    push(&h, in, 0);
    make_one(&h, failed);
    assert_true(weir__stage_peek(at(&h, other)));
    expect_no_call(&h, other);
    assert_true(weir__stage_is(at(&h, other), WEIR_STAGE_FAILING));
    expect_item(&h, other, 0);
    expect_view(&h, other, WEIR_VIEW_FAILED);
    assert_int_equal(stop(&h), WEIR_EOP);
}

static void an_inlet_fails_while_the_program_pushes_and_ends_only_by_it(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage in = add_inlet(&h, "in", 4), other = add_inlet(&h, "other", 4);
    uint64_t fails_at = 0;
    const weir_stage_options o = stage_of("fails", 1, 4, &fails_at);
    const weir_stage failed = add_stage(h.s, &o, pass, in);
    start(&h);
    push(&h, other, 1);
    expect_no_call(&h, other); /* an inlet has none, */
    assert_int_equal(load_relaxed(&at(&h, other)->state), 0);
    push(&h, in, 0);
    make_one(&h, failed);
    expect_no_call(&h, other); /* but a worker that looks there lets it fail */
    assert_true(weir__stage_is(at(&h, other), WEIR_STAGE_FAILING));
    push(&h, other, 2); /* the program had looked before */
    expect_item(&h, other, 1);
    expect_view(&h, other, WEIR_VIEW_FAILED);
    assert_int_equal(stop(&h), WEIR_EOP);
}

static void after_a_cancel_claimed_calls_are_not_made(void **state)
{
    (void)state;
    hand h = open_hand();
    const weir_stage in = add_inlet(&h, "in", 4);
    weir_stage_options o = stage_of("above", 1, 4, NULL);
    o.destroy = count_destroyed;
    const weir_stage above = add_stage(h.s, &o, pass, in);
    const weir_stage_options below = stage_of("below", 2, 4, NULL);
    const weir_stage out = add_stage(h.s, &below, pass, above);
    destroyed = 0;
    start(&h);
    for (uint64_t i = 0; i < 2; i++) {
        push(&h, in, i);
        make_one(&h, above);
    }
    make_one(&h, out);
    weir_yielder *y;
    assert_int_equal(begin(&h, out, &y), 1);
    weir_engine_cancel(h.engine);
    weir__stage_make(at(&h, out), y, 1);
    assert_int_equal(destroyed, 1);
    expect_item(&h, out, 0);
    expect_view(&h, out, WEIR_VIEW_FAILED);
    assert_int_equal(stop(&h), WEIR_ECANCEL);
}

/* ---- bytes ---- */

/* After one stream, before the first of which the engine tries its threads. */
static weir_engine *open_engine_with_threads(void)
{
    weir_engine *engine = open_engine(4, 0, 0);
    weir_stream *s = open_stream(engine);
    const weir_stage_options o = stage_of("in", 1, 1, NULL);
    weir_stage stage;
    assert_ok(weir_stream_inlet(s, &o, &stage));
    assert_ok(weir_stream_start(s));
    assert_ok(weir_stream_close(s));
    return engine;
}

/* Opened and started, with this many jobs, items of so many bytes, and inputs of the last stage. */
static void expect_certified(unsigned jobs, size_t item_bytes, unsigned inputs, bool merge)
{
    weir_engine *engine = open_engine_with_threads();
    weir_stage input[3], last = -1;
    const uint64_t before = weir__testing_asked_bytes();
    weir_stream *s = open_stream(engine);
    weir_stage_options o = stage_of("in", jobs, 10, NULL);
    o.item_bytes = item_bytes;
    for (unsigned i = 0; i < inputs; i++)
        assert_ok(weir_stream_inlet(s, &o, &input[i]));
    o.name = "a stage with a name that is longer than what the smallest of all blocks has room for";
    o.join = merge ? WEIR_MERGE : WEIR_ZIP;
    assert_ok(weir_stream_stage(s, &o, pass, inputs, input, &last));
    const uint64_t certified = weir_stream_certified_bytes(s);
    assert_ok(weir_stream_start(s));
    assert_int_equal(weir__testing_asked_bytes() - before, certified);
    assert_int_equal(weir_stream_certified_bytes(s), certified);
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

static void what_is_certified_is_what_is_asked_of_the_allocator(void **state)
{
    static const unsigned jobs[] = {1, 3, 64, 1000};
    static const size_t item_bytes[] = {0, 1, 8, 100, 5000};
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < 5; k++)
            for (unsigned inputs = 1; inputs <= 3; inputs++) {
                expect_certified(jobs[i], item_bytes[k], inputs, false);
                expect_certified(jobs[i], item_bytes[k], inputs, true);
            }
}

/* The list of stages grows by halves: what it was before is given back. */
static void a_stream_of_many_stages_holds_what_is_certified(void **state)
{
    enum { STAGES = 40, OVERHEAD = 96 /* of a block, with the allocator's own */ };
    (void)state;
    weir_engine *engine = open_engine_with_threads();
    const int64_t bytes = weir__testing_live_bytes(), blocks = weir__testing_live_blocks();
    weir_stream *s = open_stream(engine);
    for (unsigned i = 0; i < STAGES; i++) {
        const weir_stage_options o = stage_of("in", 1, 10, NULL);
        weir_stage stage;
        assert_ok(weir_stream_inlet(s, &o, &stage));
    }
    assert_ok(weir_stream_start(s));
    const int64_t certified = (int64_t)weir_stream_certified_bytes(s);
    assert_in_range(weir__testing_live_bytes() - bytes, certified,
                    certified + OVERHEAD * (weir__testing_live_blocks() - blocks));
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

static void jobs_that_no_worker_can_use_take_no_memory(void **state)
{
    uint64_t certified[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        hand h = open_hand();
        const weir_stage_options o = stage_of("pass", i == 0 ? 3 : 1000000, 100, NULL);
        add_stage(h.s, &o, pass, add_inlet(&h, "in", 100));
        certified[i] = weir_stream_certified_bytes(h.s);
        start(&h);
        assert_int_equal(stop(&h), WEIR_OK);
    }
    assert_int_equal(certified[0], certified[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_begins_when_there_is_an_input_and_room),
        cmocka_unit_test(what_is_certified_is_what_is_asked_of_the_allocator),
        cmocka_unit_test(a_stream_of_many_stages_holds_what_is_certified),
        cmocka_unit_test(jobs_that_no_worker_can_use_take_no_memory),
        cmocka_unit_test(no_more_calls_run_than_jobs),
        cmocka_unit_test(a_batch_is_a_share_of_what_is_there_and_has_room),
        cmocka_unit_test(room_for_all_that_a_call_may_yield_is_claimed_first),
        cmocka_unit_test(a_source_ends_where_its_calls_say),
        cmocka_unit_test(a_stage_ends_once_its_last_call_has),
        cmocka_unit_test(the_shorter_input_of_a_zip_ends_it_and_the_longer_is_not_wanted),
        cmocka_unit_test(a_merge_ends_with_its_last_input),
        cmocka_unit_test(claimed_calls_of_an_unwanted_stage_are_dropped),
        cmocka_unit_test(a_failed_call_fails_its_ring_behind_what_comes_before_it),
        cmocka_unit_test(an_unordered_stage_fails_behind_all_its_calls),
        cmocka_unit_test(a_failure_goes_down_from_stage_to_stage_and_stops_those_above),
        cmocka_unit_test(where_no_failure_comes_down_the_source_fails_itself),
        cmocka_unit_test(an_inlet_fails_while_the_program_pushes_and_ends_only_by_it),
        cmocka_unit_test(after_a_cancel_claimed_calls_are_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
