/* Begins, stops, waits for and ends runs; see run.h. */
#include "sched/run.h"

#include "sched/enclose.h"
#include "sched/here.h"
#include "sched/tuning.h"
#include "trace/point.h"

const weir_error weir__run_cancel_error = {.status = WEIR_ECANCEL,
                                           .where = "engine",
                                           .text = "the run was stopped by weir_engine_cancel()"};

weir_status weir__run_open(weir__run *run, struct weir_engine *engine, weir__windows *windows,
                           weir__mail *mail, const atomic_uint *cancels)
{
    *run = (weir__run){.engine = engine, .mail = mail, .cancels = cancels};
    return weir__window_open(&run->window, windows);
}

void weir__run_close(weir__run *run)
{
    weir__window_close(&run->window);
}

/* ---- beginning and ending ---- */

static void begin(weir__run *run, weir__run *parent, weir__run *around, weir__worker *starter,
                  bool shares)
{
    const weir__number lineage = around != NULL ? around->lineage : 0;
    run->begins++;
    run->parent = parent;
    run->root = around != NULL ? around->root : run;
    run->starter = starter;
    /* With one worker there is nobody to tell runs apart for. */
    run->number =
        shares && run->mail->boxes > 1 ? weir__numbers_acquire(&run->mail->numbers, lineage) : 0;
    run->lineage = run->number != 0 ? run->number : lineage;
    run->team = 1;
    run->stint.limit_ns = 0;
    run->arithmetic = weir__arithmetic_get();
    run->epoch = load_relaxed(run->cancels); /* a cancel that comes later counts one more */
    run->hosted = around != NULL && around->root->hosted;
    store_relaxed(&run->stopping, false);
    store_relaxed(&run->done, false);
    weir__failure_begin(&run->failure);
}

void weir__run_begin_root(weir__run *run, weir__run *parent)
{
    begin(run, parent, NULL, NULL, true);
    weir__mail_begin(run->mail);
}

void weir__run_begin_hosted(weir__run *run, weir__run *parent, unsigned team)
{
    begin(run, parent, NULL, NULL, true);
    run->hosted = true;
    run->team = team;
    weir__tally *tally = &run->tally; /* but who is at work there: they may not have gone yet */
    store_relaxed(&tally->branches, 0);
    store_relaxed(&tally->promotions, 0);
    store_relaxed(&tally->gathers_promoted, 0);
    store_relaxed(&tally->denied_permits, 0);
    store_relaxed(&tally->denied_bytes, 0);
    store_relaxed(&tally->busy_ns, 0);
    weir__credit_open(&run->purse, team);
    if (run->has_window)
        weir__window_set_team(&run->window, team);
}

void weir__run_set_team(weir__run *run, unsigned team)
{
    WEIR_ASSERT(run->starter == NULL && team > 0); /* a nested run has workers that are there */
    run->team = team;
    weir__window_set_team(&run->window, team);
    weir__credit_open(&run->purse, team);
    weir__mail_set_team(run->mail, team);
    WEIR_ASSERT_SLOW(weir__run_is_valid(run));
}

void weir__run_begin_nested(weir__run *run, weir__worker *worker, weir__run *parent,
                            weir__run *around)
{
    WEIR_ASSERT(around->mail == run->mail && worker->mail == run->mail); /* of one engine */
    begin(run, parent, around, worker, run->window.max_in_flight > 0);
    if (run->number != 0)
        run->team = load_relaxed(&run->mail->team);
    weir__window_set_team(&run->window, run->team);
    WEIR_ASSERT_SLOW(weir__run_is_valid(run));
}

weir_status weir__run_end(weir__run *run, weir_error *error)
{
    static const weir_error around = {.status = WEIR_ECANCEL,
                                      .where = "engine",
                                      .text = "the run was stopped with the one around it"};
    WEIR_ASSERT_SLOW(weir__run_is_valid(run));
    weir__numbers_release(&run->mail->numbers, run->number);
    weir_status status = weir__failure_end(&run->failure, error);
    if (status == WEIR_OK && weir__run_stopping(run)) {
        *error = weir__run_cancelled(run) ? weir__run_cancel_error : around;
        status = WEIR_ECANCEL;
    }
    /* An op that gives up with it finds that its worker's next poll fires, as by weir_stopping(): the run's
     * polls may have taken what said so. */
    const weir__here *here = status != WEIR_OK ? weir__here_top() : NULL;
    if (here != NULL)
        weir__mail_alert(here->worker->mail, here->worker->index);
    return status;
}

