/* What the tests of streams share: sources of numbers, gates, meters of bounds, CPU time.
 *
 * Test programs of streams include it instead of support.h.  It must never assert inside an op:
 * ops note what is wrong, and the test looks at it afterwards. */
#ifndef WEIR_TESTS_STREAM_SUPPORT_H
#define WEIR_TESTS_STREAM_SUPPORT_H

#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9E3779B97F4A7C15u + b + 0x7F4A7C15u;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9u;
    return x ^ x >> 32;
}

static inline uint64_t draw(uint64_t *random, uint64_t below)
{
    *random = mix(*random, 77);
    return (*random >> 16) % below;
}

static inline void nap(unsigned microseconds)
{
    const struct timespec pause = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};
    if (microseconds > 0)
        nanosleep(&pause, NULL);
}

/* A thread that cancels after a while. */
typedef struct canceller {
    weir_engine *engine;
    unsigned after_us;
} canceller;

static inline void *cancel_later(void *argument)
{
    const canceller *c = argument;
    nap(c->after_us);
    weir_engine_cancel(c->engine);
    return NULL;
}

static inline uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Waits until *value is at least this; false after ten seconds. */
static inline bool reaches(atomic_uint_least64_t *value, uint64_t least)
{
    for (int i = 0; i < 100000 && atomic_load(value) < least; i++)
        nap(100);
    return atomic_load(value) >= least;
}

/* Waits until *value has not changed for a while. */
static inline uint64_t come_to_rest(atomic_uint_least64_t *value)
{
    uint64_t before;
    do {
        before = atomic_load(value);
        nap(30000 * SLOW_BUILD);
    } while (atomic_load(value) != before);
    return before;
}

/* ---- gates ---- */

/* Ops that wait at a gate go on once it is open. */
typedef struct gate {
    atomic_uint_least64_t waiting; /* that have come, ever */
    atomic_bool open;
} gate;

static inline void gate_wait(gate *g)
{
    atomic_fetch_add(&g->waiting, 1);
    while (!atomic_load(&g->open))
        nap(50);
}

/* ---- stages ---- */

static inline weir_stage_options stage_of(const char *name, unsigned jobs, unsigned buffer,
                                          void *state)
{
    return (weir_stage_options){.name = name,
                                .item_bytes = sizeof(uint64_t),
                                .jobs = jobs,
                                .buffer = buffer,
                                .state = state};
}

static inline weir_stream *open_stream(weir_engine *engine)
{
    weir_stream *s = NULL;
    assert_ok(weir_stream_open(engine, &s));
    return s;
}

/* A source of 0, 1, …, n-1; the call for fails_at fails if code is not 0. */
typedef struct numbers {
    uint64_t n;
    uint64_t fails_at;
    int code;
    unsigned nap_us;
    atomic_uint_least64_t next, calls;
} numbers;

static inline int next_number(void *state, void *item)
{
    numbers *s = state;
    atomic_fetch_add(&s->calls, 1);
    nap(s->nap_us);
    const uint64_t i = atomic_fetch_add(&s->next, 1);
    if (s->code != 0 && i == s->fails_at)
        return s->code;
    if (i >= s->n)
        return WEIR_END;
    *(uint64_t *)item = i;
    return WEIR_OK;
}

static inline weir_stage add_numbers(weir_stream *s, const char *name, unsigned buffer,
                                     numbers *source)
{
    const weir_stage_options o = stage_of(name, 1, buffer, source);
    weir_stage stage = -1;
    assert_ok(weir_stream_source(s, &o, next_number, &stage));
    return stage;
}

/* What a stage does to a number, so that a test can tell that it went through. */
static inline uint64_t changed(uint64_t x)
{
    return x * 3 + 1;
}

/* Work with a single input: some calls take longer, so that they overtake one another. */
static inline int change(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    const uint64_t x = *(const uint64_t *)items[0], out = changed(x);
    if (mix(x, 5) % 16 == 0)
        nap((unsigned)(mix(x, 6) % 100));
    (void)weir_yield(y, &out);
    return 0;
}

typedef int stage_work(void *state, const void *const *items, weir_yielder *y);

/* A stage behind one other. */
static inline weir_stage add_stage(weir_stream *s, const weir_stage_options *o, stage_work *work,
                                   weir_stage input)
{
    weir_stage stage = -1;
    assert_ok(weir_stream_stage(s, o, work, 1, &input, &stage));
    return stage;
}

/* A stage behind two. */
static inline weir_stage add_join(weir_stream *s, const weir_stage_options *o, stage_work *work,
                                  weir_stage a, weir_stage b)
{
    const weir_stage inputs[] = {a, b};
    weir_stage stage = -1;
    assert_ok(weir_stream_stage(s, o, work, 2, inputs, &stage));
    return stage;
}

static inline void expect_number(weir_stream *s, weir_stage stage, uint64_t expected)
{
    uint64_t got = ~expected;
    assert_ok(weir_next(s, stage, &got));
    assert_int_equal(got, expected);
}

/* The stage gives these from 0 to n-1, and then ends, for ever. */
static inline void expect_changed(weir_stream *s, weir_stage stage, uint64_t n)
{
    uint64_t got;
    for (uint64_t i = 0; i < n; i++)
        expect_number(s, stage, changed(i));
    for (int i = 0; i < 3; i++)
        assert_status(WEIR_END, weir_next(s, stage, &got));
}

/* The engine does what it can do: a pipeline, and a stream. */
static inline void assert_engine_usable(weir_engine *engine)
{
    assert_tree_runs(engine, 3, 5);
    numbers source = {.n = 50};
    weir_stream *s = open_stream(engine);
    const weir_stage_options o = stage_of("change", 2, 4, NULL);
    const weir_stage last = add_stage(s, &o, change, add_numbers(s, "numbers", 3, &source));
    assert_ok(weir_stream_start(s));
    expect_changed(s, last, 50);
    assert_ok(weir_stream_close(s));
}

/* ---- bounds ---- */

/* Counts a stage's items, finished or promised, and its calls. Items count as gone before they are
 * taken and as held before a call begins to make them, so the meter never sees too many. */
typedef struct meter {
    int64_t max_yield;
    atomic_int_least64_t held, calls, most_held, most_calls;
} meter;

static inline void raise_to(atomic_int_least64_t *most, int64_t now)
{
    int64_t before = atomic_load(most);
    while (before < now && !atomic_compare_exchange_weak(most, &before, now))
        ;
}

static inline void meter_begin(meter *m)
{
    raise_to(&m->most_calls, atomic_fetch_add(&m->calls, 1) + 1);
    raise_to(&m->most_held, atomic_fetch_add(&m->held, m->max_yield) + m->max_yield);
}

static inline void meter_end(meter *m, int64_t yielded)
{
    atomic_fetch_sub(&m->held, m->max_yield - yielded);
    atomic_fetch_sub(&m->calls, 1);
}

static inline void meter_take(meter *m)
{
    atomic_fetch_sub(&m->held, 1);
}

#endif
