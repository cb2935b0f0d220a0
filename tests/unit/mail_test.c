/* Tests mail: an item is taken once, none stays behind while all sleep, and no signal is lost.
 *
 * Run by ctest with the engine's internal headers.  It must never run a pipeline: what travels here
 * does nothing but count how often it was taken. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "sched/mail.h"

enum { MOST_WORKERS = 8 };

static alignas(WEIR_LINE) struct {
    alignas(WEIR_LINE) weir__item item;
} lines[4];

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
static bool fires(const weir__mail *mail, unsigned worker)
{
    weir_loop loop = {.signal = weir__mail_signal(mail, worker), .polls = 1};
    return !weir__loop_may_go_on(&loop);
}

static void workers_that_are_on_their_way_get_an_item_each(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(weir__mail_has_room(&mail, 0));
        weir__mail_post(&mail, 0, &lines[i].item);
    }
    assert_false(weir__mail_has_room(&mail, 0)); /* the third is in its own box */
    assert_ptr_equal(weir__mail_take(&mail, 0, 0), &lines[2].item);
    assert_ptr_equal(weir__mail_take(&mail, 2, 0), &lines[1].item);
    assert_ptr_equal(weir__mail_take(&mail, 2, 0),
                     &lines[0].item); /* not its own, but anyone may */
    assert_null(weir__mail_take(&mail, 1, 0));
    close_mail(&mail);
}

static void workers_that_did_not_come_get_nothing(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 4);
    weir__mail_set_team(&mail, 2);
    weir__mail_post(&mail, 0, &lines[0].item); /* to worker 1 */
    weir__mail_post(&mail, 0, &lines[1].item); /* to its own box */
    assert_false(weir__mail_has_room(&mail, 0));
    assert_ptr_equal(weir__mail_take(&mail, 0, 0), &lines[1].item);
    assert_ptr_equal(weir__mail_take(&mail, 1, 0), &lines[0].item);
    close_mail(&mail);
}

static void a_request_stands_until_it_is_withdrawn_or_there_is_an_item(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 2);
    assert_null(weir__mail_withdraw(&mail, 1, 0));
    weir__mail_post(&mail, 0, &lines[0].item);
    assert_ptr_equal(weir__mail_take(&mail, 0, 0), &lines[0].item); /* it was left in box 0 */
    weir__mail_request(&mail, 1, 0);
    weir__mail_post(&mail, 0, &lines[0].item);
    weir__mail_post(&mail, 0, &lines[1].item); /* there is no request any more */
    weir__mail_request(&mail, 1, 0);           /* nor can there be one beside an item */
    assert_ptr_equal(weir__mail_withdraw(&mail, 1, 0), &lines[0].item);
    weir__mail_request(&mail, 1, 0);
    assert_ptr_equal(weir__mail_take(&mail, 1, 0), &lines[1].item);
    weir__mail_post(&mail, 0, &lines[2].item); /* taking withdrew the request: in box 0 */
    assert_null(weir__mail_withdraw(&mail, 1, 0));
    assert_ptr_equal(weir__mail_take(&mail, 1, 0), &lines[2].item);
    close_mail(&mail);
}

static void an_item_is_not_left_lying_while_somebody_sleeps(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    assert_null(weir__mail_withdraw(&mail, 1, 0));
    assert_null(weir__mail_withdraw(&mail, 2, 0));
    weir__mail_post(&mail, 0, &lines[0].item);
    weir__mail_announce(&mail, 2, 0);
    assert_ptr_equal(weir__mail_take(&mail, 2, 0), &lines[0].item); /* so it does not sleep */
    assert_false(weir__mail_has_sleepers(&mail));
    weir__mail_announce(&mail, 2, 0);
    assert_null(weir__mail_take(&mail, 2, 0));
    assert_true(weir__mail_has_sleepers(&mail));
    weir__mail_request(&mail, 1, 0);
    weir__mail_post(&mail, 0, &lines[0].item); /* a worker that is awake goes first */
    assert_ptr_equal(weir__mail_withdraw(&mail, 1, 0), &lines[0].item);
    assert_true(weir__mail_has_sleepers(&mail));
    weir__mail_post(&mail, 0, &lines[0].item); /* else the sleeper gets it, and is woken */
    assert_false(weir__mail_has_sleepers(&mail));
    weir__mail_park(&mail, 2); /* returns at once */
    assert_ptr_equal(weir__mail_withdraw(&mail, 2, 0), &lines[0].item);
    close_mail(&mail);
}

