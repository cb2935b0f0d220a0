/* Tests events: no wake-up is lost, whoever announces, withdraws and notifies at the same time.
 *
 * Run by ctest with the engine's internal headers.  It must never take a lost wake-up for a slow
 * machine: who waits for news that has come gets ten seconds. */
#include "stream_support.h"

#include "base/testing.h"
#include "sched/event.h"

enum { TURNS = 100000 / SLOW_BUILD, WAITERS = 4, BOARDS = 2 };

/* Waits on the event until *value is at least this. */
static void sleep_until(weir__event *event, atomic_uint_least64_t *value, uint64_t least)
{
    while (atomic_load(value) < least) {
        weir__event_prepare(event);
        weir__testing_yield_point();
        if (atomic_load(value) >= least)
            weir__event_withdraw(event);
        else
            weir__event_wait(event);
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
    for (int i = 0; i < BOARDS; i++)
        assert_int_equal(weir__event_open(&t.event[i]), WEIR_OK);
    assert_int_equal(pthread_create(&other, NULL, answer, &t), 0);
    for (uint64_t turn = 1; turn <= turns; turn++) {
        tell(&t.event[0], &t.value[0]);
        sleep_until(&t.event[1], &t.value[1], turn);
    }
    pthread_join(other, NULL);
    for (int i = 0; i < BOARDS; i++) {
        assert_false(weir__event_has_waiters(&t.event[i]));
        weir__event_close(&t.event[i]);
    }
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

/* ---- several ---- */

typedef struct crowd crowd;

typedef struct waiter {
    crowd *all;
    pthread_t thread;
    atomic_uint_least64_t told, heard;
} waiter;

struct crowd {
    weir__event event;
    atomic_bool over;
    waiter one[WAITERS];
};

static void open_crowd(crowd *c, void *(*body)(void *))
{
    memset(c, 0, sizeof *c);
    assert_int_equal(weir__event_open(&c->event), WEIR_OK);
    for (int i = 0; i < WAITERS; i++) {
        c->one[i].all = c;
        assert_int_equal(pthread_create(&c->one[i].thread, NULL, body, &c->one[i]), 0);
    }
}

static void close_crowd(crowd *c)
{
    atomic_store(&c->over, true);
    for (int i = 0; i < WAITERS; i++)
        atomic_fetch_add(&c->one[i].told, UINT32_MAX);
    weir__event_wake_all(&c->event);
    for (int i = 0; i < WAITERS; i++)
        pthread_join(c->one[i].thread, NULL);
    assert_false(weir__event_has_waiters(&c->event));
    weir__event_close(&c->event);
}

/* True once the waiter has heard it, false after ten seconds. */
static bool heard_by(waiter *w, uint64_t turn)
{
    const uint64_t until = clock_ns(CLOCK_MONOTONIC) + 10000000000u;
    while (atomic_load(&w->heard) < turn && clock_ns(CLOCK_MONOTONIC) < until)
        sched_yield();
    return atomic_load(&w->heard) >= turn;
}

/* Takes whatever there is: any of them will do. */
static void *take_shared(void *argument)
{
    waiter *w = argument;
    atomic_uint_least64_t *shared = &w->all->one[0].told;
    while (!atomic_load(&w->all->over)) {
        uint64_t there = atomic_load(shared);
        if (there > 0) {
            if (atomic_compare_exchange_strong(shared, &there, there - 1))
                atomic_fetch_add(&w->all->one[0].heard, 1);
            continue;
        }
        weir__event_prepare(&w->all->event);
        if (atomic_load(shared) > 0 || atomic_load(&w->all->over))
            weir__event_withdraw(&w->all->event);
        else
            weir__event_wait(&w->all->event);
    }
    return NULL;
}

static void each_piece_of_news_for_any_is_taken_by_one(void **state)
{
    static crowd c;
    uint64_t random = 6, lost = 0, all = 0;
    (void)state;
    open_crowd(&c, take_shared);
    for (int turn = 0; turn < TURNS / 4 && lost == 0; turn++) {
        const uint64_t n = 1 + draw(&random, 6);
        for (uint64_t i = 0; i < n; i++) /* one notify for each */
            tell(&c.event, &c.one[0].told);
        all += n;
        lost += !heard_by(&c.one[0], all);
    }
    assert_int_equal(atomic_load(&c.one[0].heard), all);
    close_crowd(&c);
    assert_int_equal(lost, 0);
}

static void *sleep_once(void *argument)
{
    waiter *w = argument;
    weir__event_prepare(&w->all->event);
    atomic_fetch_add(&w->all->one[0].told, 1);
    weir__event_wait(&w->all->event);
    atomic_fetch_add(&w->all->one[0].heard, 1);
    return NULL;
}

static void notify_wakes_one_and_wake_all_the_rest(void **state)
{
    static crowd c;
    (void)state;
    for (int round = 0; round < 20; round++) {
        open_crowd(&c, sleep_once);
        assert_true(reaches(&c.one[0].told, WAITERS));
        weir__event_notify(&c.event);
        assert_true(reaches(&c.one[0].heard, 1));
        nap(1000);
        assert_int_equal(atomic_load(&c.one[0].heard), 1);
        weir__event_wake_all(&c.event);
        assert_true(reaches(&c.one[0].heard, WAITERS));
        close_crowd(&c);
    }
}

/* ---- withdrawing ---- */

typedef struct storm {
    weir__event event;
    atomic_bool over;
} storm;

static void *notify_for_ever(void *argument)
{
    storm *s = argument;
    for (uint64_t i = 0; !atomic_load(&s->over); i++)
        if (i % 7 == 0)
            weir__event_wake_all(&s->event);
        else
            weir__event_notify(&s->event);
    return NULL;
}

static void who_withdraws_while_others_notify_leaves_nothing_behind(void **state)
{
    storm s = {.over = false};
    pthread_t notifiers[2];
    (void)state;
    assert_int_equal(weir__event_open(&s.event), WEIR_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&notifiers[i], NULL, notify_for_ever, &s), 0);
    for (int i = 0; i < TURNS; i++) {
        weir__event_prepare(&s.event);
        weir__event_withdraw(&s.event);
    }
    atomic_store(&s.over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(notifiers[i], NULL);
    assert_false(weir__event_has_waiters(&s.event));
    weir__event_close(&s.event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_wake_each_other_in_turn),
        cmocka_unit_test(two_threads_wake_each_other_under_delays),
        cmocka_unit_test(each_piece_of_news_for_any_is_taken_by_one),
        cmocka_unit_test(notify_wakes_one_and_wake_all_the_rest),
        cmocka_unit_test(who_withdraws_while_others_notify_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
