/* Tests that a stream never holds more than its buffers and its jobs allow, fills them, comes to
 * rest then, and goes on when it is pulled.
 *
 * Run by ctest with the public headers only.  It must never depend on how fast the machine is: ops
 * count, and CPU time at rest has a generous bound. */
#include "stream_support.h"

/* A stage that counts what it holds; `above` is of the stage that it takes from. */
typedef struct metered {
    meter own;
    meter *above;
    unsigned yields; /* of each call; above max_yield: by the input, 0 to max_yield */
    bool quick;
    gate *gate; /* of the first call; or NULL */
    atomic_uint_least64_t made, calls;
} metered;

static unsigned yields_of(const metered *m, uint64_t x)
{
    const uint64_t most = (uint64_t)m->own.max_yield;
    return m->yields <= most ? m->yields : (unsigned)(mix(x, 4) % (most + 1));
}

static int metered_work(void *state, const void *const *items, weir_yielder *y)
{
    metered *m = state;
    const uint64_t x = *(const uint64_t *)items[0];
    const unsigned n = yields_of(m, x);
    meter_take(m->above);
    meter_begin(&m->own);
    atomic_fetch_add(&m->calls, 1);
    if (m->gate != NULL && x == 0)
        gate_wait(m->gate);
    if (!m->quick && mix(x, 1) % 8 == 0)
        nap((unsigned)(mix(x, 2) % 50));
    for (unsigned i = 0; i < n; i++)
        (void)weir_yield(y, &x);
    atomic_fetch_add(&m->made, n);
    meter_end(&m->own, n);
    return 0;
}

static int metered_number(void *state, void *item)
{
    metered *m = state;
    meter_begin(&m->own);
    *(uint64_t *)item = atomic_fetch_add(&m->made, 1);
    meter_end(&m->own, 1);
    return WEIR_OK;
}

static weir_status take(weir_stream *s, weir_stage stage, meter *m)
{
    uint64_t got;
    meter_take(m);
    return weir_next(s, stage, &got);
}

/* numbers -> work, each with a meter; the source never ends. */
typedef struct shape {
    unsigned workers, jobs, in_buffer, buffer, max_yield, unordered;
} shape;

typedef struct line {
    weir_engine *engine;
    weir_stream *s;
    weir_stage last;
    metered numbers, work;
} line;

static void open_line(line *l, const shape *p)
{
    l->engine = open_engine(p->workers, 0, 0);
    l->s = open_stream(l->engine);
    l->numbers.own.max_yield = 1;
    l->work.own.max_yield = p->max_yield;
    l->work.above = &l->numbers.own;
    weir_stage_options o = stage_of("numbers", 1, p->in_buffer, &l->numbers);
    weir_stage in;
    assert_ok(weir_stream_source(l->s, &o, metered_number, &in));
    o = stage_of("work", p->jobs, p->buffer, &l->work);
    o.max_yield = p->max_yield;
    o.unordered = (int)p->unordered;
    l->last = add_stage(l->s, &o, metered_work, in);
    assert_ok(weir_stream_start(l->s));
}

static void close_line(line *l)
{
    assert_ok(weir_stream_close(l->s));
    weir_engine_close(l->engine);
}

static void check_bounds(const line *l, const shape *p)
{
    assert_in_range(atomic_load(&l->work.own.most_held), 0, p->buffer);
    assert_in_range(atomic_load(&l->work.own.most_calls), 0, p->jobs);
    assert_in_range(atomic_load(&l->numbers.own.most_calls), 0, 1);
    /* Inputs of calls that have room behind them, but have not begun, still count here. */
    assert_in_range(atomic_load(&l->numbers.own.most_held), 0,
                    p->in_buffer + p->buffer / p->max_yield);
}

static void no_stage_holds_more_than_its_buffer_nor_runs_more_than_its_jobs(void **state)
{
    uint64_t random = 12;
    (void)state;
    for (int round = 0; round < 150 / SLOW_BUILD; round++) {
        const unsigned max_yield = 1 + (unsigned)draw(&random, 4);
        const shape p = {.workers = 1 + (unsigned)draw(&random, 5),
                         .jobs = 1 + (unsigned)draw(&random, 4),
                         .in_buffer = 1 + (unsigned)draw(&random, 8),
                         .buffer = max_yield + (unsigned)draw(&random, 12),
                         .max_yield = max_yield,
                         .unordered = (unsigned)draw(&random, 2)};
        line l = {.work = {.yields = UINT32_MAX, .quick = draw(&random, 2) == 0}};
        open_line(&l, &p);
        for (int i = 0; i < 500; i++) {
            if (draw(&random, 50) == 0)
                nap((unsigned)draw(&random, 1000));
            assert_ok(take(l.s, l.last, &l.work.own));
        }
        close_line(&l);
        check_bounds(&l, &p);
    }
}

