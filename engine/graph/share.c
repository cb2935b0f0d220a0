/* Hands out packs: when somebody wants work, and before ops that may be long; see execution.h.
 *
 * On request the less urgent half goes.  An op of some length keeps its worker from serving requests, so
 * before one that is not known to be short all other ready tasks go where others can take them: into the
 * hands of who wants work, or into the worker's own box.  A run that is alone calls its team there. */
#include "graph/execution.h"
#include "graph/lane.h"
#include "sched/credit.h"
#include "sched/life.h"
#include "sched/tuning.h"
#include "trace/point.h"

/* ---- packs for others ---- */

/* Something may not be handed out. Does anybody wait for it? */
static void note_denial(const weir__pack *p)
{
    if (weir__mail_missing(p->told.run->mail) > 0)
        p->told.worker->counts.denied_permits++;
}

static void post(weir__pack *p, weir__pack *made)
{
    p->told.worker->counts.promotions++;
    weir__life_share(p->told.worker, &made->item);
}

/* Is there work for a worker more? Where a plan is followed, a pack is leave to look after lanes. */
static bool has_for_others(weir__pack *p)
{
    return p->of->lanes != NULL ? weir__lanes_need_another(p->of->lanes) : weir__pack_take(p);
}

/* And for a team, which others of its run may be waiting for? */
static bool has_for_team(weir__pack *p)
{
    return p->of->lanes != NULL ? weir__lanes_left(p->of->lanes) > 1 : weir__pack_take(p);
}

static void divide(weir__pack *p, weir__pack *made)
{
    if (p->of->lanes != NULL)
        weir__lanes_enter(p->of->lanes);
    else
        weir__ready_split(&p->ready, &made->ready, p->of->graph->task);
    WEIR_ASSERT_SLOW(weir__ready_is_valid(&p->ready, p->of->graph));
}

/* Hands out what may be handed out; true if that was anything. */
static bool hand_out(weir__pack *p)
{
    bool any = false;
    if (p->gains && weir__gain_is_alone(&p->of->gain))
        return false;
    while (weir__life_may_share(p->told.run, p->told.worker) && has_for_others(p)) {
        weir__pack *made = weir__execution_take_pack(p->of);
        if (made == NULL)
            break;
        p->is_shared = true;
        divide(p, made);
        weir__credit_spend(&p->told.run->root->purse);
        post(p, made);
        any = true;
    }
    if (!weir__ready_is_empty(&p->ready) && !weir__window_has_permit(&p->told.run->window))
        note_denial(p);
    return any;
}

bool weir__share_around(weir__told *told)
{
    return hand_out((weir__pack *)(void *)((char *)told - offsetof(weir__pack, told)));
}

bool weir__share_needs_team(weir__pack *p)
{
    p->wants_team = weir__stint_may_end(&p->told.run->stint) && weir__pack_take(p);
    return p->wants_team;
}

/* May others want work before the op is over? Beside other roots they come from those. */
static bool may_be_missed(const weir__run *run)
{
    return run->hosted || weir__mail_missing(run->mail) > 0;
}

weir__pack *weir__share_all(weir__pack *p)
{
    const weir__run *run = p->told.run;
    if (!weir__mail_has_others(run->mail) || !weir__mail_has_room(run->mail, p->told.worker->index))
        return NULL;
    if (weir__ready_is_empty(&p->ready) && (!may_be_missed(run) || !weir__pack_take(p)))
        return NULL;
    weir__pack *made = weir__execution_take_pack(p->of);
    if (made == NULL)
        return NULL;
    p->is_shared = true;
    made->ready = p->ready;
    weir__ready_clear(&p->ready);
    post(p, made);
    return made;
}

void weir__share_take_back(weir__pack *p, const weir__pack *shared)
{
    weir__worker *worker = p->told.worker;
    if (shared == NULL)
        return;
    weir__item *item = weir__mail_take_own(worker->mail, worker->index, p->item.number);
    if (item == NULL)
        return;
    if (item != &shared->item) { /* of a run that is nested in an op of this one */
        weir__mail_post(worker->mail, worker->index, item);
        return;
    }
    weir__pack *back = (weir__pack *)item;
    weir__worker_began_item(worker);
    WEIR_ASSERT(weir__ready_is_empty(&p->ready)); /* the op has not finished yet */
    p->ready = back->ready;
    WEIR_ASSERT(load_relaxed(&p->of->open) > 1);
    (void)!weir__execution_give_pack(back); /* p is open */
    p->is_shared = !weir__execution_is_sole(p);
}

/* ---- polls ---- */

/* The worker asks itself, so that a poll fires again after some that go by. */
static void ask_itself(weir__pack *p)
{
    weir__mail_ask(p->told.run->mail, p->told.worker->index);
    p->polls = 1 + p->skip_polls;
}

/* ---- whether it pays ---- */

