/* A worker acknowledges its word and then looks for sleepers, while another falls asleep and asks it for
 * work: it sees the sleeper, or is asked. With MODEL_ENDS the team's run ends meanwhile, and the sleeper,
 * which waits for nothing else, does not sleep for ever. */
#include "model.h"

#include "sched/mail.h"
#include "sleep_support.h"

#if defined(MODEL_CHECKED)
#include "sched/mail.c"
#include "sched/numbers.c"
#endif

enum { BUSY, SLEEPER, THREADS };
#if !defined(MODEL_ENDS)
#define MODEL_ENDS model_odd
#endif

static weir__box box[THREADS];
static weir__mail mail = {.box = box, .boxes = THREADS};
static bool ends; /* in this round */
static bool saw;  /* the sleeper */

static void be_busy(void)
{
    if (ends) {
        weir__mail_end(&mail);
        return;
    }
    weir__mail_acknowledge(&mail, BUSY);
    saw = weir__mail_has_sleepers(&mail);
}

static bool is_over(void)
{
    return weir__mail_is_over(&mail);
}

/* What falls asleep stays so until the other has looked. */
static void announce_and_ask(void)
{
    weir__mail_announce(&mail, SLEEPER, 0);
    weir__mail_ask_others(&mail, SLEEPER);
}

static void model_thread(unsigned me)
{
    if (me == BUSY)
        be_busy();
    else if (ends)
        sleep_until(&mail, SLEEPER, is_over);
    else
        announce_and_ask();
}

static void model_round(void)
{
    ends = MODEL_ENDS;
    store_relaxed(&mail.over, false);
    store_relaxed(&box[BUSY].signal, WEIR__REQUEST);
    model_run(THREADS);
    if (!ends) {
        assert(saw || load_relaxed(&box[BUSY].signal) == WEIR__REQUEST);
        weir__item *item = weir__mail_withdraw(&mail, SLEEPER, 0);
        assert(item == NULL);
        (void)item;
    }
    assert(!weir__mail_has_sleepers(&mail));
}