/* ---- while the consumer waits ---- */

typedef struct puller {
    line *l;
    atomic_uint_least64_t status;
} puller;

static void *pull_one(void *argument)
{
    puller *p = argument;
    uint64_t got;
    atomic_store(&p->status, weir_next(p->l->s, p->l->last, &got) == WEIR_OK ? 1 : 2);
    return NULL;
}

static void a_consumer_that_waits_makes_no_room_for_one_more(void **state)
{
    (void)state;
    for (unsigned buffer = 1; buffer <= 7; buffer++)
        for (unsigned max_yield = 1; max_yield <= buffer; max_yield++)
            for (unsigned unordered = 0; unordered < 2; unordered++) {
                const shape p = {4, 3, 2, buffer, max_yield, unordered};
                gate g = {.waiting = 0};
                line l = {.work = {.yields = max_yield, .gate = &g}};
                puller waits = {.l = &l};
                pthread_t thread;
                if (unordered && buffer / max_yield > 1)
                    continue; /* another item would come first */
                open_line(&l, &p);
                assert_int_equal(pthread_create(&thread, NULL, pull_one, &waits), 0);
                assert_true(reaches(&g.waiting, 1));
                /* The first call is held up, so nothing can be taken: all the room is claimed. */
                const uint64_t calls = buffer / max_yield;
                assert_true(reaches(&l.work.calls, calls));
                nap(5000);
                assert_int_equal(atomic_load(&l.work.calls), calls);
                assert_int_equal(atomic_load(&waits.status), 0);
                atomic_store(&g.open, true);
                pthread_join(thread, NULL);
                assert_int_equal(atomic_load(&waits.status), 1);
                close_line(&l);
            }
}

/* ---- at rest ---- */

/* Percent of one core that the process uses for 0.3 seconds; the best of some tries. */
static unsigned cpu_percent(void)
{
    unsigned best = UINT32_MAX;
    for (int i = 0; i < 5 && best > 5; i++) {
        const uint64_t wall = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        nap(300000);
        const uint64_t percent =
            (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 100 / (clock_ns(CLOCK_MONOTONIC) - wall);
        if (percent < best)
            best = (unsigned)percent;
    }
    return best;
}

/* With `pulled` items taken, every buffer is full, to the item. */
static void expect_full(line *l, const shape *p, uint64_t pulled)
{
    const uint64_t calls = (p->buffer + pulled) / p->max_yield;
    assert_true(reaches(&l->work.made, calls * p->max_yield));
    assert_true(reaches(&l->numbers.made, calls + p->in_buffer));
    come_to_rest(&l->numbers.made);
    assert_int_equal(atomic_load(&l->work.calls), calls);
    assert_int_equal(atomic_load(&l->work.made), calls * p->max_yield);
    assert_int_equal(atomic_load(&l->numbers.made), calls + p->in_buffer);
}

static void without_a_consumer_the_buffers_fill_and_the_stream_rests(void **state)
{
    static const shape shapes[] = {{1, 1, 1, 1, 1, 0},     {2, 2, 3, 5, 1, 0},  {4, 3, 7, 20, 1, 1},
                                   {4, 5, 2, 7, 3, 0},     {2, 2, 4, 9, 3, 1},  {3, 4, 1, 4, 4, 0},
                                   {16, 4, 64, 300, 1, 0}, {2, 1, 100, 1, 1, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const shape *p = &shapes[i];
        line l = {.work = {.yields = p->max_yield, .quick = true}};
        open_line(&l, p);
        expect_full(&l, p, 0);
        if (i % 3 == 0)
            assert_in_range(cpu_percent(), 0, 30);
        uint64_t pulled = 0;
        for (uint64_t n = 1; n < 40; n *= 3) { /* pulled, it goes on, no further than that */
            for (uint64_t k = 0; k < n; k++)
                assert_ok(take(l.s, l.last, &l.work.own));
            expect_full(&l, p, pulled += n);
        }
        close_line(&l);
        check_bounds(&l, p);
    }
}

static void a_consumer_that_waits_costs_no_cpu(void **state)
{
    (void)state;
    const shape p = {4, 3, 2, 4, 1, 0};
    line l = {.work = {.yields = 1}};
    puller waits = {.l = &l};
    weir_stage inlet;
    pthread_t thread;
    l.engine = open_engine(p.workers, 0, 0);
    l.s = open_stream(l.engine);
    const weir_stage_options o = stage_of("inlet", 1, 2, NULL);
    assert_ok(weir_stream_inlet(l.s, &o, &inlet));
    const weir_stage_options c = stage_of("change", 2, 4, NULL);
    l.last = add_stage(l.s, &c, change, inlet);
    assert_ok(weir_stream_start(l.s));
    assert_int_equal(pthread_create(&thread, NULL, pull_one, &waits), 0);
    assert_in_range(cpu_percent(), 0, 30);
    assert_int_equal(atomic_load(&waits.status), 0);
    const uint64_t item = 1;
    assert_ok(weir_push(l.s, inlet, &item));
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&waits.status), 1);
    close_line(&l);
}

