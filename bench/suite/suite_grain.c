/* Grain: the efficiency of a tree against the cost of its leaves, and METG(50 %).
 *
 * main.c runs it. Efficiency is the sequential program's time over workers times the contestant's
 * time; METG(50 %), the minimum effective task granularity of Task Bench (Slaughter and others,
 * SC 2020), is the cost of a leaf at which it is one half. */
#include <string.h>

#include "cases.h"
#include "chart.h"
#include "contest.h"
#include "contestants.h"
#include "leaf_cost.h"
#include "metg.h"
#include "suites.h"

/* Those that no leaf here costs, being less than the call and the jump, are left out. */
static const struct {
    double ns; /* 0: no work */
    const char *label;
} grains[] = {{0, "call"},   {1, "1ns"},     {2, "2ns"},     {5, "5ns"},     {10, "10ns"},
              {20, "20ns"},  {50, "50ns"},   {100, "100ns"}, {200, "200ns"}, {500, "500ns"},
              {1000, "1us"}, {2000, "2us"},  {5000, "5us"},  {1e4, "10us"},  {2e4, "20us"},
              {5e4, "50us"}, {1e5, "100us"}, {1e6, "1ms"}};
enum { MOST_GRAINS = sizeof grains / sizeof *grains };

/* What a leaf really cost the sequential program, nanoseconds; 0 if it has no result. */
static double cost_of_leaf(const contest *c)
{
    const entry *serial = contest_find(c, "serial", 1);
    return serial == NULL ? 0 : serial->median * 1e9 / (double)cases_tree_leaves(&serial->task);
}

/* A curve for each contestant: what a leaf costs the sequential program, and the efficiency. */
static void add_points(chart *curves, const contest *c)
{
    const entry *serial = contest_find(c, "serial", 1);
    const double leaf_ns = cost_of_leaf(c);
    if (serial == NULL)
        return;
    for (const entry *e = c->entries; e < c->entries + c->count; e++) {
        if (e == serial || e->turns == 0)
            continue;
        char name[64];
        snprintf(name, sizeof name, "%s%s", e->who->name, e->workers == 1 ? ", 1 worker" : "");
        chart_point(chart_series_of(curves, name), leaf_ns,
                    serial->median / (e->workers * e->median));
    }
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
        const double half = metg_crossing(s, 0.5, &bound), most = first_at(s, 0.95);
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

/* Six columns: "1.05ns", "20.1ns", "502us". */
static void print_cost(double ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    int unit = 0;
    for (; unit < 3 && ns >= 999.5; unit++)
        ns /= 1000;
    char text[24];
    snprintf(text, sizeof text, "%.*f%s", ns < 9.995 ? 2 : ns < 99.95 ? 1 : 0, ns, units[unit]);
    printf(" %6s", text);
}

/* Column k is that of grains[which[k]]. */
static void print_table(const chart *curves, const unsigned *which, const double *costs_ns,
                        unsigned n)
{
    printf(
        "\n%-20s efficiency at leaves of about, and what they cost the sequential program\n%-20s",
        "", "");
    for (unsigned k = 0; k < n; k++)
        printf(" %6s", grains[which[k]].label);
    printf("\n%-20s", "a leaf in plain C");
    for (unsigned k = 0; k < n; k++)
        print_cost(costs_ns[k]);
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
    double costs_ns[MOST_GRAINS];
    unsigned which[MOST_GRAINS], n = 0;
    bool right = true;
    curves = (chart){.title = "Efficiency of a tree against the cost of its leaves",
                     .subtitle = "sequential time / (workers x time); circles: METG(50 %)",
                     .x_label = "what one leaf costs the sequential program, ns",
                     .y_label = "efficiency, per cent",
                     .x_log = true,
                     .y_scale = 0.01,
                     .y_line = 0.5};
    report_heading("grain: a tree of fan-out 8, leaves from a call alone to 1 ms");
    for (unsigned k = 0; k < MOST_GRAINS; k++) {
        char label[64] = "tree, leaves that are a call alone";
        const double ns = grains[k].ns;
        const task t = cases_tree_of_grain(s, ns, s->workers);
        if (ns > 0 && !leaf_cost_has(&s->leaf, ns))
            continue;
        if (ns > 0)
            snprintf(label, sizeof label, "tree, leaves of %g ns", ns);
        contest c = contest_begin("grain", label);
        suite_enter_all(&c, s, &t);
        right = contest_run(&c, s) && right;
        report_contest_data(r, &c);
        add_points(&curves, &c);
        which[n] = k;
        costs_ns[n] = cost_of_leaf(&c);
        report_finding(r, label, "serial", costs_ns[n++], "ns a leaf");
    }
    print_table(&curves, which, costs_ns, n);
    print_crossings(r, &curves);
    if (r->plots != NULL)
        right = chart_write(&curves, r->plots, "grain.svg") && right;
    return right;
}
