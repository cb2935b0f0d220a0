/* weir's own costs: a node of an empty tree, an empty run on a warm engine, a promotion, a gather
 * task.
 *
 * main.c runs it.  A promotion's cost to the worker that makes it is what the gaps between two
 * leaves add up to, less what they are with one worker, by the parts made in them; the first one of
 * a run has the three system calls that bind the calling thread. */
#include "cases.h"
#include "contest.h"
#include "contestants.h"
#include "leaf_cost.h"
#include "suites.h"

/* Enters weir with 1 worker and with all. */
static void enter_weir(contest *c, settings *s, const task *t)
{
    contest_enter(c, contestants_get(s, "weir"), 1, t);
    if (s->workers > 1)
        contest_enter(c, contestants_get(s, "weir"), s->workers, t);
}

static void print_cost(report *r, const char *what, const entry *e, double ns)
{
    char text[24];
    printf("  %-28s %7u  %s\n", what, e->workers, report_seconds(ns * 1e-9, text));
    report_finding(r, what, e->workers == 1 ? "weir, 1 worker" : "weir, all workers", ns, "ns");
}

static bool measure_nodes(settings *s, report *r)
{
    const task t = cases_tree_of_grain(s, 0, 1);
    contest c = contest_begin("costs", "an empty tree");
    uint64_t nodes = 0;
    enter_weir(&c, s, &t);
    for (task level = t;; level.depth--) {
        nodes += cases_tree_leaves(&level);
        if (level.depth == 0)
            break;
    }
    const bool right = contest_run(&c, s);
    report_contest_data(r, &c);
    for (const entry *e = c.entries; e < c.entries + c.count; e++)
        print_cost(r, "node of an empty tree", e, e->median * 1e9 / (double)nodes);
    return right;
}

static bool measure_runs(settings *s, report *r)
{
    const char *label;
    const task t = cases_task(s, "empty", &label);
    contest c = contest_begin("costs", label);
    enter_weir(&c, s, &t);
    const bool right = contest_run(&c, s);
    report_contest_data(r, &c);
    for (const entry *e = c.entries; e < c.entries + c.count; e++)
        print_cost(r, "empty run", e, e->median * 1e9 / (double)t.size);
    return right;
}

static bool measure_hand_outs(settings *s, report *r)
{
    const char *label;
    task t = cases_task(s, "handout", &label);
    contest c = contest_begin("costs", label);
    t.steps = leaf_cost_steps(&s->leaf, 30000);
    enter_weir(&c, s, &t);
    const bool right = contest_run(&c, s);
    report_contest_data(r, &c);
    const entry *one = contest_find(&c, "weir", 1), *all = contest_find(&c, "weir", s->workers);
    if (one == NULL || all == NULL || one->gaps < 1 || all->made < 1)
        return right;
    const double without_ns = one->gaps_ns / one->gaps;
    print_cost(r, "promotion", all, (all->gaps_ns - all->gaps * without_ns) / all->made);
    print_cost(r, "last leaf to gather task", all, all->gather_ns);
    print_cost(r, "last leaf to gather", one, one->gather_ns);
    return right;
}

bool suite_costs(settings *s, report *r)
{
    report_heading("weir's own costs");
    printf("\n  %-28s %7s\n", "", "workers");
    bool right = measure_nodes(s, r);
    right = measure_runs(s, r) && right;
    return measure_hand_outs(s, r) && right;
}
