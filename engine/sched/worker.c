/* The loop of a worker; see worker.h.
 *
 * Without work it searches: its request stands in its box, it looks into all boxes, and asks the
 * others every WEIR_ASK_NS; where enough do so already, it watches its own box.  A worker whose
 * last items were over in no time rests before it asks, and longer each time: until then it counts
 * as busy. After a while it sleeps: waking it costs some microseconds, and at the end of a run tens
 * of them, so that is for runs in which it has nothing to do for long.  One worker without work
 * keeps the deadlines, searching or asleep (watch.h). */
#include "sched/worker.h"

#include <sched.h>

#include "sched/tuning.h"
#include "trace/point.h"

void weir__worker_begin(weir__worker *worker, struct weir_engine *engine, weir__watch *watch,
                        unsigned index, uint64_t search_ns)
{
    struct weir__run *spare = worker->spare;
    *worker = (weir__worker){.engine = engine,
                             .mail = watch->mail,
                             .watch = watch,
                             .index = index,
                             .search_ns = search_ns,
                             .chunk = {.n = 1, .most = WEIR_CHUNK_MOST},
                             .spare = spare};
}

/* ---- busy or not ---- */

void weir__worker_post(weir__worker *worker, weir__item *item)
{
    WEIR_POINT(ITEM_POSTING);
    weir__mail_count(worker->mail, +1);
    weir__mail_post(worker->mail, worker->index, item);
}

/* Others are to keep the deadlines now. */
static void becomes_busy(weir__worker *worker)
{
    if (!worker->busy)
        weir__watch_leave(worker->mail, worker->index);
    worker->busy = true;
}

/* The item counted until now. */
void weir__worker_began_item(weir__worker *worker)
{
    if (worker->busy)
        weir__mail_count(worker->mail, -1);
    becomes_busy(worker);
}

void weir__worker_goes_on(weir__worker *worker)
{
    if (!worker->busy)
        weir__mail_count(worker->mail, +1);
    becomes_busy(worker);
}

static void has_nothing(weir__worker *worker)
{
    if (worker->busy)
        weir__mail_count(worker->mail, -1);
    worker->busy = false;
}

/* ---- deadlines ---- */

/* Settles what is due; false: nothing is. */
static bool settle(weir__worker *worker)
{
    return WEIR_UNLIKELY(weir__mail_has_deadline(worker->mail)) &&
           weir__watch_settle(worker->watch, worker->index, worker, weir__now_ns());
}

/* True: looks are to go on. */
static bool keep_watch(weir__worker *worker)
{
    if (!weir__mail_has_deadline(worker->mail))
        return false;
    if (settle(worker))
        weir__watch_leave(worker->mail, worker->index);
    if (weir__watch_is_kept(worker->mail))
        return false;
    weir__mail_ask(worker->mail, worker->index);
    return true;
}

bool weir__worker_look(weir__worker *worker)
{
    const bool watches = keep_watch(worker);
    return (worker->choice != NULL && worker->choice->between(worker)) || watches;
}

/* ---- searching ---- */

