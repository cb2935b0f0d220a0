/* Wavefront: the best local alignment of two sequences, by tiles of several sizes.
 *
 * main.c runs it. Rates are of 10⁶ cells of the matrix a second; the sequential program goes through
 * whole rows, without tiles. */
#include <stdio.h>

#include "contest.h"
#include "contestants.h"
#include "suites.h"

static bool run_tiles(settings *s, report *r, uint64_t letters, uint64_t tile)
{
    const double cells = (double)letters * (double)letters * 1e-6;
    const task t = {.problem = "wavefront",
                    .fasta = s->fasta,
                    .size = s->fasta != NULL ? 0 : letters,
                    .bytes = tile,
                    .warm_size = 300,
                    .repeats = s->quick ? 1 : 9,
                    .most_ms = 2000};
    char label[64];
    if (s->fasta != NULL)
        snprintf(label, sizeof label, "two sequences of a file, tiles of %lu squared",
                 (unsigned long)tile);
    else
        snprintf(label, sizeof label, "2 x %lu letters, tiles of %lu squared",
                 (unsigned long)letters, (unsigned long)tile);
    contest c = contest_begin("wavefront", label);
    suite_enter_all(&c, s, &t);
    const bool right = contest_run(&c, s);
    report_contest(r, &c, cells, s->fasta != NULL ? NULL : "Mcell/s");
    return right;
}

bool suite_wavefront(settings *s, report *r)
{
    report_heading("wavefront: the best local alignment of two sequences, by tiles");
    if (s->quick)
        return run_tiles(s, r, 500, 64);
    static const uint64_t tiles[] = {16, 32, 64, 128, 256, 512};
    bool right = true;
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++)
        right = run_tiles(s, r, 10000, tiles[i]) && right;
    return right;
}