/* Items in blocks of a pool, to which the consumer gives them back. */
typedef struct pool {
    atomic_uint_least64_t free, made, back;
    uint64_t n;
    weir_stream *s;
    weir_stage last;
} pool;

static int take_from_pool(void *state, void *item)
{
    pool *p = state;
    while (atomic_load(&p->free) == 0)
        sched_yield();
    atomic_fetch_sub(&p->free, 1);
    const uint64_t i = atomic_fetch_add(&p->made, 1);
    *(uint64_t *)item = i;
    return i < p->n ? WEIR_OK : WEIR_END;
}

static void *give_back(void *argument)
{
    pool *p = argument;
    uint64_t got;
    while (weir_next(p->s, p->last, &got) == WEIR_OK) {
        nap(got % 256 == 0 ? 50 : 0);
        atomic_fetch_add(&p->free, 1);
        atomic_fetch_add(&p->back, 1);
    }
    return NULL;
}

/* A thread that waits in weir_next() for an item must not be found in a call that waits for it. */
static void calls_may_wait_for_what_the_consumer_gives_back(void **state)
{
    enum { N = 20000 / SLOW_BUILD };
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++)
        for (unsigned free_blocks = 1; free_blocks <= 4; free_blocks += 3) {
            weir_engine *engine = open_engine(workers, 0, 0);
            pool p = {.free = free_blocks, .n = N, .s = open_stream(engine)};
            pthread_t thread;
            const weir_stage_options o = stage_of("pool", 1, 64, &p);
            assert_ok(weir_stream_source(p.s, &o, take_from_pool, &p.last));
            assert_ok(weir_stream_start(p.s));
            assert_int_equal(pthread_create(&thread, NULL, give_back, &p), 0);
            uint64_t some = 0; /* ten seconds without one, or all of them */
            while (some < N && reaches(&p.back, some + 1))
                some = atomic_load(&p.back);
            atomic_fetch_add(&p.free, 2 * N); /* whoever is caught gets free */
            pthread_join(thread, NULL);
            assert_ok(weir_stream_close(p.s));
            weir_engine_close(engine);
            assert_int_equal(some, N);
        }
}

static void buffers_fill_while_the_consumer_is_busy_with_an_item(void **state)
{
    (void)state;
    for (unsigned unordered = 0; unordered < 2; unordered++) {
        const shape p = {2, 2, 4, 10, 2, unordered};
        line l = {.work = {.yields = 2, .quick = true}};
        open_line(&l, &p);
        for (uint64_t i = 1; i <= 6; i++) {
            assert_ok(take(l.s, l.last, &l.work.own));
            expect_full(&l, &p, i); /* between two pulls */
        }
        close_line(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_stage_holds_more_than_its_buffer_nor_runs_more_than_its_jobs),
        cmocka_unit_test(a_consumer_that_waits_makes_no_room_for_one_more),
        cmocka_unit_test(without_a_consumer_the_buffers_fill_and_the_stream_rests),
        cmocka_unit_test(a_consumer_that_waits_costs_no_cpu),
        cmocka_unit_test(calls_may_wait_for_what_the_consumer_gives_back),
        cmocka_unit_test(buffers_fill_while_the_consumer_is_busy_with_an_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
