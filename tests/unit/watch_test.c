/* Tests that deadlines are settled, not too early and none forgotten, by whoever has the watch: a
 * worker that sleeps, one that waits in an op, or busy ones as they poll; and that only one sleeper
 * has it.
 *
 * Run by ctest with the engine's internal headers.  It must never assert that something is soon,
 * but for the best of many times. */
#include "support.h"
#include "toy_wing.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/testing.h"
#include "sched/host.h"

enum { MOST_PENDING = 64, SOON_NS = 5000000 };

/* Sleepers of this build only nap (bell.c). */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLEEPERS_NAP 1
#endif
#endif
#if !defined(SLEEPERS_NAP)
#define SLEEPERS_NAP 0
#endif

/* A source of deadlines: a list, under a lock. */
typedef struct alarms {
    weir__deadlines source;
    weir__watch *watch;
    pthread_mutex_t lock;
    uint64_t at_ns[MOST_PENDING];
    unsigned pending;
    /* What came of them. */
    atomic_uint fired, early, in_nested_wait;
    uint64_t least_late_ns; /* read once all have been settled */
    weir__item *posts;      /* by a deadline; NULL: nothing */
    bool set_before;        /* the run, and not by its first call */
} alarms;

static void fire(alarms *a, uint64_t at_ns, weir__worker *worker)
{
    const uint64_t now = weir__now_ns();
    if (now < at_ns)
        add_relaxed(&a->early, 1);
    else if (now - at_ns < a->least_late_ns)
        a->least_late_ns = now - at_ns;
    if (worker->wanted != 0)
        add_relaxed(&a->in_nested_wait, 1);
    if (a->posts != NULL)
        weir__worker_post(worker, a->posts);
    atomic_fetch_add(&a->fired, 1);
}

static uint64_t settle_alarms(void *of, weir__worker *worker, uint64_t now_ns)
{
    alarms *a = of;
    uint64_t next = WEIR_NO_DEADLINE;
    pthread_mutex_lock(&a->lock);
    for (unsigned i = 0; i < a->pending;)
        if (a->at_ns[i] <= now_ns) {
            fire(a, a->at_ns[i], worker);
            a->at_ns[i] = a->at_ns[--a->pending];
        } else {
            next = a->at_ns[i] < next ? a->at_ns[i] : next;
            i++;
        }
    pthread_mutex_unlock(&a->lock);
    return next;
}

static void open_alarms(alarms *a, weir_engine *engine)
{
    *a = (alarms){.source = {.settle = settle_alarms, .of = a},
                  .watch = &engine->watch,
                  .lock = PTHREAD_MUTEX_INITIALIZER,
                  .least_late_ns = UINT64_MAX};
    weir__watch_add(a->watch, &a->source);
}

static void close_alarms(alarms *a)
{
    weir__watch_remove(a->watch, &a->source);
    assert_int_equal(load_relaxed(&a->early), 0);
    assert_int_equal(a->pending, 0);
    pthread_mutex_destroy(&a->lock);
}

/* False: there are too many. */
static bool set_alarm(alarms *a, uint64_t in_ns)
{
    const uint64_t at_ns = weir__now_ns() + in_ns;
    pthread_mutex_lock(&a->lock);
    const bool room = a->pending < MOST_PENDING;
    if (room)
        a->at_ns[a->pending++] = at_ns;
    pthread_mutex_unlock(&a->lock);
    if (room)
        weir__watch_set(a->watch, at_ns);
    return room;
}

static void nap(long ns)
{
    nanosleep(&(struct timespec){0, ns}, NULL);
}

/* Or ctest's time is up. */
static void wait_for_fired(alarms *a, unsigned count)
{
    while (atomic_load(&a->fired) < count)
        nap(50000);
}

/* ---- a run in which nobody has anything to do ---- */

typedef struct rest {
    weir_engine *engine;
    weir__life life;
    weir__chores chores;
} rest;

static bool is_ready(const void *of)
{
    (void)of;
    return false;
}

static bool try_nothing(void *of, weir__worker *worker)
{
    (void)worker;
    (void)of;
    return false;
}

