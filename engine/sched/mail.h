/* Mail: how the workers of a team ask each other for work, hand it over, and sleep.
 *
 * Each worker has a box with room for one item.  A worker without work puts a request into its box,
 * and whoever has work to spare gives it an item; a busy worker may leave one item in its own box
 * ahead of time.  A worker that has found nothing for a while is asleep, which its box says as well,
 * and whoever has an item for it rings its bell.  Anyone may empty any box, so no item waits for a
 * worker that the system does not let run.
 *
 * Runs have numbers (numbers.h), and beside an item stands that of its run, in the same word.  A worker that
 * waits for a run in an op of another wants only items of that run, or of those nested in it: its number
 * stands in its request and in its mark.  So nobody looks into an item that is not its own, and no op finds a
 * stranger's work on its stack.
 *
 * Each worker polls a word of its own.  Who wants work of it, or wants it to look at once, writes
 * there.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                begin  post, take, request, withdraw,   ask, alert,  numbers
 *                       acknowledge, announce, park      end, count
 *   begin          X                X                       X            X     before the team enters
 *   post, …        X                -                       -            -     each worker for itself
 *   ask, …         X                -                       -            -     any thread
 * Order:     what was written before post happens before the take of it returns (M1, M2), and what
 *            was before ask happens before the acknowledge that takes it (M5, M6).
 * Progress:  lock-free; only park waits.  A look into all boxes costs a cached load for each.
 * Memory:    items are the caller's, aligned to WEIR_LINE.
 * Protocol:  README.md, "Handing over" and "Falling asleep". */
#ifndef WEIR_MAIL_H
#define WEIR_MAIL_H

#include "base/atomics.h"
#include "base/base.h"
#include "sched/bell.h"
#include "sched/item.h"
#include "sched/numbers.h"
#include "sched/tuning.h"
#include "weir/detail/loop.h" /* WEIR__REQUEST, … */
#include "weir/status.h"

typedef struct weir__box {
    /* 0, or a number beside a request, the mark of a sleeper, or an item's address (letter.h). The
     * owner alone fills an empty box, and alone withdraws its request; others turn a request or a
     * sleeper's mark into an item, or wake the sleeper by taking its mark away; anyone takes an
     * item out. */
    alignas(WEIR_LINE) atomic_uintptr_t content;
    /* The word that the owner polls: the owner alone makes WEIR__RUN of it, others WEIR__REQUEST of
     * that, and anyone WEIR__NOW, by which no poll goes. */
    atomic_int signal;
    weir__bell bell;
    weir__item *aside; /* items that the owner is to pass on, and found no room for; its own */
} weir__box;

static_assert(sizeof(weir__box) == WEIR_LINE, "who looks into a box looks at one line");

/* Invariant (weir__mail_is_valid), at every moment:
 *   a box holds nothing, or a number beside a request, a mark or an item;
 *   a word says RUN, REQUEST or NOW;
 *   asleep >= 0, and at least the number of boxes with the mark: it is raised before the mark is put
 *   there, and lowered after that is gone;
 *   surplus >= -boxes;  team, searching, listening, watch <= boxes;  numbers are valid.
 * At rest (weir__mail_is_at_rest), while no worker is in the team's run:
 *   a box holds nothing, or a request;  nothing is set aside;  nobody searches, listens, or has the watch;
 *   surplus = items in boxes or about to be, of which there are none now, + workers that were busy
 *   when they left - team: so -team <= surplus <= 0;
 *   numbers are at rest.
 * While workers are at work, the sums are made of words that change one after the other. asleep is 0 at rest
 * once every weir__mail_wake() has returned: a thread that cancels a run may be late. */
