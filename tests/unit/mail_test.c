/* Tests mail: an item is taken once, none stays behind while all sleep, and no signal is lost.
 *
 * Run by ctest with the engine's internal headers.  It must never run a pipeline: what travels here
 * are numbers, and a sleeper is a thread that has said so. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/testing.h"
#include "sched/mail.h"

enum { MOST_WORKERS = 8 };

static int things[4];

static void open_mail(weir__mail *mail, unsigned workers)
{
    *mail = (weir__mail){0};
    assert_int_equal(weir__mail_open(mail, workers), WEIR_OK);
    weir__mail_begin(mail);
}

static void close_mail(weir__mail *mail)
{
    weir__mail_close(mail);
    assert_int_equal(weir__testing_live_blocks(), 0);
}

/* The poll of a loop that passes over nothing. */
static bool calls(const weir__mail *mail, unsigned worker)
{
    weir_loop loop = {.signal = weir__mail_signal(mail, worker), .polls = 1};
    return !weir__loop_is_quiet(&loop);
}

static void workers_that_are_on_their_way_get_an_item_each(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(weir__mail_has_room(&mail, 0));
        assert_true(weir__mail_post(&mail, 0, &things[i]));
    }
    assert_false(weir__mail_has_room(&mail, 0)); /* the third is in its own box */
    assert_false(weir__mail_post(&mail, 0, &things[3]));
    assert_ptr_equal(weir__mail_take(&mail, 0), &things[2]);
    assert_ptr_equal(weir__mail_take(&mail, 2), &things[1]);
    assert_ptr_equal(weir__mail_take(&mail, 2), &things[0]); /* not its own, but anyone may */
    assert_null(weir__mail_take(&mail, 1));
    close_mail(&mail);
}

static void workers_that_did_not_come_get_nothing(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 4);
    weir__mail_set_team(&mail, 2);
    assert_true(weir__mail_post(&mail, 0, &things[0])); /* to worker 1 */
    assert_true(weir__mail_post(&mail, 0, &things[1])); /* to its own box */
    assert_false(weir__mail_post(&mail, 0, &things[2]));
    close_mail(&mail);
}

static void a_hand_is_up_until_it_is_lowered_or_there_is_an_item(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 2);
    assert_null(weir__mail_lower(&mail, 1));
    assert_true(weir__mail_post(&mail, 0, &things[0]));
    assert_ptr_equal(weir__mail_take(&mail, 0), &things[0]); /* it was left in box 0 */
    weir__mail_raise(&mail, 1);
    assert_true(weir__mail_post(&mail, 0, &things[0]));
    assert_true(weir__mail_post(&mail, 0, &things[1])); /* the hand is not up any more */
    weir__mail_raise(&mail, 1);                         /* nor goes up over an item */
    assert_ptr_equal(weir__mail_lower(&mail, 1), &things[0]);
    weir__mail_raise(&mail, 1);
    assert_ptr_equal(weir__mail_take(&mail, 1), &things[1]);
    assert_true(weir__mail_post(&mail, 0, &things[2])); /* taking lowered it: in box 0 */
    assert_null(weir__mail_lower(&mail, 1));
    assert_ptr_equal(weir__mail_take(&mail, 1), &things[2]);
    close_mail(&mail);
}

static void an_item_is_not_left_lying_while_somebody_sleeps(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    assert_null(weir__mail_lower(&mail, 1));
    assert_null(weir__mail_lower(&mail, 2));
    assert_true(weir__mail_post(&mail, 0, &things[0]));
    assert_ptr_equal(weir__mail_sleep(&mail, 2), &things[0]); /* so it does not sleep */
    assert_false(weir__mail_has_sleepers(&mail));
    assert_null(weir__mail_sleep(&mail, 2));
    assert_true(weir__mail_has_room(&mail, 0));
    assert_false(weir__mail_post(&mail, 0, &things[0])); /* a task had better wake it */
    weir__mail_raise(&mail, 1);
    assert_true(weir__mail_post(&mail, 0, &things[0])); /* or somebody is awake */
    weir__mail_add_task(&mail);
    assert_false(weir__mail_has_tasks(&mail)); /* one task, one sleeper */
    weir__mail_add_task(&mail);
    assert_true(weir__mail_has_tasks(&mail));
    weir__mail_woke(&mail);
    assert_true(weir__mail_has_tasks(&mail));
    assert_false(weir__mail_has_sleepers(&mail));
    close_mail(&mail);
}

static void a_signal_stays_until_the_worker_looks(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(calls(&mail, i)); /* at the beginning of a run */
        weir__mail_hush(&mail, i);
        assert_false(calls(&mail, i));
    }
    weir__mail_poke(&mail, 1);
    assert_true(calls(&mail, 1));
    assert_true(calls(&mail, 1));
    weir__mail_hush(&mail, 1);
    assert_false(calls(&mail, 1));
    weir__mail_poke_others(&mail, 1);
    assert_true(calls(&mail, 0) && calls(&mail, 2) && !calls(&mail, 1));
    weir__mail_hush(&mail, 0);
    assert_null(weir__mail_lower(&mail, 1));
    assert_null(weir__mail_sleep(&mail, 1));
    assert_true(calls(&mail, 0)); /* a sleeper signals once */
    close_mail(&mail);
}

