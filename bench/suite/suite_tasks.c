/* Fork-join: six problems that are all tasks and little work; and a chain, which has little parallelism.
 *
 * main.c runs both. They print one table a problem, and the ratios that weir is held to. */
#include <math.h>
#include <string.h>

#include "cases.h"
#include "contest.h"
#include "contestants.h"
#include "leaf_cost.h"
#include "suites.h"

void suite_enter_all(contest *c, settings *s, const task *t)
{
    contest_enter(c, contestants_get(s, "serial"), 1, t);
    if (s->workers > 1)
        contest_enter(c, contestants_get(s, "weir"), 1, t);
    for (unsigned i = 0; i < s->contestants_count; i++)
        if (contestants_is_library(&s->contestants[i]))
            contest_enter(c, &s->contestants[i], s->workers, t);
}

/* Prints how weir compares with the fastest peer; the ratio, or 0 without both. */
static double compare_with_peers(report *r, const contest *c, const settings *s)
{
    const entry *weir = contest_find(c, "weir", s->workers);
    const entry *peer = contest_fastest_peer(c, s->workers);
    if (weir == NULL || peer == NULL)
        return 0;
    const double ratio = weir->median / peer->median;
    printf("  weir takes %.2f times as long as the fastest peer, %s\n", ratio, peer->who->name);
    report_finding(r, "weir / fastest peer", c->label, ratio, "ratio");
    return ratio;
}

bool suite_fork_join(settings *s, report *r)
{
    static const struct {
        const char *problem;
        bool in_mean;
    } problems[] = {{"fib", true},  {"skynet", true},     {"nqueens", true},
                    {"uts", false}, {"mergesort", false}, {"matmul", true}};
    bool right = true;
    double logs = 0;
    unsigned compared = 0;
    report_heading("fork-join");
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        const char *label;
        const task t = cases_task(s, problems[i].problem, &label);
        contest c = contest_begin("fork-join", label);
        suite_enter_all(&c, s, &t);
        right = contest_run(&c, s) && right;
        report_contest(r, &c, 0, NULL);
        const double ratio = compare_with_peers(r, &c, s);
        if (problems[i].in_mean && ratio > 0) {
            logs += log(ratio);
            compared++;
        }
    }
    if (compared > 0) {
        const double mean = exp(logs / compared);
        printf("\nweir / fastest peer, geometric mean over fib, skynet, nqueens, matmul: %.2f\n",
               mean);
        report_finding(r, "geometric mean of weir / fastest peer", "weir", mean, "ratio");
    }
    return right;
}

typedef struct chain {
    double leaf_ns;
    double links, times; /* of those of the case */
} chain;

static bool run_chain(settings *s, report *r, const chain *wanted)
{
    const char *label;
    char text[64];
    task t = cases_task(s, "chain", &label);
    t.size = (uint64_t)((double)t.size * wanted->links);
    t.depth = (uint64_t)((double)t.depth * wanted->times);
    t.expected = t.size * t.depth;
    t.steps = leaf_cost_steps(&s->leaf, wanted->leaf_ns);
    snprintf(text, sizeof text, "%lu links, leaves of %g ns", (unsigned long)t.size,
             wanted->leaf_ns);
    contest c = contest_begin("chain", text);
    suite_enter_all(&c, s, &t);
    const bool right = contest_run(&c, s);
    report_contest(r, &c, 0, NULL);
    const entry *one = contest_find(&c, "weir", 1), *all = contest_find(&c, "weir", s->workers);
    if (one != NULL && all != NULL && s->workers > 1) {
        printf("  %u workers take %.2f times as long as one\n", s->workers,
               all->median / one->median);
        report_finding(r, c.label, "weir, all workers / one", all->median / one->median, "ratio");
    }
    return right;
}

/* Tiny branches, where more workers cannot help and must not hurt; and long leaves, which can be shared
 * although all but one of them are always below the same child. */
bool suite_chain(settings *s, report *r)
{
    static const chain chains[] = {{1, 1, 1}, {1, 10, 0.1}, {100, 1, 0.2}, {20000, 0.1, 0.1}};
    bool right = true;
    report_heading("a chain: each link has one leaf and the next link");
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++)
        right = run_chain(s, r, &chains[i]) && right;
    return right;
}
