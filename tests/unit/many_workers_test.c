/* Tests what idle workers cost the busy ones, with as many workers as large machines have.
 *
 * Run by ctest with the engine's internal headers.  The workers are threads that search as in a run;
 * there need not be as many cores.  It must never assert on times that a slow machine could break:
 * what it counts has a bound for each time that has passed. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/testing.h"
#include "sched/worker.h"

enum { MOST = 256 };

typedef struct hall {
    weir__mail mail;
    weir__watch watch;
    weir__worker workers[MOST];
    pthread_t threads[MOST];
    unsigned count;
    atomic_bool done;
    atomic_uint taken;
} hall;

typedef struct thing {
    alignas(WEIR_LINE) weir__item item;
    hall *hall;
} thing;

static weir__item *count_item(weir__worker *worker, weir__item *item)
{
    weir__worker_began_item(worker);
    atomic_fetch_add(&((thing *)item)->hall->taken, 1);
    return NULL;
}

static void *search(void *argument)
{
    weir__worker *worker = argument;
    hall *h = (hall *)(void *)((char *)worker->mail - offsetof(hall, mail));
    weir__worker_work(worker, NULL, &h->done);
    return NULL;
}

/* All but worker 0 are idle. */
static hall *open_hall(unsigned count, uint64_t search_ns)
{
    hall *h = aligned_alloc(WEIR_LINE, (sizeof *h + WEIR_LINE - 1) / WEIR_LINE * WEIR_LINE);
    assert_non_null(h);
    memset(h, 0, sizeof *h);
    h->count = count;
    assert_int_equal(weir__mail_open(&h->mail, count), WEIR_OK);
    weir__watch_open(&h->watch, &h->mail);
    weir__mail_begin(&h->mail);
    weir__mail_set_team(&h->mail, count);
    for (unsigned i = 0; i < count; i++) {
        weir__worker_begin(&h->workers[i], NULL, &h->watch, i, search_ns);
        h->workers[i].polite = true; /* there are fewer cores */
    }
    h->workers[0].busy = true;
    for (unsigned i = 1; i < count; i++)
        assert_int_equal(pthread_create(&h->threads[i], NULL, search, &h->workers[i]), 0);
    return h;
}

static void close_hall(hall *h)
{
    atomic_store(&h->done, true);
    weir__mail_wake_all(&h->mail);
    for (unsigned i = 1; i < h->count; i++)
        pthread_join(h->threads[i], NULL);
    weir__watch_close(&h->watch);
    weir__mail_close(&h->mail);
    free(h);
}

/* Worker 0 as a busy one polls: how often is its word written? */
static void the_busy_are_asked_as_often_by_many_as_by_few(void **state)
{
    (void)state;
    for (unsigned count = 4; count <= MOST / SLOW_BUILD; count *= 4) {
        hall *h = open_hall(count, UINT64_MAX / 4); /* nobody sleeps */
        const int *signal = weir__mail_signal(&h->mail, 0);
        unsigned asked = 0, searching = 0;
        weir__mail_acknowledge(&h->mail, 0);
        const uint64_t began_ns = weir__now_ns();
        while (asked == 0 || weir__now_ns() < began_ns + 100000000) {
            if (__atomic_load_n(signal, __ATOMIC_RELAXED) != WEIR__RUN) {
                asked++;
                weir__mail_acknowledge(&h->mail, 0);
            }
            const unsigned now = load_relaxed(&h->mail.searching);
            searching = now > searching ? now : searching;
        }
        const uint64_t ns = weir__now_ns() - began_ns;
        assert_true(asked <= ns / WEIR_ASK_GAP_NS + 1);
        /* One at a time beside one busy worker; those that try count for a moment. */
        assert_true(searching >= 1);
        assert_true(load_relaxed(&h->mail.searching) <= count);
        close_hall(h);
    }
}

static void every_item_finds_one_of_many_awake_or_asleep(void **state)
{
    (void)state;
    for (int asleep = 0; asleep <= 1; asleep++)
        for (unsigned count = 4; count <= MOST / SLOW_BUILD; count *= 8) {
            enum { ITEMS = 400 };
            hall *h = open_hall(count, asleep ? 0 : UINT64_MAX / 4);
            thing *things = aligned_alloc(WEIR_LINE, ITEMS * sizeof *things);
            assert_non_null(things);
            for (unsigned i = 0; i < ITEMS; i++) {
                things[i] = (thing){.item = {.run = count_item}, .hall = h};
                while (!weir__mail_has_room(&h->mail, 0))
                    sched_yield();
                weir__worker_post(&h->workers[0], &things[i].item);
            }
            while (atomic_load(&h->taken) < ITEMS) /* or ctest's time is up */
                sched_yield();
            close_hall(h);
            free(things);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_busy_are_asked_as_often_by_many_as_by_few),
        cmocka_unit_test(every_item_finds_one_of_many_awake_or_asleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