typedef struct weir__mail {
    weir__box *box;
    unsigned boxes;
    atomic_uint team; /* workers that came */
    alignas(WEIR_LINE) atomic_uint asleep;
    atomic_uint listening; /* busy workers that are asked where there is no sleeper to look */
    /* The earliest deadline of weir__now_ns(), or WEIR_NO_DEADLINE; and which worker has the watch,
     * plus 1, or 0: it sleeps no longer, and is the last to be woken otherwise (watch.h). */
    alignas(WEIR_LINE) atomic_uint_least64_t due_ns;
    atomic_uint watch;
    alignas(WEIR_LINE) atomic_int surplus;    /* below 0 somebody has nothing to do */
    alignas(WEIR_LINE) atomic_uint searching; /* workers that look into others' boxes */
    alignas(WEIR_LINE)
        atomic_uint_least64_t asked;     /* when one of them last asked all others, in ns */
    alignas(WEIR_LINE) atomic_bool over; /* the team's workers are to leave */
    weir__numbers numbers;
} weir__mail;

static_assert(!WEIR_SAME_LINE(weir__mail, team, asleep) &&
                  !WEIR_SAME_LINE(weir__mail, asleep, surplus) &&
                  !WEIR_SAME_LINE(weir__mail, surplus, searching) &&
                  !WEIR_SAME_LINE(weir__mail, searching, asked) &&
                  !WEIR_SAME_LINE(weir__mail, asked, over),
              "what all workers write does not take the lines of others along");

/* Does the invariant hold? For asserts and tests. Threads: any, at any time. */
bool weir__mail_is_valid(const weir__mail *mail);
/* And that of a mail at rest? While no worker is in the team's run. */
bool weir__mail_is_at_rest(const weir__mail *mail);

weir_status weir__mail_open(weir__mail *mail, unsigned workers) WEIR_MUST_CHECK;
void weir__mail_close(weir__mail *mail);

/* Before a team enters: all workers are awake and are to look, and all but worker 0 request work,
 * since they are on their way. */
void weir__mail_begin(weir__mail *mail);
/* By worker 0, before it posts, and before it looks whether its run stops: only so many workers came,
 * and all but worker 0 have no work. */
void weir__mail_set_team(weir__mail *mail, unsigned team);
/* The team's workers are to leave, asleep or not. */
void weir__mail_end(weir__mail *mail);
static inline bool weir__mail_is_over(const weir__mail *mail)
{
    /* M8: seq_cst; pairs with M7, of a worker that has announced that it will sleep. */
    return load_seq_cst(&mail->over);
}

/* ---- handing over ---- */

/* Has this worker's own box room for an item? If so, it has until the worker posts. */
bool weir__mail_has_room(const weir__mail *mail, unsigned worker);
/* Gives the item to a worker that requests such a one, or to a sleeper, or leaves it in this worker's
 * own box; without room there, it is set aside until there is, and only this worker can take it. */
void weir__mail_post(weir__mail *mail, unsigned worker, weir__item *item);
/* Takes a wanted item from any box, this worker's own first; then no request or mark of this worker is
 * left. NULL if there is none: then its box is as it was, unless another worker was faster. */
weir__item *weir__mail_take(weir__mail *mail, unsigned worker, weir__number wanted) WEIR_MUST_CHECK;

/* The same from this worker's own box only. */
weir__item *weir__mail_take_own(weir__mail *mail, unsigned worker,
                                weir__number wanted) WEIR_MUST_CHECK;
/* Does an item lie in a box, this worker's own first? If so, *number is its run's. */
bool weir__mail_peek(const weir__mail *mail, unsigned worker, weir__number *number);

/* May this worker, without work, look into others' boxes and ask them? At most half as many do as are
 * busy, and one: the others are given work all the same. True: until it stops. */
bool weir__mail_try_search(weir__mail *mail) WEIR_MUST_CHECK;
void weir__mail_stop_search(weir__mail *mail);

/* A worker whose box is empty requests such work, or goes on to. */
void weir__mail_request(weir__mail *mail, unsigned worker, weir__number wanted);
/* Takes this worker's request or mark back. Returns the wanted item that is there instead by now, or NULL;
 * a stranger's, which the worker is to pass on, stays. */