static void a_sleeper_is_woken_to_look_or_takes_its_mark_back(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    weir__mail_set_team(&mail, 1);
    weir__mail_wake_one(&mail); /* nobody sleeps */
    weir__mail_announce(&mail, 1, 0);
    weir__mail_announce(&mail, 2, 0);
    weir__mail_wake_one(&mail);
    assert_true(weir__mail_has_sleepers(&mail));
    weir__mail_park(&mail, 1);
    assert_null(weir__mail_withdraw(&mail, 1, 0));
    assert_null(weir__mail_withdraw(&mail, 2, 0));
    assert_false(weir__mail_has_sleepers(&mail));
    close_mail(&mail);
}

static void a_signal_stays_until_the_worker_acknowledges_it(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(fires(&mail, i)); /* at the beginning of a run */
        weir__mail_acknowledge(&mail, i);
        assert_false(fires(&mail, i));
    }
    weir__mail_ask(&mail, 1);
    assert_true(fires(&mail, 1));
    assert_true(fires(&mail, 1));
    weir__mail_acknowledge(&mail, 1);
    assert_false(fires(&mail, 1));
    weir__mail_ask_others(&mail, 1);
    assert_true(fires(&mail, 0) && fires(&mail, 2) && !fires(&mail, 1));
    close_mail(&mail);
}

static void an_alert_fires_at_once_and_wakes_sleepers(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 2);
    weir__mail_set_team(&mail, 1);
    for (unsigned i = 0; i < 2; i++)
        weir__mail_acknowledge(&mail, i);
    weir__mail_announce(&mail, 1, 0);
    weir__mail_alert_all(&mail);
    weir__mail_park(&mail, 1); /* returns at once */
    assert_null(weir__mail_withdraw(&mail, 1, 0));
    for (unsigned i = 0; i < 2; i++) {
        weir__mail_ask(&mail, i); /* weaker, so it changes nothing */
        weir_loop loop = {.signal = weir__mail_signal(&mail, i), .polls = 100};
        assert_false(weir__loop_may_go_on(&loop)); /* passes over nothing */
        weir__mail_acknowledge(&mail, i);
        assert_false(fires(&mail, i));
    }
    close_mail(&mail);
}

static void the_end_wakes_all_and_lasts_until_the_next_begin(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    weir__mail_set_team(&mail, 1);
    weir__mail_announce(&mail, 1, 0);
    weir__mail_announce(&mail, 2, 5);
    assert_false(weir__mail_is_over(&mail));
    weir__mail_end(&mail);
    for (unsigned i = 1; i < 3; i++) {
        weir__mail_park(&mail, i); /* returns at once */
        assert_null(weir__mail_withdraw(&mail, i, 0));
    }
    assert_true(weir__mail_is_over(&mail));
    weir__mail_begin(&mail);
    assert_false(weir__mail_is_over(&mail));
    close_mail(&mail);
}

static void who_waits_for_a_run_gets_its_items_and_those_nested_in_it(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 2);
    weir__mail_set_team(&mail, 1);
    const weir__number root = weir__numbers_acquire(&mail.numbers, 0),
                       other = weir__numbers_acquire(&mail.numbers, root),
                       waited = weir__numbers_acquire(&mail.numbers, root),
                       nested = weir__numbers_acquire(&mail.numbers, waited);
    const weir__number numbers[] = {root, other, waited, nested};
    for (int i = 0; i < 4; i++) {
        weir__item *item = &lines[i].item;
        item->number = numbers[i];
        /* Asked for, slept for, and looked for. */
        weir__mail_request(&mail, 1, waited);
        weir__mail_post(&mail, 0, item);
        assert_ptr_equal(weir__mail_withdraw(&mail, 1, waited), i < 2 ? NULL : item);
        if (i < 2)
            assert_null(weir__mail_take(&mail, 1, waited));
        if (i < 2)
            assert_ptr_equal(weir__mail_take(&mail, 1, 0), item);
        weir__mail_announce(&mail, 1, waited);
        weir__mail_post(&mail, 0, item);
        assert_true(weir__mail_has_sleepers(&mail) == (i < 2));
        assert_ptr_equal(weir__mail_withdraw(&mail, 1, waited), i < 2 ? NULL : item);
        if (i < 2)
            assert_ptr_equal(weir__mail_take(&mail, 0, 0), item);
        weir__mail_post(&mail, 0, item);
        assert_ptr_equal(weir__mail_take(&mail, 1, waited), i < 2 ? NULL : item);
        if (i < 2)
            assert_ptr_equal(weir__mail_take(&mail, 0, 0), item);
        weir__mail_post(&mail, 0, item); /* as one that it came to hold and is to pass on */
        assert_ptr_equal(weir__mail_withdraw(&mail, 0, waited), i < 2 ? NULL : item);
        if (i < 2)
            assert_ptr_equal(weir__mail_take(&mail, 1, 0), item);
        item->number = 0;
    }
    for (int i = 0; i < 4; i++)
        weir__numbers_release(&mail.numbers, numbers[i]);
    close_mail(&mail);
}