/* What it has run until now is counted. */
static void count(weir__pack *p, uint64_t now_ns)
{
    weir__gain_count(&p->of->gain, p->begun - p->told_begun, now_ns - p->told_ns);
    p->told_begun = p->begun;
    p->told_ns = now_ns;
}

void weir__share_begin(weir__pack *p, uint64_t now_ns)
{
    weir__gain *gain = &p->of->gain;
    if (!p->gains)
        return;
    p->told_begun = p->begun;
    p->told_ns = now_ns;
    if (p == &p->of->first)
        weir__gain_begin(gain, now_ns);
    if (weir__gain_wants_looks(gain))
        ask_itself(p);
}

void weir__share_end(weir__pack *p, uint64_t now_ns)
{
    if (p->gains)
        count(p, now_ns);
}

/* Who has tasks is to know of a change: what it has run is counted then, and from now on it looks by itself. */
static void look_at_gain(weir__pack *p, uint64_t now_ns)
{
    count(p, now_ns);
    if (weir__gain_look(&p->of->gain, now_ns, !p->is_shared))
        weir__mail_ask_others(p->told.run->mail, p->told.worker->index);
}

static bool wants_looks(const weir__pack *p)
{
    return p->gains && weir__gain_wants_looks(&p->of->gain);
}

/* ---- polls that fire ---- */

/* Ops have become long: what was learnt of them does not hold any more. */
static void forget_short(weir__pack *p)
{
    p->known.one = p->craft->known.one = NULL;
    for (unsigned i = 0; i < WEIR_SKILLS; i++)
        p->craft->skill[i].short_runs = 0;
}

/* Returns the time since a poll fired last. */
static uint64_t note_firing(weir__pack *p, uint64_t now_ns)
{
    const uint64_t since_ns = now_ns - p->fired_at_ns, begun = p->begun - p->begun_at_fired;
    if (p->fired_at_ns > 0 && since_ns / WEIR_LONG_NS > begun)
        forget_short(p);
    p->fired_at_ns = now_ns;
    p->begun_at_fired = p->begun;
    return since_ns;
}

/* In a run that is alone, the only request is this worker's own: does the run need its team? A stop
 * writes another word. */
static bool serve_alone(weir__pack *p)
{
    weir__run *run = p->told.run;
    weir__stint *stint = &run->stint;
    if (__atomic_load_n(p->signal, __ATOMIC_RELAXED) != WEIR__REQUEST) {
        weir__mail_acknowledge(run->mail, p->told.worker->index);
        if (weir__run_stopping(run))
            return false;
    }
    const uint64_t now_ns = weir__now_ns();
    weir__stint_look(stint, now_ns);
    p->wants_team = weir__stint_is_late(stint) && has_for_team(p);
    if (p->wants_team)
        return false;
    (void)weir__worker_look(p->told.worker); /* deadlines are met as well */
    p->skip_polls = weir__life_skip_polls(p->skip_polls, note_firing(p, now_ns));
    ask_itself(p);
    return true;
}

bool weir__share_serve(weir__pack *p)
{
    weir__run *run = p->told.run;
    weir__mail *mail = run->mail;
    weir__worker *worker = p->told.worker;
    p->told.nested_failed = false; /* the op that it was for has returned */
    if (weir__stint_is_under_way(&run->stint))
        return serve_alone(p);
    weir__mail_acknowledge(mail, worker->index); /* before it is asked what it is about */
    if (weir__run_stopping(run))
        return false;
    if (!weir__mail_has_others(mail) && !weir__worker_has_looks(worker)) {
        p->polls = 1;
        return true;
    }
    const uint64_t now_ns = weir__now_ns(), since_fired_ns = note_firing(p, now_ns);
    weir__credit_earn(&run->root->purse, worker, now_ns);
    p->is_shared = p->is_shared && !weir__execution_is_sole(p);
    if (p->gains)
        look_at_gain(p, now_ns);
    if (hand_out(p) || weir__told_hand_out_around(&p->told))
        p->skip_polls = 0;
    else
        p->skip_polls = weir__life_skip_polls(p->skip_polls, since_fired_ns);
    /* Searching workers ask, and ask again. That is enough where there are more items than workers
     * without work, or where tasks are so short that the next request is seen soon, and nobody sleeps.
     * Else this worker asks itself: for sleepers, who cannot, and for a pack to queue ahead. */
    const bool sleepers = weir__mail_has_sleepers(mail); /* before it is asked who is missing */
    const bool enough = !weir__mail_has_others(mail) || weir__mail_missing(mail) < 0 ||
                        (p->skip_polls >= WEIR_PASS_ENOUGH && !sleepers);
    const bool looks = weir__worker_look(worker);
    if (!looks && enough && !wants_looks(p))
        p->polls = 1;
    else /* for what it looks after as well */
        ask_itself(p);
    return !looks || !weir__run_stopping(run); /* it may have done something else for long */
}
