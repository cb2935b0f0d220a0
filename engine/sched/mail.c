/* The boxes of the team's workers; see mail.h, and README.md for the argument that nobody sleeps over
 * an item. */
#include "sched/mail.h"

#include "base/memory.h"
#include "sched/letter.h"
#include "trace/point.h"

alignas(WEIR_LINE) char weir__letter_request[WEIR_LINE], weir__letter_mark[WEIR_LINE];

weir_status weir__mail_open(weir__mail *mail, unsigned workers)
{
    WEIR_ASSERT(workers > 0 && mail->box == NULL);
    mail->box = weir__memory_alloc_zero(workers * sizeof *mail->box);
    mail->boxes = workers;
    store_relaxed(&mail->due_ns, WEIR_NO_DEADLINE);
    return mail->box != NULL ? WEIR_OK : WEIR_ENOMEM;
}

void weir__mail_close(weir__mail *mail)
{
    weir__memory_free(mail->box);
}

void weir__mail_begin(weir__mail *mail)
{
    WEIR_ASSERT_SLOW(weir__mail_is_at_rest(mail));
    store_relaxed(&mail->team, 1);
    store_relaxed(&mail->surplus, 0);
    store_relaxed(&mail->over, false);
    store_relaxed(&mail->searching, 0);
    store_relaxed(&mail->listening, 0);
    store_relaxed(&mail->asked, 0);
    for (unsigned i = 0; i < mail->boxes; i++) {
        store_relaxed(&mail->box[i].content, i == 0 ? 0 : letter_of(weir__letter_request, 0));
        store_relaxed(&mail->box[i].signal, WEIR__NOW);
    }
}

void weir__mail_set_team(weir__mail *mail, unsigned team)
{
    WEIR_ASSERT(team > 0 && team <= mail->boxes);
    for (unsigned i = team; i < mail->boxes; i++)
        store_relaxed(&mail->box[i].content, 0);
    store_relaxed(&mail->team, team);
    weir__mail_count(mail, 1 - (int)team);
    if (team == 1) {
        weir__mail_acknowledge(mail, 0);   /* nobody will want work of it, */
        if (weir__mail_has_deadline(mail)) /* but it may be to look at the clock */
            weir__mail_ask(mail, 0);
    }
    WEIR_ASSERT_SLOW(weir__mail_is_valid(mail));
}

static unsigned after(const weir__mail *mail, unsigned i)
{
    return i + 1 < mail->boxes ? i + 1 : 0;
}

/* Is what has this number wanted? See numbers.h for what the answer is worth. */
static bool is_wanted(const weir__mail *mail, weir__number wanted, weir__number number)
{
    return wanted == 0 || weir__numbers_is_nested(&mail->numbers, number, wanted);
}

/* ---- signals ---- */

const int *weir__mail_signal(const weir__mail *mail, unsigned worker)
{
    static_assert(sizeof(atomic_int) == sizeof(int), "an atomic int is read as an int");
    WEIR_ASSERT(worker < mail->boxes);
    return (const int *)&mail->box[worker].signal;
}

void weir__mail_ask(weir__mail *mail, unsigned other)
{
    atomic_int *signal = &mail->box[other].signal;
    int quiet = WEIR__RUN;
    /* M4 as well, of a worker that has announced that it will sleep: seq_cst. */
    if (load_seq_cst(signal) != WEIR__RUN)
        return;
    /* M6: release; pairs with M5, so that the request is seen. */
    cas_release(signal, &quiet, WEIR__REQUEST);
}

void weir__mail_ask_others(weir__mail *mail, unsigned worker)
{
    for (unsigned i = after(mail, worker); i != worker; i = after(mail, i))
        weir__mail_ask(mail, i);
}

void weir__mail_ask_all(weir__mail *mail)
{
    for (unsigned i = 0; i < mail->boxes; i++)
        weir__mail_ask(mail, i);
}

void weir__mail_ask_in_turn(weir__mail *mail, unsigned worker, uint64_t now_ns)
{
    uint64_t asked = load_relaxed(&mail->asked);
    if (now_ns < asked + WEIR_ASK_GAP_NS || !cas_relaxed(&mail->asked, &asked, now_ns))
        return;
    weir__mail_ask_others(mail, worker);
}

void weir__mail_alert(weir__mail *mail, unsigned worker)
{
    /* M9: seq_cst, after what it is about; pairs with M5, which is before the worker looks at that. */
    store_seq_cst(&mail->box[worker].signal, WEIR__NOW);
}

