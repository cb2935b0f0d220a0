/* A worker looks between two ops of its item while a stream's chores are attached, or detached, which nobody
 * else is at: it does a piece of them, or its word says that it is to look again; then it has laid them down
 * and goes on with the item, whose counts are the item's; no chores are looked at once they are detached, and
 * nobody sleeps for ever over the detach.
 *
 * MODEL_CASE: which of the cases below. */
#include "model.h"

#include "base/fork.h"
#include "sched/duty.h"
#include "sched/host.h"

#if defined(MODEL_CHECKED)
#include "engine_support.h"
#endif

/* What the stream does meanwhile. */
enum {
    ATTACH, /* attaches chores, of which there is a piece */
    DETACH, /* detaches those that are there, of which there is a piece */
    CASES
};
#if !defined(MODEL_CASE)
static unsigned rounds;
#define MODEL_CASE (rounds++ % CASES)
#endif

enum { WORKER, STREAM, THREADS };
enum { OF_ITEM = 1, OF_CHORES = 2 }; /* branches that are counted at each */

static weir__box box[1];
static weir__worker workers[1];
static weir__host host = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct weir_engine engine = {
    .team = {.workers = 1},
    .workers = workers,
    .mail = {.box = box, .boxes = 1, .due_ns = WEIR_NO_DEADLINE},
    .watch = {.mail = &engine.mail, .lock = PTHREAD_MUTEX_INITIALIZER},
    .host = &host};
static weir__run root = {
    .engine = &engine, .mail = &engine.mail, .root = &root, .number = 1, .hosted = true};
static weir__run stream = {
    .engine = &engine, .mail = &engine.mail, .root = &stream, .number = 2, .hosted = true};
static unsigned which; /* case */
static unsigned runs;  /* plain: of the item */

/* ---- the chores ---- */

static bool is_there;         /* plain: from before attach until detach has returned */
static atomic_bool has_piece; /* that is to be done */
static unsigned pieces;       /* plain: that were done */

static bool try_piece(void *of, weir__worker *worker)
{
    (void)of;
    assert(is_there && weir__here_top()->now.run == &stream && worker->at_work == &stream);
    if (!load_seq_cst(&has_piece) || !exchange_seq_cst(&has_piece, false))
        return false;
    worker->counts.branches += OF_CHORES;
    pieces++;
    return true;
}

static bool is_ready(const void *of)
{
    (void)of;
    assert(is_there);
    return load_seq_cst(&has_piece);
}

static weir__chores chores = {.try = try_piece, .ready = is_ready, .run = &stream};

static void attach(void)
{
    is_there = true;
    weir__host_attach(&engine, &chores);
}

static void detach(void)
{
    weir__host_detach(&engine);
    is_there = false; /* as their memory would be given back; a checker sees who still reads it */
}

/* ---- the item ---- */

/* Two ops, and a poll between them that fires, as weir__promote_serve() handles it. */
static weir__item *run_item(weir__worker *worker, weir__item *item)
{
    weir__here *here = weir__here_top();
    (void)item;
    (void)weir__here_turn_to(here, (weir__now){.run = &root});
    worker->counts.branches = OF_ITEM;
    weir__mail_acknowledge(worker->mail, worker->index);
    const bool again = weir__worker_look(worker);
    assert(!again || load_relaxed(&box[WORKER].signal) != WEIR__RUN);
    assert(load_relaxed(&worker->serves) == NULL && worker->at_work == &root);
    assert(here->now.run == &root);
    weir__run_count(&root, worker);
    (void)weir__here_turn_to(here, (weir__now){.run = NULL});
    runs++;
    weir__mail_end(worker->mail);
    return NULL;
}

static alignas(WEIR_LINE) weir__item item = {.run = run_item, .number = 1};

/* ---- the threads ---- */

static void model_thread(unsigned me)
{
    if (me == WORKER)
        weir__duty_do(&workers[WORKER], NULL, 1);
    else if (which == ATTACH)
        attach();
    else
        detach();
}

static void set_up(void)
{
    store_relaxed(&engine.mail.over, false);
    store_relaxed(&engine.mail.team, 1);
    store_relaxed(&engine.mail.surplus, -1);
    weir__engine_reset_workers(&engine);
    workers[WORKER].choice = &weir__host_choice;
    store_relaxed(&box[WORKER].content, 0);
    store_relaxed(&box[WORKER].signal, WEIR__REQUEST);
    store_relaxed(&host.process, weir__fork_process());
    store_relaxed(&host.roots, 2);
    store_relaxed(&root.tally.branches, 0);
    store_relaxed(&stream.tally.branches, 0);
    weir__host_add(&host, &stream);
    weir__host_add(&host, &root);
    store_relaxed(&host.chores, NULL);
    store_relaxed(&has_piece, true);
    pieces = runs = 0;
    if (which == DETACH)
        attach();
    weir__host_post(&engine, &item);
}

static void model_round(void)
{
    which = MODEL_CASE;
    set_up();
    model_run(THREADS);
    assert(runs == 1);
    assert(which != ATTACH || load_relaxed(&box[WORKER].signal) != WEIR__RUN);
    assert(load_relaxed(&root.tally.branches) == OF_ITEM);
    assert(load_relaxed(&stream.tally.branches) == pieces * OF_CHORES);
    assert(load_relaxed(&root.tally.workers) == 0 && load_relaxed(&stream.tally.workers) == 0);
    if (which == ATTACH)
        detach();
    weir__host_remove(&host, &root);
    weir__host_remove(&host, &stream);
}