static void found_none(void *of)
{
    (void)of;
}

static void begin_rest(rest *r, unsigned workers)
{
    *r = (rest){.engine = open_engine(workers, 0, 0),
                .chores = {.try = try_nothing, .ready = is_ready, .found_none = found_none}};
    assert_ok(weir__life_open_chores(&r->life, r->engine, &r->chores));
    assert_ok(weir__life_begin_chores(&r->life));
}

static void wait_until_all_sleep(const rest *r)
{
    while (load_seq_cst(&r->engine->mail.asleep) < r->engine->team.workers)
        nap(50000);
}

static void end_rest(rest *r)
{
    assert_ok(weir__life_end_chores(&r->life));
    weir__life_close(&r->life);
    assert_int_equal(load_relaxed(&r->engine->mail.watch), 0);
    weir_engine_close(r->engine);
}

static void a_sleeper_wakes_for_a_deadline(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 8; workers *= workers < 2 ? 2 : 4) {
        rest r;
        alarms a;
        begin_rest(&r, workers);
        open_alarms(&a, r.engine);
        for (unsigned i = 0; i < 100; i++) {
            if (i % 4 == 0)
                wait_until_all_sleep(&r);
            set_alarm(&a, i % 10 * 300000);
            wait_for_fired(&a, i + 1);
        }
        assert_true(a.least_late_ns < SOON_NS);
        close_alarms(&a);
        end_rest(&r);
    }
}

static void an_earlier_deadline_wakes_the_watch(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 8; workers *= 8) {
        rest r;
        alarms a;
        begin_rest(&r, workers);
        open_alarms(&a, r.engine);
        set_alarm(&a, 3000000000u);
        wait_until_all_sleep(&r);
        for (unsigned i = 0; i < 100; i++) {
            set_alarm(&a, 200000);
            wait_for_fired(&a, i + 1);
        }
        assert_true(a.least_late_ns < SOON_NS);
        wait_for_fired(&a, 101);
        close_alarms(&a);
        end_rest(&r);
    }
}

/* How often did the process's threads, but for this one, go to sleep? */
static long sleeps_of_others(void)
{
    struct rusage all, mine;
    getrusage(RUSAGE_SELF, &all);
    getrusage(RUSAGE_THREAD, &mine);
    return all.ru_nvcsw - mine.ru_nvcsw;
}

static void one_of_the_sleepers_has_the_watch(void **state)
{
    (void)state;
    enum { TIMES = 100, WORKERS = 8 };
    rest r;
    alarms a;
    if (SLEEPERS_NAP)
        skip();
    begin_rest(&r, WORKERS);
    open_alarms(&a, r.engine);
    wait_until_all_sleep(&r);
    const long before = sleeps_of_others();
    for (unsigned i = 0; i < TIMES; i++) {
        set_alarm(&a, 500000);
        wait_for_fired(&a, i + 1);
    }
    assert_true(sleeps_of_others() - before < TIMES * WORKERS / 2);
    close_alarms(&a);
    end_rest(&r);
}

/* ---- what settling does ---- */

typedef struct note {
    alignas(WEIR_LINE) weir__item item;
    atomic_uint runs;
} note;

static weir__item *run_note(weir__worker *worker, weir__item *item)
{
    weir__worker_began_item(worker);
    atomic_fetch_add(&((note *)item)->runs, 1);
    return NULL;
}

static void an_item_that_a_deadline_posts_is_run(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 8; workers *= workers < 2 ? 2 : 4) {
        rest r;
        alarms a;
        note n = {.item = {.run = run_note}};
        begin_rest(&r, workers);
        open_alarms(&a, r.engine);
        a.posts = &n.item;
        for (unsigned i = 0; i < 100; i++) {
            set_alarm(&a, i % 3 * 100000);
            while (atomic_load(&n.runs) <= i) /* or ctest's time is up */
                nap(50000);
        }
        close_alarms(&a);
        end_rest(&r);
    }
}

