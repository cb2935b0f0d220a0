/* One worker posts an item while the others search, fall asleep, or wake up: the item is run once, by a
 * worker that sees what was written before it was posted, and nobody sleeps for ever, over the item or
 * over the end of the run, which whoever runs the item brings about.
 *
 * MODEL_WORKERS: how many. MODEL_AWAKE: those that are on their way request work already. */
#include "model.h"

#include "sched/mail.h"

#if defined(MODEL_CHECKED)
#include "sched/mail.c"
#include "sched/numbers.c"
#endif

#if !defined(MODEL_WORKERS)
#define MODEL_WORKERS 3
#endif
#if !defined(MODEL_AWAKE)
#define MODEL_AWAKE model_odd
#endif

static weir__box box[MODEL_WORKERS];
static weir__mail mail = {.box = box, .boxes = MODEL_WORKERS};
static alignas(WEIR_LINE) weir__item item;
static int written; /* plain: before it is posted */
static int runs;    /* plain */

static void run(const weir__item *got)
{
    assert(got == &item && written == 1);
    runs++;
    if (MODEL_WORKERS > 2)
        weir__mail_end(&mail);
}

/* As a worker of worker.c that does not stay awake. */
static weir__item *look_and_sleep(unsigned me)
{
    weir__item *got = weir__mail_take(&mail, me, 0);
    if (got == NULL)
        got = weir__mail_withdraw(&mail, me, 0);
    if (got != NULL)
        return got;
    weir__mail_announce(&mail, me, 0);
    got = weir__mail_take(&mail, me, 0);
    if (got != NULL)
        return got;
    if (!weir__mail_is_over(&mail))
        weir__mail_park(&mail, me);
    return weir__mail_withdraw(&mail, me, 0);
}

static void be_idle(unsigned me)
{
    weir__item *got;
    do
        got = look_and_sleep(me);
    while (got == NULL && !weir__mail_is_over(&mail));
    if (got != NULL)
        run(got);
}

static void model_thread(unsigned me)
{
    if (me > 0) {
        be_idle(me);
        return;
    }
    written = 1;
    weir__mail_post(&mail, 0, &item);
}

static void model_round(void)
{
    weir__mail_begin(&mail);
    mail.team = MODEL_WORKERS;
    for (unsigned i = 1; !MODEL_AWAKE && i < MODEL_WORKERS; i++)
        store_relaxed(&box[i].content, 0);
    written = runs = 0;
    model_run(MODEL_WORKERS);
    assert(runs == 1);
    assert(!weir__mail_has_sleepers(&mail));
}
