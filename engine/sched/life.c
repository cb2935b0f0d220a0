/* Opens, runs, ends and closes runs; see life.h. How one gets its bytes and begins is in begin.c. */
#include "sched/life.h"

#include "base/error.h"
#include "sched/duty.h"
#include "sched/told.h"

/* ---- open ---- */

static void size_for(weir__life *life, const weir_engine *engine, unsigned workers)
{
    life->workers = workers;
    life->max_in_flight = workers > 1 ? engine->max_in_flight : 0;
}

static weir_status no_record(void)
{
    return weir__error_set(WEIR_ENOMEM, 0, "engine", "no memory for the record of a run");
}

/* Takes the engine, or joins the region that it has of its own. */
static weir_status open_root(weir__life *life, weir_engine *engine)
{
    WEIR_ASSERT(life->run == NULL); /* one at a time */
    life->began_ns = weir__now_ns();
    size_for(life, engine, engine->team.workers);
    while (!weir__engine_try_acquire(engine)) {
        const weir_status status = weir__host_join(engine, &life->hosted);
        if (status != WEIR_OK)
            return status;
        if (life->hosted) {
            life->epoch = load_relaxed(&engine->cancels);
            life->run = weir__host_acquire_record(engine);
            if (life->run != NULL)
                return WEIR_OK;
            weir__host_leave(engine, false);
            return no_record();
        }
    }
    life->run = &engine->root;
    return WEIR_OK;
}

weir_status weir__life_open(weir__life *life, weir_engine *engine)
{
    const weir__here *here = weir__here_on(engine);
    if (here == NULL)
        return open_root(life, engine);
    life->run = weir__engine_acquire_record(engine, here->worker);
    if (life->run == NULL)
        return no_record();
    life->worker = here->worker;
    life->around = here->now.run;
    size_for(life, engine, load_relaxed(&engine->mail.team));
    WEIR_ASSERT_SLOW(weir__life_is_valid(life));
    return WEIR_OK;
}

weir_status weir__life_open_chores(weir__life *life, weir_engine *engine, weir__chores *chores)
{
    const weir_status status = weir__host_enter(engine);
    if (status != WEIR_OK)
        return status;
    life->run = chores->run = &engine->root;
    life->hosted = true;
    life->chores = chores;
    life->began_ns = weir__now_ns();
    size_for(life, engine, engine->team.workers);
    return WEIR_OK;
}

/* ---- the team at work ---- */

/* Worker 0 runs the first item, the others look for what comes of it. */
static void enter(void *argument, unsigned worker, unsigned size)
{
    const weir__life *life = argument;
    weir_engine *engine = life->run->engine;
    WEIR_ASSERT(worker < size && size <= engine->team.workers);
    if (worker == 0) {
        weir__run_set_team(life->run, size);
        engine->workers[0].busy = true; /* as the mail has counted it */
    }
    weir__duty_do(&engine->workers[worker], worker == 0 ? life->item : NULL, size);
}

/* Worker 0, alone; it leaves by way of an exception as well. */
static void enter_alone(void *argument, unsigned worker, unsigned size)
{
    weir__life *life = argument;
    weir__item *item = life->item;
    weir__worker *first = &life->run->engine->workers[worker];
    weir__here here __attribute__((cleanup(weir__here_leave)));
    WEIR_ASSERT(worker == 0 && size == 1 && item != NULL);
    weir__here_enter(&here, first);
    first->busy = true; /* as the mail has counted it */
    life->item = item->run(first, item);
}

/* Runs the item for a while, or all of it: then none is left. */
static void run_alone(weir__life *life, uint64_t limit_ns)
{
    weir__run *run = life->run;
    weir__credit_open(&run->purse, 0); /* nothing is handed out */
    weir__stint_begin(&run->stint, limit_ns, weir__now_ns());
    weir__team_run_alone(&run->engine->team, enter_alone, life);
}

static void learn_from_stint(const weir__life *life)
{
    const weir__stint *stint = &life->run->stint;
    if (life->item != NULL || weir__stint_is_late(stint))
        weir__alone_learn_late(life->alone, weir__stint_shared_ns(stint));
    else
        weir__alone_learn_alone(life->alone, weir__stint_took_ns(stint));
}

