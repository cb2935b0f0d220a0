/* The tiles, the plain rows and the definition; see wavefront.h. */
#include "wavefront.h"

#include <stdio.h>
#include <stdlib.h>

#include "application.h"
#include "sequences.h"

/* CHECKED: letters up to which the answer is checked, since the time for that is cubic. */
enum { CHECKED = 1000 };
enum { MATCH = 2, MISMATCH = -3, OPEN = 5, EXTEND = 2, NEVER = INT32_MIN / 2 };

/* The highest score of a tile, and where it is first, row by row. */
typedef struct peak {
    int32_t score;
    uint32_t row, column;
} peak;

/* score[r][c] is the best of all alignments that end with letter r of one sequence and c of the
 * other; gap scores are of those that end with a gap. */
typedef struct wavefront {
    uint32_t rows, columns;       /* of the matrix: letters of the two sequences */
    uint32_t tile, across, tiles; /* rows and columns of a tile; tiles in a row, and in all */
    const char *first, *second;
    int32_t *above, *gap_above; /* of each column, the lowest row so far */
    int32_t *left, *gap_left;   /* of each row, the rightmost column so far */
    int32_t *corner;            /* of each tile, its last row and column */
    peak *peak;                 /* of each tile */
} wavefront;

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t compare(char a, char b)
{
    return a == b ? MATCH : MISMATCH;
}

/* ---- a tile ---- */

/* One row of a tile; `corner` is the score before its first column in the row above. Returns the
 * highest score. */
static int32_t run_row(const wavefront *w, uint32_t row, uint32_t from, uint32_t to, int32_t corner)
{
    const char letter = w->first[row], *other = w->second;
    int32_t *above = w->above, *gap_above = w->gap_above;
    int32_t score = w->left[row], gap = w->gap_left[row], diagonal = corner, most = 0;
    for (uint32_t c = from; c < to; c++) {
        const int32_t down = larger(gap_above[c], above[c] - OPEN) - EXTEND;
        const int32_t paired = diagonal + compare(letter, other[c]);
        gap = larger(gap, score - OPEN) - EXTEND;
        score = larger(larger(paired, down), larger(gap, 0));
        most = larger(most, score);
        diagonal = above[c];
        above[c] = score;
        gap_above[c] = down;
    }
    w->left[row] = score;
    w->gap_left[row] = gap;
    return most;
}

static void clear(int32_t *scores, int32_t *gaps, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        scores[i] = 0;
        gaps[i] = NEVER;
    }
}