static void a_stop_stays_whatever_comes_after(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 2);
    weir__mail_hush(&mail, 1);
    assert_false(weir__mail_stopped(&mail, 1));
    weir__mail_stop(&mail);
    for (unsigned i = 0; i < 2; i++) {
        weir__mail_poke(&mail, i);
        weir__mail_hush(&mail, i);
        weir__mail_set_team(&mail, 1);
        assert_true(weir__mail_stopped(&mail, i));
        weir_loop loop = {.signal = weir__mail_signal(&mail, i), .polls = 100};
        assert_false(weir__loop_is_quiet(&loop)); /* passes over nothing */
    }
    weir__mail_begin(&mail);
    assert_false(weir__mail_stopped(&mail, 0));
    close_mail(&mail);
}

/* ---- many threads ---- */

typedef struct crowd {
    weir__mail mail;
    pthread_barrier_t gate;
    atomic_int *taken;       /* how often each item was */
    unsigned workers, items; /* of each worker */
    unsigned lost;           /* signals */
} crowd;

typedef struct member {
    crowd *crowd;
    unsigned number;
    pthread_t thread;
} member;

static void note(crowd *c, const atomic_int *item)
{
    if (item != NULL)
        atomic_fetch_add(&c->taken[item - c->taken], 1);
}

/* Posts all of its items, takes what there is in between, asks for more, and falls asleep. */
static void *exchange(void *argument)
{
    member *m = argument;
    crowd *c = m->crowd;
    uint32_t random = m->number * 7919u + 1;
    pthread_barrier_wait(&c->gate);
    for (unsigned i = 0; i < c->items;) {
        random = random * 1664525u + 1013904223u;
        if (random >> 30 != 0) {
            atomic_int *item = &c->taken[m->number * c->items + i++];
            note(c, weir__mail_lower(&c->mail, m->number)); /* who has work raises no hand */
            if (!weir__mail_post(&c->mail, m->number, item))
                note(c, item); /* a task would take it */
        } else {
            weir__mail_raise(&c->mail, m->number);
            weir__testing_yield_point();
            note(c, weir__mail_take(&c->mail, m->number));
        }
    }
    note(c, weir__mail_lower(&c->mail, m->number));
    for (const atomic_int *item; (item = weir__mail_sleep(&c->mail, m->number)) != NULL;)
        note(c, item);
    return NULL;
}

/* All but one fall asleep, and that one looks: it must see a sleeper or be signalled by it. */
static void *look_or_sleep(void *argument)
{
    member *m = argument;
    crowd *c = m->crowd;
    for (unsigned i = 0; i < c->items; i++) {
        bool missed = false;
        pthread_barrier_wait(&c->gate);
        if (m->number != 0) {
            note(c, weir__mail_sleep(&c->mail, m->number));
        } else {
            weir__mail_hush(&c->mail, 0);
            missed = !weir__mail_has_sleepers(&c->mail);
        }
        pthread_barrier_wait(&c->gate);
        if (m->number == 0) {
            c->lost += missed && !calls(&c->mail, 0);
            weir__mail_begin(&c->mail);
            weir__mail_set_team(&c->mail, 1);
        }
    }
    return NULL;
}

static void run_crowd(crowd *c, unsigned workers, unsigned items, void *(*body)(void *))
{
    member members[MOST_WORKERS];
    *c = (crowd){.workers = workers, .items = items};
    open_mail(&c->mail, workers);
    weir__mail_set_team(&c->mail, 1); /* all hands are down */
    c->taken = calloc((size_t)workers * items, sizeof *c->taken);
    assert_non_null(c->taken);
    assert_int_equal(pthread_barrier_init(&c->gate, NULL, workers), 0);
    for (unsigned i = 0; i < workers; i++) {
        members[i] = (member){.crowd = c, .number = i};
        assert_int_equal(pthread_create(&members[i].thread, NULL, body, &members[i]), 0);
    }
    for (unsigned i = 0; i < workers; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&c->gate);
}

static void every_item_is_taken_once_and_none_is_left_when_all_sleep(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= MOST_WORKERS; workers++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            crowd c;
            weir__testing_seed(seed * 31);
            run_crowd(&c, workers, 3000 / SLOW_BUILD, exchange);
            weir__testing_seed(0);
            for (unsigned i = 0; i < workers * c.items; i++)
                if (atomic_load(&c.taken[i]) != 1)
                    fail_msg("%u workers, seed %lu: item %u was taken %d times", workers,
                             (unsigned long)seed, i, atomic_load(&c.taken[i]));
            assert_int_equal(atomic_load(&c.mail.asleep), workers);
            free(c.taken);
            close_mail(&c.mail);
        }
}

static void who_falls_asleep_is_seen_or_signals(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= 4; workers++) {
        crowd c;
        weir__testing_seed(workers);
        run_crowd(&c, workers, 3000 / SLOW_BUILD, look_or_sleep);
        weir__testing_seed(0);
        assert_int_equal(c.lost, 0);
        free(c.taken);
        close_mail(&c.mail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_that_are_on_their_way_get_an_item_each),
        cmocka_unit_test(workers_that_did_not_come_get_nothing),
        cmocka_unit_test(a_hand_is_up_until_it_is_lowered_or_there_is_an_item),
        cmocka_unit_test(an_item_is_not_left_lying_while_somebody_sleeps),
        cmocka_unit_test(a_signal_stays_until_the_worker_looks),
        cmocka_unit_test(a_stop_stays_whatever_comes_after),
        cmocka_unit_test(every_item_is_taken_once_and_none_is_left_when_all_sleep),
        cmocka_unit_test(who_falls_asleep_is_seen_or_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
