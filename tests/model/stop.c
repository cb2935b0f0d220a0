/* A run fails, or its engine is cancelled, while a worker acknowledges its word and looks, another
 * asks it for work, and a third falls asleep: the worker sees the stop, or its word says that it is to
 * look again; and the sleeper does not sleep for ever.
 *
 * MODEL_CANCELS: a cancel in place of a failure. MODEL_THREADS 3: without the one that falls asleep. */
#include "model.h"

#include "sched/run.h"

#if defined(MODEL_CHECKED)
#include "sched/failure.c"
#include "sched/mail.c"
#include "sched/run.c"
#endif

enum { WORKER, STOPPER, ASKER, SLEEPER };
#if !defined(MODEL_THREADS)
#define MODEL_THREADS 4
#endif
#if !defined(MODEL_CANCELS)
#define MODEL_CANCELS false
#endif

static weir__box box[MODEL_MOST_THREADS];
static weir__mail mail = {.box = box, .boxes = MODEL_MOST_THREADS};
static atomic_uint cancels;
static weir__run around = {.mail = &mail, .cancels = &cancels};
static weir__run run = {.mail = &mail, .cancels = &cancels, .parent = &around};
static bool cancel;     /* in this round, in place of a failure */
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

/* As in worker.c, but that it wakes up to look and then ends. */
static void sleep_until_stop(void)
{
    weir__mail_announce(&mail, SLEEPER, 0);
    if (!weir__run_stopping(&run))
        weir__mail_park(&mail, SLEEPER);
    const weir__item *item = weir__mail_withdraw(&mail, SLEEPER, 0);
    assert(item == NULL);
    (void)item;
}

static void model_thread(unsigned me)
{
    switch (me) {
    case WORKER:
        serve();
        break;
    case STOPPER:
        stop();
        break;
    case ASKER:
        weir__mail_ask(&mail, WORKER);
        break;
    default:
        sleep_until_stop();
    }
}

static void set_up(weir__run *r)
{
    r->epoch = load_relaxed(&cancels);
    store_relaxed(&r->stopping, false);
    store_relaxed(&r->failure.state, WEIR_FAILURE_RUNNING);
}

static void model_round(void)
{
    cancel = MODEL_CANCELS || model_odd;
    before_stop = 0;
    store_relaxed(&box[WORKER].signal, WEIR__RUN);
    set_up(&around);
    set_up(&run);
    model_run(MODEL_THREADS);
    assert(seen || load_relaxed(&box[WORKER].signal) == WEIR__NOW);
    assert(!weir__mail_has_sleepers(&mail));
    assert(cancel || weir__failure_published(&around.failure));
}