void weir__mail_alert_all(weir__mail *mail)
{
    for (unsigned i = 0; i < mail->boxes; i++) {
        WEIR_POINT(STOP_TELLING);
        weir__mail_alert(mail, i);
        weir__mail_wake(mail, i);
    }
}

void weir__mail_acknowledge(weir__mail *mail, unsigned worker)
{
    /* M5: seq_cst; pairs with M6, as an acquire, and with M9, since the looks at what a run says come
     * after it. M3 as well, before the look for sleepers. */
    const int before = exchange_seq_cst(&mail->box[worker].signal, WEIR__RUN);
    WEIR_ASSERT(before == WEIR__NOW || before == WEIR__REQUEST || before == WEIR__RUN);
    (void)before;
}

/* ---- sleeping ---- */

bool weir__mail_has_sleepers(const weir__mail *mail)
{
    /* M3: seq_cst, as the change of a word or a box before it; pairs with M4. */
    return load_seq_cst(&mail->asleep) > 0;
}

void weir__mail_announce(weir__mail *mail, unsigned worker, weir__number wanted)
{
    weir__box *box = &mail->box[worker];
    WEIR_ASSERT(load_relaxed(&box->content) == 0);
    /* M4: seq_cst, as the looks after it at boxes, words, and what else the worker waits for; pairs with
     * M3. */
    add_seq_cst(&mail->asleep, 1);
    /* M4 as well: seq_cst. Who finds the count raised and no mark yet need do nothing, since the looks
     * are later still. */
    store_seq_cst(&box->content, letter_of(weir__letter_mark, wanted));
    WEIR_POINT(MAIL_ANNOUNCED);
    WEIR_ASSERT_SLOW(weir__mail_is_valid(mail));
}

void weir__mail_park(weir__mail *mail, unsigned worker)
{
    weir__box *box = &mail->box[worker];
    const bool watches = load_relaxed(&mail->watch) == worker + 1; /* as long as it sleeps */
    unsigned read;
    while (read = weir__bell_read(&box->bell), is_mark(load_relaxed(&box->content))) {
        /* W2 as well: seq_cst. */
        const uint64_t until = watches ? load_seq_cst(&mail->due_ns) : WEIR_NO_DEADLINE;
        if (until != WEIR_NO_DEADLINE && weir__now_ns() >= until)
            return;
        weir__bell_wait(&box->bell, read, until);
    }
}

void weir__mail_ring(weir__mail *mail, unsigned worker)
{
    /* M3 as well: after the change of what it sleeps for. */
    if (is_mark(load_seq_cst(&mail->box[worker].content)))
        weir__bell_ring(&mail->box[worker].bell);
}

/* A sleeper's mark is gone, which its count was raised for before. */
static void count_awake(weir__mail *mail)
{
    const unsigned before = sub_relaxed(&mail->asleep, 1);
    WEIR_ASSERT(before > 0);
    (void)before;
}

/* Turns the mark of a sleeper into `content`, and wakes it; false if that is not there any more. */
static bool wake_with(weir__mail *mail, weir__box *box, letter mark, letter content)
{
    /* M1 as well. */
    if (!cas_release(&box->content, &mark, content))
        return false;
    count_awake(mail);
    WEIR_POINT(MAIL_WOKEN);
    weir__bell_ring(&box->bell);
    return true;
}

static bool wake_for(weir__mail *mail, weir__box *box, weir__number number)
{
    /* M3 as well. */
    const letter l = load_seq_cst(&box->content);
    return is_mark(l) && is_wanted(mail, number_in(l), number) && wake_with(mail, box, l, 0);
}

/* Has one sleeper look that wants what belongs to the run with this number: the first from this
 * worker's box on, but rather one that has not got the watch. False: there is none. */
static bool wake_one_for(weir__mail *mail, unsigned from, weir__number number)
{
    const unsigned last = load_relaxed(&mail->watch);
    unsigned i = from;
    if (!weir__mail_has_sleepers(mail))
        return false;
    do
        if (i + 1 != last && wake_for(mail, &mail->box[i], number))
            return true;
    while ((i = after(mail, i)) != from);
    return last != 0 && wake_for(mail, &mail->box[last - 1], number);
}

bool weir__mail_wake_one(weir__mail *mail)
{
    return wake_one_for(mail, 0, 0);
}

