/* A worker waits in an op for a run nested in its own, of which another worker posts a part and then
 * completes the rest, while a third posts an item of the run around: the waiting worker runs the part or
 * nothing, sees all that the run wrote, and does not sleep for ever; and once it goes on nobody touches the
 * run's record.
 *
 * MODEL_THREADS 2: without the stranger. */
#include "model.h"

#include "sched/run.h"

#if defined(MODEL_CHECKED)
#include "sched/mail.c"
#include "sched/numbers.c"
#include "sched/run.c"
#endif

enum { STARTER, HELPER, STRANGER };
#if !defined(MODEL_THREADS)
#define MODEL_THREADS 3
#endif

static weir__box box[MODEL_THREADS];
static weir__mail mail = {.box = box, .boxes = MODEL_THREADS};
static weir__worker starter = {.mail = &mail, .index = STARTER};
static weir__run run = {.mail = &mail, .starter = &starter};
static alignas(WEIR_LINE) weir__item part, stranger;
static atomic_uint left; /* pieces of the run that are not complete */
static int part_runs;    /* plain */
static int rest_runs;    /* plain */

static void complete_one(void)
{
    if (sub_acq_rel(&left, 1) == 1)
        weir__run_finish(&run);
}

static void run_part(const weir__item *item)
{
    assert(item == &part);
    part_runs++;
    complete_one();
}

static bool is_done(void)
{
    return load_seq_cst(&run.done); /* as in worker.c */
}

/* As a worker of worker.c that waits in an op and does not stay awake. */
static weir__item *look_and_sleep(void)
{
    weir__item *got = weir__mail_take(&mail, STARTER, run.number);
    if (got == NULL)
        got = weir__mail_withdraw(&mail, STARTER, run.number);
    if (got != NULL)
        return got;
    weir__mail_announce(&mail, STARTER, run.number);
    got = weir__mail_take(&mail, STARTER, run.number);
    if (got != NULL)
        return got;
    if (!is_done())
        weir__mail_park(&mail, STARTER);
    return weir__mail_withdraw(&mail, STARTER, run.number);
}

static void wait_for_run(void)
{
    do {
        const weir__item *got = look_and_sleep();
        if (got != NULL)
            run_part(got);
    } while (!is_done());
    assert(part_runs == 1 && rest_runs == 1);
    run.starter =
        NULL; /* as the next run would write the record; a checker sees who still reads it */
}

static void model_thread(unsigned me)
{
    switch (me) {
    case STARTER:
        wait_for_run();
        break;
    case HELPER:
        weir__mail_post(&mail, HELPER, &part);
        rest_runs++;
        complete_one();
        break;
    default:
        weir__mail_post(&mail, STRANGER, &stranger);
    }
}

static void model_round(void)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++)
        store_relaxed(&box[i].content, 0);
    stranger.number = weir__numbers_acquire(&mail.numbers, 0);
    part.number = run.number = weir__numbers_acquire(&mail.numbers, stranger.number);
    run.starter = &starter;
    store_relaxed(&run.done, false);
    store_relaxed(&left, 2);
    part_runs = rest_runs = 0;
    model_run(MODEL_THREADS);
    assert(!weir__mail_has_sleepers(&mail));
    if (MODEL_THREADS > STRANGER) {
        weir__item *got = weir__mail_take(&mail, HELPER, 0);
        assert(got == &stranger);
        (void)got;
    }
    weir__numbers_release(&mail.numbers, stranger.number);
    weir__numbers_release(&mail.numbers, part.number);
}