/* If it is better alone, the run begins so, and may be over so. */
static bool try_alone(weir__life *life)
{
    weir__run *run = life->run;
    const uint64_t limit_ns = life->alone != NULL ? weir__alone_limit_ns(life->alone) : 0;
    if (limit_ns == 0)
        return false;
    const unsigned team = weir__team_expected(&run->engine->team);
    if (team <= 1)
        return false;
    run_alone(life, limit_ns);
    life->spared = life->item == NULL ? team : 0;
    if (!weir__run_stopping(run))
        learn_from_stint(life);
    life->alone = NULL; /* the rest says nothing more */
    run->stint.limit_ns = 0;
    return true;
}

static weir_status work(weir__life *life)
{
    const bool alone = try_alone(life);
    if (alone && life->item == NULL)
        return WEIR_OK;
    const weir_status status = weir__team_run(&life->run->engine->team, enter, life);
    if (status == WEIR_OK || !alone)
        return status;
    run_alone(life, UINT64_MAX); /* it does not fail for threads that it can do without */
    return WEIR_OK;
}

bool weir__life_may_share(const weir__run *run, const weir__worker *worker)
{
    const weir__mail *mail = run->mail;
    if (!weir__window_has_permit(&run->window) || !weir__mail_has_room(mail, worker->index))
        return false;
    const int missing = weir__mail_missing(mail);
    return missing > 0 ? weir__credit_left(&run->root->purse) > 0
                       : missing == 0 && weir__credit_is_plenty(&run->root->purse);
}

void weir__life_share(weir__worker *worker, weir__item *item)
{
    WEIR_ASSERT(item->run != NULL && worker->busy); /* who has work to share is at work */
    if (worker->index == 0)
        weir__team_bind_caller(&worker->engine->team);
    weir__worker_post(worker, item);
}

/* The host's workers run it. */
static void wait_hosted(const weir__life *life)
{
    weir__run *run = life->run;
    weir__host_post(run->engine, life->item);
    /* RU2 as well. */
    while (!load_seq_cst(&run->done)) {
        weir__event_prepare(&run->caller);
        /* RU2 as well. */
        if (load_seq_cst(&run->done))
            weir__event_withdraw(&run->caller);
        else
            weir__event_wait(&run->caller, WEIR_NO_DEADLINE);
    }
}

/* ---- end ---- */

static weir_status finish(weir__life *life, weir_error *error)
{
    if (life->hosted)
        weir__host_remove(life->run->engine->host, life->run);
    const weir_status status = weir__run_end(life->run, error);
    if (life->run->has_window)
        weir__window_end(&life->run->window, life->root, life->root_declared);
    life->root = NULL;
    life->begun = false;
    return status;
}

static weir__counts counts_of_workers(const weir_engine *engine)
{
    weir__counts all = {0};
    for (unsigned i = 0; i < engine->team.workers; i++) {
        const weir__counts *one = &engine->workers[i].counts;
        all.branches += one->branches;
        all.promotions += one->promotions;
        all.gathers_promoted += one->gathers_promoted;
        all.denied_permits += one->denied_permits;
        all.denied_bytes += one->denied_bytes;
        all.busy_ns += one->busy_ns;
    }
    return all;
}

static weir__counts counts_of_tally(const weir__tally *tally)
{
    return (weir__counts){.branches = load_relaxed(&tally->branches),
                          .promotions = load_relaxed(&tally->promotions),
                          .gathers_promoted = load_relaxed(&tally->gathers_promoted),
                          .denied_permits = load_relaxed(&tally->denied_permits),
                          .denied_bytes = load_relaxed(&tally->denied_bytes),
                          .busy_ns = load_relaxed(&tally->busy_ns)};
}

