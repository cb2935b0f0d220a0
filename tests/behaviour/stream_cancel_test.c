/* Tests that a cancel of a stream reaches the pipelines in its calls, whenever they begin, and a stream
 * that has failed already.
 *
 * Run by ctest with the public headers only.  It must never take a slow machine for a lost cancel: an op
 * that was not told waits a second before it says so. */
#include "stream_support.h"

#include <signal.h>

/* A stage whose calls run a pipeline that polls. */
typedef struct poller {
    weir_engine *engine;
    weir_plan *plan;
    atomic_bool cancelled; /* weir_engine_cancel() has returned */
    gate gate;             /* before each run, for some */
    bool fails;            /* the call for item 1 */
    atomic_uint_least64_t lost, ops, wrong;
} poller;

/* Comes back at once until the cancel; after that, when it is told. */
static int poll_until_told(weir_branch *b, const void *in, void *out)
{
    poller *p = weir_context(b);
    uint64_t until = 0;
    (void)in, (void)out;
    atomic_fetch_add(&p->ops, 1);
    while (!weir_stopping(b) && atomic_load(&p->cancelled)) {
        const uint64_t now = clock_ns(CLOCK_MONOTONIC);
        until = until == 0 ? now + 1000000000 : until;
        if (now > until) {
            atomic_fetch_add(&p->lost, 1);
            return 0;
        }
    }
    return 0;
}

static int run_a_poll(void *state, const void *const *items, weir_yielder *y)
{
    poller *p = state;
    const weir_status status = weir_run(p->engine, p->plan, p, NULL, NULL);
    if (status != WEIR_OK && status != WEIR_ECANCEL)
        atomic_fetch_add(&p->wrong, 1);
    (void)weir_yield(y, items[0]);
    return 0;
}

static weir_plan *compile_poll(void)
{
    const weir_layer leaf = {.name = "poll", .leaf = poll_until_told};
    return compile(&leaf);
}

static weir_engine *signalled_engine;

static void cancel_on_signal(int number)
{
    (void)number;
    weir_engine_cancel(signalled_engine);
}

/* From here, or from a signal handler on this thread. */
static void cancel(poller *p, bool by_signal)
{
    signalled_engine = p->engine;
    if (by_signal)
        raise(SIGUSR1);
    else
        weir_engine_cancel(p->engine);
    atomic_store(&p->cancelled, true);
}

static void a_pipeline_in_a_call_is_told_a_cancel_at_any_moment(void **state)
{
    enum { ROUNDS = 600 / SLOW_BUILD };
    const struct sigaction action = {.sa_handler = cancel_on_signal};
    struct sigaction before;
    uint64_t random = 23;
    (void)state;
    weir_plan *plan = compile_poll();
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int round = 0; round < ROUNDS / 4; round++) {
            poller p = {.engine = engine, .plan = plan};
            numbers source = {.n = UINT64_MAX};
            weir_stream *s = open_stream(engine);
            weir_stage_options o = stage_of("poll", workers, 64, &p);
            o.unordered = 1;
            const weir_stage last = add_stage(s, &o, run_a_poll, add_numbers(s, "n", 64, &source));
            uint64_t got;
            assert_ok(weir_stream_start(s));
            for (uint64_t n = 3 + draw(&random, 40); n > 0; n--)
                assert_ok(weir_next(s, last, &got));
            cancel(&p, round % 2 == 1);
            while (weir_next(s, last, &got) == WEIR_OK)
                ;
            assert_status(WEIR_ECANCEL, weir_stream_close(s));
            assert_int_equal(atomic_load(&p.wrong), 0);
            if (atomic_load(&p.lost) > 0)
                fail_msg("%u workers, round %d: an op was not told", workers, round);
        }
        assert_engine_usable(engine);
        weir_engine_close(engine);
    }
    sigaction(SIGUSR1, &before, NULL);
    weir_plan_free(plan);
}

