/* Opens, begins, runs, ends and closes runs; see life.h. */
#include "sched/life.h"

#include "base/error.h"
#include "sched/enclose.h"

/* ---- open ---- */

static void size_for(weir__life *life, const weir_engine *engine, unsigned workers)
{
    life->workers = workers;
    life->max_in_flight = workers > 1 ? engine->max_in_flight : 0;
}

weir_status weir__life_open_root(weir__life *life, weir_engine *engine)
{
    WEIR_ASSERT(life->run == NULL); /* one at a time */
    const weir_status status = weir__engine_acquire(engine);
    if (status != WEIR_OK)
        return status;
    life->run = &engine->root;
    size_for(life, engine, engine->team.workers);
    life->began_ns = weir__now_ns();
    WEIR_ASSERT_SLOW(weir__life_is_valid(life));
    return WEIR_OK;
}

weir_status weir__life_open(weir__life *life, weir_engine *engine)
{
    const weir__here *here = weir__here_on(engine);
    if (here == NULL)
        return weir__life_open_root(life, engine);
    life->run = weir__engine_acquire_record(engine, here->worker);
    if (life->run == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "engine", "no memory for the record of a run");
    life->worker = here->worker;
    life->around = here->now.run;
    size_for(life, engine, load_relaxed(&engine->mail.team));
    WEIR_ASSERT_SLOW(weir__life_is_valid(life));
    return WEIR_OK;
}

/* ---- begin ---- */

bool weir__life_reserve(weir__life *life, uint64_t bytes)
{
    weir_engine *engine = life->run->engine;
    WEIR_ASSERT(life->reserved_bytes == 0);
    if (!weir__windows_reserve(&engine->windows, &engine->budget, bytes))
        return false;
    life->reserved_bytes = bytes;
    return true;
}

/* The window has not begun, for want of memory or of bytes. */
static weir_status refuse(const weir__budget *budget, const weir__need *need, weir_status status)
{
    const unsigned long long least = need->least_bytes;
    if (status == WEIR_ENOMEM)
        return weir__error_set(status, 0, "plan", "no memory for the %llu bytes of a run", least);
    const bool never = least > budget->limit; /* else it is what others hold */
    return weir__error_set(status, 0, "max_bytes",
                           "max_bytes %s %llu, but one worker alone needs %llu bytes for this %s",
                           never ? "is" : "leaves",
                           (unsigned long long)(never ? budget->limit : weir__budget_room(budget)),
                           least, need->what);
}

/* A run in a run with a window: within the bytes that are declared there for such, or, without any,
 * beside it. A window's run may come to need all of max_bytes itself. */
