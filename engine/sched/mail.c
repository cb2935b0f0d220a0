/* The boxes of the team's workers; see mail.h.
 *
 * A worker that falls asleep counts itself and then looks into all boxes; one that leaves an item in
 * its own box does so and then looks whether anybody sleeps.  Both are sequentially consistent, so at
 * least one of the two sees the other (Dekker). */
#include "sched/mail.h"

#include "base/atomics.h"
#include "base/memory.h"
#include "trace/point.h"

static char raised_hand; /* its address is the mark */
#define RAISED ((void *)&raised_hand)

static bool is_item(const void *content)
{
    return content != NULL && content != RAISED;
}

weir_status weir__mail_open(weir__mail *mail, unsigned workers)
{
    mail->box = weir__memory_take_zero(workers * sizeof *mail->box);
    mail->boxes = workers;
    return mail->box != NULL ? WEIR_OK : WEIR_ENOMEM;
}

void weir__mail_close(weir__mail *mail)
{
    weir__memory_give(mail->box);
}

static void put(weir__box *box, void *content)
{
    store_relaxed(&box->item, content);
}

static void *look(const weir__box *box)
{
    /* M4, where somebody falls asleep. */
    return load_seq_cst(&box->item);
}

void weir__mail_begin(weir__mail *mail)
{
    store_relaxed(&mail->asleep, 0);
    store_relaxed(&mail->tasks, 0);
    for (unsigned i = 0; i < mail->boxes; i++) {
        put(&mail->box[i], i == 0 ? NULL : RAISED);
        store_relaxed(&mail->box[i].signal, WEIR__LOOK);
    }
}

void weir__mail_set_team(weir__mail *mail, unsigned team)
{
    for (unsigned i = team; i < mail->boxes; i++)
        put(&mail->box[i], NULL);
}

static unsigned after(const weir__mail *mail, unsigned i)
{
    return i + 1 < mail->boxes ? i + 1 : 0;
}

bool weir__mail_has_sleepers(const weir__mail *mail)
{
    /* M3: seq_cst, as the change of a signal or a box before it; pairs with M4. */
    return load_seq_cst(&mail->asleep) > 0;
}

const int *weir__mail_signal(const weir__mail *mail, unsigned worker)
{
    static_assert(sizeof(atomic_int) == sizeof(int), "an atomic int is read as an int");
    return (const int *)&mail->box[worker].signal;
}

void weir__mail_stop(weir__mail *mail)
{
    for (unsigned i = 0; i < mail->boxes; i++)
        store_relaxed(&mail->box[i].signal, WEIR__STOP);
}

bool weir__mail_stopped(const weir__mail *mail, unsigned worker)
{
    return load_relaxed(&mail->box[worker].signal) == WEIR__STOP;
}

void weir__mail_hush(weir__mail *mail, unsigned worker)
{
    int look = WEIR__LOOK;
    /* M5: acquire; pairs with M6. M3 as well. */
    cas_seq_cst(&mail->box[worker].signal, &look, WEIR__QUIET);
}

void weir__mail_poke(weir__mail *mail, unsigned other)
{
    atomic_int *signal = &mail->box[other].signal;
    int quiet = WEIR__QUIET;
    /* M4, where it is about a sleeper. M6: release; pairs with M5, so that the raised hand is seen. */
    if (load_seq_cst(signal) == WEIR__QUIET)
        cas_release(signal, &quiet, WEIR__LOOK);
}

void weir__mail_poke_others(weir__mail *mail, unsigned worker)
{
    for (unsigned i = after(mail, worker); i != worker; i = after(mail, i))
        weir__mail_poke(mail, i);
}

bool weir__mail_has_room(const weir__mail *mail, unsigned worker)
{
    return !is_item(look(&mail->box[worker]));
}

/* Takes this item out of a box, if it is still there. */
static bool take_out(weir__box *box, void *item)
{
    /* M2: acquire; pairs with M1. */
    return cas_acquire(&box->item, &item, NULL);
}

static bool give(weir__box *box, void *item)
{
    void *expected = RAISED;
    /* M1: release; pairs with M2. */
    return look(box) == RAISED && cas_release(&box->item, &expected, item);
}

bool weir__mail_post(weir__mail *mail, unsigned worker, void *item)
{
    for (unsigned i = after(mail, worker); i != worker; i = after(mail, i))
        if (give(&mail->box[i], item))
            return true;
    weir__box *own = &mail->box[worker];
    if (look(own) != NULL || weir__mail_has_sleepers(mail))
        return false;
    /* M1 as well, and M3. */
    store_seq_cst(&own->item, item);
    WEIR_POINT(MAIL_POSTED);
    return !weir__mail_has_sleepers(mail) || !take_out(own, item);
}

void *weir__mail_take(weir__mail *mail, unsigned worker)
{
    unsigned i = worker;
    do {
        void *item = look(&mail->box[i]);
        if (!is_item(item))
            continue;
        /* Hand down first, or there could be two items. */
        if (i != worker && look(&mail->box[worker]) == RAISED) {
            void *own = weir__mail_lower(mail, worker);
            if (own != NULL)
                return own;
        }
        if (take_out(&mail->box[i], item))
            return item;
    } while ((i = after(mail, i)) != worker);
    return NULL;
}

void weir__mail_raise(weir__mail *mail, unsigned worker)
{
    weir__box *own = &mail->box[worker];
    if (look(own) == NULL)
        put(own, RAISED);
}

void *weir__mail_lower(weir__mail *mail, unsigned worker)
{
    weir__box *own = &mail->box[worker];
    void *content = look(own);
    while (content != NULL)
        /* M2 as well. */
        if (cas_weak_acquire(&own->item, &content, NULL))
            return is_item(content) ? content : NULL;
    return NULL;
}

void *weir__mail_sleep(weir__mail *mail, unsigned worker)
{
    /* M4: seq_cst, as the looks at boxes and signals after it; pairs with M3. */
    add_seq_cst(&mail->asleep, 1);
    WEIR_POINT(MAIL_ASLEEP);
    void *item = weir__mail_take(mail, worker);
    if (item != NULL)
        sub_relaxed(&mail->asleep, 1);
    else
        weir__mail_poke_others(mail, worker);
    return item;
}

void weir__mail_woke(weir__mail *mail)
{
    sub_relaxed(&mail->asleep, 1);
    sub_relaxed(&mail->tasks, 1);
}

void weir__mail_add_task(weir__mail *mail)
{
    add_relaxed(&mail->tasks, 1);
}

bool weir__mail_has_tasks(const weir__mail *mail)
{
    return load_relaxed(&mail->tasks) > load_relaxed(&mail->asleep);
}
