/* The invariants of the mail, of a run and of its life; see mail.h, run.h and life.h.
 *
 * Asserts and tests call it.  It must never change what it looks at, nor look into an item: whoever
 * has taken that out may be through with it. */
#include "sched/letter.h"
#include "sched/life.h"

#if defined(WEIR_ASSERTS)

/* ---- the mail ---- */

static bool box_is_valid(const weir__box *box)
{
    const int signal = load_relaxed(&box->signal);
    return letter_is_valid(load_relaxed(&box->content)) &&
           (signal == WEIR__RUN || signal == WEIR__REQUEST || signal == WEIR__NOW);
}

bool weir__mail_is_valid(const weir__mail *mail)
{
    bool valid =
        load_relaxed(&mail->team) <= mail->boxes && load_relaxed(&mail->searching) <= mail->boxes &&
        (int)load_relaxed(&mail->asleep) >= 0 && load_relaxed(&mail->watch) <= mail->boxes &&
        load_relaxed(&mail->listening) <= mail->boxes &&
        load_relaxed(&mail->surplus) >= -(int)mail->boxes && (load_relaxed(&mail->taken) & 1) == 0;
    for (unsigned i = 0; valid && i < mail->boxes; i++)
        valid = box_is_valid(&mail->box[i]);
    return valid;
}

static bool box_is_at_rest(const weir__box *box)
{
    const letter l = load_relaxed(&box->content);
    return box->aside == NULL && (l == 0 || is_request(l));
}

/* Does one come from this number to 0, by parents that are taken? */
static bool number_is_valid(const weir__mail *mail, weir__number number)
{
    const uint64_t taken = load_relaxed(&mail->taken);
    for (unsigned steps = 0; steps <= WEIR_NUMBERS; steps++) {
        if (number == 0)
            return true;
        if (number > WEIR_NUMBERS || (taken >> number & 1) == 0)
            return false;
        number = load_relaxed(&mail->parent[number]);
    }
    return false;
}

bool weir__mail_is_at_rest(const weir__mail *mail)
{
    const int surplus = load_relaxed(&mail->surplus), team = (int)load_relaxed(&mail->team);
    bool rests = weir__mail_is_valid(mail) && load_relaxed(&mail->searching) == 0 &&
                 load_relaxed(&mail->watch) == 0 && load_relaxed(&mail->listening) == 0 &&
                 surplus >= -team && surplus <= 0;
    for (unsigned i = 0; rests && i < mail->boxes; i++)
        rests = box_is_at_rest(&mail->box[i]);
    for (weir__number n = 1; rests && n <= WEIR_NUMBERS; n++)
        rests = (load_relaxed(&mail->taken) >> n & 1) == 0 || number_is_valid(mail, n);
    return rests;
}

/* ---- a run ---- */

static bool number_is_taken(const weir__run *run)
{
    return (run->number == 0 || run->number == run->lineage) &&
           (run->lineage == 0 || (load_relaxed(&run->mail->taken) >> run->lineage & 1) != 0);
}

static bool ancestors_are_valid(const weir__run *run)
{
    const weir__run *parent = run->parent;
    while (parent != NULL && parent != run)
        parent = parent->parent;
    return parent == NULL;
}

bool weir__run_is_valid(const weir__run *run)
{
    const bool nested = run->starter != NULL;
    return number_is_taken(run) && ancestors_are_valid(run) && run->begins > 0 &&
           run->root != NULL && (run->root != run) == nested && run->root->root == run->root &&
           (nested || run->hosted || !load_relaxed(&run->done)) && run->team > 0 &&
           run->team <= run->mail->boxes && (run->number != 0 || !nested || run->team == 1) &&
           (!run->has_window || run->window.team == run->team) &&
           (!weir__stint_is_under_way(&run->stint) || (!nested && run->team == 1)) &&
           !weir__failure_idle(&run->failure) && weir__failure_is_valid(&run->failure);
}

/* ---- its life ---- */

bool weir__life_is_valid(const weir__life *life)
{
    const weir__run *run = life->run;
    if (run == NULL)
        return !life->begun && life->root == NULL && life->reserved_bytes == 0;
    return life->workers > 0 && (life->workers > 1 || life->max_in_flight == 0) &&
           (life->root == NULL || life->begun) && (life->chores == NULL || life->hosted) &&
           (!life->hosted || life->worker == NULL) &&
           life->begun != weir__failure_idle(&run->failure) &&
           (!life->begun || run->starter == life->worker) &&
           life->reserved_bytes <= weir__budget_held(&run->engine->budget);
}

#endif