/* A worker that waits for a run may come to hold a stranger's item, while another is in its box. */
static void an_item_without_room_is_set_aside_and_passed_on(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 2);
    weir__mail_set_team(&mail, 1);
    const weir__number root = weir__numbers_acquire(&mail.numbers, 0),
                       waited = weir__numbers_acquire(&mail.numbers, root);
    for (int i = 0; i < 3; i++) {
        lines[i].item.number = i == 1 ? waited : root;
        weir__mail_post(&mail, 0, &lines[i].item); /* the first one in the box */
    }
    assert_ptr_equal(weir__mail_take(&mail, 0, waited), &lines[1].item);
    assert_null(weir__mail_take(&mail, 0, waited));
    assert_ptr_equal(weir__mail_take(&mail, 1, 0), &lines[0].item);
    assert_null(weir__mail_take(&mail, 1, 0));
    weir__mail_request(&mail, 0, waited);
    assert_null(weir__mail_take(&mail, 0, waited)); /* now the last one is in the box */
    assert_ptr_equal(weir__mail_take(&mail, 1, 0), &lines[2].item);
    for (int i = 0; i < 3; i++)
        weir__mail_post(&mail, 0, &lines[i].item);
    for (int i = 0; i < 3; i++)
        assert_non_null(weir__mail_take(&mail, 0, 0));
    assert_null(weir__mail_take(&mail, 0, 0));
    for (int i = 0; i < 3; i++)
        lines[i].item.number = 0;
    weir__numbers_release(&mail.numbers, waited);
    weir__numbers_release(&mail.numbers, root);
    close_mail(&mail);
}

static void workers_are_missing_until_each_has_an_item(void **state)
{
    weir__mail mail;
    (void)state;
    open_mail(&mail, 3);
    weir__mail_set_team(&mail, 3); /* worker 0 is busy */
    assert_int_equal(weir__mail_missing(&mail), 2);
    weir__mail_count(&mail, +3);
    assert_int_equal(weir__mail_missing(&mail), -1);
    close_mail(&mail);
}

/* ---- many threads ---- */

typedef struct thing {
    alignas(WEIR_LINE) weir__item item;
    atomic_int taken; /* how often */
} thing;

typedef struct crowd {
    weir__mail mail;
    pthread_barrier_t gate;
    thing *things;
    unsigned workers, items; /* of each worker */
    atomic_uint left;        /* items that nobody has taken */
    unsigned lost;           /* signals */
} crowd;

typedef struct member {
    crowd *crowd;
    unsigned number;
    pthread_t thread;
} member;

static void note(crowd *c, weir__item *item)
{
    if (item == NULL)
        return;
    atomic_fetch_add(&((thing *)item)->taken, 1);
    if (atomic_fetch_sub(&c->left, 1) == 1)
        weir__mail_end(&c->mail);
}

/* As a worker without work does that has asked in vain. */
static weir__item *sleep_once(weir__mail *mail, unsigned number)
{
    weir__mail_announce(mail, number, 0);
    weir__item *item = weir__mail_take(mail, number, 0);
    if (item != NULL)
        return item;
    if (!weir__mail_is_over(mail)) {
        weir__mail_ask_others(mail, number);
        weir__mail_park(mail, number);
    }
    return weir__mail_withdraw(mail, number, 0);
}

/* Posts all of its items, takes what there is in between, asks for more, and sleeps until all have
 * been taken: a wake-up that is lost leaves it asleep for ever. */
