/* Tests pushing while a stream fails, ends or is cancelled: nobody waits for ever, and an item that
 * was refused stays the caller's.
 *
 * Run by ctest with the public headers only.  It must never leave a thread waiting: a pusher that
 * hangs is set free by a cancel, and the test has failed. */
#include "stream_support.h"

#include <unistd.h>

typedef struct pusher {
    weir_stream *s;
    weir_stage inlet;
    atomic_uint_least64_t taken;
    weir_status status; /* of the last push */
    int code;
    pthread_t thread;
} pusher;

/* Pushes until it is told something else than WEIR_OK; it does not say that it ends. */
static void *push_for_ever(void *argument)
{
    pusher *p = argument;
    for (uint64_t i = 0; (p->status = weir_push(p->s, p->inlet, &i)) == WEIR_OK; i++)
        atomic_fetch_add(&p->taken, 1);
    p->code = weir_last_error()->code;
    return NULL;
}

static bool ends_soon(pthread_t thread)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* Joins the thread; if it has not ended within seconds, cancels, and says so. */
static bool ends(pthread_t thread, weir_engine *engine)
{
    if (ends_soon(thread))
        return true;
    weir_engine_cancel(engine);
    if (!ends_soon(thread)) {
        fprintf(stderr, "a thread waits for ever, in spite of a cancel\n");
        _exit(1);
    }
    return false;
}

/* Items are counted; what a stage destroys, too. */
static void count(void *state, void *item)
{
    (void)item;
    atomic_fetch_add((atomic_uint_least64_t *)state, 1);
}

static weir_stage add_inlet(weir_stream *s, unsigned buffer, atomic_uint_least64_t *destroyed)
{
    weir_stage_options o = stage_of("inlet", 1, buffer, destroyed);
    weir_stage inlet = -1;
    o.destroy = count;
    assert_ok(weir_stream_inlet(s, &o, &inlet));
    return inlet;
}

typedef struct failing {
    uint64_t at;
    gate *gate;
    atomic_uint_least64_t calls;
} failing;

static int fail_at(void *state, const void *const *items, weir_yielder *y)
{
    failing *f = state;
    const uint64_t x = *(const uint64_t *)items[0];
    atomic_fetch_add(&f->calls, 1);
    if (x == f->at) {
        if (f->gate != NULL)
            gate_wait(f->gate);
        return 6;
    }
    (void)weir_yield(y, &x);
    return 0;
}

static int pass_on(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    (void)weir_yield(y, items[0]);
    return 0;
}

static void start_pusher(pusher *p)
{
    assert_ok(weir_stream_start(p->s));
    assert_int_equal(pthread_create(&p->thread, NULL, push_for_ever, p), 0);
}

/* ---- failures ---- */

static void a_push_that_waits_for_room_is_told_the_failure(void **state)
{
    (void)state;
    for (unsigned stages = 0; stages < 3; stages++) { /* between the failure and the program */
        weir_engine *engine = open_engine(2, 0, 0);
        gate g = {.waiting = 0};
        atomic_uint_least64_t destroyed = 0;
        failing f = {.at = 3, .gate = &g};
        pusher p = {.s = open_stream(engine)};
        const weir_stage_options o = stage_of("failing", 1, 4, &f);
        p.inlet = add_inlet(p.s, 2, &destroyed);
        weir_stage last = add_stage(p.s, &o, fail_at, p.inlet);
        for (unsigned i = 0; i < stages; i++) {
            const weir_stage_options pass = stage_of("pass", 1, 1, NULL);
            last = add_stage(p.s, &pass, pass_on, last);
        }
        start_pusher(&p);
        assert_true(reaches(&g.waiting, 1));
        come_to_rest(&p.taken); /* nobody pulls, the buffers are full, and the pusher sleeps */
        atomic_store(&g.open, true);
        assert_true(ends(p.thread, engine));
        assert_int_equal(p.status, WEIR_EOP);
        assert_int_equal(p.code, 6);
        for (uint64_t i = 0; i < 3; i++)
            expect_number(p.s, last, i);
        uint64_t got;
        assert_status(WEIR_EOP, weir_next(p.s, last, &got));
        assert_status(WEIR_EOP, weir_push(p.s, p.inlet, &got));
        assert_status(WEIR_EOP, weir_stream_close(p.s));
        /* Three were delivered, the fourth was the failing call's. */
        assert_int_equal(atomic_load(&destroyed), atomic_load(&p.taken) - 4);
        assert_engine_usable(engine);
        weir_engine_close(engine);
    }
}

