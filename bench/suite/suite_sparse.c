/* Solve, incomplete and eliminate: sparse matrices, a task for each row or column, whose work is from
 * some nanoseconds to some microseconds.
 *
 * main.c runs them. The matrices are Laplacians of grids in the plane and in space, and those of files.
 * The sequential program goes row by row; `limit` is CXSparse, by columns, with one thread.  Beside the
 * graphs stand contestants that go level by level.  What counts here is weir with one worker, which
 * should cost next to nothing, and with all. */
#include <stdio.h>

#include "cases.h"
#include "contest.h"
#include "contestants.h"
#include "suites.h"

/* A problem on some matrices. */
typedef struct sparse_problem {
    const char *suite, *name, *label;
    const char *task; /* what one is: a row, or a column */
    bool is_large; /* it can have a million rows in a turn; else some ten thousand, in the plane */
} sparse_problem;

typedef struct grid {
    uint64_t side, dimensions;
    bool is_large;
} grid;

static const grid grids[] = {{300, 2, false}, {1000, 2, true}, {45, 3, true}, {100, 3, true}};
enum { GRIDS = sizeof grids / sizeof *grids };

/* The sequential program and the library; weir with 1 worker and with all; all others with all. */
static void enter_all(contest *c, settings *s, const task *t)
{
    contest_enter(c, contestants_get(s, "serial"), 1, t);
    contest_enter(c, contestants_get(s, "limit"), 1, t);
    for (unsigned i = 0; i < s->contestants_count; i++) {
        contestant *who = &s->contestants[i];
        if (contestants_is_weir(who) && s->workers > 1)
            contest_enter(c, who, 1, t);
        if (contestants_is_library(who))
            contest_enter(c, who, s->workers, t);
    }
}

/* Times by that of plain C. */
static void print_ratios(report *r, const contest *c, const settings *s, const sparse_problem *p,
                         double rows)
{
    const entry *serial = contest_find(c, "serial", 1);
    if (serial == NULL)
        return;
    printf("  plain C: %.1f ns a %s of %.1f entries\n", serial->median * 1e9 / rows, p->task,
           (double)serial->answer / rows);
    for (unsigned i = 0; i < s->contestants_count; i++) {
        const contestant *who = &s->contestants[i];
        const entry *one = contest_find(c, who->name, 1),
                    *all = contest_find(c, who->name, s->workers);
        if (!contestants_is_weir(who) || one == NULL || all == NULL)
            continue;
        printf("  %s takes %.2f of that with 1 worker, %.2f with %u\n", who->name,
               one->median / serial->median, all->median / serial->median, s->workers);
        report_finding(r, c->label, who->name, one->median / serial->median, "x, 1 worker");
        report_finding(r, c->label, who->name, all->median / serial->median, "x, all workers");
    }
}

/* `t` has the matrix. */
static bool run_task(settings *s, report *r, const sparse_problem *p, task t, uint64_t rows,
                     const char *label)
{
    t.problem = p->name;
    t.repeats = s->quick ? 3 : 1001;
    t.most_ms = 500;
    contest c = contest_begin(p->suite, label);
    enter_all(&c, s, &t);
    const bool right = contest_run(&c, s);
    report_contest(r, &c, (double)rows * 1e-6, "Mtasks/s");
    print_ratios(r, &c, s, p, (double)rows);
    return right;
}

static bool run_grid(settings *s, report *r, const sparse_problem *p, uint64_t side,
                     uint64_t dimensions)
{
    const bool flat = dimensions == 2;
    const task t = {.size = side, .depth = dimensions, .warm_size = s->quick ? 0 : 20};
    const unsigned long n = side;
    char label[64];
    if (flat)
        snprintf(label, sizeof label, "%s, %lu x %lu points", p->label, n, n);
    else
        snprintf(label, sizeof label, "%s, %lu x %lu x %lu points", p->label, n, n, n);
    return run_task(s, r, p, t, flat ? side * side : side * side * side, label);
}

static bool run_file(settings *s, report *r, const sparse_problem *p, const char *path)
{
    const task t = {.matrix = path};
    char label[64];
    uint64_t rows;
    if (!cases_matrix_rows(path, &rows))
        return false;
    snprintf(label, sizeof label, "%s, %.24s", p->label, cases_matrix_name(path));
    return run_task(s, r, p, t, rows, label);
}

static bool run_problem(settings *s, report *r, const sparse_problem *p)
{
    bool right = true;
    for (unsigned i = 0; i < s->matrices_count; i++)
        right = run_file(s, r, p, s->matrices[i]) && right;
    if (s->quick)
        return run_grid(s, r, p, 12, 2) && (!p->is_large || run_grid(s, r, p, 6, 3)) && right;
    for (unsigned i = 0; i < GRIDS; i++)
        if (p->is_large || !grids[i].is_large)
            right = run_grid(s, r, p, grids[i].side, grids[i].dimensions) && right;
    return right;
}

bool suite_solve(settings *s, report *r)
{
    const sparse_problem lower = {"solve", "solve", "lower triangle", "row", true};
    const sparse_problem factor = {"solve", "solve-factor", "Cholesky factor", "row", false};
    report_heading("sparse triangular solve, a task a row");
    const bool right = run_problem(s, r, &lower);
    return run_problem(s, r, &factor) && right;
}

bool suite_incomplete(settings *s, report *r)
{
    const sparse_problem p = {"incomplete", "incomplete", "IC(0)", "row", true};
    report_heading("incomplete Cholesky without fill, a task a row");
    return run_problem(s, r, &p);
}

bool suite_eliminate(settings *s, report *r)
{
    const sparse_problem p = {"eliminate", "eliminate", "sparse Cholesky", "column", false};
    report_heading("sparse Cholesky, multifrontal, a task a column");
    return run_problem(s, r, &p);
}
