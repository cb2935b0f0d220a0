/* What a worker of the host's team does next; see host.h. */
#include "base/atomics.h"
#include "sched/credit.h"
#include "sched/enclose.h"
#include "sched/here.h"
#include "sched/host.h"
#include "sched/tuning.h"
#include "trace/point.h"

/* ---- the chores in hand ---- */

static void note_served(weir__worker *worker, const weir__chores *chores)
{
    weir__here *here = weir__here_top();
    WEIR_ASSERT(here->worker == worker);
    (void)weir__here_turn_to(here, (weir__now){.run = chores != NULL ? chores->run : NULL});
}

static void lay_down(weir__worker *worker)
{
    if (load_relaxed(&worker->serves) == NULL)
        return;
    note_served(worker, NULL);
    /* H7: seq_cst, for weir__event, and as a release: all of the worker's calls are over; pairs with
     * H8. */
    store_seq_cst(&worker->serves, NULL);
    weir__event_notify(&worker->engine->host->unserved);
}

/* The chores that there are, which do not go away until the worker lays them down; or NULL. */
static const weir__chores *pick_up(weir__worker *worker)
{
    weir__host *h = worker->engine->host;
    const weir__chores *chores = load_relaxed(&h->chores);
    if (load_relaxed(&worker->serves) == chores)
        return chores;
    lay_down(worker);
    if (chores == NULL)
        return NULL;
    /* H9: seq_cst, before the look whether they are still there; pairs with H10. */
    store_seq_cst(&worker->serves, chores);
    WEIR_POINT(CHORES_TAKEN_UP);
    /* H11: seq_cst, and as an acquire of what they point to; pairs with H12. H9 as well. */
    if (load_seq_cst(&h->chores) != chores) {
        lay_down(worker);
        return NULL;
    }
    note_served(worker, chores);
    return chores;
}

void weir__host_attach(weir_engine *engine, const weir__chores *chores)
{
    weir__host *h = engine->host;
    WEIR_ASSERT(load_relaxed(&h->chores) == NULL);
    /* H12: seq_cst, before the look for sleepers and at the words, and as a release; pairs with H6, H11
     * and H13. */
    store_seq_cst(&h->chores, chores);
    weir__mail_wake_all(&engine->mail);
    weir__mail_ask_all(&engine->mail); /* who is busy with items that were there before */
}

void weir__host_detach(weir_engine *engine)
{
    weir__host *h = engine->host;
    const weir__chores *chores = load_relaxed(&h->chores);
    WEIR_ASSERT(chores != NULL);
    /* H10: seq_cst, before the looks at who serves; pairs with H9. */
    store_seq_cst(&h->chores, NULL);
    for (unsigned i = 0; i < engine->team.workers; i++)
        /* H8: seq_cst, for weir__event, and as an acquire; pairs with H7. H10 as well. */
        while (load_seq_cst(&engine->workers[i].serves) == chores) {
            weir__event_prepare(&h->unserved);
            /* H8 as well. */
            if (load_seq_cst(&engine->workers[i].serves) == chores)
                weir__event_wait(&h->unserved, WEIR_NO_DEADLINE);
            else
                weir__event_withdraw(&h->unserved);
        }
}

/* ---- whose turn it is ---- */

/* The root of what has this number; NULL: it has none, as all with one worker, or has ended. */
static weir__run *root_of(weir__host *h, const weir__mail *mail, weir__number number)
{
    const weir__number of_root = weir__numbers_root(&mail->numbers, number);
    /* H4: acquire; pairs with H3. */
    return of_root != 0 ? load_acquire(&h->root[of_root]) : NULL;
}