/* The times of a run that has failed teach nothing. */
static void note_stats(const weir__life *life, bool failed)
{
    const weir__run *run = life->run;
    const weir__window *window = &run->window;
    const weir_engine *engine = run->engine;
    const weir__counts counts =
        life->hosted ? counts_of_tally(&run->tally) : counts_of_workers(engine);
    const uint64_t ns = weir__now_ns() - life->began_ns;
    weir_stats *stats = weir__engine_stats(run->engine);
    stats->workers = life->hosted       ? load_relaxed(&engine->host->team)
                     : life->spared > 0 ? life->spared
                                        : run->team;
    stats->seconds = (double)ns * 1e-9;
    stats->peak_in_flight = run->has_window ? window->peak_in_flight : 0;
    stats->peak_bytes = run->has_window ? weir__budget_peak(&window->budget) : life->reserved_bytes;
    stats->certified_bytes = run->has_window ? window->budget.limit : life->reserved_bytes;
    stats->branches = counts.branches;
    stats->promotions = counts.promotions;
    stats->gathers_promoted = counts.gathers_promoted;
    stats->denied_permits = counts.denied_permits;
    stats->denied_bytes = counts.denied_bytes;
    const uint64_t all_ns = ns * stats->workers;
    const bool waits = stats->workers > 1 || life->hosted; /* else there is nobody to wait for */
    stats->idle_ns = waits && all_ns > counts.busy_ns ? all_ns - counts.busy_ns : 0;
    weir__engine_note_stats(run->engine, !life->hosted);
    if (life->alone != NULL && !life->hosted && run->team > 1 && !failed)
        weir__alone_learn_team(life->alone, ns, counts.busy_ns);
}

/* The error is this thread's last one; an op that it runs may come to fail for it. */
static weir_status fail(const weir_error *error)
{
    const weir__here *here = weir__here_top();
    if (here != NULL && here->now.told != NULL)
        here->now.told->nested_failed = true; /* until its worker's next poll fires, as it does */
    return weir__error_copy(error);
}

static weir_status end_run(weir__life *life)
{
    weir_error error;
    WEIR_ASSERT_SLOW(weir__life_is_valid(life));
    const weir_status status = finish(life, &error);
    if (life->worker == NULL)
        note_stats(life, status != WEIR_OK);
    return status == WEIR_OK ? WEIR_OK : fail(&error);
}

/* ---- runs of chores ---- */

weir_status weir__life_begin_chores(weir__life *life)
{
    weir_engine *engine = life->run->engine;
    life->run->has_window = false;
    /* Nothing waits for it: an op that begins it may return before it ends. */
    weir__run_begin_hosted(life->run, NULL, engine->team.threads);
    weir__host_add(engine->host, life->run);
    life->begun = true;
    const weir_status status = weir__host_start(engine);
    if (status == WEIR_OK)
        weir__host_attach(engine, life->chores);
    return status;
}

weir_status weir__life_end_chores(weir__life *life)
{
    weir__host_detach(life->run->engine);
    return end_run(life);
}

/* ---- run ---- */

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
    else if (life->hosted)
        wait_hosted(life);
    else
        began = work(life);
    /* A team that could not begin has set the error, and close ends the run. */
    return began == WEIR_OK ? end_run(life) : began;
}

static void release_record(const weir__life *life)
{
    weir_engine *engine = life->run->engine;
    if (life->worker != NULL) {
        weir__engine_release_record(life->worker, life->run);
    } else if (life->hosted) {
        if (life->chores == NULL)
            weir__host_release_record(engine, life->run);
        weir__host_leave(engine, life->chores != NULL);
    } else {
        weir__engine_release(engine);
    }
}

void weir__life_close(weir__life *life)
{
    weir_error ignored; /* an exception went through, or nothing has run; a cancel may have come */
    WEIR_ASSERT_SLOW(weir__life_is_valid(life));
    if (life->run == NULL)
        return;
    if (life->begun)
        (void)!finish(life, &ignored);
    if (life->reserved_bytes > 0) {
        weir_engine *engine = life->run->engine;
        weir__host_note_bytes(engine->host, 0);
        weir__windows_release(&engine->windows, &engine->budget, life->reserved_bytes);
    }
    life->reserved_bytes = 0;
    release_record(life);
    life->run = NULL;
}
