/* Memory: over-production, a wide pipeline whose branches each hold a large block.
 *
 * main.c runs it.  weir runs at several limits from the least that it accepts up to none, the peers
 * as they are; the smallest limit that keeps 95 % of the unlimited speed is printed. */
#include <string.h>

#include "cases.h"
#include "chart.h"
#include "contest.h"
#include "contestants.h"
#include "suites.h"

/* One turn without a limit tells what a serial run needs and what the certificate says. */
static bool ask_weir(settings *s, const task *t, uint64_t *serial, uint64_t *part)
{
    settings once = *s;
    contest c = contest_begin("memory", "asking weir");
    contest_enter(&c, contestants_get(s, "weir"), s->workers, t);
    once.rounds = 1;
    if (c.count == 0 || !contest_run(&c, &once) || c.entries[0].turns == 0)
        return false;
    *serial = c.entries[0].serial;
    *part = c.entries[0].certified > *serial ? (c.entries[0].certified - *serial) / (4 * s->workers)
                                             : *serial;
    return true;
}

/* Room for no part at all, and for more and more of them up to what the window admits anyway. */
static void enter_budgets(contest *c, settings *s, const task *t, uint64_t serial, uint64_t part)
{
    const unsigned workers = s->workers;
    const unsigned parts[] = {0,           1,           workers / 2, workers, workers * 3 / 2,
                              workers * 2, workers * 3, workers * 4};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (i > 0 && parts[i] <= parts[i - 1])
            continue;
        entry *e = contest_enter(c, contestants_get(s, "weir"), workers, t);
        if (e != NULL)
            e->max_bytes = serial + part * parts[i];
    }
}

static void print_entry(const entry *e)
{
    char limit[24], time[24], peak[24], certified[24], resident[24];
    if (e->turns == 0)
        return;
    printf("  %-15s %12s %11s %6.1f%% %12s %12s %12s\n", e->who->name,
           e->max_bytes > 0 ? report_bytes(e->max_bytes, limit) : "no limit",
           report_seconds(e->median, time), contest_spread(e),
           e->certified > 0 ? report_bytes(e->peak, peak) : "",
           e->certified > 0 ? report_bytes(e->certified, certified) : "",
           report_bytes(e->resident, resident));
}

static void find_smallest(report *r, const contest *c, const entry *unlimited)
{
    const entry *smallest = NULL;
    char text[24];
    for (const entry *e = c->entries; e < c->entries + c->count; e++)
        if (e->who == unlimited->who && e->max_bytes > 0 && e->turns > 0 &&
            e->workers == unlimited->workers && e->median * 0.95 <= unlimited->median &&
            (smallest == NULL || e->max_bytes < smallest->max_bytes))
            smallest = e;
    printf("  smallest budget that keeps 95 %% of the speed: %s\n",
           smallest != NULL ? report_bytes(smallest->max_bytes, text) : "none of those tried");
    if (smallest == NULL)
        return;
    report_finding(r, "smallest budget that keeps 95 % of the speed", "weir",
                   (double)smallest->max_bytes, "bytes");
}

static bool draw(const report *r, const contest *c, const settings *s)
{
    static chart picture;
    picture = (chart){.title = "Over-production: time against the memory allowed",
                      .subtitle = "weir at its limits; others where they ended, without a limit",
                      .x_label = "max_bytes of weir, peak resident set of others, MiB",
                      .y_label = "time, ms",
                      .x_log = true,
                      .x_scale = 1 << 20,
                      .y_scale = 1e-3};
    chart_series *weir = chart_series_of(&picture, "weir, by max_bytes");
    for (const entry *e = c->entries; e < c->entries + c->count; e++) {
        if (e->turns == 0 || e->workers != s->workers)
            continue;
        if (e->max_bytes > 0) {
            chart_point(weir, (double)e->max_bytes, e->median);
        } else {
            char name[64];
            snprintf(name, sizeof name, "%s%s", e->who->name,
                     contestants_is_weir(e->who) ? ", no limit" : "");
            chart_series *dot = chart_series_of(&picture, name);
            chart_point(dot, (double)e->resident, e->median);
            if (dot != NULL)
                dot->dots_only = true;
        }
    }
    return chart_write(&picture, r->plots, "memory.svg");
}

bool suite_memory(settings *s, report *r)
{
    const char *label;
    const task t = cases_task(s, "blocks", &label);
    contest c = contest_begin("memory", label);
    uint64_t serial = 0, part = 0;
    report_heading("memory: over-production");
    const bool asked = ask_weir(s, &t, &serial, &part);
    suite_enter_all(&c, s, &t);
    if (asked)
        enter_budgets(&c, s, &t, serial, part);
    const bool right = contest_run(&c, s);
    printf("\n%s\n  %-15s %12s %11s %7s %12s %12s %12s\n", c.label, "", "max_bytes", "median",
           "spread", "peak bytes", "certified", "resident");
    for (unsigned i = 0; i < c.count; i++)
        print_entry(&c.entries[i]);
    const entry *unlimited = contest_find(&c, "weir", s->workers);
    if (unlimited != NULL)
        find_smallest(r, &c, unlimited);
    report_contest_data(r, &c);
    return (r->plots == NULL || draw(r, &c, s)) && right;
}