/* Item 1 fails at once, if it is to; the others come to the gate, and run their pipeline behind it. */
static int run_behind_the_gate(void *state, const void *const *items, weir_yielder *y)
{
    poller *p = state;
    if (p->fails && *(const uint64_t *)items[0] == 1)
        return 3;
    gate_wait(&p->gate);
    const weir_status status = weir_run(p->engine, p->plan, p, NULL, NULL);
    if (status != WEIR_ECANCEL)
        atomic_fetch_add(&p->wrong, 1);
    (void)weir_yield(y, items[0]);
    return 0;
}

static weir_stream *start_behind_the_gate(poller *p, const char *name, numbers *source,
                                          weir_stage *last)
{
    weir_stream *s = open_stream(p->engine);
    const weir_stage_options o = stage_of(name, 2, 4, p);
    *last = add_stage(s, &o, run_behind_the_gate, add_numbers(s, "numbers", 2, source));
    assert_ok(weir_stream_start(s));
    return s;
}

/* A cancel comes while a call is at the gate, before it runs its pipeline. */
static void cancel_at_the_gate(bool fails, weir_status closes)
{
    poller p = {.engine = open_engine(2, 0, 0), .plan = compile_poll(), .fails = fails};
    numbers source = {.n = 100};
    uint64_t got;
    weir_stage last;
    weir_stream *s = start_behind_the_gate(&p, "late", &source, &last);
    assert_true(reaches(&p.gate.waiting, fails ? 1 : 2));
    nap(20000); /* if it fails, it has by now */
    cancel(&p, false);
    atomic_store(&p.gate.open, true);
    weir_status status;
    while ((status = weir_next(s, last, &got)) == WEIR_OK)
        ;
    assert_int_equal(status, WEIR_ECANCEL);
    assert_status(closes, weir_stream_close(s));
    assert_int_equal(atomic_load(&p.wrong), 0);
    assert_int_equal(atomic_load(&p.ops), 0);
    assert_engine_usable(p.engine);
    weir_plan_free(p.plan);
    weir_engine_close(p.engine);
}

static void a_pipeline_does_not_run_in_a_call_that_goes_on_after_a_cancel(void **state)
{
    (void)state;
    cancel_at_the_gate(false, WEIR_ECANCEL);
}

static void a_stream_that_has_failed_stops_at_a_cancel_and_keeps_its_failure(void **state)
{
    (void)state;
    cancel_at_the_gate(true, WEIR_EOP);
}

/* It cancels the stream that it is in. */
static int cancel_and_look(weir_branch *b, const void *in, void *out)
{
    poller *p = weir_context(b);
    (void)in, (void)out;
    weir_engine_cancel(p->engine);
    if (!weir_stopping(b))
        atomic_fetch_add(&p->lost, 1);
    return 0;
}

static void an_op_in_a_call_that_cancels_sees_it_at_once(void **state)
{
    const weir_layer leaf = {.name = "cancel", .leaf = cancel_and_look};
    (void)state;
    poller p = {.engine = open_engine(2, 0, 0), .plan = compile(&leaf)};
    atomic_store(&p.gate.open, true);
    numbers source = {.n = 100};
    uint64_t got;
    weir_stage last;
    weir_stream *s = start_behind_the_gate(&p, "cancels", &source, &last);
    while (weir_next(s, last, &got) == WEIR_OK)
        ;
    assert_status(WEIR_ECANCEL, weir_stream_close(s));
    assert_int_equal(atomic_load(&p.wrong), 0);
    assert_int_equal(atomic_load(&p.lost), 0);
    weir_plan_free(p.plan);
    weir_engine_close(p.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipeline_in_a_call_is_told_a_cancel_at_any_moment),
        cmocka_unit_test(a_pipeline_does_not_run_in_a_call_that_goes_on_after_a_cancel),
        cmocka_unit_test(a_stream_that_has_failed_stops_at_a_cancel_and_keeps_its_failure),
        cmocka_unit_test(an_op_in_a_call_that_cancels_sees_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