/* ---- listening ---- */

static bool somebody_listens(const weir__mail *mail)
{
    /* M10: seq_cst, after what the listener is to see; pairs with M11. */
    return load_seq_cst(&mail->listening) > 0;
}

bool weir__mail_has_listeners(const weir__mail *mail)
{
    return weir__mail_has_sleepers(mail) || somebody_listens(mail);
}

void weir__mail_tell(weir__mail *mail)
{
    if (!weir__mail_wake_one(mail) && somebody_listens(mail))
        weir__mail_ask_all(mail);
}

void weir__mail_listen(weir__mail *mail)
{
    /* M11: seq_cst, before the listener looks once more; pairs with M10. */
    add_seq_cst(&mail->listening, 1);
    WEIR_ASSERT(load_relaxed(&mail->listening) <= mail->boxes);
}

void weir__mail_stop_listening(weir__mail *mail)
{
    const unsigned before = sub_relaxed(&mail->listening, 1);
    WEIR_ASSERT(before > 0);
    (void)before;
}

bool weir__mail_wake(weir__mail *mail, unsigned worker)
{
    weir__box *box = &mail->box[worker];
    /* M3 as well: after what the worker is to see. */
    const letter l = load_seq_cst(&box->content);
    return is_mark(l) && wake_with(mail, box, l, 0);
}

void weir__mail_wake_all(weir__mail *mail)
{
    for (unsigned i = 0; i < mail->boxes; i++)
        weir__mail_wake(mail, i);
}

void weir__mail_end(weir__mail *mail)
{
    /* M7: seq_cst, as the looks for sleepers after it; pairs with M8. */
    store_seq_cst(&mail->over, true);
    weir__mail_wake_all(mail);
}

/* ---- handing over ---- */

bool weir__mail_has_room(const weir__mail *mail, unsigned worker)
{
    return load_relaxed(&mail->box[worker].content) == 0;
}

/* Gives the letter to the box's worker, if it requests such a one or sleeps and wants it. */
static bool give(weir__mail *mail, weir__box *box, letter l, bool to_sleeper)
{
    /* M3 as well, where it is about a sleeper. */
    letter there = load_seq_cst(&box->content);
    if (!(to_sleeper ? is_mark(there) : is_request(there)) ||
        !is_wanted(mail, number_in(there), number_in(l)))
        return false;
    if (to_sleeper)
        return wake_with(mail, box, there, l);
    /* M1: release; pairs with M2. */
    return cas_release(&box->content, &there, l);
}

/* To the first worker that wants it; of sleepers, rather to one that has not got the watch. */
static bool give_to_one(weir__mail *mail, unsigned worker, letter l, bool to_sleeper)
{
    const unsigned last = to_sleeper ? load_relaxed(&mail->watch) : 0;
    for (unsigned i = after(mail, worker); i != worker; i = after(mail, i))
        if (i + 1 != last && give(mail, &mail->box[i], l, to_sleeper))
            return true;
    return last != 0 && last != worker + 1 && give(mail, &mail->box[last - 1], l, to_sleeper);
}

void weir__mail_post(weir__mail *mail, unsigned worker, weir__item *item)
{
    const letter l = letter_of(item, item->number);
    weir__box *own = &mail->box[worker];
    if (give_to_one(mail, worker, l, false) ||
        (weir__mail_has_sleepers(mail) && give_to_one(mail, worker, l, true)))
        return;
    if (!weir__mail_has_room(mail, worker)) {
        WEIR_ASSERT(is_item(load_relaxed(&own->content)));
        item->next = own->aside;
        own->aside = item;
        return;
    }
    /* M1 and M3 as well: seq_cst, before the look for sleepers. */
    store_seq_cst(&own->content, l);
    WEIR_POINT(MAIL_POSTED);
    /* Who fell asleep in between may not have seen it. The item may be done by now. */
    (void)wake_one_for(mail, worker, number_in(l));
    WEIR_ASSERT_SLOW(weir__mail_is_valid(mail));
}

/* Takes this letter out of a box, if it is still there. */
static bool take_out(weir__box *box, letter l)
{
    /* M2: acquire; pairs with M1. */
    return cas_acquire(&box->content, &l, 0);
}

