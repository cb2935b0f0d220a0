/* A run fails, or its engine is cancelled, while a worker acknowledges its word and looks, another
 * asks it for work, and a third falls asleep: the worker sees the stop, or its word says that it is to
 * look again; and the sleeper does not sleep for ever.
 *
 * The worker is in a run nested in the one that stops. With MODEL_ENDS that ends behind its look: then the
 * word says so, whatever the look has taken, since the worker goes on with the run around it.
 *
 * MODEL_CANCELS: a cancel in place of a failure. MODEL_ENDS: 1, or 2 where the nested run has failed by
 * itself. MODEL_THREADS 3: without the one that falls asleep. */
#include "model.h"

#include "sched/here.h"
#include "sched/run.h"
#include "sleep_support.h"

#if defined(MODEL_CHECKED)
#include "sched/failure.c"
#include "sched/mail.c"
#include "sched/numbers.c"
#include "sched/run.c"
#endif

enum { WORKER, STOPPER, ASKER, SLEEPER };
#if !defined(MODEL_THREADS)
#define MODEL_THREADS 4
#endif
#if !defined(MODEL_CANCELS)
#define MODEL_CANCELS false
#endif
#if !defined(MODEL_ENDS)
#define MODEL_ENDS 0
#endif

#if defined(MODEL_CHECKED)
static weir__here *here_top;

weir__here *weir__here_top(void)
{
    return here_top;
}

void weir__here_enter(weir__here *h, weir__worker *w)
{
    assert(h->worker == w);
    here_top = h;
}

void weir__here_leave(const weir__here *h)
{
    assert(here_top == h);
    here_top = NULL;
}
#endif

static weir__box box[MODEL_MOST_THREADS];
static weir__mail mail = {.box = box, .boxes = MODEL_MOST_THREADS};
static atomic_uint cancels;
static weir__worker worker = {.mail = &mail, .index = WORKER};
static weir__here here = {.worker = &worker};
static weir__run around = {
    .mail = &mail, .cancels = &cancels, .root = &around, .begins = 1, .team = MODEL_MOST_THREADS};
static weir__run run = {.mail = &mail,
                        .cancels = &cancels,
                        .parent = &around,
                        .root = &around,
                        .starter = &worker,
                        .begins = 1,
                        .team = 1};
static bool cancel;     /* in this round, in place of a failure */
static unsigned ends;   /* in this round, as MODEL_ENDS */
static bool seen;       /* by the worker: the stop */
static int before_stop; /* plain: written before the stop */

/* As weir_engine_cancel() does it, or an op of the run around the worker's. */
static void stop(void)
{
    const weir_error error = {.status = WEIR_EOP};
    before_stop = 1;
    if (cancel) {
        add_seq_cst(&cancels, 1);
        weir__mail_alert_all(&mail);
    } else {
        weir__run_fail(&around, &error);
    }
}

/* As weir__promote_serve() does it. */
static void serve(void)
{
    weir__mail_acknowledge(&mail, WORKER);
    seen = weir__run_stopping(&run);
    if (seen)
        assert(before_stop == 1);
}

/* As weir__life_run() does it. */
static void run_nested(void)
{
    const weir_error own = {.status = WEIR_EOP};
    weir_error error;
    weir__here_enter(&here, &worker);
    if (ends == 2)
        weir__run_report(&run, &own);
    serve();
    if (ends != 0) {
        const weir_status status = weir__run_end(&run, &error);
        assert(!seen || status != WEIR_OK);
    }
    weir__here_leave(&here);
}

static bool stops(void)
{
    return weir__run_stopping(&run);
}

static void model_thread(unsigned me)
{
    switch (me) {
    case WORKER:
        run_nested();
        break;
    case STOPPER:
        stop();
        break;
    case ASKER:
        weir__mail_ask(&mail, WORKER);
        break;
    default:
        sleep_until(&mail, SLEEPER, stops);
    }
}

static void set_up(weir__run *r)
{
    r->begins++;
    r->epoch = load_relaxed(&cancels);
    store_relaxed(&r->stopping, false);
    store_relaxed(&r->failure.state, WEIR_FAILURE_RUNNING);
}

static void model_round(void)
{
    static unsigned round;
    cancel = MODEL_CANCELS || model_odd;
    ends = MODEL_ENDS + round++ / 2 % 3;
    before_stop = 0;
    store_relaxed(&box[WORKER].signal, WEIR__RUN);
    set_up(&around);
    set_up(&run);
    model_run(MODEL_THREADS);
    assert((seen && ends == 0) || load_relaxed(&box[WORKER].signal) == WEIR__NOW);
    assert(!weir__mail_has_sleepers(&mail));
    assert(cancel || weir__failure_published(&around.failure));
}
