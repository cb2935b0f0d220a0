/* Tests the program's side of streams: inlets, several sinks, what is refused, and who may call
 * what: other engines, other threads, stages themselves.
 *
 * Run by ctest with the public headers only.  It must never assert on a thread that is not
 * cmocka's. */
#include "stream_support.h"

#include <errno.h>

/* ---- inlets ---- */

typedef struct pusher {
    weir_stream *s;
    weir_stage inlet;
    uint64_t n;
    weir_status status; /* of the last push */
} pusher;

static void *push_all(void *argument)
{
    pusher *p = argument;
    for (uint64_t i = 0; i < p->n && p->status == WEIR_OK; i++)
        p->status = weir_push(p->s, p->inlet, &i);
    if (p->status == WEIR_OK)
        p->status = weir_push_end(p->s, p->inlet);
    return NULL;
}

static weir_stage add_inlet(weir_stream *s, const char *name, unsigned buffer)
{
    const weir_stage_options o = stage_of(name, 1, buffer, NULL);
    weir_stage inlet = -1;
    assert_ok(weir_stream_inlet(s, &o, &inlet));
    return inlet;
}

static void another_thread_pushes_what_the_consumer_pulls(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++)
        for (unsigned buffer = 1; buffer <= 10; buffer += 3) {
            weir_engine *engine = open_engine(workers, 0, 0);
            pusher p = {.s = open_stream(engine), .n = 3000 / SLOW_BUILD};
            pthread_t thread;
            const weir_stage_options o = stage_of("change", 3, buffer, NULL);
            p.inlet = add_inlet(p.s, "inlet", buffer);
            const weir_stage last = add_stage(p.s, &o, change, p.inlet);
            assert_ok(weir_stream_start(p.s));
            assert_int_equal(pthread_create(&thread, NULL, push_all, &p), 0);
            expect_changed(p.s, last, p.n);
            pthread_join(thread, NULL);
            assert_int_equal(p.status, WEIR_OK);
            const uint64_t late = 1;
            assert_status(WEIR_END, weir_push(p.s, p.inlet, &late));
            assert_ok(weir_push_end(p.s, p.inlet));
            assert_ok(weir_stream_close(p.s));
            weir_engine_close(engine);
        }
}

