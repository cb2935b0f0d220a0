/* A program waits on an event for two things, which two threads bring about: it does not sleep for
 * ever, and sees what was written before each. */
#include "model.h"

#include "sched/event.h"
#include "trace/point.h"

#if defined(MODEL_CHECKED)
#include "sched/event.c"
#endif

enum { NEWS = 2 };

static weir__event event;
static atomic_bool has_come[NEWS];
static int written[NEWS]; /* plain */

static bool all_have_come(void)
{
    for (unsigned i = 0; i < NEWS; i++)
        if (!load_seq_cst(&has_come[i]))
            return false;
    return true;
}

/* As in weir_next(). */
static void wait_for_all(void)
{
    while (!all_have_come()) {
        weir__event_prepare(&event);
        WEIR_POINT(WAIT_ANNOUNCED);
        if (all_have_come())
            weir__event_withdraw(&event);
        else
            weir__event_wait(&event, WEIR_NO_DEADLINE);
    }
    for (unsigned i = 0; i < NEWS; i++)
        assert(written[i] == 1);
}

static void bring(unsigned i)
{
    written[i] = 1;
    store_seq_cst(&has_come[i], true);
    WEIR_POINT(WAIT_ANNOUNCED);
    weir__event_notify(&event);
}

static void model_thread(unsigned me)
{
    if (me == NEWS)
        wait_for_all();
    else
        bring(me);
}

static void model_round(void)
{
    for (unsigned i = 0; i < NEWS; i++) {
        written[i] = 0;
        store_relaxed(&has_come[i], false);
    }
    model_run(NEWS + 1);
    assert(!weir__event_has_waiter(&event));
}