static void a_source_that_is_removed_is_not_asked(void **state)
{
    (void)state;
    rest r;
    alarms a, b;
    begin_rest(&r, 2);
    open_alarms(&a, r.engine);
    open_alarms(&b, r.engine);
    set_alarm(&a, 0);
    wait_for_fired(&a, 1);
    close_alarms(&a);
    weir__watch_set(&r.engine->watch, 0);
    set_alarm(&b, 1000000);
    wait_for_fired(&b, 1);
    assert_int_equal(atomic_load(&a.fired), 1);
    close_alarms(&b);
    end_rest(&r);
}

/* ---- busy workers ---- */

static void spin(uint64_t ns)
{
    const uint64_t until = weir__now_ns() + ns;
    while (weir__now_ns() < until)
        ;
}

enum { CALLS = 100000, CALL_NS = 20000 };

/* All calls spin until a deadline is settled that the first of them has set. */
static int spin_until_fired(void *context, uint32_t i)
{
    alarms *a = context;
    if (i == 0 && !a->set_before)
        set_alarm(a, 1000000);
    if (atomic_load(&a->fired) == 0)
        spin(CALL_NS);
    return 0;
}

/* Teams of 1, 2 and 8 workers, all busy in such a run: the deadline is settled soon, at least once. */
static void assert_busy_workers_settle(weir_status (*run)(weir_engine *engine, alarms *a))
{
    for (unsigned workers = 1; workers <= 8; workers *= workers < 2 ? 2 : 4) {
        weir_engine *engine = open_engine(workers, 0, 0);
        uint64_t least = UINT64_MAX;
        for (unsigned i = 0; i < 10; i++) {
            alarms a;
            open_alarms(&a, engine);
            a.set_before = i % 2 != 0 && set_alarm(&a, 200000);
            assert_ok(run(engine, &a));
            assert_int_equal(atomic_load(&a.fired), 1);
            least = a.least_late_ns < least ? a.least_late_ns : least;
            close_alarms(&a);
        }
        assert_true(least < SOON_NS);
        weir_engine_close(engine);
    }
}

static weir_status run_toy(weir_engine *engine, alarms *a)
{
    return toy_for(engine, CALLS, spin_until_fired, a);
}

static void busy_workers_of_a_toy_settle_as_they_poll(void **state)
{
    (void)state;
    assert_busy_workers_settle(run_toy);
}

static int split_number(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in;
    *(uint32_t *)child = i;
    return 0;
}

static int spin_leaf(weir_branch *b, const void *in, void *out)
{
    (void)out;
    return spin_until_fired(weir_context(b), *(const uint32_t *)in);
}

static const weir_layer spin_leaves = {
    .name = "spin", .in_bytes = sizeof(uint32_t), .leaf = spin_leaf};
static const weir_layer over_leaves = {.name = "top",
                                       .fanout = CALLS,
                                       .split = split_number,
                                       .gather = gather_nothing,
                                       .child = &spin_leaves};

static weir_plan *over_leaves_plan;

static weir_status run_pipeline(weir_engine *engine, alarms *a)
{
    return weir_run(engine, over_leaves_plan, a, NULL, NULL);
}

static void busy_workers_of_a_pipeline_settle_as_they_poll(void **state)
{
    (void)state;
    over_leaves_plan = compile(&over_leaves);
    assert_busy_workers_settle(run_pipeline);
    weir_plan_free(over_leaves_plan);
}

/* ---- a worker that waits in an op ---- */

typedef struct pair {
    alarms *alarms;
    weir_engine *engine;
    pthread_t waiter; /* runs the op, and one of the two calls, after which it waits */
    atomic_uint there;
    atomic_bool failed;
} pair;

/* Two calls at once: that on the waiter's thread ends, and the other neither ends nor polls until
 * the deadline is settled. */
static int sit_or_leave(void *context, uint32_t i)
{
    pair *p = context;
    const uint64_t until = weir__now_ns() + 20000000000u;
    (void)i;
    atomic_fetch_add(&p->there, 1);
    while (atomic_load(&p->there) < 2 && weir__now_ns() < until)
        nap(50000);
    if (pthread_equal(pthread_self(), p->waiter))
        return 0;
    set_alarm(p->alarms, 2000000);
    while (atomic_load(&p->alarms->fired) == 0 && weir__now_ns() < until)
        nap(50000);
    return atomic_load(&p->alarms->fired) == 0;
}

