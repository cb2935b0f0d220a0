/* The rounds of a contest and their statistics; see contest.h. */
#include "contest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../timing.h"
#include "contestants.h"
#include "turn.h"

/* A contestant whose turn takes longer than this, warm-up included, gets no second one: its place is
 * clear. */
#define SLOW_SECONDS 15.0

contest contest_begin(const char *suite, const char *label)
{
    contest c = {.suite = suite};
    snprintf(c.label, sizeof c.label, "%s", label);
    return c;
}

entry *contest_enter(contest *c, contestant *who, unsigned workers, const task *t)
{
    if (who == NULL || !contestants_solves(who, t->problem) || c->count == MOST_ENTRIES)
        return NULL;
    entry *e = &c->entries[c->count++];
    *e = (entry){.who = who, .workers = workers, .task = *t};
    return e;
}

static bool same_task(const task *a, const task *b)
{
    return a->size == b->size && a->depth == b->depth && a->steps == b->steps &&
           a->bytes == b->bytes;
}

/* Right is what is known, or else what the first entry with the same task said. */
static bool check_answer(const contest *c, const entry *e, uint64_t answer)
{
    uint64_t right = e->task.expected != 0 ? e->task.expected : answer;
    const entry *other = c->entries;
    while (e->task.expected == 0 && other < e &&
           !(other->turns > 0 && same_task(&other->task, &e->task)))
        other++;
    if (e->task.expected == 0 && (other < e || e->turns > 0))
        right = other->answer;
    if (answer == right)
        return true;
    fprintf(stderr, "weir-bench: %s gave a wrong answer to %s: %" PRIu64 ", right is %" PRIu64 "\n",
            e->who->name, c->label, answer, right);
    return false;
}

static bool take_turn(const contest *c, entry *e, const settings *s)
{
    double seconds;
    uint64_t answer;
    if (e->stopped || e->slow)
        return true;
    const double began = timing_now();
    const turn_end end = turn_take(e, s, &seconds, &answer);
    e->slow = timing_now() - began > SLOW_SECONDS;
    if (end == TURN_STOPPED)
        e->stopped = true;
    if (end != TURN_DONE)
        return end == TURN_STOPPED;
    if (!check_answer(c, e, answer))
        return false;
    e->answer = answer;
    e->seconds[e->turns++] = seconds;
    return true;
}

static void sum_up(entry *e)
{
    double sorted[MOST_ROUNDS];
    if (e->turns == 0)
        return;
    memcpy(sorted, e->seconds, e->turns * sizeof *sorted);
    e->median = timing_median(sorted, e->turns);
    e->best = sorted[0];
    e->worst = sorted[e->turns - 1];
}

/* On a terminal, one line that says where the contest is. */
static void show_progress(const contest *c, const entry *e, unsigned round, unsigned rounds)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (e == NULL)
        fputs("\r\033[K", stderr);
    else
        fprintf(stderr, "\r\033[K%s, round %u of %u: %s", c->label, round, rounds, e->who->name);
    fflush(stderr);
}

bool contest_run(contest *c, const settings *s)
{
    bool right = true;
    for (unsigned round = 0; round < s->rounds; round++)
        for (unsigned i = 0; i < c->count; i++) {
            show_progress(c, &c->entries[i], round + 1, s->rounds);
            right = take_turn(c, &c->entries[i], s) && right;
        }
    show_progress(c, NULL, 0, 0);
    for (unsigned i = 0; i < c->count; i++)
        sum_up(&c->entries[i]);
    return right;
}

const entry *contest_find(const contest *c, const char *name, unsigned workers)
{
    for (const entry *e = c->entries; e < c->entries + c->count; e++)
        if (e->turns > 0 && e->workers == workers && strcmp(e->who->name, name) == 0)
            return e;
    return NULL;
}

const entry *contest_fastest_peer(const contest *c, unsigned workers)
{
    const entry *fastest = NULL;
    for (const entry *e = c->entries; e < c->entries + c->count; e++)
        if (e->turns > 0 && e->workers == workers && contestants_is_peer(e->who) &&
            (fastest == NULL || e->median < fastest->median))
            fastest = e;
    return fastest;
}

double contest_spread(const entry *e)
{
    return 100 * (e->worst - e->best) / e->median;
}