weir__item *weir__mail_withdraw(weir__mail *mail, unsigned worker,
                                weir__number wanted) WEIR_MUST_CHECK;

/* ---- signals ---- */

/* The word that this worker polls (weir__loop_may_go_on). Read it by an atomic load only. */
const int *weir__mail_signal(const weir__mail *mail, unsigned worker);
/* The other worker is to look for work to hand out. */
void weir__mail_ask(weir__mail *mail, unsigned other);
void weir__mail_ask_others(weir__mail *mail, unsigned worker);
void weir__mail_ask_all(weir__mail *mail);
/* The same, if no worker has done so within the last WEIR_ASK_GAP_NS: busy workers, who know how many
 * are missing, are not told so by each. */
void weir__mail_ask_in_turn(weir__mail *mail, unsigned worker, uint64_t now_ns);
/* The worker's next poll fires, whatever may go by otherwise. */
void weir__mail_alert(weir__mail *mail, unsigned worker);
/* Every worker's does, and sleepers look. Threads: any; from a signal handler as well. */
void weir__mail_alert_all(weir__mail *mail);
/* This worker looks what others want of it: whoever asks later writes its word again. */
void weir__mail_acknowledge(weir__mail *mail, unsigned worker);

/* ---- sleeping ---- */

/* The worker, whose box is empty, is about to sleep, wanting such items. It must look once more for
 * all that it waits for, and then park or withdraw. */
void weir__mail_announce(weir__mail *mail, unsigned worker, weir__number wanted);
/* Sleeps until somebody has taken the mark out of this worker's box, or, if it has the watch, until
 * the deadline. */
void weir__mail_park(weir__mail *mail, unsigned worker);
/* The deadline is an earlier one: if this worker has the watch and sleeps, it is to know. */
void weir__mail_ring(weir__mail *mail, unsigned worker);
/* Is there a deadline? After weir__mail_acknowledge() a worker sees those that were set before, or
 * its word is written again. */
static inline bool weir__mail_has_deadline(const weir__mail *mail)
{
    /* W2 as well: seq_cst. */
    return load_seq_cst(&mail->due_ns) != WEIR_NO_DEADLINE;
}
/* Wakes one sleeper that wants any items, to look; false: there is none. */
bool weir__mail_wake_one(weir__mail *mail);
/* The same; and without a sleeper the busy workers that listen are asked. Who changes what a sleeper or a
 * listener looks at does so by seq_cst stores, and then calls this, if there are any. */
void weir__mail_tell(weir__mail *mail);
bool weir__mail_has_listeners(const weir__mail *mail);
/* A busy worker listens: it must look at that once more; and no longer. */
void weir__mail_listen(weir__mail *mail);
void weir__mail_stop_listening(weir__mail *mail);
void weir__mail_wake_all(weir__mail *mail);
/* Has this worker look, if it sleeps; false: it does not. */
bool weir__mail_wake(weir__mail *mail, unsigned worker);
/* Sleepers cannot ask: a worker that finds some must look by itself whether they are needed. After
 * weir__mail_acknowledge() it sees those who fell asleep before, and who falls asleep later asks. */
bool weir__mail_has_sleepers(const weir__mail *mail);

/* ---- demand ---- */

/* Are there other workers, who may come to want work? */
static inline bool weir__mail_has_others(const weir__mail *mail)
{
    return load_relaxed(&mail->team) > 1;
}

/* How many items fewer there are than workers without work; only a hint. */
static inline int weir__mail_missing(const weir__mail *mail)
{
    return -load_relaxed(&mail->surplus);
}

/* An item is made, or a worker becomes busy (+1), or no longer is (-1). */
static inline void weir__mail_count(weir__mail *mail, int change)
{
    add_relaxed(&mail->surplus, change);
}

#endif