void weir__run_finish(weir__run *run)
{
    weir__mail *mail = run->mail;
    const weir__worker *starter = run->starter;
    const unsigned index = starter != NULL ? starter->index : 0;
    WEIR_ASSERT(!load_relaxed(&run->done)); /* its last item is done once */
    WEIR_POINT(RUN_FINISHING);
    if (starter == NULL && !run->hosted) {
        weir__mail_end(mail);
        return;
    }
    /* RU1: seq_cst, as the look for the starter's mark after it; pairs with RU2. From here on the record
     * may be another run's. */
    store_seq_cst(&run->done, true);
    if (starter == NULL)
        weir__event_notify(&run->caller);
    else
        weir__mail_wake(mail, index);
}

static void move(uint64_t *from, atomic_uint_least64_t *to)
{
    if (*from > 0)
        add_relaxed(to, *from);
    *from = 0;
}

void weir__run_count(const weir__run *run, weir__worker *worker)
{
    weir__counts *from = &worker->counts;
    if (!run->hosted)
        return;
    weir__tally *to = &run->root->tally;
    move(&from->branches, &to->branches);
    move(&from->promotions, &to->promotions);
    move(&from->gathers_promoted, &to->gathers_promoted);
    move(&from->denied_permits, &to->denied_permits);
    move(&from->denied_bytes, &to->denied_bytes);
    if (load_relaxed(&worker->serves) != NULL) /* the time of a call counts already */
        from->busy_ns = 0;
    move(&from->busy_ns, &to->busy_ns);
}

void weir__run_turn_to(const weir__run *run, weir__worker *worker)
{
    if (worker->of == run && worker->of_begins == run->begins)
        return;
    worker->of = run;
    worker->of_begins = run->begins;
    worker->chunk.n = 1;
    worker->rest_ns = 0;
    worker->keeps_near = false;
}

void weir__run_ops(const weir__run *run, void (*f)(void *), void *argument)
{
    if (weir__mail_has_others(run->mail))
        weir__enclose_ops(f, argument);
    else
        f(argument);
}

/* Does the item around look for more than requests as it polls? Those of a nested run may have been in the
 * place of its own. */
static bool has_looks_around(const weir__run *run, const weir__worker *worker)
{
    return worker->choice != NULL || weir__stint_is_under_way(&run->root->stint);
}

void weir__run_wait(weir__run *run, weir__worker *worker, weir__item *item)
{
    const weir__number wanted = worker->wanted;
    const bool waits = worker->waits;
    const uint64_t began_ns = weir__now_ns(), nested_ns = worker->nested_ns;
    WEIR_ASSERT(run->starter == worker && began_ns >= worker->earned_at_ns);
    worker->unpaid_ns = began_ns - worker->earned_at_ns;
    worker->waits = true;
    worker->wanted = run->number;
    weir__worker_work(worker, item, &run->done);
    worker->waits = waits;
    worker->wanted = wanted;
    WEIR_ASSERT(load_relaxed(&run->done)); /* else its record would be used again too early */
    weir__worker_goes_on(worker);
    const uint64_t now_ns = weir__now_ns();
    weir__credit_begin(worker, now_ns);
    worker->nested_ns = nested_ns + (now_ns - began_ns); /* with what was nested deeper */
    if (has_looks_around(run, worker) || now_ns - began_ns > WEIR_PASS_NS)
        weir__mail_alert(worker->mail, worker->index);
}

/* ---- stopping ---- */

bool weir__run_cancelled(const weir__run *run)
{
    /* RU4: seq_cst; pairs with RU3 in weir_engine_cancel(), of a worker that has acknowledged its word. */
    return load_seq_cst(run->cancels) != run->epoch;
}

bool weir__run_stopping(const weir__run *run)
{
    for (; run != NULL; run = run->parent)
        /* RU6: seq_cst; pairs with RU5, of a worker that has acknowledged its word. */
        if (load_seq_cst(&run->stopping) || weir__run_cancelled(run))
            return true;
    return false;
}

void weir__run_report(weir__run *run, const weir_error *error)
{
    if (!weir__failure_claim(&run->failure))
        return;
    WEIR_POINT(FAILURE_CLAIMED);
    run->failure.error = *error;
    weir__failure_publish(&run->failure);
}

void weir__run_fail(weir__run *run, const weir_error *error)
{
    /* What an op returns after it has seen a stop does not count. */
    if (!weir__run_stopping(run))
        weir__run_report(run, error);
    /* RU5: seq_cst, before the words that have workers look; pairs with RU6. */
    store_seq_cst(&run->stopping, true);
    weir__mail_alert_all(run->mail);
}