static int run_pair(void *context, uint32_t i)
{
    pair *p = context;
    (void)i;
    p->waiter = pthread_self();
    return toy_for(p->engine, 2, sit_or_leave, p) != WEIR_OK;
}

static void who_waits_in_an_op_has_the_watch(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= 8; workers *= 4) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (unsigned i = 0; i < 20; i++) {
            alarms a;
            pair p = {.alarms = &a, .engine = engine};
            open_alarms(&a, engine);
            assert_ok(toy_for(engine, 1, run_pair, &p));
            assert_int_equal(atomic_load(&a.fired), 1);
            if (workers == 2)
                assert_int_equal(load_relaxed(&a.in_nested_wait), 1);
            close_alarms(&a);
        }
        weir_engine_close(engine);
    }
}

/* ---- at random ---- */

enum { DEADLINES = 3000 / SLOW_BUILD };

static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (*random >> 33) % below;
}

typedef struct setter {
    alarms *alarms;
    uint64_t seed;
} setter;

static void *set_at_random(void *argument)
{
    const setter *s = argument;
    uint64_t random = s->seed * 2 + 1;
    for (unsigned i = 0; i < DEADLINES;) {
        if (set_alarm(s->alarms, draw(&random, 4) == 0 ? 0 : draw(&random, 300000)))
            i++;
        if (draw(&random, 3) > 0)
            nap((long)draw(&random, 100000));
    }
    return NULL;
}

typedef struct mixture {
    alarms *alarms;
    weir_engine *engine;
    uint64_t random; /* of the run */
    bool nested;
} mixture;

static int do_something(void *context, uint32_t i)
{
    const mixture *m = context;
    uint64_t random = m->random + i;
    switch (draw(&random, 8)) {
    case 0:
        nap((long)draw(&random, 200000));
        return 0;
    case 1:
        if (!m->nested) {
            mixture inner = *m;
            inner.nested = true;
            return toy_for(m->engine, (uint32_t)draw(&random, 40), do_something, &inner) != WEIR_OK;
        }
        return 0;
    default:
        spin(draw(&random, 10000));
        return 0;
    }
}

static void no_deadline_of_thousands_is_lost(void **state)
{
    (void)state;
    static const uint64_t times_ns[] = {0, 50000, 1000000};
    for (unsigned workers = 1; workers <= 8; workers *= workers < 2 ? 2 : 4)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            weir_engine *engine = open_engine(workers, 0, 0);
            alarms a;
            setter s = {.alarms = &a, .seed = seed};
            mixture m = {.alarms = &a, .engine = engine, .random = seed};
            pthread_t thread;
            weir__testing_seed(seed);
            engine->search_ns = times_ns[seed - 1];
            open_alarms(&a, engine);
            assert_int_equal(pthread_create(&thread, NULL, set_at_random, &s), 0);
            while (atomic_load(&a.fired) < DEADLINES) { /* or ctest's time is up */
                m.random += 1000;
                assert_ok(toy_for(engine, 200, do_something, &m));
            }
            pthread_join(thread, NULL);
            assert_int_equal(atomic_load(&a.fired), DEADLINES);
            close_alarms(&a);
            weir__testing_seed(0);
            weir_engine_close(engine);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sleeper_wakes_for_a_deadline),
        cmocka_unit_test(an_earlier_deadline_wakes_the_watch),
        cmocka_unit_test(one_of_the_sleepers_has_the_watch),
        cmocka_unit_test(an_item_that_a_deadline_posts_is_run),
        cmocka_unit_test(a_source_that_is_removed_is_not_asked),
        cmocka_unit_test(busy_workers_of_a_toy_settle_as_they_poll),
        cmocka_unit_test(busy_workers_of_a_pipeline_settle_as_they_poll),
        cmocka_unit_test(who_waits_in_an_op_has_the_watch),
        cmocka_unit_test(no_deadline_of_thousands_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
