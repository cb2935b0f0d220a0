/* The invariants of the mail, of numbers, of a run and of its life; see mail.h, numbers.h, run.h, life.h.
 *
 * Asserts and tests call it.  It must never change what it looks at, nor look into an item: whoever
 * has taken that out may be through with it. */
#include "sched/letter.h"
#include "sched/life.h"

#if defined(WEIR_ASSERTS)

/* ---- numbers ---- */

static bool is_taken(const weir__numbers *numbers, weir__number number)
{
    return (load_relaxed(&numbers->taken) >> number & 1) != 0;
}

bool weir__numbers_are_valid(const weir__numbers *numbers)
{
    return !is_taken(numbers, 0);
}

/* Does one come from this number to 0, by parents that are taken? */
static bool leads_to_0(const weir__numbers *numbers, weir__number number)
{
    for (unsigned steps = 0; steps <= WEIR_NUMBERS; steps++) {
        if (number == 0)
            return true;
        if (number > WEIR_NUMBERS || !is_taken(numbers, number))
            return false;
        number = load_relaxed(&numbers->parent[number]);
    }
    return false;
}

bool weir__numbers_are_at_rest(const weir__numbers *numbers)
{
    bool rest = weir__numbers_are_valid(numbers);
    for (weir__number n = 1; rest && n <= WEIR_NUMBERS; n++)
        rest = !is_taken(numbers, n) || leads_to_0(numbers, n);
    return rest;
}

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
        load_relaxed(&mail->surplus) >= -(int)mail->boxes &&
        weir__numbers_are_valid(&mail->numbers);
    for (unsigned i = 0; valid && i < mail->boxes; i++)
        valid = box_is_valid(&mail->box[i]);
    return valid;
}

static bool box_is_at_rest(const weir__box *box)
{
    const letter l = load_relaxed(&box->content);
    return box->aside == NULL && (l == 0 || is_request(l));
}

bool weir__mail_is_at_rest(const weir__mail *mail)
{
    const int surplus = load_relaxed(&mail->surplus), team = (int)load_relaxed(&mail->team);
    bool rests = weir__mail_is_valid(mail) && load_relaxed(&mail->searching) == 0 &&
                 load_relaxed(&mail->watch) == 0 && load_relaxed(&mail->listening) == 0 &&
                 surplus >= -team && surplus <= 0 && weir__numbers_are_at_rest(&mail->numbers);
    for (unsigned i = 0; rests && i < mail->boxes; i++)
        rests = box_is_at_rest(&mail->box[i]);
    return rests;
}

/* ---- a run ---- */

static bool number_is_taken(const weir__run *run)
{
    return (run->number == 0 || run->number == run->lineage) &&
           (run->lineage == 0 || is_taken(&run->mail->numbers, run->lineage));
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
