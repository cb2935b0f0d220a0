/* Compares the two ways to run a graph; see gain.h. */
#include "graph/gain.h"

#include "sched/tuning.h"

#if defined(WEIR_ASSERTS)
bool weir__gain_is_valid(const weir__gain *gain)
{
    const int state = load_relaxed(&gain->state);
    const bool alone = load_relaxed(&gain->alone);
    return state >= WEIR_GAIN_MEASURES && state <= WEIR_GAIN_STAYS &&
           gain->stay_ns <= WEIR_GAIN_STAY_MOST_NS && gain->left_ns <= gain->stay_ns &&
           (state != WEIR_GAIN_TRIES || gain->task_ns[!alone] > 0);
}
#endif

/* A new figure is to be made. */
static void start_over(weir__gain *gain)
{
    store_relaxed(&gain->tasks, 0);
    store_relaxed(&gain->busy_ns, 0);
    gain->took_ns = gain->waits_ns = 0;
}

static void go_on_with(weir__gain *gain, bool alone, weir__gain_state state)
{
    store_relaxed(&gain->alone, alone);
    store_relaxed(&gain->state, state);
    start_over(gain);
}

/* It stays so for as long as the last time, or longer if that was so already. */
static void stay(weir__gain *gain, bool alone, bool again)
{
    const uint64_t twice_ns = 2 * gain->stay_ns;
    gain->stay_ns = !again || twice_ns < WEIR_GAIN_STAY_LEAST_NS ? WEIR_GAIN_STAY_LEAST_NS
                    : twice_ns < WEIR_GAIN_STAY_MOST_NS          ? twice_ns
                                                                 : WEIR_GAIN_STAY_MOST_NS;
    gain->left_ns = gain->stay_ns;
    go_on_with(gain, alone, WEIR_GAIN_STAYS);
}

/* The way that is on trial has its figure. */
static void decide(weir__gain *gain, bool alone)
{
    const bool better = gain->task_ns[alone] < gain->task_ns[!alone];
    stay(gain, better ? alone : !alone, !better);
}

/* Enough tasks for a figure. */
static void note_figure(weir__gain *gain, uint64_t tasks, bool is_long)
{
    const bool alone = load_relaxed(&gain->alone);
    const int state = load_relaxed(&gain->state);
    if (is_long) {
        stay(gain, false, !alone);
        return;
    }
    gain->task_ns[alone] = (double)gain->took_ns / (double)tasks;
    if (state == WEIR_GAIN_TRIES) {
        decide(gain, alone);
    } else if (state == WEIR_GAIN_MEASURES) {
        go_on_with(gain, !alone, WEIR_GAIN_TRIES);
    } else {
        gain->left_ns -= gain->left_ns < gain->took_ns ? gain->left_ns : gain->took_ns;
        go_on_with(gain, alone, gain->left_ns > 0 ? WEIR_GAIN_STAYS : WEIR_GAIN_MEASURES);
    }
}

/* Until now. */
static void add_time(weir__gain *gain, uint64_t now_ns, bool sole)
{
    const uint64_t ns = now_ns > gain->since_ns ? now_ns - gain->since_ns : 0;
    gain->since_ns = now_ns;
    if (!load_relaxed(&gain->alone) || sole) {
        gain->took_ns += ns;
        return;
    }
    const uint64_t waits_ns = gain->waits_ns + ns;
    start_over(gain);
    gain->waits_ns = waits_ns;
}

static void look(weir__gain *gain, uint64_t now_ns, bool sole)
{
    add_time(gain, now_ns, sole);
    if (gain->waits_ns >= WEIR_GAIN_WAIT_NS) {
        stay(gain, false, load_relaxed(&gain->state) == WEIR_GAIN_TRIES);
        return;
    }
    if (gain->took_ns < WEIR_GAIN_FIGURE_NS)
        return;
    const uint64_t tasks = load_relaxed(&gain->tasks);
    note_figure(gain, tasks, load_relaxed(&gain->busy_ns) >= tasks * WEIR_LONG_NS);
}

void weir__gain_begin(weir__gain *gain, uint64_t now_ns)
{
    WEIR_ASSERT(weir__gain_is_valid(gain));
    gain->since_ns = now_ns;
}

void weir__gain_end(weir__gain *gain, uint64_t now_ns)
{
    if (gain->since_ns > 0)
        add_time(gain, now_ns, true);
    gain->since_ns = 0;
    WEIR_ASSERT(weir__gain_is_valid(gain));
}

bool weir__gain_look(weir__gain *gain, uint64_t now_ns, bool sole)
{
    const bool alone = load_relaxed(&gain->alone);
    bool looking = false;
    /* GR6: acquire; pairs with GR7: what the last one to look has noted. */
    if (!cas_acquire(&gain->looking, &looking, true))
        return false;
    look(gain, now_ns, sole);
    const bool changed = load_relaxed(&gain->alone) != alone;
    /* GR7: release; pairs with GR6. */
    store_release(&gain->looking, false);
    return changed;
}
