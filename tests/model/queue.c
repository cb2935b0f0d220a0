/* A root wants bytes while another run gives some back, while a stream gives back or reserves its own, or
 * while the engine is cancelled: it begins once it has room, or gives up where it will have none, or was
 * cancelled, and nobody waits for ever. Of two that wait both begin, one after the other.
 *
 * MODEL_CASE: which of the cases below. */
#include "model.h"

#include "base/fork.h"
#include "sched/life.h"

#if defined(MODEL_CHECKED)
#include "engine_support.h"
#include "sched/begin.c"
#include "sched/budget.c"
#include "sched/failure.c"
#include "sched/window.c"
#endif

/* What goes on meanwhile. max_bytes has room for one block, or for two with a part. */
enum {
    END,      /* the run that has the block ends */
    COMPLETE, /* a part that has it is complete */
    RELEASE,  /* the stream that has reserved it gives it back */
    RESERVE,  /* nobody has it, and the stream reserves it */
    CANCEL,   /* the engine is cancelled, whose other run goes on */
    TWO,      /* as END, and another root wants the block as well */
    CASES
};
#if !defined(MODEL_CASE)
static unsigned rounds;
#define MODEL_CASE (rounds++ % CASES)
#endif

enum { FIRST, OTHER, SECOND, MOST_RUNS = 3, WORKERS = 2 };

static weir__box box[WORKERS];
static weir__host host = {.lock = PTHREAD_MUTEX_INITIALIZER};
static weir__run run[MOST_RUNS]; /* OTHER: which is there before */
static struct weir_engine engine = {
    .team = {.workers = WORKERS, .threads = WORKERS},
    .mail = {.box = box, .boxes = WORKERS, .due_ns = WEIR_NO_DEADLINE},
    .windows = {.payer = &engine.budget, .lock = PTHREAD_MUTEX_INITIALIZER},
    .root = {.engine = &engine},
    .host = &host};
static weir__life life[MOST_RUNS];
static weir__life stream = {.run = &engine.root, .workers = 1, .hosted = true};
static unsigned which; /* case */
static void *part;     /* of the other run */
static weir_status status[MOST_RUNS];
static bool reserved; /* by the stream */

/* One block: its header, and as much behind it. */
enum { ROOT_BYTES = sizeof(weir__block), BLOCK_BYTES = 2 * ROOT_BYTES };

static const weir__need need = {.limits = {.max_in_flight = 1, .limit_bytes = WEIR_NO_LIMIT},
                                .root_bytes = ROOT_BYTES,
                                .least_bytes = BLOCK_BYTES,
                                .what = "model"};

/* ---- for a checker ---- */

#if defined(MODEL_CHECKED)
enum { MOST_BLOCKS = 8 };

/* Each piece is given out once. */
void *weir__memory_alloc(size_t bytes)
{
    static weir__block blocks[MOST_BLOCKS][2];
    static atomic_uint given;
    const unsigned i = add_relaxed(&given, 1);
    assert(bytes == BLOCK_BYTES && i < MOST_BLOCKS);
    (void)bytes;
    return blocks[i];
}

/* Field by field. */
static weir_status open_window(weir__window *window, weir__windows *all)
{
    window->all = all;
    window->next = all->first;
    all->first = window;
    return WEIR_OK;
}

/* As weir__life_begin() does it, but that copies the limits as one piece. */
static weir_status begin_life(weir__life *of, const weir__need *needed)
{
    const weir__limits limits = {
        .max_in_flight = 1, .limit_bytes = engine.budget.limit, .parent = &engine.budget};
    const weir_status status = begin_window(of, needed, &limits, &of->root);
    if (status != WEIR_OK)
        return status;
    of->run->has_window = true;
    begin_root(of, NULL);
    of->begun = true;
    return WEIR_OK;
}

#define weir__window_open open_window
#define weir__life_begin  begin_life
#endif

/* ---- the roots ---- */

