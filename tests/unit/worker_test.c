/* Tests the loop of a worker: what it runs while it waits for a run.
 *
 * Run by ctest with the engine's internal headers.  It must never run a pipeline: an item here does
 * nothing but count. */
#include "support.h"

#include <pthread.h>
#include <time.h>

#include "base/testing.h"
#include "sched/worker.h"

enum { WAITING, OTHER, WORKERS };

static alignas(WEIR_LINE) weir__item stranger;
static atomic_uint run_by_waiting;

static weir__item *count_item(weir__worker *worker, weir__item *item)
{
    (void)item;
    weir__worker_began_item(worker);
    atomic_fetch_add(&run_by_waiting, 1);
    return NULL;
}

typedef struct pair {
    weir__mail mail;
    weir__watch watch;
    weir__worker worker;
    atomic_bool done; /* the run that the worker waits for */
    weir__item *passed_on;
} pair;

/* Takes what the waiting worker has in its box, and ends its run. The pause makes nothing right: the
 * worker comes to look at its box in it, and must leave it as it is. */
static void *take_from_it(void *argument)
{
    pair *p = argument;
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    p->passed_on = weir__mail_take(&p->mail, OTHER, 0);
    atomic_store(&p->done, true);
    weir__mail_wake(&p->mail, WAITING);
    return NULL;
}

static void wait_with_a_stranger_in_the_box(uint64_t search_ns)
{
    pair p = {.passed_on = NULL};
    pthread_t other;
    assert_int_equal(weir__mail_open(&p.mail, WORKERS), WEIR_OK);
    weir__watch_open(&p.watch, &p.mail);
    weir__mail_begin(&p.mail);
    weir__mail_set_team(&p.mail, 1); /* so that nobody requests it */
    weir__worker_begin(&p.worker, NULL, &p.watch, WAITING, search_ns);
    const weir__number around = weir__numbers_acquire(&p.mail.numbers, 0),
                       waited = weir__numbers_acquire(&p.mail.numbers, around);
    stranger = (weir__item){.run = count_item, .number = around};
    atomic_store(&run_by_waiting, 0);
    weir__mail_post(&p.mail, WAITING, &stranger);
    p.worker.wanted = waited;
    assert_int_equal(pthread_create(&other, NULL, take_from_it, &p), 0);
    weir__worker_work(&p.worker, NULL, &p.done);
    pthread_join(other, NULL);
    assert_int_equal(atomic_load(&run_by_waiting), 0);
    assert_ptr_equal(p.passed_on, &stranger);
    assert_false(weir__mail_has_sleepers(&p.mail));
    weir__watch_close(&p.watch);
    weir__mail_close(&p.mail);
    assert_int_equal(weir__testing_live_blocks(), 0);
}

/* It came to hold the item when it took it for one of a run that had the same number before. */
static void who_waits_for_a_run_leaves_a_strangers_item_to_others(void **state)
{
    (void)state;
    wait_with_a_stranger_in_the_box(0);
    wait_with_a_stranger_in_the_box(1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_for_a_run_leaves_a_strangers_item_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
