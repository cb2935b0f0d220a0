/* Two threads report failures while a third begins a run, looks at it, and ends it: one report at
 * most counts, the end finds that one and all of it, and who reports sees the engine ready. */
#include "model.h"

#include "sched/failure.h"
#include "trace/point.h"

#if defined(MODEL_CHECKED)
#include "sched/failure.c"
#endif

enum { REPORTERS = 2 };

static const weir_status status_of[REPORTERS] = {WEIR_EOP, WEIR_ECANCEL};

static weir__failure failure;
static int ready; /* plain: of the engine, before the run begins */
static bool claimed[REPORTERS];
static weir_status status;
static weir_error error;

static void report(unsigned i)
{
    claimed[i] = weir__failure_claim(&failure);
    if (!claimed[i])
        return;
    assert(ready == 1);
    WEIR_POINT(FAILURE_CLAIMED);
    failure.error.status = status_of[i];
    weir__failure_publish(&failure);
}

static bool is_reported(weir_status s)
{
    return s == status_of[0] || s == status_of[1];
}

static void run(void)
{
    weir_error seen;
    ready = 1;
    weir__failure_begin(&failure);
    WEIR_POINT(RUN_FINISHING);
    const bool peeked = weir__failure_peek(&failure, &seen);
    if (peeked)
        assert(is_reported(seen.status));
    status = weir__failure_end(&failure, &error);
    if (peeked)
        assert(status == seen.status);
}

static void model_thread(unsigned me)
{
    if (me == REPORTERS)
        run();
    else
        report(me);
}

static void model_round(void)
{
    ready = 0;
    model_run(REPORTERS + 1);
    assert(!claimed[0] || !claimed[1]);
    assert((status == WEIR_OK) == (!claimed[0] && !claimed[1]));
    if (status != WEIR_OK)
        assert(error.status == status && status == status_of[claimed[0] ? 0 : 1]);
    assert(weir__failure_idle(&failure));
}