static void *exchange(void *argument)
{
    member *m = argument;
    crowd *c = m->crowd;
    uint32_t random = m->number * 7919u + 1;
    pthread_barrier_wait(&c->gate);
    for (unsigned i = 0; i < c->items;) {
        random = random * 1664525u + 1013904223u;
        if (random >> 30 != 0) {
            note(c, weir__mail_withdraw(&c->mail, m->number, 0)); /* who has work requests none */
            weir__mail_post(&c->mail, m->number, &c->things[m->number * c->items + i++].item);
        } else if (random >> 28 != 0) {
            note(c, weir__mail_take(&c->mail, m->number, 0));
            weir__mail_request(&c->mail, m->number, 0);
            weir__testing_yield_point();
            note(c, weir__mail_take(&c->mail, m->number, 0));
        } else {
            note(c, weir__mail_withdraw(&c->mail, m->number, 0));
            weir__mail_announce(&c->mail, m->number, 0);
            weir__testing_yield_point();
            note(c, weir__mail_withdraw(&c->mail, m->number, 0));
        }
    }
    note(c, weir__mail_withdraw(&c->mail, m->number, 0));
    while (!weir__mail_is_over(&c->mail))
        note(c, sleep_once(&c->mail, m->number));
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
            weir__mail_announce(&c->mail, m->number, 0);
            weir__mail_ask_others(&c->mail, m->number);
        } else {
            weir__mail_acknowledge(&c->mail, 0);
            missed = !weir__mail_has_sleepers(&c->mail);
        }
        pthread_barrier_wait(&c->gate);
        if (m->number != 0)
            note(c, weir__mail_withdraw(&c->mail, m->number, 0));
        else
            c->lost += missed && !fires(&c->mail, 0);
        pthread_barrier_wait(&c->gate);
        if (m->number == 0) {
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
    weir__mail_set_team(&c->mail, 1); /* nobody requests work */
    atomic_store(&c->left, workers * items);
    c->things = aligned_alloc(WEIR_LINE, (size_t)workers * items * sizeof *c->things);
    assert_non_null(c->things);
    memset(c->things, 0, (size_t)workers * items * sizeof *c->things);
    assert_int_equal(pthread_barrier_init(&c->gate, NULL, workers), 0);
    for (unsigned i = 0; i < workers; i++) {
        members[i] = (member){.crowd = c, .number = i};
        assert_int_equal(pthread_create(&members[i].thread, NULL, body, &members[i]), 0);
    }
    for (unsigned i = 0; i < workers; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&c->gate);
}

static void every_item_is_taken_once_and_nobody_sleeps_over_one(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= MOST_WORKERS; workers++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            crowd c;
            weir__testing_seed(seed * 31);
            run_crowd(&c, workers, 3000 / SLOW_BUILD, exchange);
            weir__testing_seed(0);
            for (unsigned i = 0; i < workers * c.items; i++)
                if (atomic_load(&c.things[i].taken) != 1)
                    fail_msg("%u workers, seed %lu: item %u was taken %d times", workers,
                             (unsigned long)seed, i, atomic_load(&c.things[i].taken));
            assert_false(weir__mail_has_sleepers(&c.mail));
            free(c.things);
            close_mail(&c.mail);
        }
}

static void who_falls_asleep_is_seen_or_asks(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= 4; workers++) {
        crowd c;
        weir__testing_seed(workers);
        run_crowd(&c, workers, 3000 / SLOW_BUILD, look_or_sleep);
        weir__testing_seed(0);
        assert_int_equal(c.lost, 0);
        free(c.things);
        close_mail(&c.mail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_that_are_on_their_way_get_an_item_each),
        cmocka_unit_test(workers_that_did_not_come_get_nothing),
        cmocka_unit_test(a_request_stands_until_it_is_withdrawn_or_there_is_an_item),
        cmocka_unit_test(an_item_is_not_left_lying_while_somebody_sleeps),
        cmocka_unit_test(a_sleeper_is_woken_to_look_or_takes_its_mark_back),
        cmocka_unit_test(a_signal_stays_until_the_worker_acknowledges_it),
        cmocka_unit_test(an_alert_fires_at_once_and_wakes_sleepers),
        cmocka_unit_test(the_end_wakes_all_and_lasts_until_the_next_begin),
        cmocka_unit_test(who_waits_for_a_run_gets_its_items_and_those_nested_in_it),
        cmocka_unit_test(an_item_without_room_is_set_aside_and_passed_on),
        cmocka_unit_test(workers_are_missing_until_each_has_an_item),
        cmocka_unit_test(every_item_is_taken_once_and_nobody_sleeps_over_one),
        cmocka_unit_test(who_falls_asleep_is_seen_or_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
