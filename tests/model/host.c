/* A thread posts a root, or attaches a stream's chores and waits until a piece of them was done, or
 * detaches them, or all of that, while workers look for work, fall asleep, and wake up: the root is run
 * once, by a worker that sees what was written before it was posted, the piece is done, no chores are
 * looked at once they are detached, and nobody sleeps for ever, over one of these or over the end.
 *
 * MODEL_CASE: which of the cases below. MODEL_WORKERS: how many. */
#include "model.h"

#include "base/fork.h"
#include "sched/duty.h"
#include "sched/host.h"
#include "trace/point.h"

#if defined(MODEL_CHECKED)
#include "engine_support.h"
#endif

/* What is done meanwhile. */
enum {
    POST,   /* a root is posted */
    ATTACH, /* chores are attached, of which there is a piece */
    DETACH, /* those that are there, and have none, are detached */
    ALL,    /* chores are attached, and detached once the piece was done; and a root is posted */
    CASES
};
#if !defined(MODEL_CASE)
static unsigned rounds;
#define MODEL_CASE (rounds++ % CASES)
#endif
#if !defined(MODEL_WORKERS)
#define MODEL_WORKERS 2
#endif

static weir__box box[MODEL_WORKERS];
static weir__worker workers[MODEL_WORKERS];
static weir__host host = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct weir_engine engine = {
    .team = {.workers = MODEL_WORKERS},
    .workers = workers,
    .mail = {.box = box, .boxes = MODEL_WORKERS, .due_ns = WEIR_NO_DEADLINE},
    .watch = {.mail = &engine.mail, .lock = PTHREAD_MUTEX_INITIALIZER},
    .host = &host};
static weir__run chores_run = {.engine = &engine, .mail = &engine.mail};
static unsigned which;   /* case */
static atomic_uint left; /* roots and streams, whose last ends the region */

static void end_one(void)
{
    if (sub_acq_rel(&left, 1) == 1)
        weir__mail_end(&engine.mail);
}

/* ---- the root ---- */

static int written; /* plain: before it is posted */
static int runs;    /* plain */

static weir__item *run_root(weir__worker *worker, weir__item *item)
{
    (void)item;
    assert(written == 1);
    assert(load_relaxed(&worker->serves) == NULL);
    runs++;
    end_one();
    return NULL;
}

static alignas(WEIR_LINE) weir__item root = {.run = run_root};

/* ---- the stream ---- */

typedef struct stream {
    weir__chores chores;
    bool there;        /* plain: from before attach until detach has returned */
    atomic_bool piece; /* is to be done, */
    atomic_bool done;  /* and was */
    weir__event taker; /* who waits for that */
} stream;

static bool try_piece(void *of, weir__worker *worker)
{
    (void)worker;
    stream *s = of;
    assert(s->there);
    if (!load_seq_cst(&s->piece) || !exchange_seq_cst(&s->piece, false))
        return false;
    if (which == ATTACH) { /* one step less for a checker */
        end_one();
        return true;
    }
    store_seq_cst(&s->done, true);
    weir__event_notify(&s->taker);
    return true;
}

static bool has_piece(const void *of)
{
    const stream *s = of;
    assert(s->there);
    return load_seq_cst(&s->piece);
}

static void find_no_piece(void *of)
{
    const stream *s = of;
    assert(s->there);
}

static stream the_stream = {.chores = {.try = try_piece,
                                       .ready = has_piece,
                                       .found_none = find_no_piece,
                                       .of = &the_stream,
                                       .run = &chores_run}};

static void begin_stream(stream *s, bool with_piece)
{
    s->there = true;
    store_relaxed(&s->piece, with_piece);
    store_relaxed(&s->done, false);
}

/* As in weir_next(). */
static void wait_for_piece(stream *s)
{
    while (!load_seq_cst(&s->done)) {
        weir__event_prepare(&s->taker);
        WEIR_POINT(WAIT_ANNOUNCED);
        if (load_seq_cst(&s->done))
            weir__event_withdraw(&s->taker);
        else
            weir__event_wait(&s->taker, WEIR_NO_DEADLINE);
    }
}

static void attach(stream *s)
{
    begin_stream(s, true);
    weir__host_attach(&engine, &s->chores);
}

static void detach(stream *s)
{
    weir__host_detach(&engine);
    s->there = false; /* as its memory would be given back; a checker sees who still reads it */
}

static void be_stream(stream *s)
{
    if (which != DETACH)
        attach(s);
    if (which == ATTACH)
        return;
    if (which == ALL)
        wait_for_piece(s);
    detach(s);
    end_one();
}

/* ---- the threads ---- */

static void post_root(void)
{
    written = 1;
    weir__host_post(&engine, &root);
}

static void model_thread(unsigned me)
{
    if (me < MODEL_WORKERS)
        weir__duty_do(&workers[me], NULL, 1);
    else if (which == POST || me > MODEL_WORKERS)
        post_root();
    else
        be_stream(&the_stream);
}

static void model_round(void)
{
    which = MODEL_CASE;
    const unsigned roots = which == ALL ? 2 : 1;
    store_relaxed(&engine.mail.over, false);
    weir__engine_reset_workers(&engine);
    for (unsigned i = 0; i < MODEL_WORKERS; i++) {
        store_relaxed(&box[i].content, 0);
        workers[i].choice = &weir__host_choice;
    }
    store_relaxed(&engine.mail.team, MODEL_WORKERS);
    store_relaxed(&engine.mail.surplus, -MODEL_WORKERS);
    store_relaxed(&host.process, weir__fork_process());
    store_relaxed(&host.roots, roots);
    store_relaxed(&host.chores, NULL);
    if (which == DETACH) {
        begin_stream(&the_stream, false);
        weir__host_attach(&engine, &the_stream.chores);
    }
    store_relaxed(&left, roots);
    written = runs = 0;
    model_run(MODEL_WORKERS + roots);
    assert(runs == (which == POST || which == ALL));
    assert(!weir__mail_has_sleepers(&engine.mail));
    assert(load_relaxed(&host.waiting) == 0 && weir__host_take(&host) == NULL);
    for (unsigned i = 0; i < MODEL_WORKERS; i++)
        assert(load_relaxed(&workers[i].serves) == NULL);
}
