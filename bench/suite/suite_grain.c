/* Grain: the efficiency of a tree against the cost of its leaves, and METG(50 %).
 *
 * main.c runs it. Efficiency is the sequential program's time over workers times the contestant's
 * time; METG(50 %), the minimum effective task granularity of Task Bench (Slaughter and others,
 * SC 2020), is the cost of a leaf at which it is one half. */
#include <math.h>
#include <string.h>

#include "cases.h"
#include "chart.h"
#include "contest.h"
#include "contestants.h"
#include "suites.h"

static const struct {
    double ns;
    const char *label;
} grains[] = {{1, "1ns"},     {2, "2ns"},     {5, "5ns"},     {10, "10ns"},   {20, "20ns"},
              {50, "50ns"},   {100, "100ns"}, {200, "200ns"}, {500, "500ns"}, {1000, "1us"},
              {2000, "2us"},  {5000, "5us"},  {1e4, "10us"},  {2e4, "20us"},  {5e4, "50us"},
              {1e5, "100us"}, {1e6, "1ms"}};
enum { GRAINS = sizeof grains / sizeof *grains };

/* A curve for each contestant: what a leaf costs the sequential program, and the efficiency. */
static void add_points(chart *curves, const contest *c)
{
    const entry *serial = contest_find(c, "serial", 1);
    if (serial == NULL)
        return;
    const double leaf_ns = serial->median * 1e9 / (double)cases_tree_leaves(&serial->task);
    for (const entry *e = c->entries; e < c->entries + c->count; e++) {
        if (e == serial || e->turns == 0)
            continue;
        char name[64];
        snprintf(name, sizeof name, "%s%s", e->who->name, e->workers == 1 ? ", 1 worker" : "");
        chart_point(chart_series_of(curves, name), leaf_ns,
                    serial->median / (e->workers * e->median));
    }
}

/* Where the curve falls below `wanted` on the way from coarse to fine, on a logarithmic scale. If
 * it never does, *bound is -1 and the finest leaf is returned; if it is below all along, *bound is
 * 1 and the coarsest is. */
static double crossing(const chart_series *s, double wanted, int *bound)
{
    *bound = 0;
    if (s->y[s->count - 1] < wanted) {
        *bound = 1;
        return s->x[s->count - 1];
    }
    for (unsigned k = s->count - 1; k > 0; k--)
        if (s->y[k - 1] < wanted) {
            const double share = (wanted - s->y[k - 1]) / (s->y[k] - s->y[k - 1]);
            return s->x[k - 1] * pow(s->x[k] / s->x[k - 1], share);
        }
    *bound = -1;
    return s->x[0];
}

/* The finest leaf at which the efficiency is so high; 0 if it never is. */
static double first_at(const chart_series *s, double wanted)
{
    for (unsigned k = 0; k < s->count; k++)
        if (s->y[k] >= wanted)
            return s->x[k];
    return 0;
}

static void print_crossings(report *r, chart *curves)
{
    static const char *const signs[] = {"<", "", ">"};
    static const char *const names[] = {"METG(50 %), below", "METG(50 %)", "METG(50 %), above"};
    printf("\n%-20s %14s   95 %% first at\n", "", "METG(50 %)");
    for (unsigned i = 0; i < curves->count; i++) {
        chart_series *s = &curves->series[i];
        int bound;
        char half_text[24], most_text[24];
        const double half = crossing(s, 0.5, &bound), most = first_at(s, 0.95);
        printf("%-20s %2s%12s   %s\n", s->name, signs[bound + 1],
               report_seconds(half * 1e-9, half_text),
               most > 0 ? report_seconds(most * 1e-9, most_text) : "never");
        report_finding(r, names[bound + 1], s->name, half, "ns");
        if (most > 0)
            report_finding(r, "efficiency 95 % first at", s->name, most, "ns");
        if (bound == 0) {
            s->mark_x = half;
            s->mark_y = 0.5;
        }
    }
}

static void print_table(const chart *curves)
{
    printf("\n%-20s efficiency at leaves of about\n%-20s", "", "");
    for (unsigned k = 0; k < GRAINS; k++)
        printf(" %6s", grains[k].label);
    putchar('\n');
    for (unsigned i = 0; i < curves->count; i++) {
        const chart_series *s = &curves->series[i];
        printf("%-20s", s->name);
        for (unsigned k = 0; k < s->count; k++)
            printf(" %5.1f%%", 100 * s->y[k]);
        putchar('\n');
    }
}

bool suite_grain(settings *s, report *r)
{
    static chart curves;
    bool right = true;
    curves = (chart){.title = "Efficiency of a tree against the cost of its leaves",
                     .subtitle = "sequential time / (workers x time); circles: METG(50 %)",
                     .x_label = "what one leaf costs the sequential program, ns",
                     .y_label = "efficiency, per cent",
                     .x_log = true,
                     .y_scale = 0.01,
                     .y_line = 0.5};
    report_heading("grain: a tree of fan-out 8, leaves from 1 ns to 1 ms");
    for (unsigned k = 0; k < GRAINS; k++) {
        char label[64];
        const task t = cases_tree_of_grain(s, grains[k].ns, s->workers);
        snprintf(label, sizeof label, "tree, leaves of %g ns", grains[k].ns);
        contest c = contest_begin("grain", label);
        suite_enter_all(&c, s, &t);
        right = contest_run(&c, s) && right;
        report_contest_data(r, &c);
        add_points(&curves, &c);
    }
    print_table(&curves);
    print_crossings(r, &curves);
    if (r->plots != NULL)
        right = chart_write(&curves, r->plots, "grain.svg") && right;
    return right;
}
