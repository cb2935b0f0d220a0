/* What the team has cost in vain, and what follows from that; see alone.h.
 *
 * The estimate of a run's work is a mean that single large values hardly move, and a small one
 * corrects at once.  Without that, a worker that the system keeps from running for a time slice
 * would look like work, in which the others could have helped. */
#include "sched/alone.h"

#include "sched/tuning.h"
#if defined(WEIR_TESTING)
#include "base/testing.h"
#endif

uint64_t weir__alone_limit_ns(const weir__alone *alone)
{
#if defined(WEIR_TESTING)
    const uint64_t tried_ns = weir__testing_alone_ns();
    if (tried_ns > 0)
        return tried_ns;
#endif
    const uint64_t work_ns = load_relaxed(&alone->work_ns);
    const uint64_t most_ns = alone->most_ns > 0 ? alone->most_ns : WEIR_ALONE_WORK_NS;
    if (load_relaxed(&alone->spell_ns) == 0 || work_ns > most_ns)
        return 0;
    return 2 * work_ns + WEIR_ALONE_MARGIN_NS;
}

void weir__alone_begin(weir__alone *alone, uint64_t most_ns)
{
    alone->most_ns = most_ns;
    store_relaxed(&alone->vain_ns, 0);
    store_relaxed(&alone->spell_ns, 0);
    store_relaxed(&alone->work_ns, 0);
}

/* Returns the work, as it is known now. */
static uint64_t learn_work(weir__alone *alone, uint64_t ns)
{
    uint64_t work_ns = load_relaxed(&alone->work_ns);
    if (work_ns == 0 || ns < work_ns / 4)
        work_ns = ns > 0 ? ns : 1;
    else if (ns > work_ns + work_ns / 4)
        work_ns += work_ns / 32 + 1;
    else if (ns > work_ns)
        work_ns += (ns - work_ns) / 8;
    else
        work_ns -= (work_ns - ns) / 8;
    store_relaxed(&alone->work_ns, work_ns);
    return work_ns;
}

/* The next runs with the team are a try. The first of them wakes threads that sleep by then, which
 * says little. */
static void try_next(weir__alone *alone, uint64_t debt_ns)
{
    store_relaxed(&alone->vain_ns, WEIR_VAIN_MOST_NS - WEIR_VAIN_TRY_NS - (int64_t)debt_ns);
}

/* After a run that has lost so much: on a crowded machine that can be a hundred milliseconds, and
 * is to remain a few per cent. */
static void begin_spell(weir__alone *alone, uint64_t lost_ns)
{
    const uint64_t least_ns = WEIR_ALONE_SPELL_NS;
    const uint64_t long_ns = 32 * (lost_ns < least_ns ? lost_ns : least_ns);
    store_relaxed(&alone->spell_ns, long_ns > least_ns ? long_ns : least_ns);
    try_next(alone, 0);
}

static void lose(weir__alone *alone, uint64_t ns)
{
    const int64_t before = load_relaxed(&alone->vain_ns);
    const int64_t vain = before + (int64_t)(ns < WEIR_VAIN_MOST_NS ? ns : WEIR_VAIN_MOST_NS);
    if (vain > WEIR_VAIN_MOST_NS)
        begin_spell(alone, ns);
    else
        store_relaxed(&alone->vain_ns, vain);
}

static void gain(weir__alone *alone, uint64_t ns)
{
    const int64_t before = load_relaxed(&alone->vain_ns);
    WEIR_ASSERT(before <= WEIR_VAIN_MOST_NS);
    if (before > 0)
        store_relaxed(&alone->vain_ns, ns < (uint64_t)before ? before - (int64_t)ns : 0);
}

void weir__alone_learn_team(weir__alone *alone, uint64_t wall_ns, uint64_t busy_ns)
{
    const uint64_t work_ns = learn_work(alone, busy_ns);
    /* Where workers were busy for hardly longer than the run took, one of them had nearly all of
     * it, or was kept from running. Then the other runs say what was to be done. */
    const bool shared = busy_ns > wall_ns + wall_ns / 4;
    const uint64_t alone_ns =
        (shared || busy_ns < work_ns ? busy_ns : work_ns) + WEIR_ALONE_COST_NS;
    if (alone_ns < wall_ns)
        lose(alone, wall_ns - alone_ns);
    else
        gain(alone, alone_ns - wall_ns);
}

void weir__alone_learn_alone(weir__alone *alone, uint64_t took_ns)
{
    const uint64_t spell_ns = load_relaxed(&alone->spell_ns);
    (void)learn_work(alone, took_ns);
    store_relaxed(&alone->spell_ns, took_ns < spell_ns ? spell_ns - took_ns : 0);
}

void weir__alone_learn_late(weir__alone *alone, uint64_t shared_ns)
{
    store_relaxed(&alone->spell_ns, 0);
    try_next(alone, shared_ns);
}