void weir__worker_pause(const weir__worker *worker)
{
    if (worker->polite) {
        sched_yield();
        return;
    }
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* What a worker without work waits for, besides items: one of the first two, or else that the team is to
 * leave. */
typedef struct news {
    const uint32_t *parts;      /* to be 0 */
    const atomic_bool *done;    /* to be true */
    const weir__choice *choice; /* of what it does meanwhile; or NULL */
} news;

static bool have_come(const weir__worker *worker, const news *n)
{
    if (n->parts != NULL)
        return __atomic_load_n(n->parts, __ATOMIC_ACQUIRE) == 0; /* J1 as well */
    /* RU2: seq_cst; pairs with RU1, of a worker that has announced that it will sleep; and as an acquire,
     * since the run's record is used again. */
    return n->done != NULL ? load_seq_cst(n->done) : weir__mail_is_over(worker->mail);
}

/* Need it search no more? */
static bool is_enough(const weir__worker *worker, const news *n)
{
    return have_come(worker, n) || (n->choice != NULL && n->choice->has_work(worker));
}

/* An item of this worker's box, or, if it searches, of any. */
static weir__item *look(weir__worker *worker, bool searches)
{
    return searches ? weir__mail_take(worker->mail, worker->index, worker->wanted)
                    : weir__mail_take_own(worker->mail, worker->index, worker->wanted);
}

/* Looks for an item, until `until`. */
static weir__item *look_until(weir__worker *worker, const news *n, bool searches, uint64_t until)
{
    weir__item *item;
    while ((item = look(worker, searches)) == NULL && !is_enough(worker, n) &&
           weir__now_ns() < until) {
        WEIR_POINT(WORKER_SEARCHING);
        weir__worker_pause(worker);
    }
    return item;
}

/* Is this worker to settle something before it searches on? One that waits for parts goes on with
 * its item, or looks for others, so soon that it leaves that. */
static bool is_due(const weir__worker *worker, const news *n, uint64_t now)
{
    return n->parts == NULL && weir__watch_take(worker->mail, worker->index) &&
           load_relaxed(&worker->mail->due_ns) <= now;
}

/* Searches for so long, or until a deadline. The request is withdrawn afterwards. */
static weir__item *search(weir__worker *worker, const news *n, uint64_t for_ns)
{
    uint64_t now = weir__now_ns();
    const uint64_t rest = worker->rest_ns < for_ns ? worker->rest_ns : for_ns;
    const uint64_t until = now + rest + for_ns;
    bool searches = false;
    weir__item *item = look_until(worker, n, true, now += rest);
    while (item == NULL && now < until && !is_enough(worker, n) && !is_due(worker, n, now)) {
        weir__mail_request(worker->mail, worker->index, worker->wanted);
        has_nothing(worker);
        searches = searches || weir__mail_try_search(worker->mail);
        if (searches)
            weir__mail_ask_in_turn(worker->mail, worker->index, now);
        now += WEIR_ASK_NS;
        item = look_until(worker, n, searches, now < until ? now : until);
    }
    if (searches)
        weir__mail_stop_search(worker->mail);
    has_nothing(worker);
    return item != NULL ? item : weir__mail_withdraw(worker->mail, worker->index, worker->wanted);
}

weir__item *weir__worker_search(weir__worker *worker, const uint32_t *parts)
{
    const news n = {.parts = parts};
    return search(worker, &n, worker->search_ns < WEIR_JOIN_NS ? worker->search_ns : WEIR_JOIN_NS);
}

void weir__worker_turn_to(weir__worker *worker, const weir__item *item)
{
    if (worker->choice != NULL && !worker->waits) /* else it belongs to what an op waits for */
        worker->choice->begin(worker, item);
}

/* ---- the loop ---- */

/* Sleeps until it is woken, or until a deadline that it keeps, unless there is an item, which is
 * returned, or what it waits for. */
static weir__item *sleep_for_item(weir__worker *worker, const news *n)
{
    weir__mail *mail = worker->mail;
    WEIR_ASSERT(!worker->busy);                      /* or who asks for work would wait for it */
    if (!weir__mail_has_room(mail, worker->index)) { /* a stranger's, that it is to pass on */
        sched_yield();
        return NULL;
    }
    weir__mail_announce(mail, worker->index, worker->wanted);
    weir__item *item = weir__mail_take(mail, worker->index, worker->wanted);
    if (item != NULL)
        return item;
    if (!is_enough(worker, n)) {
        weir__mail_ask_others(mail, worker->index); /* the last time: a sleeper cannot */
        if (n->choice != NULL)
            n->choice->rest(worker);
        (void)weir__watch_take(mail, worker->index); /* or another has it, or nobody need */
        weir__mail_park(mail, worker->index);
    }
    return weir__mail_withdraw(mail, worker->index, worker->wanted);
}

/* An item, or what it waits for; or it has been woken to look, or was to settle something. */
static weir__item *wait_for_item(weir__worker *worker, const news *n)
{
    if (n->choice != NULL)
        n->choice->found_none(worker);
    weir__item *item = search(worker, n, worker->search_ns);
    return item != NULL || settle(worker) ? item : sleep_for_item(worker, n);
}

/* The next item, or NULL once what it waits for has come. */
static weir__item *find(weir__worker *worker, const news *n)
{
    weir__item *item = NULL;
    bool nothing = true;
    while (item == NULL && !have_come(worker, n)) {
        if (n->choice != NULL)
            item = n->choice->next(worker, &nothing);
        if (item == NULL && nothing)
            item = wait_for_item(worker, n);
    }
    if (item != NULL && n->choice != NULL)
        n->choice->begin(worker, item);
    return item;
}

void weir__worker_work(weir__worker *worker, weir__item *item, const atomic_bool *done)
{
    /* An op that waits for a run wants no strangers on its stack. */
    const news n = {.done = done, .choice = done == NULL ? worker->choice : NULL};
    do
        while (item != NULL)
            item = item->run(worker, item);
    while ((item = find(worker, &n)) != NULL);
    if (!worker->busy && n.done == NULL) /* an op that has waited is busy at once */
        weir__watch_leave(worker->mail, worker->index);
}