/* As in life.c. */
static void end_root(unsigned i)
{
    weir_error error;
    weir__host_remove(&host, &run[i]);
    const weir_status ended = weir__run_end(&run[i], &error);
    assert(ended == (which == CANCEL ? WEIR_ECANCEL : WEIR_OK));
    (void)ended;
    weir__window_end(&run[i].window, life[i].root, 0);
    life[i].begun = false;
    life[i].root = NULL;
}

static bool has_begun(unsigned i)
{
    return life[i].begun;
}

/* ---- the threads ---- */

static void be_root(unsigned i)
{
    status[i] = weir__life_begin(&life[i], &need);
    if (which == TWO && has_begun(i))
        end_root(i);
}

/* As weir__life_close() does it. */
static void release(void)
{
    weir__host_note_bytes(&host, 0);
    weir__windows_release(&engine.windows, &engine.budget, stream.reserved_bytes);
    stream.reserved_bytes = 0;
}

/* As weir_engine_cancel(). */
static void cancel(void)
{
    add_seq_cst(&engine.cancels, 1);
    weir__mail_alert_all(&engine.mail);
    weir__event_notify(&engine.windows.room);
}

static void model_thread(unsigned me)
{
    if (me != OTHER)
        be_root(me);
    else if (which == COMPLETE)
        weir__window_complete(&run[OTHER].window, part, 0);
    else if (which == RELEASE)
        release();
    else if (which == RESERVE)
        reserved = weir__life_reserve(&stream, BLOCK_BYTES);
    else if (which == CANCEL)
        cancel();
    else
        end_root(OTHER);
}

/* ---- a round ---- */

static void open_run(unsigned i)
{
    weir__run *r = &run[i];
    r->engine = &engine;
    r->mail = &engine.mail;
    r->cancels = &engine.cancels;
    const weir_status opened = weir__window_open(&r->window, &engine.windows);
    assert(opened == WEIR_OK);
    (void)opened;
    life[i].run = r;
    life[i].workers = WORKERS;
    life[i].max_in_flight = 1;
    life[i].hosted = true;
    life[i].epoch = load_relaxed(&engine.cancels);
    status[i] = WEIR_OK;
}

static void set_up(void)
{
    weir__budget_open(&engine.budget, NULL, (which == COMPLETE ? 2 : 1) * BLOCK_BYTES);
    store_relaxed(&host.process, weir__fork_process());
    for (unsigned i = 0; i < MOST_RUNS; i++)
        open_run(i);
    reserved = false;
    if (which == RELEASE)
        reserved = weir__life_reserve(&stream, BLOCK_BYTES);
    else if (which != RESERVE)
        status[OTHER] = weir__life_begin(&life[OTHER], &need);
    part = which == COMPLETE ? weir__window_admit(&run[OTHER].window, ROOT_BYTES, 0) : NULL;
    assert(which != COMPLETE || part != NULL);
    assert(status[OTHER] == WEIR_OK && (which != RELEASE || reserved));
}

static void clean_up(void)
{
    if (stream.reserved_bytes > 0)
        release();
    for (unsigned i = 0; i < MOST_RUNS; i++)
        if (has_begun(i))
            end_root(i);
    for (unsigned i = 0; i < MOST_RUNS; i++)
        weir__window_close(&run[i].window);
    weir__budget_close(&engine.budget);
}

static void model_round(void)
{
    which = MODEL_CASE;
    set_up();
    model_run(which == TWO ? 3 : 2);
    const weir_status first = status[FIRST];
    if (which == CANCEL)
        assert(first == WEIR_ECANCEL);
    else if (which == RESERVE)
        assert(first == (reserved ? WEIR_EBUDGET : WEIR_OK));
    else
        assert(first == WEIR_OK || (which == RELEASE && first == WEIR_EBUDGET));
    assert(status[SECOND] == WEIR_OK);
    assert(load_relaxed(&engine.windows.waiting) == 0 && host.turn == host.turns);
    assert(!weir__event_has_waiter(&engine.windows.room));
    clean_up();
    assert(weir__budget_held(&engine.budget) == 0);
}
