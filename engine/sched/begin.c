/* How a run gets its bytes, and begins; see life.h.
 *
 * A root has what max_bytes leaves, and may wait for it beside a stream; a nested run has what was declared
 * for it. */
#include "base/error.h"
#include "sched/here.h"
#include "sched/life.h"
#include "sched/told.h"

bool weir__life_reserve(weir__life *life, uint64_t bytes)
{
    weir_engine *engine = life->run->engine;
    WEIR_ASSERT(life->reserved_bytes == 0);
    if (!weir__windows_reserve(&engine->windows, &engine->budget, bytes))
        return false;
    life->reserved_bytes = bytes;
    weir__host_note_bytes(engine->host, bytes);
    weir__windows_tell(&engine->windows); /* a root that waits may have to give up */
    return true;
}

/* The window has not begun, for want of memory or of bytes. */
static weir_status refuse(const weir__budget *budget, const weir__need *need, weir_status status)
{
    const unsigned long long least = need->least_bytes;
    if (status == WEIR_ECANCEL)
        return weir__error_copy(&weir__run_cancel_error);
    if (status == WEIR_ENOMEM)
        return weir__error_set(status, 0, "plan", "no memory for the %llu bytes of a run", least);
    const bool never = least > budget->limit; /* else it is what others hold */
    return weir__error_set(status, 0, "max_bytes",
                           "max_bytes %s %llu, but one worker alone needs %llu bytes for this %s",
                           never ? "is" : "leaves",
                           (unsigned long long)(never ? budget->limit : weir__budget_room(budget)),
                           least, need->what);
}

uint64_t weir__life_declared(const weir__life *life)
{
    const weir__here *here = weir__here_on(life->run->engine);
    WEIR_ASSERT(life->worker != NULL && here != NULL && here->now.run == life->around);
    if (here->now.told != NULL)
        return here->now.told->nested_bytes;
    return life->around->has_window ? life->around->window.nested_bytes : 0;
}

/* A run in a run with a window: within the bytes that are declared there for such, or, without any,
 * beside it. A window's run may come to need all of max_bytes itself. */
static weir_status limit_declared(const weir__life *life, const weir__need *need,
                                  weir__limits *limits)
{
    const unsigned long long declared = weir__life_declared(life), least = need->least_bytes;
    if (declared == 0 && life->run->engine->budget.limit == WEIR_NO_LIMIT)
        return WEIR_OK;
    if (declared == 0 && least == 0) { /* which is as much as it gets */
        limits->limit_bytes = 0;
        return WEIR_OK;
    }
    if (declared == 0)
        return weir__error_set(
            WEIR_EBUDGET, 0, "nested_bytes",
            "under max_bytes a layer must declare nested_bytes for the runs that "
            "its ops start, and a task weir_graph_nested(); this one needs at least %llu",
            least);
    if (least > declared)
        return weir__error_set(WEIR_EBUDGET, 0, "nested_bytes",
                               "nested_bytes is %llu, but one worker alone needs %llu bytes for "
                               "this %s",
                               declared, least, need->what);
    if (limits->limit_bytes > declared)
        limits->limit_bytes = declared;
    limits->parent = &life->around->window.budget;
    limits->lent = true;
    return WEIR_OK;
}

/* In a call of a stream, with a max_bytes, it gets the bytes that one worker needs. */
static weir_status limit_nested(const weir__life *life, const weir__need *need,
                                weir__limits *limits)
{
    if (life->around != NULL && life->around->has_window)
        return limit_declared(life, need, limits);
    if (life->run->engine->budget.limit == WEIR_NO_LIMIT)
        return WEIR_OK;
    limits->limit_bytes = need->least_bytes;
    limits->max_in_flight = 0;
    return WEIR_OK;
}

/* Will the bytes be there once the other roots have ended that have no chores? One that would rather have more
 * than it needs does not wait for that. */
static bool may_wait(const weir__life *life, const weir__need *need)
{
    const weir_engine *engine = life->run->engine;
    return life->worker == NULL && life->hosted && need->root_declared <= need->least_bytes &&
           need->least_bytes <= engine->budget.limit - weir__host_chores_bytes(engine->host);
}

/* Waits, holding nothing, behind those that came before. */
static weir_status wait_for_bytes(const weir__life *life, const weir__need *need,
                                  const weir__limits *limits, void **root)
{
    weir_engine *engine = life->run->engine;
    weir__window *window = &life->run->window;
    weir__event *room = &engine->windows.room;
    weir_status status;
    weir__host_queue(engine);
    for (;;) {
        weir__event_prepare(room);
        status = weir__window_begin(window, limits, need->root_bytes, need->root_declared, root);
        if (status != WEIR_EBUDGET || !may_wait(life, need))
            break;
        status = WEIR_ECANCEL;
        /* RU4 as well, though the run has not begun. */
        if (load_seq_cst(&engine->cancels) != life->epoch)
            break;
        weir__event_wait(room, WEIR_NO_DEADLINE);
    }
    weir__event_withdraw(room);
    weir__host_leave_queue(engine);
    return status;
}

static weir_status begin_window(const weir__life *life, const weir__need *need,
                                const weir__limits *limits, void **root)
{
    weir_status status = WEIR_EBUDGET;
    if (!life->hosted || load_relaxed(&life->run->engine->windows.waiting) == 0)
        status = weir__window_begin(&life->run->window, limits, need->root_bytes,
                                    need->root_declared, root);
    if (status == WEIR_EBUDGET && may_wait(life, need))
        status = wait_for_bytes(life, need, limits, root);
    return status;
}

static void limit_root(const weir__life *life, weir__limits *limits)
{
    if (limits->limit_bytes > life->run->engine->budget.limit)
        limits->limit_bytes = life->run->engine->budget.limit;
}

/* It stops with the run of the op, on another engine, that waits for it. */
static void begin_root(const weir__life *life, weir__run *parent)
{
    weir_engine *engine = life->run->engine;
    if (life->hosted) {
        weir__run_begin_hosted(life->run, parent, engine->team.threads);
        life->run->epoch = life->epoch; /* it may have waited, and been cancelled meanwhile */
        weir__host_add(engine->host, life->run);
    } else {
        weir__engine_reset_workers(engine);
        weir__run_begin_root(life->run, parent);
    }
}

weir_status weir__life_begin(weir__life *life, const weir__need *need)
{
    weir__run *run = life->run;
    weir__limits limits = need->limits;
    weir_status status = WEIR_OK;
    WEIR_ASSERT(!life->begun && limits.max_in_flight <= life->max_in_flight);
    limits.parent = &run->engine->budget;
    if (life->worker == NULL)
        limit_root(life, &limits);
    else
        status = limit_nested(life, need, &limits);
    if (status != WEIR_OK)
        return status;
    void *root;
    status = begin_window(life, need, &limits, &root);
    if (status != WEIR_OK)
        return refuse(limits.parent, need, status);
    life->root = root;
    life->root_declared = need->root_declared;
    life->alone = need->alone;
    run->has_window = true;
    const weir__here *here = weir__here_top();
    weir__run *parent = here != NULL ? here->now.run : NULL;
    if (life->worker == NULL)
        begin_root(life, parent);
    else
        weir__run_begin_nested(run, life->worker, parent, life->around);
    life->begun = true;
    WEIR_ASSERT_SLOW(weir__life_is_valid(life));
    return WEIR_OK;
}

void weir__life_hand_over(weir__life *life)
{
    WEIR_ASSERT(life->begun && life->worker == NULL && life->root == NULL);
    weir__window_hand_over(&life->run->window);
    life->root_declared = 0;
}