static uint32_t column_of(const int32_t *scores, uint32_t from, int32_t score)
{
    while (scores[from] != score)
        from++;
    return from;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void run_tile(const dag *d, uint32_t task)
{
    const wavefront *w = d->data;
    const uint32_t i = task / w->across, j = task % w->across;
    const uint32_t top = i * w->tile, bottom = smaller(top + w->tile, w->rows);
    const uint32_t from = j * w->tile, to = smaller(from + w->tile, w->columns);
    peak best = {0, top, from};
    if (i == 0)
        clear(w->above, w->gap_above, from, to);
    if (j == 0)
        clear(w->left, w->gap_left, top, bottom);
    int32_t corner = i > 0 && j > 0 ? w->corner[task - w->across - 1] : 0;
    for (uint32_t row = top; row < bottom; row++) {
        const int32_t before = w->left[row], most = run_row(w, row, from, to, corner);
        corner = before;
        if (most > best.score)
            best = (peak){most, row, column_of(w->above, from, most)};
    }
    w->corner[task] = w->above[to - 1];
    w->peak[task] = best;
}

/* ---- the sequential program: Gotoh's recurrences, a whole row after the other ---- */

void wavefront_by_rows(const problem *p)
{
    const wavefront *w = p->data;
    int32_t *score = w->above, *vertical = w->gap_above;
    peak best = {0, 0, 0};
    clear(score, vertical, 0, w->columns);
    for (uint32_t i = 0; i < w->rows; i++) {
        int32_t horizontal = NEVER, before = 0, diagonal = 0, most = 0;
        for (uint32_t j = 0; j < w->columns; j++) {
            int32_t here = diagonal + compare(w->first[i], w->second[j]);
            diagonal = score[j];
            vertical[j] = larger(vertical[j] - EXTEND, diagonal - OPEN - EXTEND);
            horizontal = larger(horizontal - EXTEND, before - OPEN - EXTEND);
            here = larger(larger(here, 0), larger(vertical[j], horizontal));
            most = larger(most, here);
            score[j] = before = here;
        }
        if (most > best.score)
            best = (peak){most, i, column_of(score, 0, most)};
    }
    for (uint32_t i = 0; i < w->tiles; i++)
        w->peak[i] = best;
}

/* ---- the answer ---- */

static bool is_before(const peak *a, const peak *b)
{
    if (a->score != b->score)
        return a->score > b->score;
    return a->row != b->row ? a->row < b->row : a->column < b->column;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

static uint64_t answer_of(const peak *best, const int32_t *last_row, uint32_t columns)
{
    uint64_t sum = mix((uint64_t)best->row << 32 | best->column) + (uint64_t)best->score;
    for (uint32_t j = 0; j < columns; j++)
        sum += mix(((uint64_t)j << 32) + (uint64_t)last_row[j]);
    return sum != 0 ? sum : 1;
}

/* The best score that ends in a gap at (i, j), which is any number of letters long: of a column, in
 * which neighbours are `stride` apart. */
static int32_t best_gap(const int32_t *cell, uint32_t before, uint32_t stride)
{
    int32_t best = 0;
    for (uint32_t k = 1; k <= before; k++)
        best = larger(best, cell[-(ptrdiff_t)(k * stride)] - OPEN - (int32_t)k * EXTEND);
    return best;
}

/* By the definition of 1981. 0 without memory. */
static uint64_t answer_by_definition(const wavefront *w)
{
    const uint32_t stride = w->columns + 1;
    int32_t *matrix = calloc((size_t)(w->rows + 1) * stride, sizeof *matrix);
    peak best = {0, 0, 0};
    if (matrix == NULL)
        return 0;
    for (uint32_t i = 1; i <= w->rows; i++)
        for (uint32_t j = 1; j <= w->columns; j++) {
            int32_t *cell = &matrix[(size_t)i * stride + j];
            const int32_t gap = larger(best_gap(cell, i, stride), best_gap(cell, j, 1));
            const int32_t paired =
                cell[-(ptrdiff_t)stride - 1] + compare(w->first[i - 1], w->second[j - 1]);
            *cell = larger(gap, paired);
            const peak here = {*cell, i - 1, j - 1};
            if (is_before(&here, &best))
                best = here;
        }
    const uint64_t answer = answer_of(&best, &matrix[(size_t)w->rows * stride + 1], w->columns);
    free(matrix);
    return answer;
}

/* Short sequences' is looked at in a checked run. */
static uint64_t check(const problem *p)
{
    const wavefront *w = p->data;
    const peak *best = &w->peak[0];
    for (uint32_t i = 1; i < w->tiles; i++)
        if (is_before(&w->peak[i], best))
            best = &w->peak[i];
    const uint64_t answer = answer_of(best, w->above, w->columns);
    const bool is_short = w->rows <= CHECKED && w->columns <= CHECKED;
    return p->checked && is_short && answer != answer_by_definition(w) ? 0 : answer;
}

/* ---- making it ---- */

/* The next part of one block of memory, apart from its neighbours by lines. */
static void *carve(char *block, size_t *used, size_t bytes)
{
    void *part = block == NULL ? NULL : block + *used;
    *used += (bytes + 127) / 64 * 64;
    return part;
}

/* Lays all arrays out in the block, or counts its bytes, where it is NULL. */
static size_t lay_out(wavefront *w, char *block)
{
    size_t used = 0;
    carve(block, &used, sizeof *w);
    w->above = carve(block, &used, w->columns * sizeof *w->above);
    w->gap_above = carve(block, &used, w->columns * sizeof *w->gap_above);
    w->left = carve(block, &used, w->rows * sizeof *w->left);
    w->gap_left = carve(block, &used, w->rows * sizeof *w->gap_left);
    w->corner = carve(block, &used, w->tiles * sizeof *w->corner);
    w->peak = carve(block, &used, w->tiles * sizeof *w->peak);
    w->first = carve(block, &used, w->rows);
    w->second = carve(block, &used, w->columns);
    return used;
}

static bool allocate(problem *p, const sequences *s)
{
    wavefront w = {.rows = s->length[0], .columns = s->length[1], .tile = (uint32_t)p->bytes};
    const uint64_t down = (w.rows - 1) / p->bytes + 1, across = (w.columns - 1) / p->bytes + 1;
    if (down * across > UINT32_MAX / 2) {
        fputs("wavefront: --bytes, the rows and columns of a tile, must be larger\n", stderr);
        return false;
    }
    w.across = (uint32_t)across;
    w.tiles = (uint32_t)(down * across);
    char *block = calloc(1, lay_out(&w, NULL));
    if (block == NULL)
        return false;
    lay_out(&w, block);
    memcpy((char *)(uintptr_t)w.first, s->letters[0], w.rows);
    memcpy((char *)(uintptr_t)w.second, s->letters[1], w.columns);
    memcpy(block, &w, sizeof w);
    p->data = block;
    return true;
}

static bool create(problem *p)
{
    sequences s;
    if (p->bytes == 0 || p->bytes > INT32_MAX) {
        fputs("wavefront: --bytes must be the rows and columns of a tile, at least 1\n", stderr);
        return false;
    }
    if (!sequences_create(&s, p->fasta, p->size))
        return false;
    const bool made = allocate(p, &s);
    sequences_destroy(&s);
    return made;
}

static bool make(dag *d, const problem *p)
{
    const wavefront *w = p->data;
    d->data = p->data;
    d->kernel = run_tile;
    for (uint32_t i = 0; i < w->tiles; i++)
        if (!dag_add_task(d) || (i % w->across > 0 && !dag_add_edge(d, i - 1)) ||
            (i >= w->across && !dag_add_edge(d, i - w->across)))
            return false;
    return true;
}

/* The tiles of the first row and of the first column begin anew by themselves. */
static void reset(const problem *p)
{
    (void)p;
}

static void destroy(problem *p)
{
    free(p->data);
}

const application application_wavefront = {.name = "wavefront",
                                           .create = create,
                                           .make = make,
                                           .reset = reset,
                                           .check = check,
                                           .destroy = destroy};
