/* Tests the first failure of a run: who wins the claim, and what a run does between a claim and
 * its publication.
 *
 * Run by ctest with the engine's internal headers.  It must never rely on timing: a claimer that
 * is stopped in the middle is played by the test itself. */
#include "support.h"

#include <pthread.h>
#include <sched.h>

#include "sched/engine.h"
#include "sched/failure.h"

static void publish(weir__failure *failure, weir_status status, int code)
{
    failure->error = (weir_error){.status = status, .code = code};
    weir__failure_publish(failure);
}

static void a_run_without_a_failure_ends_well(void **state)
{
    weir__failure failure = {0};
    weir_error error = {.code = 77};
    (void)state;
    weir__failure_begin(&failure);
    assert_false(weir__failure_stopping(&failure));
    assert_int_equal(weir__failure_end(&failure, &error), WEIR_OK);
    assert_int_equal(error.code, 77);
}

static void the_first_claim_wins_and_all_later_ones_decline(void **state)
{
    weir__failure failure = {0};
    weir_error error;
    (void)state;
    weir__failure_begin(&failure);
    assert_true(weir__failure_claim(&failure));
    assert_true(weir__failure_stopping(&failure));
    assert_false(weir__failure_claim(&failure)); /* claimed, not yet published */
    publish(&failure, WEIR_EOP, 42);
    assert_false(weir__failure_claim(&failure)); /* published */
    assert_true(weir__failure_stopping(&failure));
    assert_int_equal(weir__failure_end(&failure, &error), WEIR_EOP);
    assert_int_equal(error.code, 42);
}

static void a_claim_without_a_run_declines(void **state)
{
    weir__failure failure = {0};
    weir_error error;
    (void)state;
    assert_false(weir__failure_claim(&failure));
    assert_false(weir__failure_stopping(&failure));
    weir__failure_begin(&failure);
    assert_int_equal(weir__failure_end(&failure, &error), WEIR_OK);
    assert_false(weir__failure_claim(&failure));
}

static void it_can_be_used_again_after_the_end(void **state)
{
    weir__failure failure = {0};
    weir_error error;
    (void)state;
    for (int i = 1; i <= 3; i++) {
        weir__failure_begin(&failure);
        assert_true(weir__failure_claim(&failure));
        publish(&failure, WEIR_EOP, i);
        assert_int_equal(weir__failure_end(&failure, &error), WEIR_EOP);
        assert_int_equal(error.code, i);
        assert_false(weir__failure_stopping(&failure));
        weir__failure_begin(&failure);
        assert_int_equal(weir__failure_end(&failure, &error), WEIR_OK);
    }
}

typedef struct claimer {
    weir__failure *failure;
    atomic_int *go;
    int number, won;
} claimer;

static void *claim_once(void *argument)
{
    claimer *c = argument;
    while (atomic_load(c->go) == 0)
        sched_yield();
    if (weir__failure_claim(c->failure)) {
        c->won = 1;
        publish(c->failure, WEIR_EOP, c->number);
    }
    return NULL;
}

static void of_many_claims_at_once_exactly_one_wins_and_its_error_is_kept(void **state)
{
    enum { CLAIMERS = 4, ROUNDS = 300 / SLOW_BUILD };
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        weir__failure failure = {0};
        atomic_int go = 0;
        pthread_t threads[CLAIMERS];
        claimer claimers[CLAIMERS];
        weir__failure_begin(&failure);
        for (int i = 0; i < CLAIMERS; i++) {
            claimers[i] = (claimer){&failure, &go, 100 + i, 0};
            assert_int_equal(pthread_create(&threads[i], NULL, claim_once, &claimers[i]), 0);
        }
        atomic_store(&go, 1);
        int won = 0, winner = 0;
        for (int i = 0; i < CLAIMERS; i++) {
            pthread_join(threads[i], NULL);
            won += claimers[i].won;
            winner += claimers[i].won * claimers[i].number;
        }
        weir_error error;
        assert_int_equal(won, 1);
        assert_int_equal(weir__failure_end(&failure, &error), WEIR_EOP);
        assert_int_equal(error.code, winner);
    }
}

static void *publish_late(void *argument)
{
    weir__failure *failure = argument;
    for (int i = 0; i < 100; i++)
        sched_yield();
    publish(failure, WEIR_ECANCEL, 5);
    return NULL;
}

