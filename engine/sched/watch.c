/* Deadlines and who keeps them; see watch.h, and README.md for the argument that none is lost. */
#include "sched/watch.h"

#include "trace/point.h"

void weir__watch_open(weir__watch *watch, weir__mail *mail)
{
    *watch = (weir__watch){.mail = mail, .lock = PTHREAD_MUTEX_INITIALIZER};
}

void weir__watch_close(weir__watch *watch)
{
    WEIR_ASSERT(watch->first == NULL);
    pthread_mutex_destroy(&watch->lock);
}

/* ---- sources ---- */

void weir__watch_add(weir__watch *watch, weir__deadlines *source)
{
    pthread_mutex_lock(&watch->lock);
    source->next = watch->first;
    watch->first = source;
    pthread_mutex_unlock(&watch->lock);
}

void weir__watch_remove(weir__watch *watch, weir__deadlines *source)
{
    weir__deadlines **at = &watch->first;
    pthread_mutex_lock(&watch->lock);
    while (*at != source)
        at = &(*at)->next;
    *at = source->next;
    pthread_mutex_unlock(&watch->lock);
}

/* ---- deadlines ---- */

/* False: there is one already that is as early. */
static bool lower(weir__mail *mail, uint64_t deadline_ns)
{
    uint64_t due;
    do {
        /* W1: seq_cst, after the change of a source and before the look for who has the role; pairs
         * with W2 and W5. */
        due = load_seq_cst(&mail->due_ns);
        if (due <= deadline_ns)
            return false;
        /* W1 as well. */
    } while (!cas_seq_cst(&mail->due_ns, &due, deadline_ns));
    return true;
}

static bool has_holder(const weir__mail *mail)
{
    /* W4: seq_cst; pairs with W3. */
    return load_seq_cst(&mail->watch) != 0;
}

/* Nobody has the role: one sleeper is to look, whatever it waits for. */
static void wake_one(weir__mail *mail)
{
    if (weir__mail_has_sleepers(mail))
        for (unsigned i = 0; i < mail->boxes && !weir__mail_wake(mail, i); i++)
            ;
}

void weir__watch_set(weir__watch *watch, uint64_t deadline_ns)
{
    weir__mail *mail = watch->mail;
    if (!lower(mail, deadline_ns))
        return;
    WEIR_POINT(WATCH_SET);
    /* W4 as well. */
    const unsigned holder = load_seq_cst(&mail->watch);
    if (holder != 0) {
        weir__mail_ring(mail, holder - 1);
        return;
    }
    weir__mail_ask_all(mail);
    wake_one(mail);
}

/* With the role: all sources, which say what is next. */
static void ask_sources(weir__watch *watch, struct weir__worker *worker, uint64_t now_ns)
{
    uint64_t next_ns = WEIR_NO_DEADLINE;
    pthread_mutex_lock(&watch->lock);
    /* W5: seq_cst, before the looks at the sources; pairs with W1: a deadline that is set later
     * stays, and one that was set before is known to its source. */
    (void)exchange_seq_cst(&watch->mail->due_ns, WEIR_NO_DEADLINE);
    for (weir__deadlines *source = watch->first; source != NULL; source = source->next) {
        const uint64_t left_ns = source->settle(source->of, worker, now_ns);
        next_ns = left_ns < next_ns ? left_ns : next_ns;
    }
    pthread_mutex_unlock(&watch->lock);
    WEIR_POINT(WATCH_SETTLED);
    (void)lower(watch->mail, next_ns); /* nobody is to be told: this worker has the role */
}

bool weir__watch_settle(weir__watch *watch, unsigned index, struct weir__worker *worker,
                        uint64_t now_ns)
{
    if (now_ns < load_relaxed(&watch->mail->due_ns) || !weir__watch_take(watch->mail, index))
        return false;
    ask_sources(watch, worker, now_ns);
    return true;
}

/* ---- the role ---- */

bool weir__watch_take(weir__mail *mail, unsigned worker)
{
    /* W2: seq_cst, after the announcement of a sleeper, the bell, an acknowledged word or the end
     * of a role; pairs with W1. */
    const bool is_set = load_seq_cst(&mail->due_ns) != WEIR_NO_DEADLINE;
    /* W4 as well, after the announcement. */
    unsigned holder = load_seq_cst(&mail->watch);
    if (holder == worker + 1)
        return true;
    if (!is_set || holder != 0)
        return false;
    /* W3: seq_cst, before the look at the deadline (W2); pairs with W4. */
    return cas_seq_cst(&mail->watch, &holder, worker + 1);
}

void weir__watch_leave(weir__mail *mail, unsigned worker)
{
    const bool had = load_relaxed(&mail->watch) == worker + 1;
    if (had)
        /* W3 as well: seq_cst. */
        store_seq_cst(&mail->watch, 0);
    if (!weir__mail_has_deadline(mail))
        return;
    WEIR_POINT(WATCH_LEFT);
    if (had) /* else they were asked when the role became free, and look since */
        weir__mail_ask_all(mail);
    if (has_holder(mail))
        return;
    weir__mail_ask(mail, worker);
    wake_one(mail);
}

bool weir__watch_is_kept(const weir__mail *mail)
{
    return !weir__mail_has_deadline(mail) || has_holder(mail);
}