/* The worker leaves the root that it was at work on, and goes to this one; NULL: none. */
static void go_to(weir__worker *worker, weir__run *root)
{
    weir__run *from = worker->at_work;
    if (from == NULL && root == NULL)
        return;
    const uint64_t now_ns = weir__now_ns();
    if (from != NULL) {
        /* H14: seq_cst, before it asks the others; pairs with H15. */
        sub_seq_cst(&from->tally.workers, 1);
        worker->was_at_chores = from == &worker->engine->root; /* as life.c has it */
        add_relaxed(&from->tally.had_ns, now_ns - worker->at_work_since_ns);
    }
    if (root != NULL)
        add_relaxed(&root->tally.workers, 1);
    worker->at_work = root;
    worker->at_work_since_ns = now_ns;
}

static bool comes_before(const weir__run *a, const weir__run *b)
{
    const unsigned of_a = load_relaxed(&a->tally.workers), of_b = load_relaxed(&b->tally.workers);
    if (of_a != of_b)
        return of_a < of_b;
    return load_relaxed(&a->tally.had_ns) < load_relaxed(&b->tally.had_ns);
}

/* Do chores come before the items that lie in boxes? Those that belong to the same root go first. */
static bool come_first(const weir__worker *worker, const weir__chores *chores)
{
    weir__host *h = worker->engine->host;
    weir__number number;
    if (load_relaxed(&h->roots) == 1 || !weir__mail_peek(worker->mail, worker->index, &number))
        return false;
    const weir__run *root = root_of(h, worker->mail, number);
    return root != NULL && root != chores->run && comes_before(chores->run, root);
}

/* ---- new roots ---- */

/* The worker begins a turn. A new root goes first, and then what was there before it has as much of the
 * worker's time: else new ones could keep it waiting for ever. */
static void begin_turn(weir__worker *worker, bool is_new)
{
    if (is_new || worker->owed_ns > 0)
        worker->turn_since_ns = weir__now_ns();
    worker->turn_is_new = is_new;
}

static void end_turn(weir__worker *worker)
{
    if (worker->turn_since_ns == 0)
        return;
    const uint64_t now_ns = weir__now_ns(), since_ns = worker->turn_since_ns;
    const uint64_t took_ns = now_ns > since_ns ? now_ns - since_ns : 0, owed_ns = worker->owed_ns;
    if (worker->turn_is_new)
        worker->owed_ns =
            took_ns < WEIR_OWED_MOST_NS - owed_ns ? owed_ns + took_ns : WEIR_OWED_MOST_NS;
    else
        worker->owed_ns = took_ns < owed_ns ? owed_ns - took_ns : 0;
    worker->turn_since_ns = 0;
}

/* ---- listening ---- */

static void listen(weir__worker *worker)
{
    if (!worker->listens)
        weir__mail_listen(worker->mail);
    worker->listens = true;
}

static void stop_listening(weir__worker *worker)
{
    if (worker->listens)
        weir__mail_stop_listening(worker->mail);
    worker->listens = false;
}

/* ---- at work ---- */

/* One worker's turn with the chores. */
typedef struct turn {
    weir__worker *worker;
    const weir__chores *chores;
    const weir__run *beside; /* the run whose item waits meanwhile; NULL: none does */
    bool nothing;
} turn;

/* Does the item that the worker has of this run wait for the worker alone, or somebody for the item? */
static bool is_needed(const weir__worker *worker, const weir__run *run)
{
    const unsigned self = worker->at_work == run->root;
    return run->starter != NULL || load_relaxed(&run->root->tally.workers) <= self ||
           weir__mail_missing(worker->mail) > 0;
}

/* Is there something else to be looked at? */
static bool is_interrupted(const turn *t)
{
    weir__host *h = t->worker->engine->host;
    weir__number ignored;
    if (load_relaxed(&h->waiting) > 0 || load_relaxed(&h->chores) != t->chores)
        return true;
    return t->beside != NULL ? is_needed(t->worker, t->beside)
                             : weir__mail_peek(t->worker->mail, t->worker->index, &ignored);
}

static void serve(void *argument)
{
    turn *t = argument;
    do {
        (void)weir__worker_look(t->worker);
        t->nothing = !t->chores->try(t->chores->of, t->worker);
    } while (!t->nothing && !is_interrupted(t));
}

