/* Tests lanes: a cancel reaches the run in a lane and those in place under it, however close to it they
 * begin.
 *
 * Run by ctest with the engine's internal headers, under the delays of the test build.  It must never
 * end a run before its cancel has returned: what came too late says nothing. */
#include "support.h"

#include <pthread.h>
#include <sched.h>

#include "base/testing.h"
#include "sched/lane.h"

enum { ROUNDS = 20000 / SLOW_BUILD };

/* A run in a lane, and one in place that begins while both are cancelled. */
typedef struct lanes {
    weir__lane above, below;
    pthread_barrier_t barrier;
} lanes;

static void open_lane(weir__lane *lane)
{
    assert_int_equal(weir__lane_open(lane), WEIR_OK);
    assert_int_equal(weir__mail_open(&lane->mail, 1), WEIR_OK);
}

static void open_lanes(lanes *l)
{
    open_lane(&l->above);
    open_lane(&l->below);
    l->below.above = &l->above;
    assert_int_equal(pthread_barrier_init(&l->barrier, NULL, 2), 0);
}

static void close_lanes(lanes *l)
{
    pthread_barrier_destroy(&l->barrier);
    weir__lane_close(&l->above);
    weir__lane_close(&l->below);
}

static weir_status end_run(weir__lane *lane)
{
    weir_error error;
    return weir__failure_end(&lane->failure, &error);
}

static void a_run_below_one_that_goes_well_is_not_touched(void **state)
{
    static lanes l;
    (void)state;
    open_lanes(&l);
    weir__lane_begin(&l.above);
    for (int i = 0; i < 3; i++) {
        weir__lane_begin(&l.below);
        assert_false(weir__mail_stopped(&l.below.mail, 0));
        assert_int_equal(end_run(&l.below), WEIR_OK);
    }
    assert_int_equal(end_run(&l.above), WEIR_OK);
    close_lanes(&l);
}

static void a_run_that_begins_after_the_cancel_of_the_one_above_is_cancelled(void **state)
{
    static lanes l;
    (void)state;
    open_lanes(&l);
    weir__lane_begin(&l.above);
    weir__lane_cancel(&l.above);
    for (int i = 0; i < 3; i++) {
        weir__lane_begin(&l.below);
        assert_true(weir__mail_stopped(&l.below.mail, 0));
        assert_int_equal(end_run(&l.below), WEIR_ECANCEL);
    }
    assert_int_equal(end_run(&l.above), WEIR_ECANCEL);
    weir__lane_begin(&l.above); /* the next knows nothing of it */
    weir__lane_begin(&l.below);
    assert_int_equal(end_run(&l.below), WEIR_OK);
    assert_int_equal(end_run(&l.above), WEIR_OK);
    close_lanes(&l);
}

static void a_failure_above_does_not_stop_a_run_but_a_cancel_after_it_does(void **state)
{
    static const weir_error failed = {.status = WEIR_EOP, .code = 3};
    static lanes l;
    (void)state;
    open_lanes(&l);
    weir__lane_begin(&l.above);
    assert_true(weir__lane_fail(&l.above, &failed));
    weir__lane_begin(&l.below);
    assert_int_equal(end_run(&l.below), WEIR_OK);
    weir__lane_cancel(&l.above);
    weir__lane_begin(&l.below);
    assert_int_equal(end_run(&l.below), WEIR_ECANCEL);
    assert_int_equal(end_run(&l.above), WEIR_EOP);
    close_lanes(&l);
}

static void *cancel_again_and_again(void *argument)
{
    lanes *l = argument;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&l->barrier);
        weir__lane_cancel(&l->above); /* as weir_engine_cancel() does */
        weir__lane_cancel(&l->below);
        pthread_barrier_wait(&l->barrier);
    }
    return NULL;
}

static void of_a_run_that_begins_and_a_cancel_one_sees_the_other(void **state)
{
    static lanes l;
    pthread_t thread;
    int lost = 0;
    (void)state;
    open_lanes(&l);
    weir__testing_seed(7);
    assert_int_equal(pthread_create(&thread, NULL, cancel_again_and_again, &l), 0);
    for (int round = 0; round < ROUNDS; round++) {
        weir__lane_begin(&l.above);
        pthread_barrier_wait(&l.barrier);
        weir__lane_begin(&l.below);
        pthread_barrier_wait(&l.barrier);
        lost += !weir__mail_stopped(&l.below.mail, 0);
        lost += end_run(&l.below) != WEIR_ECANCEL;
        lost += end_run(&l.above) != WEIR_ECANCEL;
    }
    pthread_join(thread, NULL);
    weir__testing_seed(0);
    assert_int_equal(lost, 0);
    close_lanes(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_below_one_that_goes_well_is_not_touched),
        cmocka_unit_test(a_run_that_begins_after_the_cancel_of_the_one_above_is_cancelled),
        cmocka_unit_test(a_failure_above_does_not_stop_a_run_but_a_cancel_after_it_does),
        cmocka_unit_test(of_a_run_that_begins_and_a_cancel_one_sees_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
