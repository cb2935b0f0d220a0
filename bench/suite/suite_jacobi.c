/* Jacobi: a time loop as a graph of all its sweeps that is run again and again, as a loop around the
 * graph of one sweep, as loops with barriers, and as tasks that are made anew.
 *
 * main.c runs it. Rates are of 10⁶ points a second. All contestants must have the sequential
 * program's grid, bit by bit. */
#include <stdio.h>

#include "contest.h"
#include "contestants.h"
#include "suites.h"

static bool run_grid(settings *s, report *r, uint64_t rows, uint64_t block, uint64_t sweeps)
{
    const double points = (double)rows * (double)rows * (double)sweeps * 1e-6;
    const task t = {.problem = "jacobi",
                    .size = rows,
                    .depth = sweeps,
                    .bytes = block,
                    .warm_depth = sweeps < 10 ? sweeps : 10,
                    .repeats = s->quick ? 1 : 9,
                    .most_ms = 2000};
    char label[64];
    snprintf(label, sizeof label, "%lu squared, blocks of %lu rows, %lu sweeps",
             (unsigned long)rows, (unsigned long)block, (unsigned long)sweeps);
    contest c = contest_begin("jacobi", label);
    suite_enter_all(&c, s, &t);
    const bool right = contest_run(&c, s);
    report_contest(r, &c, points, "Mpoint/s");
    return right;
}

bool suite_jacobi(settings *s, report *r)
{
    report_heading("Jacobi: blocks of rows by sweeps, a graph run again and again");
    if (s->quick)
        return run_grid(s, r, 100, 16, 10);
    bool right = run_grid(s, r, 128, 16, 2000);
    right = run_grid(s, r, 512, 32, 1000) && right;
    return run_grid(s, r, 4096, 128, 20) && right;
}