static void do_chores(turn *t)
{
    weir__run *run = t->chores->run;
    const uint64_t began_ns = weir__now_ns();
    stop_listening(t->worker); /* or each step of the stream would ask somebody */
    weir__credit_begin(t->worker, began_ns);
    if (load_relaxed(&t->worker->engine->host->roots) > 1)
        go_to(t->worker, run);
    weir__run_ops(run, serve, t);
    weir__run_count(run, t->worker);
    add_relaxed(&run->tally.busy_ns, weir__now_ns() - began_ns);
}

/* ---- between two ops of an item ---- */

/* Where it is needed, the item has had the worker for at least as long as chores last had. */
static bool may_pause(const weir__worker *worker, const weir__run *run, uint64_t now_ns)
{
    return now_ns - worker->chores_until_ns >= worker->chores_ns || !is_needed(worker, run);
}

/* The time went to chores, and not to the item. Of a new root's turn as much is paid of what it owes. */
static void note_chores(weir__worker *worker, uint64_t took_ns, uint64_t until_ns)
{
    worker->chores_ns = took_ns;
    worker->chores_until_ns = until_ns;
    if (worker->turn_since_ns > 0 && worker->turn_is_new)
        worker->turn_since_ns += 2 * took_ns;
}

/* The item of this run waits while the worker does chores, which nobody else does. */
static void pause_for(turn *t, weir__run *run, uint64_t began_ns)
{
    weir__worker *worker = t->worker;
    weir__run *at_work = worker->at_work;
    const uint64_t nested_ns = worker->nested_ns;
    const uint64_t unpaid_ns = worker->unpaid_ns = began_ns - worker->earned_at_ns;
    WEIR_ASSERT(worker->counts.busy_ns == 0); /* an item counts its time at its end */
    weir__run_count(run, worker);
    do_chores(t);
    go_to(worker, at_work);
    worker->unpaid_ns = unpaid_ns;
    weir__run_turn_to(run, worker);
    weir__arithmetic_set(&run->arithmetic);
    const uint64_t now_ns = weir__now_ns();
    worker->nested_ns = nested_ns + (now_ns - began_ns); /* with what was nested in the chores */
    note_chores(worker, now_ns - began_ns, now_ns);
    weir__credit_begin(worker, now_ns);
}

/* Are there chores in hand that nobody is at? The worker is told if there will be. */
static bool are_left(weir__worker *worker, const weir__chores *chores, const weir__run *root)
{
    /* H15: seq_cst, of a worker that has acknowledged its word; pairs with H14: who is at them asks it when
     * it leaves them. */
    if (chores->run == root || load_seq_cst(&chores->run->tally.workers) > 0) {
        stop_listening(worker);
        return false;
    }
    listen(worker);
    return chores->ready(chores->of);
}

/* Whose item has many ops would else keep the worker from all others for as long. An op that waits for a
 * run finds no strangers on its stack here either. */
static bool between(weir__worker *worker)
{
    weir__here *here = weir__here_top();
    weir__run *run = here->now.run;
    /* H13: seq_cst, of a worker that has acknowledged its word; pairs with H12. */
    if (load_relaxed(&worker->serves) != NULL || worker->waits ||
        load_seq_cst(&worker->engine->host->chores) == NULL)
        return false;
    WEIR_ASSERT(here->worker == worker && run != NULL);
    const weir__now item = here->now;
    turn t = {.worker = worker, .chores = pick_up(worker), .beside = run};
    const bool left = t.chores != NULL && are_left(worker, t.chores, run->root);
    const uint64_t now_ns = left ? weir__now_ns() : 0;
    const bool pauses = left && may_pause(worker, run, now_ns);
    if (pauses)
        pause_for(&t, run, now_ns);
    lay_down(worker);
    (void)weir__here_turn_to(here, item);
    if (pauses)
        weir__mail_ask_all(worker->mail); /* any of them may be the next */
    else if (left)
        weir__mail_ask(worker->mail, worker->index);
    return left;
}