static weir_status limit_declared(const weir__life *life, const weir__need *need,
                                  weir__limits *limits)
{
    const weir__window *around = &life->around->window;
    const unsigned long long declared = around->nested_bytes, least = need->least_bytes;
    if (declared == 0 && life->run->engine->budget.limit == WEIR_NO_LIMIT)
        return WEIR_OK;
    if (declared == 0)
        return weir__error_set(
            WEIR_EBUDGET, 0, "nested_bytes",
            "under max_bytes a layer must declare nested_bytes for the runs that "
            "its ops start; this one needs at least %llu",
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

static void limit_root(const weir__life *life, weir__limits *limits)
{
    if (limits->limit_bytes > life->run->engine->budget.limit)
        limits->limit_bytes = life->run->engine->budget.limit;
}

static void begin_root(weir__life *life, weir__run *parent)
{
    weir__engine_reset_workers(life->run->engine);
    weir__run_begin_root(life->run, parent);
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
    status =
        weir__window_begin(&run->window, &limits, need->root_bytes, need->root_declared, &root);
    if (status != WEIR_OK)
        return refuse(limits.parent, need, status);
    life->root = root;
    life->root_declared = need->root_declared;
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

void weir__life_begin_chores(weir__life *life, const weir__chores *chores, uint64_t watch_ns)
{
    weir_engine *engine = life->run->engine;
    begin_root(life, NULL); /* an op that begins it may return before it ends */
    life->begun = true;
    life->chores = chores;
    life->run->has_window = false;
    for (unsigned i = 0; i < engine->team.workers; i++) {
        weir__worker *worker = &engine->workers[i];
        worker->chores = chores;
        worker->polite = true; /* the program's own threads are more than the team */
        if (worker->watch_ns > watch_ns)
            worker->watch_ns = watch_ns;
    }
}

/* ---- the team at work ---- */

/* One thread of it. */
typedef struct duty {
    weir__run *run;
    weir__worker *worker;
    weir__item *item; /* to begin with; NULL: none */
} duty;

/* By way of an exception as well. */
static void leave(weir__here *here)
{
    weir__here_leave(here);
}

/* Chores are ops of the run itself, and no item says how long they take. */
static void do_chores(const duty *d, weir__here *here)
{
    const uint64_t began_ns = weir__now_ns();
    here->now.run = d->run;
    weir__credit_begin(d->worker, began_ns);
    weir__worker_work(d->worker, NULL, NULL);
    d->worker->busy_ns = weir__now_ns() - began_ns - d->worker->idle_ns;
}

static void do_duty(void *argument)
{
    const duty *d = argument;
    weir__here here __attribute__((cleanup(leave)));
    weir__here_enter(&here, d->worker);
    if (d->worker->chores != NULL)
        do_chores(d, &here);
    else
        weir__worker_work(d->worker, d->item, NULL);
}

/* Worker 0 runs the first item, the others look for what comes of it. */
static void enter(void *argument, unsigned worker, unsigned size)
{
    weir__life *life = argument;
    weir_engine *engine = life->run->engine;
    duty d = {.run = life->run,
              .worker = &engine->workers[worker],
              .item = worker == 0 ? life->item : NULL};
    WEIR_ASSERT(worker < size && size <= engine->team.workers);
    if (worker == 0) {
        weir__run_set_team(life->run, size);
        d.worker->busy = true; /* as the mail has counted it */
        if (life->chores != NULL)
            weir__team_bind_caller(&engine->team);
    }
    if (size == 1)
        do_duty(&d);
    else if (life->chores != NULL)
        weir__enclose_ops(do_duty, &d);
    else
        weir__enclose_worker(do_duty, &d);
}

weir_status weir__life_try_host(const weir__life *life)
{
    return weir__team_try(&life->run->engine->team, 1);
}

weir_status weir__life_work(weir__life *life)
{
    if (life->chores != NULL)
        weir__team_note_tried(&life->run->engine->team);
    return weir__team_run(&life->run->engine->team, enter, life);
}

void weir__life_share(weir__worker *worker, weir__item *item)
{
    WEIR_ASSERT(item->run != NULL && worker->busy); /* who has work to share is at work */
    if (worker->index == 0)
        weir__team_bind_caller(&worker->engine->team);
    weir__worker_post(worker, item);
}

/* ---- end ---- */

static weir_status finish(weir__life *life, weir_error *error)
{
    const weir_status status = weir__run_end(life->run, error);
    if (life->root != NULL)
        weir__window_end(&life->run->window, life->root, life->root_declared);
    life->root = NULL;
    life->begun = false;
    return status;
}

static void note_stats(const weir__life *life)
{
    const weir__run *run = life->run;
    const weir__window *window = &run->window;
    weir_stats *stats = &run->engine->stats;
    stats->workers = run->team;
    stats->seconds = (double)(weir__now_ns() - life->began_ns) * 1e-9;
    stats->peak_in_flight = run->has_window ? window->peak_in_flight : 0;
    stats->peak_bytes = run->has_window ? weir__budget_peak(&window->budget) : life->reserved_bytes;
    stats->certified_bytes = run->has_window ? window->budget.limit : life->reserved_bytes;
    weir__engine_sum_stats(run->engine, stats);
    if (run->team == 1 && life->chores == NULL) /* it has nobody to wait for */
        stats->idle_ns = 0;
}

weir_status weir__life_end(weir__life *life)
{
    weir_error error;
    WEIR_ASSERT_SLOW(weir__life_is_valid(life));
    const weir_status status = finish(life, &error);
    if (life->worker == NULL)
        note_stats(life);
    return status == WEIR_OK ? WEIR_OK : weir__error_copy(&error);
}

/* By way of an exception as well. */
static void leave_again(weir__here *again)
{
    if (again->worker != NULL)
        weir__here_leave(again);
}

/* The worker runs the nested run on the thread of an op of the run around, or of another engine's run,
 * whose op that op runs. There it is this engine's worker again, for as long. */
static void wait_nested(const weir__life *life, weir__item *item)
{
    weir__here again __attribute__((cleanup(leave_again))) = {.worker = NULL};
    if (weir__here_top()->worker != life->worker) {
        weir__here_enter(&again, life->worker);
        (void)weir__here_turn_to(&again, (weir__now){.run = life->around});
    }
    weir__run_wait(life->run, life->worker, item);
    weir__run_turn_to(life->around, life->worker);
}

weir_status weir__life_run(weir__life *life, weir__item *item)
{
    /* Its caller, an op as well, has its own mode again afterwards, by way of an exception too. */
    const weir__arithmetic mode __attribute__((cleanup(weir__arithmetic_set))) =
        life->run->arithmetic;
    weir_status began = WEIR_OK;
    life->item = item;
    if (life->worker != NULL)
        wait_nested(life, item);
    else
        began = weir__life_work(life);
    /* A team that could not begin has set the error, and close ends the run. */
    return began == WEIR_OK ? weir__life_end(life) : began;
}

void weir__life_close(weir__life *life)
{
    weir_error ignored; /* an exception went through, or nothing has run; a cancel may have come */
    WEIR_ASSERT_SLOW(weir__life_is_valid(life));
    if (life->run == NULL)
        return;
    if (life->begun)
        (void)!finish(life, &ignored);
    if (life->reserved_bytes > 0)
        weir__budget_release(&life->run->engine->budget, life->reserved_bytes);
    life->reserved_bytes = 0;
    if (life->worker != NULL)
        weir__engine_release_record(life->worker, life->run);
    else
        weir__engine_release(life->run->engine);
    life->run = NULL;
}
