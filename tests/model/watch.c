/* A deadline is set, or a worker that keeps one gets work, while another worker settles, falls
 * asleep, gets work or polls: the deadline is settled by a worker that nothing holds up, or the
 * word of the busy one says that it is to look; and nobody sleeps for ever.
 *
 * A deadline is due at once, or never, since a checker's clock stands still. MODEL_CASE: which of
 * the cases below. */
#include "model.h"

#include "sched/worker.h"

#if defined(MODEL_CHECKED)
#include "sched/mail.c"
#include "sched/numbers.c"
#include "sched/watch.c"
#include "sched/worker.c"
#endif

/* What the first does, and what the second does meanwhile. */
enum {
    SET_AND_SLEEP,   /* sets one; falls asleep */
    SET_AND_KEEP,    /* sets one; falls asleep until another deadline, which is never */
    SET_AND_SETTLE,  /* sets one; settles another, and then falls asleep with the watch */
    SET_AND_LEAVE,   /* sets one; has the watch still, without a deadline, and gets work for ever */
    SET_AND_POLL,    /* sets one; is busy, acknowledges its word and looks */
    LEAVE_AND_SLEEP, /* has the watch, and gets work for ever; falls asleep */
    LEAVE_AND_POLL,  /* the same; is busy, acknowledges its word and looks */
    CASES
};
#if !defined(MODEL_CASE)
static unsigned rounds;
#define MODEL_CASE (rounds++ % CASES)
#endif

enum { FIRST, SECOND, THREADS };
#define NEVER (WEIR_NO_DEADLINE - 1)

static weir__box box[THREADS];
static weir__mail mail = {.box = box, .boxes = THREADS};
static weir__watch watch = {.mail = &mail, .lock = PTHREAD_MUTEX_INITIALIZER};
static weir__worker workers[THREADS] = {
    [FIRST] = {.mail = &mail, .watch = &watch, .index = FIRST},
    [SECOND] = {.mail = &mail, .watch = &watch, .index = SECOND}};
static unsigned which;   /* case */
static atomic_uint left; /* a bit for each deadline that is set, due and not settled */
static unsigned settled; /* plain: one worker at a time settles; bits as well */
static unsigned all;     /* that are to be settled */
static int written[2];   /* plain: before the deadline is set */

/* One at a time. */
static uint64_t settle_one(void *of, struct weir__worker *worker, uint64_t now_ns)
{
    (void)of, (void)worker, (void)now_ns;
    const uint64_t next = which == SET_AND_KEEP || which == SET_AND_POLL ? NEVER : WEIR_NO_DEADLINE;
    const unsigned due = load_seq_cst(&left), first = due & 1 ? 1 : 2;
    if (due == 0)
        return next;
    assert(written[first / 2] == 1 && !(settled & first));
    settled |= first;
    if (settled == all)
        weir__mail_end(&mail);
    return sub_seq_cst(&left, first) != first ? 0 : next;
}

static weir__deadlines source = {.settle = settle_one};

static void set(unsigned i)
{
    written[i] = 1;
    or_seq_cst(&left, 1u << i);
    weir__watch_set(&watch, 0);
}

/* As weir__promote_serve() does it. */
static void poll(void)
{
    weir__mail_acknowledge(&mail, SECOND);
    (void)weir__worker_look(&workers[SECOND]);
}

static void model_thread(unsigned me)
{
    if (me == FIRST && which >= LEAVE_AND_SLEEP)
        weir__worker_goes_on(&workers[FIRST]);
    else if (me == FIRST)
        set(1);
    else if (which == SET_AND_LEAVE)
        weir__worker_goes_on(&workers[SECOND]);
    else if (which == SET_AND_POLL || which == LEAVE_AND_POLL)
        poll();
    else
        weir__worker_work(&workers[SECOND], NULL, NULL);
}

static void give_watch(unsigned worker)
{
    const bool has = weir__watch_take(&mail, worker);
    assert(has);
    (void)has;
}

static void set_up(void)
{
    weir__mail_begin(&mail);
    weir__mail_set_team(&mail, THREADS);
    store_relaxed(&mail.due_ns, WEIR_NO_DEADLINE);
    weir__watch_add(&watch, &source);
    store_relaxed(&left, 0);
    settled = 0;
    written[0] = written[1] = 0;
    all = which == SET_AND_SETTLE ? 3 : which >= LEAVE_AND_SLEEP ? 1 : 2;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].busy = false;
        store_relaxed(&box[i].content, 0);
        store_relaxed(&box[i].signal, WEIR__RUN);
    }
    if (which == SET_AND_KEEP)
        weir__watch_set(&watch, NEVER);
    if (all & 1)
        set(0);
    if (which >= LEAVE_AND_SLEEP)
        give_watch(FIRST);
    if (which == SET_AND_LEAVE) {
        weir__watch_set(&watch, NEVER);
        give_watch(SECOND);
        store_relaxed(&mail.due_ns, WEIR_NO_DEADLINE);
    }
    store_relaxed(&box[SECOND].signal, which == SET_AND_LEAVE ? WEIR__RUN : WEIR__REQUEST);
}

static void model_round(void)
{
    which = MODEL_CASE;
    set_up();
    model_run(THREADS);
    if (which == SET_AND_LEAVE || which == SET_AND_POLL || which == LEAVE_AND_POLL)
        assert((settled == all && !weir__mail_has_deadline(&mail)) ||
               load_relaxed(&box[SECOND].signal) != WEIR__RUN);
    else
        assert(settled == all);
    assert(!weir__mail_has_sleepers(&mail));
    assert(load_relaxed(&mail.watch) == 0);
    weir__watch_remove(&watch, &source);
}