static void the_end_waits_for_a_claimer_that_has_not_published(void **state)
{
    weir__failure failure = {0};
    weir_error error;
    pthread_t thread;
    (void)state;
    weir__failure_begin(&failure);
    assert_true(weir__failure_claim(&failure));
    assert_int_equal(pthread_create(&thread, NULL, publish_late, &failure), 0);
    assert_int_equal(weir__failure_end(&failure, &error), WEIR_ECANCEL);
    assert_int_equal(error.code, 5);
    pthread_join(thread, NULL);
}

/* A canceller, or the reporter of another failure, that loses its processor just after it has begun:
 * from then on ops see that the run stops, or fail, with nothing in their results. */
typedef struct paused_cancel {
    weir_engine *engine;
    int gives_up_with; /* what an op returns that sees the run stop */
    atomic_int claimed, gave_up, ops_after, gathers_after;
} paused_cancel;

static int note_begin(paused_cancel *p)
{
    if (atomic_load(&p->gave_up) != 0)
        atomic_fetch_add(&p->ops_after, 1);
    return 0;
}

static int paused_split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    *(uint32_t *)child = i;
    (void)in;
    return note_begin(weir_context(b));
}

static int paused_leaf(weir_branch *b, const void *in, void *out)
{
    paused_cancel *p = weir_context(b);
    note_begin(p);
    *(uint32_t *)out = 0;
    if (*(const uint32_t *)in != 1)
        return 0;
    if (p->gives_up_with != 0 && !weir__failure_claim(&p->engine->root.failure))
        return 0;
    if (p->gives_up_with == 0) /* what a canceller does first */
        atomic_fetch_add(&p->engine->cancels, 1);
    atomic_store(&p->claimed, 1);
    while (p->gives_up_with == 0 && !weir_stopping(b))
        sched_yield();
    atomic_store(&p->gave_up, 1);
    return p->gives_up_with;
}

static int paused_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    paused_cancel *p = weir_context(b);
    (void)in, (void)results, (void)n, (void)out;
    if (atomic_load(&p->gave_up) != 0)
        atomic_fetch_add(&p->gathers_after, 1);
    return note_begin(p);
}

static void *finish_cancel(void *argument)
{
    paused_cancel *p = argument;
    while (atomic_load(&p->claimed) == 0)
        sched_yield();
    for (int i = 0; i < 200; i++)
        sched_yield();
    if (p->gives_up_with != 0)
        publish(&p->engine->root.failure, WEIR_ECANCEL, 0);
    weir__mail_alert_all(&p->engine->mail);
    return NULL;
}

static void run_with_paused_cancel(paused_cancel *p)
{
    const weir_layer leaf = {.name = "leaf",
                             .in_bytes = sizeof(uint32_t),
                             .out_bytes = sizeof(uint32_t),
                             .leaf = paused_leaf};
    const weir_layer top = {.name = "top",
                            .in_bytes = sizeof(uint32_t),
                            .out_bytes = sizeof(uint32_t),
                            .fanout = 4,
                            .child = &leaf,
                            .split = paused_split,
                            .gather = paused_gather};
    const uint32_t in = 0;
    uint32_t out;
    pthread_t thread;
    p->engine = open_engine(1, 0, 0);
    weir_plan *plan = compile(&top);
    assert_int_equal(pthread_create(&thread, NULL, finish_cancel, p), 0);
    assert_status(WEIR_ECANCEL, weir_run(p->engine, plan, p, &in, &out));
    pthread_join(thread, NULL);
    weir_plan_free(plan);
    weir_engine_close(p->engine);
}

static void no_op_begins_after_one_that_gave_up_though_the_canceller_is_held_up(void **state)
{
    paused_cancel p = {.gives_up_with = 1};
    (void)state;
    run_with_paused_cancel(&p);
    assert_int_equal(atomic_load(&p.ops_after), 0);
}

static void what_an_op_left_that_gave_up_and_returned_0_is_never_gathered(void **state)
{
    paused_cancel p = {.gives_up_with = 0};
    (void)state;
    run_with_paused_cancel(&p);
    assert_int_equal(atomic_load(&p.gathers_after), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_without_a_failure_ends_well),
        cmocka_unit_test(the_first_claim_wins_and_all_later_ones_decline),
        cmocka_unit_test(a_claim_without_a_run_declines),
        cmocka_unit_test(it_can_be_used_again_after_the_end),
        cmocka_unit_test(of_many_claims_at_once_exactly_one_wins_and_its_error_is_kept),
        cmocka_unit_test(the_end_waits_for_a_claimer_that_has_not_published),
        cmocka_unit_test(no_op_begins_after_one_that_gave_up_though_the_canceller_is_held_up),
        cmocka_unit_test(what_an_op_left_that_gave_up_and_returned_0_is_never_gathered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
