/* A root begins beside others while one of these ends, or a nested run does, whose number it may get; while
 * another begins; or while a worker looks whose the items in boxes are: the table of roots has it under its
 * number until it ends, it has had as much of the workers' time as the least of the others to begin with,
 * nothing of its record is looked at before it has begun, and its items count as its own.
 *
 * MODEL_CASE: which of the cases below. */
#include "model.h"

#include "base/fork.h"
#include "sched/host.h"

#if defined(MODEL_CHECKED)
#include "engine_support.h"
#include "sched/failure.c"
#endif

/* What another thread does meanwhile. */
enum {
    END,    /* ends a root */
    NEST,   /* begins a run that is nested in a root, and ends it */
    BEGIN,  /* begins a root as well */
    CHOOSE, /* is a worker, with chores of another root's to do: chooses what is next */
    CASES
};
#if !defined(MODEL_CASE)
static unsigned rounds;
#define MODEL_CASE (rounds++ % CASES)
#endif

enum { WORKER, POSTER, WORKERS, THREADS = 2 };
enum { LEAST_NS = 50, MORE_NS = 70 }; /* of the workers' time */

static weir__box box[WORKERS];
static weir__worker workers[WORKERS];
static weir__host host = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct weir_engine engine = {
    .team = {.workers = WORKERS, .threads = WORKERS},
    .workers = workers,
    .mail = {.box = box, .boxes = WORKERS, .due_ns = WEIR_NO_DEADLINE},
    .watch = {.mail = &engine.mail, .lock = PTHREAD_MUTEX_INITIALIZER},
    .windows = {.lock = PTHREAD_MUTEX_INITIALIZER},
    .host = &host};
static unsigned which;       /* case */
static weir__run *with_time; /* roots that are there */
static weir__run *ends;
static weir__run *begun[THREADS]; /* plain: by each thread; NULL: none */
static alignas(WEIR_LINE) weir__item item;

#if defined(MODEL_CHECKED)
/* Written by plain stores, as fresh memory is; a checker sees who reads of it too early. */
weir__run *weir__engine_make_record(weir_engine *of)
{
    static weir__run records[THREADS + 2];
    static atomic_uint made;
    weir__run *run = &records[add_relaxed(&made, 1)];
    run->engine = of;
    run->mail = &of->mail;
    run->cancels = &of->cancels;
    atomic_init(&run->tally.workers, 0);
    atomic_init(&run->tally.had_ns, 0);
    return run;
}
#endif

/* ---- the roots ---- */

/* Each in memory that was none of the others'. */
static weir__run *begin_one(void)
{
    weir__run *run = weir__engine_make_record(&engine);
    assert(run != NULL);
    weir__run_begin_hosted(run, NULL, WORKERS);
    weir__host_add(&host, run);
    return run;
}

static void end_one(weir__run *run)
{
    weir_error error;
    assert(load_relaxed(&host.root[run->number]) == run);
    weir__host_remove(&host, run);
    const weir_status status = weir__run_end(run, &error);
    assert(status == WEIR_OK);
    (void)status;
}

static weir__run *begin_with_time(uint64_t had_ns)
{
    weir__run *run = begin_one();
    store_relaxed(&run->tally.had_ns, had_ns);
    return run;
}

static void give_back(weir__run *run)
{
#if !defined(MODEL_CHECKED)
    weir__run_close(run);
    weir__memory_free(run);
#endif
    (void)run;
}

/* ---- the chores ---- */

static bool try_piece(void *of, weir__worker *worker)
{
    (void)of, (void)worker;
    return false;
}

static bool is_ready(const void *of)
{
    (void)of;
    return true;
}

static weir__chores chores = {.try = try_piece, .ready = is_ready};

/* ---- the threads ---- */

static weir__item *run_nothing(weir__worker *worker, weir__item *i)
{
    (void)worker, (void)i;
    return NULL;
}

/* An item of a run that is nested in it, as a worker does it that runs its first item. */
static void post_item_of(const weir__run *run)
{
    item.run = run_nothing;
    item.number = weir__numbers_acquire(&engine.mail.numbers, run->number);
    weir__mail_post(&engine.mail, POSTER, &item);
}

static void begin_root(unsigned me)
{
    weir__run *run = begun[me] = begin_one();
    const uint64_t had_ns = load_relaxed(&run->tally.had_ns);
    assert(which == CHOOSE ? had_ns >= LEAST_NS : had_ns == LEAST_NS); /* a worker adds to it */
    assert(load_relaxed(&host.root[run->number]) == run);
    assert(weir__numbers_root(&engine.mail.numbers, run->number) == run->number);
    if (which == CHOOSE)
        post_item_of(run);
}

static void nest(void)
{
    const weir__number number = weir__numbers_acquire(&engine.mail.numbers, with_time->number);
    weir__numbers_release(&engine.mail.numbers, number);
}

static void choose(weir__worker *worker)
{
    weir__here here;
    bool nothing;
    weir__here_enter(&here, worker);
    weir__item *got = worker->choice->next(worker, &nothing);
    if (got != NULL) {
        assert(got == &item);
        worker->choice->begin(worker, got);
        assert(worker->at_work == begun[0]);
        got->run(worker, got);
    }
    worker->choice->rest(worker);
    weir__here_leave(&here);
}

static void model_thread(unsigned me)
{
    if (me == 0 || which == BEGIN)
        begin_root(me);
    else if (which == END)
        end_one(ends);
    else if (which == NEST)
        nest();
    else
        choose(&workers[WORKER]);
}

static void set_up(void)
{
    store_relaxed(&engine.mail.over, false);
    weir__engine_reset_workers(&engine);
    workers[WORKER].choice = &weir__host_choice;
    store_relaxed(&host.process, weir__fork_process());
    store_relaxed(&host.roots, 2);
    with_time = begin_with_time(LEAST_NS);
    ends = which == END ? begin_with_time(MORE_NS) : NULL;
    begun[0] = begun[1] = NULL;
    chores.run = with_time;
    store_relaxed(&host.chores, which == CHOOSE ? &chores : NULL);
}

static void model_round(void)
{
    which = MODEL_CASE;
    set_up();
    model_run(THREADS);
    if (which == CHOOSE) {
        (void)!weir__mail_take(&engine.mail, POSTER, 0);
        weir__numbers_release(&engine.mail.numbers, item.number);
    }
    for (unsigned i = 0; i < THREADS; i++)
        if (begun[i] != NULL) {
            assert(load_relaxed(&begun[i]->tally.workers) == 0);
            end_one(begun[i]);
            give_back(begun[i]);
        }
    if (ends != NULL) {
        assert(load_relaxed(&host.root[ends->number]) != ends);
        give_back(ends);
    }
    end_one(with_time);
    give_back(with_time);
}
