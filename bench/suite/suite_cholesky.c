/* Cholesky: a dense matrix by tiles, each task one call of OpenBLAS or LAPACK with one thread.
 *
 * main.c runs it. Rates are of n³/3 operations; beside them stands what products of tiles alone
 * reach with all workers at once, just before, and LAPACK's own factorisation of the whole matrix
 * with one thread, which is `limit`. */
#include <stdio.h>

#include "contest.h"
#include "contestants.h"
#include "suites.h"

/* The rate of products of such tiles with all workers, 10^9 operations a second; 0 without any. */
static double measure_tiles(settings *s, report *r, uint64_t tile, bool *right)
{
    const double n = (double)tile, operations = s->quick ? 1e7 : 1e10;
    const task t = {.problem = "tile",
                    .depth = 1 + (uint64_t)(operations / (2 * n * n * n)),
                    .bytes = tile,
                    .repeats = 3};
    char label[64];
    snprintf(label, sizeof label, "products of tiles of %lu rows", (unsigned long)tile);
    contest c = contest_begin("cholesky", label);
    contest_enter(&c, contestants_get(s, "limit"), s->workers, &t);
    *right = contest_run(&c, s) && *right;
    report_contest_data(r, &c);
    const entry *e = contest_find(&c, "limit", s->workers);
    return e != NULL ? (double)e->answer * 1e-9 / e->best : 0;
}

static bool run_size(settings *s, report *r, uint64_t size, uint64_t tile)
{
    const double n = (double)size, amount = n * n * n / 3 * 1e-9;
    const task t = {.problem = "cholesky",
                    .size = size,
                    .bytes = tile,
                    .warm_size = s->quick ? size : 4 * tile,
                    .repeats = s->quick ? 1 : 3,
                    .most_ms = 5000,
                    .expected = 1};
    char label[64];
    bool right = true;
    snprintf(label, sizeof label, "%lu rows in tiles of %lu", (unsigned long)size,
             (unsigned long)tile);
    const double most = measure_tiles(s, r, tile, &right);
    contest c = contest_begin("cholesky", label);
    contest_enter(&c, contestants_get(s, "limit"), 1, &t);
    suite_enter_all(&c, s, &t);
    right = contest_run(&c, s) && right;
    report_contest(r, &c, amount, "GFLOP/s");
    const entry *weir = contest_find(&c, "weir", s->workers);
    if (weir != NULL && most > 0) {
        printf("  weir reaches %.0f %% of products of tiles alone, %.1f GFLOP/s\n",
               100 * amount / weir->median / most, most);
        report_finding(r, c.label, "weir", amount / weir->median / most, "of products");
    }
    return right;
}

bool suite_cholesky(settings *s, report *r)
{
    report_heading("Cholesky, dense, by tiles");
    const contestant *serial = contestants_get(s, "serial");
    if (serial == NULL || !contestants_solves(serial, "cholesky")) {
        puts("left out: built without OpenBLAS (Debian: libopenblas-dev)");
        return true;
    }
    if (s->quick)
        return run_size(s, r, 256, 32);
    const bool right = run_size(s, r, 4000, 200);
    return run_size(s, r, 8000, 250) && right;
}