typedef struct puller {
    weir_stream *s;
    weir_stage last;
    uint64_t pulled;
    weir_status status;
    pthread_t thread;
} puller;

static void *pull_all(void *argument)
{
    puller *p = argument;
    uint64_t got;
    while ((p->status = weir_next(p->s, p->last, &got)) == WEIR_OK)
        p->pulled++;
    return NULL;
}

/* The pusher gives up at the failure, without an end; the consumer wants one more of the inlet. */
static void a_consumer_behind_an_inlet_is_told_a_failure_elsewhere(void **state)
{
    (void)state;
    for (int zip = 0; zip < 2; zip++) {
        weir_engine *engine = open_engine(2, 0, 0);
        atomic_uint_least64_t destroyed = 0;
        numbers other = {.n = 100, .fails_at = 5, .code = 6};
        puller p = {.s = open_stream(engine)};
        const weir_stage_options o = stage_of("join", 1, 2, NULL);
        const weir_stage inlet = add_inlet(p.s, 2, &destroyed);
        const weir_stage in = add_numbers(p.s, "other", 10, &other);
        p.last = zip ? add_join(p.s, &o, pass_on, inlet, in) : add_stage(p.s, &o, pass_on, inlet);
        assert_ok(weir_stream_start(p.s));
        uint64_t item = 0;
        weir_status status;
        while ((status = weir_push(p.s, inlet, &item)) == WEIR_OK && item < 2)
            expect_number(p.s, p.last, item++);
        while (status == WEIR_OK) { /* until the failure is there */
            expect_number(p.s, p.last, item++);
            nap(1000);
            status = weir_push(p.s, inlet, &item);
        }
        assert_int_equal(status, WEIR_EOP);
        assert_int_equal(pthread_create(&p.thread, NULL, pull_all, &p), 0);
        assert_true(ends(p.thread, engine));
        assert_int_equal(p.status, WEIR_EOP);
        assert_int_equal(p.pulled, 0);
        assert_status(WEIR_EOP, weir_stream_close(p.s));
        weir_engine_close(engine);
    }
}

/* ---- cancels and closes ---- */

static void a_push_and_a_pull_that_wait_are_told_the_cancel(void **state)
{
    (void)state;
    for (int round = 0; round < 100 / SLOW_BUILD; round++) {
        weir_engine *engine = open_engine(1 + (unsigned)round % 3, 0, 0);
        atomic_uint_least64_t destroyed = 0;
        pusher p = {.s = open_stream(engine)};
        const weir_stage_options o = stage_of("pass", 2, 3, NULL);
        p.inlet = add_inlet(p.s, 2, &destroyed);
        const weir_stage last = add_stage(p.s, &o, pass_on, p.inlet);
        const weir_stage quiet = add_inlet(p.s, 1, &destroyed); /* nothing ever comes there */
        puller waits = {.s = p.s, .last = quiet};
        start_pusher(&p);
        assert_int_equal(pthread_create(&waits.thread, NULL, pull_all, &waits), 0);
        nap((unsigned)(mix((uint64_t)round, 1) % 2000));
        weir_engine_cancel(engine);
        /* A second cancel does nothing: the first must have reached both. */
        assert_true(ends(p.thread, engine));
        assert_true(ends(waits.thread, engine));
        assert_int_equal(p.status, WEIR_ECANCEL);
        assert_int_equal(waits.status, WEIR_ECANCEL);
        uint64_t got, delivered = 0;
        while (weir_next(p.s, last, &got) == WEIR_OK)
            delivered++;
        assert_true(delivered + atomic_load(&destroyed) <= atomic_load(&p.taken));
        assert_status(WEIR_ECANCEL, weir_stream_close(p.s));
        weir_engine_close(engine);
    }
}

