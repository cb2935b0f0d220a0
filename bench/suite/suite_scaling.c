/* Scaling: from one core to all, with the same work (strong) and with work that grows (weak).
 *
 * main.c runs it.  Speed-ups refer to the sequential program, which is not the same as one worker
 * of a library. */
#include <string.h>

#include "cases.h"
#include "chart.h"
#include "contest.h"
#include "contestants.h"
#include "leaf_cost.h"
#include "suites.h"

/* 1, 2, 4, … and all; from 8 on also the halves between. Returns how many. */
static unsigned worker_counts(unsigned all, unsigned counts[64])
{
    unsigned n = 0;
    for (unsigned w = 1; w < all; w *= 2) {
        counts[n++] = w;
        if (w >= 8 && w + w / 2 < all)
            counts[n++] = w + w / 2;
    }
    counts[n++] = all;
    return n;
}

/* The tree's work with so many workers: leaves of 1 us in branches that are shared out evenly. */
static task tree_task(const settings *s, unsigned branches)
{
    task t = {.problem = "tree",
              .size = branches,
              .depth = s->quick ? 1 : 3,
              .steps = leaf_cost_steps(&s->leaf, 1000),
              .repeats = s->quick ? 1 : 3};
    t.expected = cases_tree_leaves(&t);
    return t;
}

/* What is shown: the speed-up over the sequential program, for weak scaling the work counted in. */
static double speed_up(const contest *c, const entry *e, bool weak)
{
    const entry *serial = contest_find(c, "serial", 1);
    if (serial == NULL)
        return 0;
    return serial->median / e->median * (weak ? (double)e->workers : 1);
}

static void print_table(const contest *c, const unsigned *counts, unsigned n, bool weak,
                        const settings *s)
{
    printf("\n%-36s speed-up over the sequential program, workers\n%-17s", c->label, "");
    for (unsigned i = 0; i < n; i++)
        printf(" %8u", counts[i]);
    putchar('\n');
    for (unsigned k = 0; k < s->contestants_count; k++) {
        const char *name = s->contestants[k].name;
        if (!contestants_is_library(&s->contestants[k]) || contest_find(c, name, counts[0]) == NULL)
            continue;
        printf("  %-15s", name);
        for (unsigned i = 0; i < n; i++) {
            const entry *e = contest_find(c, name, counts[i]);
            if (e != NULL)
                printf(" %8.2f", speed_up(c, e, weak));
            else
                printf(" %8s", "");
        }
        putchar('\n');
    }
}

static bool draw(const report *r, const contest *c, bool weak, unsigned all, const char *file)
{
    static chart picture;
    picture = (chart){.title = c->label,
                      .subtitle = weak ? "work grows with the workers; pinned to cores"
                                       : "the same work for all; pinned to cores",
                      .x_label = "workers",
                      .x_whole = true,
                      .y_label = "speed-up over the sequential program"};
    for (const entry *e = c->entries; e < c->entries + c->count; e++)
        if (e->turns > 0 && contestants_is_library(e->who))
            chart_point(chart_series_of(&picture, e->who->name), e->workers, speed_up(c, e, weak));
    chart_series *ideal = chart_series_of(&picture, "ideal");
    chart_point(ideal, 1, 1);
    chart_point(ideal, all, all);
    if (ideal != NULL)
        ideal->dashed = true;
    return chart_write(&picture, r->plots, file);
}

typedef struct scaling {
    const char *problem, *label, *file;
    bool weak;
} scaling;

static task task_for(const settings *s, const scaling *g, unsigned workers)
{
    const char *label;
    if (strcmp(g->problem, "tree") == 0)
        return tree_task(s, g->weak ? 8 * workers : 8 * s->workers);
    task t = cases_task(s, g->problem, &label);
    if (strcmp(g->problem, "nqueens") == 0 && !s->quick) { /* less is enough here */
        t.size = 13;
        t.expected = 73712;
    }
    if (g->weak)
        t.size = t.size / s->workers * workers;
    return t;
}

static bool run_scaling(settings *s, report *r, const scaling *g)
{
    unsigned counts[64];
    const unsigned n = worker_counts(s->workers, counts);
    static contest c;
    c = contest_begin("scaling", g->label);
    const task one = task_for(s, g, 1);
    contest_enter(&c, contestants_get(s, "serial"), 1, &one);
    for (unsigned i = 0; i < n; i++) {
        const task t = task_for(s, g, counts[i]);
        for (unsigned k = 0; k < s->contestants_count; k++)
            if (contestants_is_library(&s->contestants[k]))
                contest_enter(&c, &s->contestants[k], counts[i], &t);
    }
    const bool right = contest_run(&c, s);
    print_table(&c, counts, n, g->weak, s);
    report_contest_data(r, &c);
    const entry *weir = contest_find(&c, "weir", s->workers);
    if (weir != NULL)
        report_finding(r, g->label, "weir", speed_up(&c, weir, g->weak), "speed-up");
    return (r->plots == NULL || draw(r, &c, g->weak, s->workers, g->file)) && right;
}

bool suite_scaling(settings *s, report *r)
{
    static const scaling all[] = {
        {"nqueens", "strong scaling: nqueens", "strong-nqueens.svg", false},
        {"tree", "strong scaling: leaves of 1 us", "strong-tree.svg", false},
        {"matmul", "strong scaling: matmul", "strong-matmul.svg", false},
        {"tree", "weak scaling: leaves of 1 us", "weak-tree.svg", true},
        {"sum", "weak scaling: sum of an array", "weak-sum.svg", true}};
    bool right = true;
    report_heading("scaling, 1 to all cores");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        right = run_scaling(s, r, &all[i]) && right;
    return right;
}
