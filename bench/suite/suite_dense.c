/* Cholesky and LU: a dense matrix by tiles, each task one call of OpenBLAS or LAPACK with one thread.
 *
 * main.c runs them. Rates are of n³/3 and of 2n³/3 operations; beside them stands what products of
 * tiles alone reach with all workers at once, just before, and LAPACK's own factorisation of the
 * whole matrix with one thread, which is `limit`. */
#include <stdio.h>

#include "cases.h"
#include "contest.h"
#include "contestants.h"
#include "suites.h"

typedef struct factorisation {
    const char *name;  /* of the suite and the problem */
    double thirds;     /* operations by n³/3 */
    uint64_t expected; /* the answer, or 0: LAPACK's, with its pivots */
} factorisation;

/* The rate of products of such tiles with all workers, 10^9 operations a second; 0 without any. */
static double measure_tiles(settings *s, report *r, const char *suite, uint64_t tile, bool *right)
{
    const double n = (double)tile, operations = s->quick ? 1e7 : 1e10;
    const task t = {.problem = "tile",
                    .depth = 1 + (uint64_t)(operations / (2 * n * n * n)),
                    .bytes = tile,
                    .repeats = 3};
    char label[64];
    snprintf(label, sizeof label, "products of tiles of %lu rows", (unsigned long)tile);
    contest c = contest_begin(suite, label);
    contest_enter(&c, contestants_get(s, "limit"), s->workers, &t);
    *right = contest_run(&c, s) && *right;
    report_contest_data(r, &c);
    const entry *e = contest_find(&c, "limit", s->workers);
    return e != NULL ? (double)e->answer * 1e-9 / e->best : 0;
}

/* `t` has the sizes; rows are those of its matrix. */
static bool run_task(settings *s, report *r, const factorisation *f, task t, uint64_t rows,
                     const char *label)
{
    const double n = (double)rows, amount = f->thirds * n * n * n / 3 * 1e-9;
    bool right = true;
    t.problem = f->name;
    t.repeats = s->quick ? 1 : 3;
    t.most_ms = 5000;
    t.expected = f->expected;
    const double most = measure_tiles(s, r, f->name, t.bytes, &right);
    contest c = contest_begin(f->name, label);
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

static bool run_size(settings *s, report *r, const factorisation *f, uint64_t size, uint64_t tile)
{
    const task t = {.size = size, .bytes = tile, .warm_size = s->quick ? size : 4 * tile + 1};
    char label[64];
    snprintf(label, sizeof label, "%lu rows in tiles of %lu", (unsigned long)size,
             (unsigned long)tile);
    return run_task(s, r, f, t, size, label);
}

static bool run_file(settings *s, report *r, const factorisation *f, const char *path)
{
    const task t = {.bytes = s->quick ? 32 : 200, .matrix = path};
    char label[64];
    uint64_t rows;
    if (!cases_matrix_rows(path, &rows))
        return false;
    snprintf(label, sizeof label, "%.24s as a dense matrix in tiles of %lu",
             cases_matrix_name(path), (unsigned long)t.bytes);
    return run_task(s, r, f, t, rows, label);
}

static bool run_all(settings *s, report *r, const factorisation *f)
{
    const contestant *serial = contestants_get(s, "serial");
    bool right = true;
    if (serial == NULL || !contestants_solves(serial, f->name)) {
        puts("left out: built without OpenBLAS (Debian: libopenblas-dev)");
        return true;
    }
    for (unsigned i = 0; i < s->matrices_count; i++)
        right = run_file(s, r, f, s->matrices[i]) && right;
    if (s->matrices_count > 0)
        return right;
    if (s->quick)
        return run_size(s, r, f, 250, 32);
    right = run_size(s, r, f, 4000, 200);
    return run_size(s, r, f, 8000, 250) && right;
}

bool suite_cholesky(settings *s, report *r)
{
    const factorisation f = {"cholesky", 1, 1};
    report_heading("Cholesky, dense, by tiles");
    return run_all(s, r, &f);
}

bool suite_lu(settings *s, report *r)
{
    const factorisation f = {"lu", 2, 0};
    report_heading("LU with partial pivoting, dense, by tiles");
    return run_all(s, r, &f);
}
