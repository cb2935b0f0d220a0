/* A busy worker acknowledges its word, listens, and looks whether there is something to do, while a
 * program makes that so and tells: the worker sees it, or is asked. */
#include "model.h"

#include "sched/mail.h"

#if defined(MODEL_CHECKED)
#include "sched/mail.c"
#include "sched/numbers.c"
#endif

enum { BUSY, PROGRAM, THREADS };

static weir__box box[THREADS];
static weir__mail mail = {.box = box, .boxes = THREADS};
static atomic_bool ready;
static bool saw; /* the worker */

static void be_busy(void)
{
    weir__mail_acknowledge(&mail, BUSY);
    weir__mail_listen(&mail);
    saw = load_seq_cst(&ready);
}

static void make_ready(void)
{
    store_seq_cst(&ready, true);
    if (weir__mail_has_listeners(&mail))
        weir__mail_tell(&mail);
}

static void model_thread(unsigned me)
{
    if (me == BUSY)
        be_busy();
    else
        make_ready();
}

static void model_round(void)
{
    store_relaxed(&ready, false);
    store_relaxed(&box[BUSY].signal, WEIR__REQUEST);
    model_run(THREADS);
    assert(saw || load_relaxed(&box[BUSY].signal) == WEIR__REQUEST);
    weir__mail_stop_listening(&mail);
}