/* Puts one of the items set aside where others can take it, if there is room. */
static void pass_on(weir__mail *mail, unsigned worker)
{
    weir__box *own = &mail->box[worker];
    weir__item *item = own->aside;
    if (item == NULL || !weir__mail_has_room(mail, worker))
        return;
    own->aside = item->next;
    weir__mail_post(mail, worker, item);
}

/* With items set aside: a wanted one. Else one is passed on, in place of this worker's request or mark;
 * where that has become an item meanwhile, it is returned. */
static weir__item *look_aside(weir__mail *mail, unsigned worker, weir__number wanted)
{
    weir__box *own = &mail->box[worker];
    weir__item *item = weir__mail_withdraw(mail, worker, wanted);
    if (item != NULL)
        return item;
    for (weir__item **at = &own->aside; *at != NULL; at = &(*at)->next)
        if (is_wanted(mail, wanted, (*at)->number)) {
            item = *at;
            *at = item->next;
            return item;
        }
    pass_on(mail, worker);
    return NULL;
}

weir__item *weir__mail_take(weir__mail *mail, unsigned worker, weir__number wanted)
{
    unsigned i = worker;
    if (WEIR_UNLIKELY(mail->box[worker].aside != NULL)) {
        weir__item *item = look_aside(mail, worker, wanted);
        if (item != NULL)
            return item;
    }
    do {
        /* M4 as well, of a worker that has announced that it will sleep: seq_cst. */
        const letter l = load_seq_cst(&mail->box[i].content);
        if (!is_item(l) || !is_wanted(mail, wanted, number_in(l)))
            continue;
        WEIR_POINT(MAIL_SEEN);
        /* The own request or mark goes first, or there could be two items. */
        weir__item *own = i != worker ? weir__mail_withdraw(mail, worker, wanted) : NULL;
        if (own != NULL)
            return own;
        if (!take_out(&mail->box[i], l))
            continue;
        /* Until here the number may have been that of an older run. Now its run cannot end. */
        WEIR_ASSERT(item_in(l)->number == number_in(l));
        if (is_wanted(mail, wanted, number_in(l)))
            return item_in(l);
        weir__mail_post(mail, worker, item_in(l));
    } while ((i = after(mail, i)) != worker);
    return NULL;
}

weir__item *weir__mail_take_own(weir__mail *mail, unsigned worker, weir__number wanted)
{
    weir__box *own = &mail->box[worker];
    const letter l = load_relaxed(&own->content);
    return is_item(l) && is_wanted(mail, wanted, number_in(l)) && take_out(own, l) ? item_in(l)
                                                                                   : NULL;
}

bool weir__mail_peek(const weir__mail *mail, unsigned worker, weir__number *number)
{
    unsigned i = worker;
    do {
        const letter l = load_relaxed(&mail->box[i].content);
        *number = number_in(l);
        if (is_item(l))
            return true;
    } while ((i = after(mail, i)) != worker);
    return false;
}

bool weir__mail_try_search(weir__mail *mail)
{
    const int busy = (int)load_relaxed(&mail->team) - weir__mail_missing(mail);
    const unsigned most = busy >= 4 ? (unsigned)busy / 2 : 1;
    if (load_relaxed(&mail->searching) >= most)
        return false;
    if (add_relaxed(&mail->searching, 1) < most)
        return true;
    weir__mail_stop_search(mail);
    return false;
}

void weir__mail_stop_search(weir__mail *mail)
{
    const unsigned before = sub_relaxed(&mail->searching, 1);
    WEIR_ASSERT(before > 0);
    (void)before;
}

void weir__mail_request(weir__mail *mail, unsigned worker, weir__number wanted)
{
    weir__box *own = &mail->box[worker];
    WEIR_ASSERT(!is_mark(load_relaxed(&own->content))); /* a sleeper withdraws that first */
    if (weir__mail_has_room(mail, worker))
        store_relaxed(&own->content, letter_of(weir__letter_request, wanted));
}

weir__item *weir__mail_withdraw(weir__mail *mail, unsigned worker, weir__number wanted)
{
    weir__box *own = &mail->box[worker];
    letter there = load_relaxed(&own->content);
    WEIR_ASSERT(letter_is_valid(there));
    while (there != 0 && (!is_item(there) || is_wanted(mail, wanted, number_in(there))))
        /* M2 as well. */
        if (cas_weak_acquire(&own->content, &there, 0)) {
            if (is_mark(there))
                count_awake(mail);
            return is_item(there) ? item_in(there) : NULL;
        }
    return NULL;
}
