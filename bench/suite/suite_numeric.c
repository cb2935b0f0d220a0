/* Numeric: a matrix product, a stencil and a reduction, beside what the machine itself can do.
 *
 * main.c runs it.  The limit is measured in the same rounds: multiply-adds in registers, and the
 * same loops over memory with nothing but static OpenMP loops; its fastest turn counts. */
#include <string.h>

#include "cases.h"
#include "contest.h"
#include "contestants.h"
#include "suites.h"

/* Operations or bytes of one run, by 10^9. */
static double amount_of(const task *t)
{
    const double n = (double)t->size;
    if (strcmp(t->problem, "sum") == 0)
        return n * sizeof(double) * 1e-9;
    if (strcmp(t->problem, "stencil") == 0) /* every sweep reads one grid and writes one */
        return 2 * n * n * (double)t->depth * sizeof(double) * 1e-9;
    return 2 * n * n * n * 1e-9;
}

static double weir_rate(report *r, settings *s, const contest *c, const char *unit)
{
    const entry *weir = contest_find(c, "weir", s->workers);
    if (weir == NULL)
        return 0;
    const double rate = amount_of(&weir->task) / weir->median;
    report_finding(r, c->label, "weir", rate, unit);
    return rate;
}

/* The rate of register multiply-adds with all workers, in 10^9 a second; 0 if it failed. */
static double measure_flops(settings *s, report *r, bool *right)
{
    const char *label;
    const task t = cases_task(s, "flops", &label);
    contest c = contest_begin("numeric", label);
    contest_enter(&c, contestants_get(s, "limit"), s->workers, &t);
    *right = contest_run(&c, s) && *right;
    report_contest_data(r, &c);
    const entry *limit = contest_find(&c, "limit", s->workers);
    return limit != NULL ? (double)limit->answer * 1e-9 / limit->best : 0;
}

bool suite_numeric(settings *s, report *r)
{
    static const struct {
        const char *problem, *unit;
    } problems[] = {
        {"matmul", "GFLOP/s"}, {"blocked", "GFLOP/s"}, {"sum", "GB/s"}, {"stencil", "GB/s"}};
    bool right = true;
    report_heading("numeric, beside the machine's own limit");
    const double flops = measure_flops(s, r, &right);
    printf("\nmultiply-adds in registers, %u worker%s: %.1f GFLOP/s\n", s->workers,
           s->workers == 1 ? "" : "s", flops);
    report_finding(r, "multiply-adds in registers", "limit", flops, "GFLOP/s");
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        const char *label;
        const task t = cases_task(s, problems[i].problem, &label);
        contest c = contest_begin("numeric", label);
        contest_enter(&c, contestants_get(s, "limit"), s->workers, &t);
        suite_enter_all(&c, s, &t);
        right = contest_run(&c, s) && right;
        report_contest(r, &c, amount_of(&t), problems[i].unit);
        const double rate = weir_rate(r, s, &c, problems[i].unit);
        const entry *limit = contest_find(&c, "limit", s->workers);
        const double most = limit != NULL ? amount_of(&t) / limit->best : flops;
        if (rate > 0 && most > 0)
            printf("  weir reaches %.0f %% of the limit's fastest turn, %.1f %s\n",
                   100 * rate / most, most, problems[i].unit);
    }
    return right;
}