/* Waits at the gate whose number is the item's, if that is small. */
enum { GATES = 8, BATCH = 60, BEFORE = 35 };

typedef struct holder {
    gate gate[GATES];
    atomic_uint_least64_t calls;
} holder;

static int hold(void *state, const void *const *items, weir_yielder *y)
{
    holder *h = state;
    const uint64_t x = *(const uint64_t *)items[0];
    atomic_fetch_add(&h->calls, 1);
    if (x < GATES)
        gate_wait(&h->gate[x]);
    (void)weir_yield(y, &x);
    return 0;
}

static void push_many(weir_stream *s, weir_stage inlet, uint64_t item, int n)
{
    for (int i = 0; i < n; i++)
        assert_ok(weir_push(s, inlet, &item));
}

static void no_call_begins_after_a_cancel(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(1, 0, 0);
    atomic_uint_least64_t destroyed = 0;
    holder h = {.calls = 0};
    weir_stream *s = open_stream(engine);
    const weir_stage_options o = stage_of("hold", 1, 2 * BATCH, &h);
    const weir_stage inlet = add_inlet(s, 2 * BATCH, &destroyed);
    const weir_stage last = add_stage(s, &o, hold, inlet);
    assert_ok(weir_stream_start(s));
    for (uint64_t turn = 0; turn < GATES - 1; turn++) { /* many short calls at once */
        push_many(s, inlet, turn, 1);
        assert_true(reaches(&h.gate[turn].waiting, 1));
        push_many(s, inlet, 1000, BEFORE);
        push_many(s, inlet, turn == GATES - 2 ? GATES - 1 : 1000, 1);
        push_many(s, inlet, 1000, BATCH);
        atomic_store(&h.gate[turn].open, true);
        uint64_t got;
        for (int i = 0; i < BATCH + BEFORE + 2 && turn < GATES - 2; i++)
            assert_ok(weir_next(s, last, &got));
    }
    assert_true(reaches(&h.gate[GATES - 1].waiting, 1));
    const uint64_t calls = atomic_load(&h.calls);
    weir_engine_cancel(engine);
    atomic_store(&h.gate[GATES - 1].open, true);
    assert_int_equal(come_to_rest(&h.calls), calls);
    assert_status(WEIR_ECANCEL, weir_stream_close(s));
    assert_int_equal(atomic_load(&h.calls), calls);
    assert_int_equal(atomic_load(&destroyed), BATCH);
    weir_engine_close(engine);
}

static void pushed_items_that_nobody_took_are_destroyed_by_the_close(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(1, 0, 0);
    atomic_uint_least64_t destroyed = 0;
    weir_stream *s = open_stream(engine);
    const weir_stage inlet = add_inlet(s, 7, &destroyed);
    assert_ok(weir_stream_start(s));
    for (uint64_t i = 0; i < 7; i++)
        assert_ok(weir_push(s, inlet, &i));
    expect_number(s, inlet, 0);
    assert_ok(weir_stream_close(s));
    assert_int_equal(atomic_load(&destroyed), 6);
    assert_engine_usable(engine);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_push_that_waits_for_room_is_told_the_failure),
        cmocka_unit_test(a_consumer_behind_an_inlet_is_told_a_failure_elsewhere),
        cmocka_unit_test(a_push_and_a_pull_that_wait_are_told_the_cancel),
        cmocka_unit_test(no_call_begins_after_a_cancel),
        cmocka_unit_test(pushed_items_that_nobody_took_are_destroyed_by_the_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
