/* Tables and JSON; see report.h. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "contest.h"

const char *report_seconds(double seconds, char text[24])
{
    static const char *const units[] = {"s", "ms", "us", "ns"};
    int unit = 0;
    while (unit < 3 && seconds < 0.9995) {
        seconds *= 1000;
        unit++;
    }
    snprintf(text, 24, "%.*f %s", seconds < 10 ? 3 : seconds < 100 ? 2 : 1, seconds, units[unit]);
    return text;
}

const char *report_bytes(uint64_t bytes, char text[24])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    int unit = 0;
    while (unit < 4 && value >= 1023.5) {
        value /= 1024;
        unit++;
    }
    snprintf(text, 24, "%.*f %s", unit == 0 ? 0 : value < 10 ? 2 : 1, value, units[unit]);
    return text;
}

/* ---- beginning and end ---- */

static void print_contestants(const settings *s)
{
    for (unsigned i = 0; i < s->contestants_count; i++)
        if (s->contestants[i].present && s->contestants[i].wanted)
            printf("%s%s", i == 0 ? "contestants: " : ", ", s->contestants[i].name);
    putchar('\n');
    for (unsigned i = 0; i < s->contestants_count; i++)
        if (!s->contestants[i].present && s->contestants[i].wanted)
            printf("skipped:     %s (%s)\n", s->contestants[i].name, s->contestants[i].hint);
}

static void begin_json(report *r, const settings *s, const machine *m)
{
    json *j = &r->json;
    *j = json_begin(r->json_file);
    json_open_object(j, NULL);
    json_open_object(j, "machine");
    json_string(j, "cpu", m->cpu);
    json_unsigned(j, "cores", m->cores);
    json_unsigned(j, "hardware_threads", m->threads);
    json_unsigned(j, "memory_bytes", m->memory_bytes);
    json_string(j, "system", m->system);
    json_string(j, "compiler", m->compiler);
    json_string(j, "date", m->date);
    json_double(j, "load", m->load);
    json_close_object(j);
    json_open_object(j, "settings");
    json_unsigned(j, "rounds", s->rounds);
    json_unsigned(j, "workers", s->workers);
    json_bool(j, "quick", s->quick);
    json_double(j, "ns_per_step", s->leaf.step_ns);
    json_open_array(j, "ns_per_leaf_of_0_1_2_steps");
    for (unsigned i = 0; i < LEAF_SHORT; i++)
        json_double(j, NULL, s->leaf.short_ns[i]);
    json_close_array(j);
    json_string(j, "pinning", "each process on the cores that weir's placement gives its workers");
    json_close_object(j);
    json_open_list(j, "contests");
}

void report_begin(report *r, const settings *s, const machine *m)
{
    char memory[24];
    printf("machine:     %s, %u core%s with %u hardware threads, %s\n", m->cpu, m->cores,
           m->cores == 1 ? "" : "s", m->threads, report_bytes(m->memory_bytes, memory));
    printf("system:      %s; %s; %s\n", m->system, m->compiler, m->date);
    printf(
        "workers:     %u; each process may use only the cores that weir's placement gives them\n",
        s->workers);
    printf("rounds:      %u, all contestants taking turns; a time is the median\n", s->rounds);
    printf("leaves:      of multiplications, %.3f ns each; a call without any takes %.2f ns\n",
           s->leaf.step_ns, s->leaf.short_ns[0]);
    if (m->load > 0.3)
        printf("load:        %.2f before the start: something else runs here, so do not trust the "
               "times\n",
               m->load);
    print_contestants(s);
    if (r->json_file != NULL)
        begin_json(r, s, m);
}

bool report_end(report *r)
{
    if (r->json_file == NULL)
        return true;
    json *j = &r->json;
    json_close_list(j);
    json_open_list(j, "findings");
    for (unsigned i = 0; i < r->findings_count; i++) {
        const finding *f = &r->findings[i];
        json_open_object(j, NULL);
        json_string(j, "name", f->name);
        json_string(j, "contestant", f->contestant);
        json_double(j, "value", f->value);
        json_string(j, "unit", f->unit);
        json_close_object(j);
    }
    json_close_list(j);
    json_close_object(j);
    const bool failed = ferror(r->json_file) != 0;
    return fclose(r->json_file) == 0 && !failed;
}