static void one_thread_sends_and_takes_in_turn_as_to_a_coroutine(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    weir_stream *s = open_stream(engine);
    const weir_stage_options o = stage_of("change", 1, 1, NULL);
    const weir_stage inlet = add_inlet(s, "inlet", 1), last = add_stage(s, &o, change, inlet);
    assert_ok(weir_stream_start(s));
    for (uint64_t i = 0; i < 2000; i++) {
        assert_ok(weir_push(s, inlet, &i));
        expect_number(s, last, changed(i));
    }
    assert_ok(weir_push_end(s, inlet));
    uint64_t got;
    assert_status(WEIR_END, weir_next(s, last, &got));
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

static void an_inlet_takes_its_buffer_and_not_one_more(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(1, 0, 0);
    pusher p = {.s = open_stream(engine), .n = 6};
    pthread_t thread;
    p.inlet = add_inlet(p.s, "inlet", 5); /* nobody but the program takes from it */
    assert_ok(weir_stream_start(p.s));
    assert_int_equal(pthread_create(&thread, NULL, push_all, &p), 0);
    nap(20000);
    assert_int_equal(pthread_tryjoin_np(thread, NULL), EBUSY); /* it waits for room */
    expect_number(p.s, p.inlet, 0);
    pthread_join(thread, NULL);
    for (uint64_t i = 1; i < 6; i++)
        expect_number(p.s, p.inlet, i);
    uint64_t got;
    assert_status(WEIR_END, weir_next(p.s, p.inlet, &got));
    assert_ok(weir_stream_close(p.s));
    weir_engine_close(engine);
}

static void a_push_that_nobody_will_take_is_told_the_end(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    pusher p = {.s = open_stream(engine), .n = 1000};
    numbers few = {.n = 3};
    pthread_t thread;
    const weir_stage_options o = stage_of("zip", 1, 2, NULL);
    p.inlet = add_inlet(p.s, "inlet", 2);
    const weir_stage last = add_join(p.s, &o, change, p.inlet, add_numbers(p.s, "few", 2, &few));
    assert_ok(weir_stream_start(p.s));
    assert_int_equal(pthread_create(&thread, NULL, push_all, &p), 0);
    expect_changed(p.s, last, 3);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    const bool hangs = pthread_timedjoin_np(thread, NULL, &until) != 0;
    if (hangs) { /* the zip has ended, but the pusher waits for room */
        weir_engine_cancel(engine);
        pthread_join(thread, NULL);
    }
    assert_false(hangs);
    assert_int_equal(p.status, WEIR_END);
    assert_ok(weir_stream_close(p.s));
    weir_engine_close(engine);
}

/* ---- several sinks, several streams ---- */

static void a_program_pulls_from_several_sinks_as_it_likes(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    weir_stream *s = open_stream(engine);
    numbers a = {.n = 100}, b = {.n = 60};
    const weir_stage_options o = stage_of("change", 2, 3, NULL);
    const weir_stage last_a = add_stage(s, &o, change, add_numbers(s, "a", 2, &a));
    const weir_stage last_b = add_numbers(s, "b", 4, &b);
    assert_ok(weir_stream_start(s));
    for (uint64_t i = 0; i < 60; i++)
        expect_number(s, last_b, i);
    expect_changed(s, last_a, 100);
    uint64_t got;
    assert_status(WEIR_END, weir_next(s, last_b, &got));
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

/* A stream of its own engine, pulled; counts what is wrong. */
static uint64_t pull_a_stream(unsigned workers, uint64_t n)
{
    const weir_engine_options options = {.workers = workers};
    weir_engine *engine;
    weir_stream *s;
    weir_stage in, last;
    numbers source = {.n = n};
    uint64_t wrong = 0, count = 0, got;
    const weir_stage_options from = stage_of("numbers", 1, 4, &source);
    const weir_stage_options o = stage_of("change", 2, 4, NULL);
    if (weir_engine_open(&options, &engine) != WEIR_OK)
        return 1;
    wrong += weir_stream_open(engine, &s) != WEIR_OK;
    wrong += weir_stream_source(s, &from, next_number, &in) != WEIR_OK;
    wrong += weir_stream_stage(s, &o, change, 1, &in, &last) != WEIR_OK;
    wrong += weir_stream_start(s) != WEIR_OK;
    while (wrong == 0 && weir_next(s, last, &got) == WEIR_OK)
        wrong += got != changed(count++);
    wrong += count != n;
    wrong += weir_stream_close(s) != WEIR_OK;
    weir_engine_close(engine);
    return wrong;
}

static void *pull_streams(void *argument)
{
    for (unsigned i = 0; i < 10 / SLOW_BUILD + 1; i++)
        *(uint64_t *)argument += pull_a_stream(1 + i % 3, 300);
    return NULL;
}

static void several_streams_run_on_several_engines_at_once(void **state)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    uint64_t wrong[THREADS] = {0};
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pull_streams, &wrong[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(wrong[i], 0);
}

static int be_a_consumer(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    const uint64_t wrong = pull_a_stream(2, 20 + *(const uint64_t *)items[0]);
    (void)weir_yield(y, &wrong);
    return 0;
}

static void a_stage_is_the_consumer_of_a_stream_on_another_engine(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    weir_stream *s = open_stream(engine);
    numbers source = {.n = 6};
    const weir_stage_options o = stage_of("consumer", 2, 3, NULL);
    const weir_stage last = add_stage(s, &o, be_a_consumer, add_numbers(s, "numbers", 2, &source));
    assert_ok(weir_stream_start(s));
    for (uint64_t i = 0; i < source.n; i++)
        expect_number(s, last, 0);
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

/* ---- pipelines inside ---- */

typedef struct planner {
    weir_engine *engine;
    weir_plan *plan;
    tree context;
    atomic_uint_least64_t wrong;
    atomic_uint_least64_t job[8]; /* how many calls have this job number now */
} planner;

static int run_a_tree(void *state, const void *const *items, weir_yielder *y)
{
    planner *p = state;
    const tree_node in = {.id = *(const uint64_t *)items[0], .height = 4};
    uint64_t out = 0;
    const unsigned job = weir_yielder_job(y);
    if (atomic_fetch_add(&p->job[job], 1) != 0)
        atomic_fetch_add(&p->wrong, 1);
    const weir_status status = weir_run(p->engine, p->plan, &p->context, &in, &out);
    if (status != WEIR_OK || out != tree_answer(in, 3))
        atomic_fetch_add(&p->wrong, 1);
    if (weir_yield(y, &out) != WEIR_OK)
        atomic_fetch_add(&p->wrong, 1);
    atomic_fetch_sub(&p->job[job], 1);
    return status;
}

static void a_stage_runs_pipelines_on_its_own_engine_and_job_numbers_are_exclusive(void **state)
{
    weir_layer layer;
    (void)state;
    tree_describe(&layer, 3, 4);
    weir_plan *plan = compile(&layer);
    for (unsigned workers = 1; workers <= 4; workers++)
        for (unsigned jobs = 1; jobs <= 8; jobs += 3) {
            weir_engine *engine = open_engine(workers, 0, 0);
            planner p = {.engine = engine, .plan = plan, .context = {.fanout = 3}};
            numbers source = {.n = 200 / SLOW_BUILD};
            weir_stream *s = open_stream(engine);
            const weir_stage_options o = stage_of("trees", jobs, 10, &p);
            const weir_stage last = add_stage(s, &o, run_a_tree, add_numbers(s, "n", 5, &source));
            assert_ok(weir_stream_start(s));
            for (uint64_t i = 0; i < source.n; i++)
                expect_number(s, last, tree_answer((tree_node){.id = i, .height = 4}, 3));
            assert_ok(weir_stream_close(s));
            assert_int_equal(atomic_load(&p.wrong), 0);
            assert_engine_usable(engine);
            weir_engine_close(engine);
        }
    weir_plan_free(plan);
}

/* ---- what is refused ---- */

static void wrong_descriptions_are_refused_with_the_field(void **state)
{
    static const weir_stage_options good = {.name = "A", .item_bytes = 8, .jobs = 1, .buffer = 2};
    numbers source = {.n = 1};
    weir_stage stage, in, other;
    (void)state;
    weir_engine *engine = open_engine(1, 0, 0);
    weir_stream *s = open_stream(engine);
    weir_stage_options o = good;
#define REFUSED(change_, where_)                                                                   \
    do {                                                                                           \
        o = good;                                                                                  \
        o.state = &source;                                                                         \
        change_;                                                                                   \
        assert_status(WEIR_EINVAL, weir_stream_source(s, &o, next_number, &stage));                \
        assert_string_equal(weir_last_error()->where, where_);                                     \
        assert_status(WEIR_EINVAL, weir_stream_inlet(s, &o, &stage));                              \
        assert_string_equal(weir_last_error()->where, where_);                                     \
    } while (0)
    REFUSED(o.jobs = 0, "A.jobs");
    REFUSED(o.buffer = 0, "A.buffer");
    REFUSED(o.max_yield = 3, "A.buffer");
    REFUSED(o.name = NULL, "name");
    REFUSED(o.name = "", "name");
    REFUSED(o.join = (weir_join)7, "A.join");
    assert_status(WEIR_EINVAL, weir_stream_open(NULL, &s));
    assert_status(WEIR_EINVAL, weir_stream_open(engine, NULL));
    assert_status(WEIR_EINVAL, weir_stream_source(NULL, &good, next_number, &stage));
    assert_status(WEIR_EINVAL, weir_stream_source(s, NULL, next_number, &stage));
    assert_status(WEIR_EINVAL, weir_stream_source(s, &good, next_number, NULL));
    assert_status(WEIR_EINVAL, weir_stream_source(s, &good, NULL, &stage));
    in = add_numbers(s, "in", 1, &source);
    const weir_stage twice[] = {in, in}, unknown = in + 1, negative = -1;
    assert_status(WEIR_EINVAL, weir_stream_stage(s, &good, NULL, 1, &in, &stage));
    assert_status(WEIR_EINVAL, weir_stream_stage(s, &good, change, 0, &in, &stage));
    assert_status(WEIR_EINVAL, weir_stream_stage(s, &good, change, 1, NULL, &stage));
    assert_status(WEIR_EINVAL, weir_stream_stage(s, &good, change, 1, &unknown, &stage));
    assert_status(WEIR_EINVAL, weir_stream_stage(s, &good, change, 1, &negative, &stage));
    assert_status(WEIR_EINVAL, weir_stream_stage(s, &good, change, 2, twice, &stage));
    assert_string_equal(weir_last_error()->where, "A.input");
    other = add_stage(s, &good, change, in);
    assert_int_equal(other, in + 1); /* what was refused has no number */
    assert_status(WEIR_EINVAL, weir_stream_stage(s, &good, change, 1, &in, &stage));
    assert_ok(weir_stream_close(s));
    assert_ok(weir_stream_close(NULL));
    weir_engine_close(engine);
}

static void calls_out_of_place_are_refused(void **state)
{
    numbers source = {.n = 1};
    uint64_t item = 0;
    weir_stage stage;
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    weir_stream *s = open_stream(engine), *second = open_stream(engine);
    assert_status(WEIR_EINVAL, weir_stream_start(NULL));
    assert_status(WEIR_EINVAL, weir_stream_start(s)); /* it has no stage */
    const weir_stage_options o = stage_of("change", 1, 1, NULL);
    const weir_stage in = add_numbers(s, "in", 1, &source), last = add_stage(s, &o, change, in);
    const weir_stage inlet = add_inlet(s, "inlet", 1);
    assert_status(WEIR_EINVAL, weir_next(s, last, &item)); /* it is not started */
    assert_status(WEIR_EINVAL, weir_push(s, inlet, &item));
    assert_status(WEIR_EINVAL, weir_push_end(s, inlet));
    assert_ok(weir_stream_start(s));
    assert_status(WEIR_EINVAL, weir_stream_start(s));
    assert_status(WEIR_EINVAL, weir_stream_stage(s, &o, change, 1, &last, &stage));
    assert_status(WEIR_EINVAL, weir_next(NULL, last, &item));
    assert_status(WEIR_EINVAL, weir_next(s, last + 9, &item));
    assert_status(WEIR_EINVAL, weir_next(s, -1, &item));
    assert_status(WEIR_EINVAL, weir_next(s, in, &item)); /* another stage takes it */
    assert_string_equal(weir_last_error()->where, "in");
    assert_status(WEIR_EINVAL, weir_next(s, last, NULL));
    assert_status(WEIR_EINVAL, weir_push(s, last, &item));
    assert_status(WEIR_EINVAL, weir_push_end(s, in));
    assert_status(WEIR_EINVAL, weir_push(s, inlet, NULL));
    add_numbers(second, "in", 1, &source);
    assert_status(WEIR_EBUSY, weir_stream_start(second));
    weir_layer layer;
    tree_describe(&layer, 2, 2);
    weir_plan *plan = compile(&layer);
    tree context = {.fanout = 2};
    const tree_node node = {.height = 2};
    assert_ok(weir_run(engine, plan, &context, &node, &item)); /* beside the stream */
    assert_true(item == tree_answer(node, 2));
    weir_plan_free(plan);
    expect_number(s, last, changed(0));
    assert_ok(weir_stream_close(s));
    assert_ok(weir_stream_start(second)); /* what was refused can be done later */
    assert_ok(weir_stream_close(second));
    weir_engine_close(engine);
}

static void max_bytes_must_do_for_the_buffers_to_the_byte(void **state)
{
    numbers source = {.n = 200};
    (void)state;
    uint64_t bytes = UINT64_MAX;
    for (int missing = -1; missing <= 1; missing++) { /* no limit, enough, one too few */
        weir_engine *engine = open_engine(2, 0, missing < 0 ? 0 : bytes - (uint64_t)missing);
        weir_stream *s = open_stream(engine);
        const weir_stage_options o = stage_of("change", 3, 17, NULL);
        const weir_stage last = add_stage(s, &o, change, add_numbers(s, "in", 5, &source));
        bytes = weir_stream_certified_bytes(s);
        assert_true(bytes >= (17 + 5) * sizeof(uint64_t));
        atomic_store(&source.next, 0);
        if (missing <= 0) {
            assert_ok(weir_stream_start(s));
            expect_changed(s, last, source.n);
        } else {
            char number[32];
            assert_status(WEIR_EBUDGET, weir_stream_start(s));
            snprintf(number, sizeof number, "%llu", (unsigned long long)bytes);
            assert_contains(weir_last_error()->text, number);
            snprintf(number, sizeof number, "%llu", (unsigned long long)bytes - 1);
            assert_contains(weir_last_error()->text, number);
        }
        assert_ok(weir_stream_close(s));
        weir_engine_close(engine);
    }
}

typedef struct meddler {
    weir_stream *s;
    weir_stage last, inlet;
    atomic_uint_least64_t wrong;
} meddler;

static int meddle(void *state, const void *const *items, weir_yielder *y)
{
    meddler *m = state;
    uint64_t item = 0;
    if (weir_next(m->s, m->last, &item) != WEIR_EBUSY ||
        weir_push(m->s, m->inlet, &item) != WEIR_EBUSY ||
        weir_push_end(m->s, m->inlet) != WEIR_EBUSY)
        atomic_fetch_add(&m->wrong, 1);
    (void)weir_yield(y, items[0]);
    return 0;
}

static void a_stage_cannot_wait_for_a_stream_on_its_own_engine(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    numbers source = {.n = 50};
    meddler m = {.s = open_stream(engine)};
    const weir_stage_options o = stage_of("meddler", 2, 3, &m);
    m.last = add_stage(m.s, &o, meddle, add_numbers(m.s, "in", 2, &source));
    m.inlet = add_inlet(m.s, "inlet", 1);
    assert_ok(weir_stream_start(m.s));
    for (uint64_t i = 0; i < source.n; i++)
        expect_number(m.s, m.last, i);
    assert_ok(weir_stream_close(m.s));
    assert_int_equal(atomic_load(&m.wrong), 0);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_thread_pushes_what_the_consumer_pulls),
        cmocka_unit_test(one_thread_sends_and_takes_in_turn_as_to_a_coroutine),
        cmocka_unit_test(an_inlet_takes_its_buffer_and_not_one_more),
        cmocka_unit_test(a_push_that_nobody_will_take_is_told_the_end),
        cmocka_unit_test(a_program_pulls_from_several_sinks_as_it_likes),
        cmocka_unit_test(several_streams_run_on_several_engines_at_once),
        cmocka_unit_test(a_stage_is_the_consumer_of_a_stream_on_another_engine),
        cmocka_unit_test(a_stage_runs_pipelines_on_its_own_engine_and_job_numbers_are_exclusive),
        cmocka_unit_test(wrong_descriptions_are_refused_with_the_field),
        cmocka_unit_test(calls_out_of_place_are_refused),
        cmocka_unit_test(max_bytes_must_do_for_the_buffers_to_the_byte),
        cmocka_unit_test(a_stage_cannot_wait_for_a_stream_on_its_own_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
