/* Opens, closes and stops lanes; see lane.h. */
#include "sched/lane.h"

#include "trace/point.h"

const weir_error weir__lane_cancelled = {.status = WEIR_ECANCEL,
                                         .where = "engine",
                                         .text = "the run was stopped by weir_engine_cancel()"};

void weir__worker_reset(weir__worker *worker)
{
    *worker = (weir__worker){.chunk = {.n = 1, .most = WEIR_MOST_CHUNK}};
}

weir_status weir__lane_open(weir__lane *lane)
{
    *lane = (weir__lane){0};
    return weir__window_open(&lane->window);
}

void weir__lane_close(weir__lane *lane)
{
    weir__window_close(&lane->window);
    weir__mail_close(&lane->mail);
}

void weir__lane_begin(weir__lane *lane)
{
    weir__mail_begin(&lane->mail);
    weir__failure_begin(&lane->failure);
    WEIR_POINT(RUN_BEGUN);
    if (lane->above != NULL && weir__failure_cancelled(&lane->above->failure))
        weir__lane_cancel(lane);
}

static void publish(weir__lane *lane, const weir_error *error)
{
    lane->failure.error = *error;
    weir__failure_publish(&lane->failure);
}

bool weir__lane_fail(weir__lane *lane, const weir_error *error)
{
    weir__mail_stop(&lane->mail); /* the first failure's reporter may not have got that far */
    const bool first = weir__failure_claim(&lane->failure);
    WEIR_POINT(FAILURE_CLAIMED);
    if (first)
        publish(lane, error);
    return first;
}

void weir__lane_cancel(weir__lane *lane)
{
    if (!weir__failure_cancel(&lane->failure))
        return;
    WEIR_POINT(FAILURE_CLAIMED);
    weir__mail_stop(&lane->mail); /* the run cannot end before the failure is published */
    publish(lane, &weir__lane_cancelled);
}