/* ---- contests ---- */

void report_heading(const char *text)
{
    printf("\n== %s\n", text);
}

static void print_entry(const contest *c, const entry *e, double amount, const char *unit)
{
    char time[24], resident[24], growth[24];
    const entry *serial = contest_find(c, "serial", 1);
    const entry *weir = contest_find(c, "weir", e->workers);
    printf("  %-15s %7u ", e->who->name, e->workers);
    if (e->turns == 0) {
        puts(e->stopped ? "  stopped: a turn took longer than the limit" : "  failed");
        return;
    }
    printf("%11s %6.1f%%", report_seconds(e->median, time), contest_spread(e));
    if (serial != NULL && strcmp(e->who->name, "limit") != 0)
        printf(" %9.2f", serial->median / e->median);
    else
        printf(" %9s", "");
    if (weir != NULL)
        printf(" %9.2f", e->median / weir->median);
    else
        printf(" %9s", "");
    printf(" %10s %10s", report_bytes(e->resident, resident), report_bytes(e->growth, growth));
    if (unit != NULL)
        printf(" %9.1f", amount / e->median);
    putchar('\n');
}

static void write_entry(json *j, const entry *e)
{
    json_open_object(j, NULL);
    json_string(j, "contestant", e->who->name);
    json_string(j, "about", e->who->about);
    json_unsigned(j, "workers", e->workers);
    json_unsigned(j, "size", e->task.size);
    json_unsigned(j, "depth", e->task.depth);
    json_unsigned(j, "steps", e->task.steps);
    json_unsigned(j, "bytes", e->task.bytes);
    json_bool(j, "stopped", e->stopped);
    json_open_array(j, "seconds");
    for (unsigned i = 0; i < e->turns; i++)
        json_double(j, NULL, e->seconds[i]);
    json_close_array(j);
    json_double(j, "median_seconds", e->median);
    json_unsigned(j, "peak_resident_bytes", e->resident);
    json_unsigned(j, "growth_bytes", e->growth);
    if (e->certified > 0) {
        json_unsigned(j, "max_bytes", e->max_bytes);
        json_unsigned(j, "peak_bytes", e->peak);
        json_unsigned(j, "certified_bytes", e->certified);
        json_unsigned(j, "serial_bytes", e->serial);
        json_unsigned(j, "promotions", e->promotions);
        json_unsigned(j, "gathers_promoted", e->gathers);
        json_unsigned(j, "branches", e->branches);
    }
    json_close_object(j);
}

void report_contest_data(report *r, const contest *c)
{
    if (r->json_file == NULL)
        return;
    json *j = &r->json;
    json_open_object(j, NULL);
    json_string(j, "suite", c->suite);
    json_string(j, "label", c->label);
    if (c->count > 0)
        json_string(j, "problem", c->entries[0].task.problem);
    json_open_list(j, "entries");
    for (unsigned i = 0; i < c->count; i++)
        write_entry(j, &c->entries[i]);
    json_close_list(j);
    json_close_object(j);
}

void report_contest(report *r, const contest *c, double amount, const char *unit)
{
    printf("\n%s\n  %-15s %7s %11s %7s %9s %9s %10s %10s%s%9s\n", c->label, "", "workers", "median",
           "spread", "speed-up", "x weir", "resident", "growth", unit != NULL ? " " : "",
           unit != NULL ? unit : "");
    for (unsigned i = 0; i < c->count; i++)
        print_entry(c, &c->entries[i], amount, unit);
    report_contest_data(r, c);
}

void report_finding(report *r, const char *name, const char *who, double value, const char *unit)
{
    if (r->findings_count == MOST_FINDINGS)
        return;
    finding *f = &r->findings[r->findings_count++];
    *f = (finding){.value = value};
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->contestant, sizeof f->contestant, "%s", who);
    snprintf(f->unit, sizeof f->unit, "%s", unit);
}
