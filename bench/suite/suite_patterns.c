/* Patterns: Task Bench's graphs (Slaughter and others, SC 2020), 8 points wide.
 *
 * main.c runs it. Efficiency is the time of the same leaves without edges, shared out evenly among
 * as many threads in the same rounds, over the contestant's time. METG(50 %) is as in that paper: a
 * task's granularity is time x workers / tasks, with all that the library adds, and METG the finest
 * one at which the efficiency is one half. With two workers one alone has that, so METG(75 %) stands
 * beside it. */
#include <math.h>
#include <stdio.h>

#include "cases.h"
#include "chart.h"
#include "contest.h"
#include "contestants.h"
#include "leaf_cost.h"
#include "metg.h"
#include "suites.h"

enum { WIDTH = 8 };

static const struct {
    double ns;
    const char *label;
} grains[] = {{30, "30ns"},  {60, "60ns"},  {125, "125ns"}, {250, "250ns"}, {500, "500ns"},
              {1000, "1us"}, {2000, "2us"}, {5000, "5us"},  {2e4, "20us"}};
enum { GRAINS = sizeof grains / sizeof *grains };

static const char *const patterns[] = {"trivial", "no_comm", "stencil_1d",     "fft",       "tree",
                                       "nearest", "spread",  "random_nearest", "all_to_all"};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

/* At most 10 000 steps in a graph, 40 ms of work for each worker, which is run again and again for 0.6 s. */
static task task_of(const settings *s, const char *problem, double ns)
{
    const double turn_ns = s->quick ? 2e6 : 6e8;
    const double run_ns = s->quick ? 2e6 : 4e7;
    const double steps = run_ns * s->workers / (ns * (double)WIDTH);
    return (task){.problem = problem,
                  .size = WIDTH,
                  .depth = (uint64_t)fmin(fmax(steps, 10), 10000),
                  .steps = leaf_cost_steps(&s->leaf, ns),
                  .warm_depth = s->quick ? 10 : 1000,
                  .repeats = 1001,
                  .most_ms = (uint64_t)(turn_ns * 1e-6)};
}

/* Enters the leaves alone, and every library with all workers. */
static void enter_all(contest *c, settings *s, const task *t)
{
    contest_enter(c, contestants_get(s, "limit"), s->workers, t);
    for (unsigned i = 0; i < s->contestants_count; i++)
        if (contestants_is_library(&s->contestants[i]))
            contest_enter(c, &s->contestants[i], s->workers, t);
}

static void add_points(chart *curves, const contest *c)
{
    const entry *leaves = contest_find(c, "limit", c->entries[0].workers);
    for (const entry *e = c->entries; leaves != NULL && e < c->entries + c->count; e++) {
        chart_series *series = e == leaves ? NULL : chart_series_of(curves, e->who->name);
        if (series != NULL && e->turns > 0)
            chart_point(series, e->median * 1e9 * e->workers / (double)e->answer,
                        leaves->median / e->median);
    }
}

static void print_metg(report *r, const char *pattern, const chart_series *s, double wanted)
{
    int bound;
    char text[24], name[64];
    const double ns = metg_crossing(s, wanted, &bound);
    printf(" %2s%10s", bound == 0 ? "" : bound < 0 ? "<" : ">", report_seconds(ns * 1e-9, text));
    snprintf(name, sizeof name, "%s, METG(%.0f %%)%s", pattern, 100 * wanted,
             bound == 0  ? ""
             : bound < 0 ? ", below"
                         : ", above");
    report_finding(r, name, s->name, ns, "ns");
}

static void print_table(report *r, const char *pattern, const chart *curves, const bool *taken)
{
    printf("\n%-20s efficiency at leaves of\n%-20s", pattern, "");
    for (unsigned k = 0; k < GRAINS; k++)
        if (taken[k])
            printf(" %6s", grains[k].label);
    printf(" %12s %12s\n", "METG(50 %)", "METG(75 %)");
    for (unsigned i = 0; i < curves->count; i++) {
        const chart_series *s = &curves->series[i];
        if (s->count == 0)
            continue;
        printf("%-20s", s->name);
        for (unsigned k = 0; k < s->count; k++)
            printf(" %5.1f%%", 100 * s->y[k]);
        print_metg(r, pattern, s, 0.5);
        print_metg(r, pattern, s, 0.75);
        putchar('\n');
    }
}

static bool run_pattern(settings *s, report *r, const char *pattern)
{
    static chart curves;
    char problem[32], title[64], file[64];
    bool taken[GRAINS], right = true;
    snprintf(problem, sizeof problem, "tb-%s", pattern);
    snprintf(title, sizeof title, "Task Bench's %s, %d points wide", pattern, WIDTH);
    curves = (chart){.title = title,
                     .subtitle = "time of the leaves alone / time",
                     .x_label = "time x workers / tasks, ns",
                     .y_label = "efficiency, per cent",
                     .x_log = true,
                     .y_scale = 0.01,
                     .y_line = 0.5};
    for (unsigned k = 0; k < GRAINS; k++) {
        char label[64];
        taken[k] = !s->quick || k == GRAINS - 1;
        if (!taken[k])
            continue;
        const task t = task_of(s, problem, grains[k].ns);
        snprintf(label, sizeof label, "%s, leaves of %s", pattern, grains[k].label);
        contest c = contest_begin("patterns", label);
        enter_all(&c, s, &t);
        right = contest_run(&c, s) && right;
        report_contest_data(r, &c);
        add_points(&curves, &c);
    }
    print_table(r, pattern, &curves, taken);
    snprintf(file, sizeof file, "pattern-%s.svg", pattern);
    return (r->plots == NULL || chart_write(&curves, r->plots, file)) && right;
}

bool suite_patterns(settings *s, report *r)
{
    bool right = true;
    report_heading("Task Bench's patterns, beside the same leaves without edges");
    for (size_t i = 0; i < PATTERNS; i++)
        right = run_pattern(s, r, patterns[i]) && right;
    return right;
}
