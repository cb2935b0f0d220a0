/* Tests events: no wake-up is lost, whoever announces, withdraws and notifies at the same time.
 *
 * Run by ctest with the engine's internal headers.  It must never take a lost wake-up for a slow
 * machine: who waits for news that has come gets ten seconds. */
#include "stream_support.h"

#include "base/testing.h"
#include "sched/event.h"

enum { TURNS = 100000 / SLOW_BUILD, BOARDS = 2 };

/* Waits on the event until *value is at least this. */
static void sleep_until(weir__event *event, atomic_uint_least64_t *value, uint64_t least)
{
    while (atomic_load(value) < least) {
        weir__event_prepare(event);
        weir__testing_yield_point();
        if (atomic_load(value) >= least)
            weir__event_withdraw(event);
        else
            weir__event_wait(event, WEIR_NO_DEADLINE);
    }
}

static void tell(weir__event *event, atomic_uint_least64_t *value)
{
    atomic_fetch_add(value, 1);
    weir__event_notify(event);
}

/* ---- two ---- */

typedef struct table {
    weir__event event[BOARDS];
    atomic_uint_least64_t value[BOARDS];
    uint64_t turns;
} table;

static void *answer(void *argument)
{
    table *t = argument;
    for (uint64_t turn = 1; turn <= t->turns; turn++) {
        sleep_until(&t->event[0], &t->value[0], turn);
        tell(&t->event[1], &t->value[1]);
    }
    return NULL;
}

static void ping_pong(uint64_t turns)
{
    table t = {.turns = turns};
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, answer, &t), 0);
    for (uint64_t turn = 1; turn <= turns; turn++) {
        tell(&t.event[0], &t.value[0]);
        sleep_until(&t.event[1], &t.value[1], turn);
    }
    pthread_join(other, NULL);
    for (int i = 0; i < BOARDS; i++)
        assert_false(weir__event_has_waiter(&t.event[i]));
}

static void two_threads_wake_each_other_in_turn(void **state)
{
    (void)state;
    ping_pong(TURNS);
}

static void two_threads_wake_each_other_under_delays(void **state)
{
    (void)state;
    weir__testing_seed(21);
    ping_pong(20000 / SLOW_BUILD);
    weir__testing_seed(0);
}

/* ---- deadlines ---- */

static void a_wait_ends_at_its_deadline(void **state)
{
    weir__event event = {.waits = false};
    (void)state;
    const uint64_t until = weir__now_ns() + 20000000;
    while (weir__now_ns() < until) {
        weir__event_prepare(&event);
        weir__event_wait(&event, until);
    }
    assert_false(weir__event_has_waiter(&event));
    weir__event_prepare(&event);
    weir__event_wait(&event, 0); /* long ago */
    assert_false(weir__event_has_waiter(&event));
}

/* ---- withdrawing ---- */

typedef struct storm {
    weir__event event;
    atomic_bool over;
} storm;

static void *notify_for_ever(void *argument)
{
    storm *s = argument;
    while (!atomic_load(&s->over))
        weir__event_notify(&s->event);
    return NULL;
}

static void who_withdraws_while_others_notify_leaves_nothing_behind(void **state)
{
    storm s = {.over = false};
    pthread_t notifiers[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&notifiers[i], NULL, notify_for_ever, &s), 0);
    for (int i = 0; i < TURNS; i++) {
        weir__event_prepare(&s.event);
        weir__event_withdraw(&s.event);
    }
    atomic_store(&s.over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(notifiers[i], NULL);
    assert_false(weir__event_has_waiter(&s.event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_wake_each_other_in_turn),
        cmocka_unit_test(two_threads_wake_each_other_under_delays),
        cmocka_unit_test(a_wait_ends_at_its_deadline),
        cmocka_unit_test(who_withdraws_while_others_notify_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
