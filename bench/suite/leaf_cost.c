/* Short leaves are measured one by one, long ones are multiples of a step; see leaf_cost.h. */
#include "leaf_cost.h"

#include <math.h>
#include <stdio.h>

#include "cases.h"
#include "contestants.h"
#include "turn.h"

enum { TRIES = 3, LONG_STEPS = 1000 };

/* Nanoseconds of one leaf of a tree of such leaves, the fastest of several turns; 0 after a failure. */
static double measure(settings *s, contestant *serial, uint64_t steps)
{
    entry e = {.who = serial,
               .workers = 1,
               .task = {.problem = "tree",
                        .size = 64,
                        .depth = steps < LONG_STEPS && !s->quick ? 3 : 1,
                        .steps = steps,
                        .repeats = 25}};
    const double leaves = (double)cases_tree_leaves(&e.task);
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double seconds;
        uint64_t answer;
        if (turn_take(&e, s, &seconds, &answer) != TURN_DONE)
            return 0;
        if (answer != cases_tree_leaves(&e.task)) {
            fprintf(stderr, "weir-bench: a leaf of %lu steps gave a wrong answer\n",
                    (unsigned long)steps);
            return 0;
        }
        if (i == 0 || seconds < best)
            best = seconds;
    }
    return best * 1e9 / leaves;
}

bool leaf_cost_measure(settings *s)
{
    contestant *serial = contestants_get(s, "serial");
    if (serial == NULL) {
        fputs("weir-bench: the sequential program is not beside weir-bench, in contestants/\n",
              stderr);
        return false;
    }
    bool good = true;
    for (uint64_t steps = 0; good && steps < LEAF_SHORT; steps++) {
        s->leaf.short_ns[steps] = measure(s, serial, steps);
        good = s->leaf.short_ns[steps] > 0;
    }
    if (good)
        s->leaf.step_ns = (measure(s, serial, LONG_STEPS) - s->leaf.short_ns[LEAF_SHORT - 1]) /
                          (LONG_STEPS - LEAF_SHORT + 1);
    return good && s->leaf.step_ns > 0;
}

uint64_t leaf_cost_steps(const leaf_cost *cost, double ns)
{
    const double longer_ns = ns - cost->short_ns[LEAF_SHORT - 1];
    uint64_t nearest = 0;
    if (ns <= 0)
        return 0;
    if (longer_ns > 0)
        return LEAF_SHORT - 1 + (uint64_t)(longer_ns / cost->step_ns + 0.5);
    for (uint64_t i = 1; i < LEAF_SHORT; i++)
        if (fabs(cost->short_ns[i] - ns) < fabs(cost->short_ns[nearest] - ns))
            nearest = i;
    return nearest;
}

bool leaf_cost_has(const leaf_cost *cost, double ns)
{
    const uint64_t steps = leaf_cost_steps(cost, ns);
    return steps >= LEAF_SHORT || fabs(cost->short_ns[steps] / ns - 1) < 0.2;
}