/* ---- what is next ---- */

static void begin(weir__worker *worker, const weir__item *item)
{
    weir__host *h = worker->engine->host;
    lay_down(worker);
    const bool alone = load_relaxed(&h->roots) == 1; /* then it is nobody's turn but that root's */
    go_to(worker, alone ? NULL : root_of(h, worker->mail, item->number));
    worker->waits = false; /* an exception may have left an op that did */
    worker->chores_until_ns = worker->at_work_since_ns; /* the item has had nothing yet */
    if (worker->chores_ns > WEIR_OWED_MOST_NS)
        worker->chores_ns = WEIR_OWED_MOST_NS;
    /* H13 as well: else attach writes this worker's word. */
    if (load_seq_cst(&h->chores) != NULL)
        weir__mail_ask(worker->mail, worker->index);
    if (worker->was_at_chores) /* somebody is to look after them */
        weir__mail_ask_others(worker->mail, worker->index);
    worker->was_at_chores = false;
}

/* The request with which a worker enters may still be in its box, where it would have no room for an item
 * of its own. */
static void clear_box(weir__worker *worker)
{
    weir__item *item = weir__mail_withdraw(worker->mail, worker->index, worker->wanted);
    if (item != NULL) /* in place of it */
        weir__mail_post(worker->mail, worker->index, item);
}

/* A root that has not begun; NULL: there is none, or others have their turn. */
static weir__item *next_new(weir__worker *worker)
{
    weir__item *item = worker->owed_ns == 0 ? weir__host_take(worker->engine->host) : NULL;
    if (item == NULL)
        return NULL;
    clear_box(worker);
    weir__worker_goes_on(worker);
    begin_turn(worker, true);
    return item;
}

/* An item from a box, or chores. */
static weir__item *next_old(weir__worker *worker, bool *nothing)
{
    const weir__chores *chores = pick_up(worker);
    const bool ready = chores != NULL && chores->ready(chores->of);
    weir__item *item = NULL;
    begin_turn(worker, false);
    if (!ready || !come_first(worker, chores))
        item = weir__mail_take(worker->mail, worker->index, worker->wanted);
    if (item != NULL && ready) /* which this worker was perhaps woken for */
        weir__mail_wake_one(worker->mail);
    turn t = {.worker = worker, .chores = chores, .nothing = true};
    if (item == NULL && ready) {
        weir__worker_goes_on(worker);
        do_chores(&t);
    }
    *nothing = item == NULL && t.nothing;
    return item;
}

static weir__item *next(weir__worker *worker, bool *nothing)
{
    *nothing = false;
    end_turn(worker);
    go_to(worker, NULL);
    weir__item *item = next_new(worker);
    if (item != NULL || (item = next_old(worker, nothing)) != NULL || !*nothing)
        return item;
    *nothing = worker->owed_ns == 0; /* else it looks for new ones now */
    worker->owed_ns = 0;
    return NULL;
}

static bool has_work(const weir__worker *worker)
{
    const weir__host *h = worker->engine->host;
    const weir__chores *chores = load_relaxed(&worker->serves);
    /* H6: seq_cst, of a worker that has announced that it will sleep; pairs with H5 and H12. */
    return load_seq_cst(&h->waiting) > 0 || load_seq_cst(&h->chores) != chores ||
           (chores != NULL && chores->ready(chores->of));
}

static void found_none(const weir__worker *worker)
{
    const weir__chores *chores = load_relaxed(&worker->serves);
    if (chores != NULL)
        chores->found_none(chores->of);
}

static void rest(weir__worker *worker)
{
    lay_down(worker);
    stop_listening(worker);
    go_to(worker, NULL);
}

const weir__choice weir__host_choice = {.next = next,
                                        .begin = begin,
                                        .found_none = found_none,
                                        .has_work = has_work,
                                        .rest = rest,
                                        .between = between};
