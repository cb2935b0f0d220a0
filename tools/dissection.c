/* Nested dissection, with a stack of pieces in place of recursion; see dissection.h. */
#include "dissection.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum {
    SMALLEST = 16,    /* rows of a piece that is worth a cut */
    MOST_CUTS = 64,   /* of a row: bad cuts, which leave nearly all rows on one side, end there */
    MOST_SEARCHES = 8 /* for a row that is far from another */
};

/* The rows order[begin … end-1], which share no edge with other pieces. */
typedef struct piece {
    uint32_t begin, end;
    unsigned cuts;
} piece;

/* Invariant: order is a permutation of all rows; the pieces on the stack do not overlap; a row has the
 * label of the piece that was taken last and had it, so rows of one label are one piece. */
typedef struct work {
    uint64_t *first; /* neighbours of row i: other[first[i]] up to other[first[i + 1]] */
    uint32_t *other;
    uint32_t *order, *label, *level, *queue;
    piece *stack;
    uint32_t height, labels;
} work;

/* ---- the graph ---- */

static void fill_neighbours(const mtx_matrix *m, work *w)
{
    memset(w->first, 0, ((size_t)m->rows + 1) * sizeof *w->first);
    for (uint64_t i = 0; i < m->entries; i++)
        if (m->entry[i].row != m->entry[i].column) {
            w->first[m->entry[i].row + 1]++;
            w->first[m->entry[i].column + 1]++;
        }
    for (uint32_t i = 0; i < m->rows; i++)
        w->first[i + 1] += w->first[i];
    for (uint64_t i = 0; i < m->entries; i++) {
        const uint32_t a = m->entry[i].row, b = m->entry[i].column;
        if (a != b) {
            w->other[w->first[a]++] = b;
            w->other[w->first[b]++] = a;
        }
    }
    for (uint32_t i = m->rows; i > 0; i--) /* each has moved on to where the next begins */
        w->first[i] = w->first[i - 1];
    w->first[0] = 0;
}

/* ---- levels ---- */

static void forget_levels(work *w, piece p)
{
    for (uint32_t i = p.begin; i < p.end; i++)
        w->level[w->order[i]] = NONE;
}

/* Breadth first from `root` through rows of its label without a level: they follow each other in the
 * queue from `at` on, level by level.  Returns where they end. */
static uint32_t spread(work *w, uint32_t root, uint32_t at)
{
    uint32_t end = at;
    w->queue[end++] = root;
    w->level[root] = 0;
    for (; at < end; at++) {
        const uint32_t row = w->queue[at];
        for (uint64_t e = w->first[row]; e < w->first[row + 1]; e++) {
            const uint32_t next = w->other[e];
            if (w->label[next] == w->label[root] && w->level[next] == NONE) {
                w->level[next] = w->level[row] + 1;
                w->queue[end++] = next;
            }
        }
    }
    return end;
}

/* Levels from a row that is about as far away from another as any is: that gives many small ones.
 * Returns how many; the queue has the rows in their order. */
static uint32_t find_levels(work *w, piece p)
{
    uint32_t levels = 0, root = w->order[p.begin];
    for (int i = 0; i < MOST_SEARCHES; i++) {
        forget_levels(w, p);
        const uint32_t end = spread(w, root, 0);
        const uint32_t last = w->queue[end - 1];
        if (w->level[last] + 1 <= levels)
            break;
        levels = w->level[last] + 1;
        root = last;
    }
    return w->level[w->queue[p.end - p.begin - 1]] + 1;
}

/* ---- pieces ---- */

static void push(work *w, uint32_t begin, uint32_t end, unsigned cuts)
{
    if (end - begin > SMALLEST && cuts < MOST_CUTS)
        w->stack[w->height++] = (piece){begin, end, cuts};
}

/* Into connected pieces, if it is not one.  Returns whether it was one. */
static bool is_connected(work *w, piece p)
{
    uint32_t end = 0;
    forget_levels(w, p);
    for (uint32_t i = p.begin; i < p.end; i++)
        if (w->level[w->order[i]] == NONE) {
            const uint32_t begin = end;
            end = spread(w, w->order[i], begin);
            if (end - begin == p.end - p.begin)
                return true;
            push(w, p.begin + begin, p.begin + end, p.cuts);
        }
    memcpy(w->order + p.begin, w->queue, (p.end - p.begin) * sizeof *w->order);
    return false;
}

/* The level with few rows and many on both sides. */
static uint32_t choose_level(const work *w, uint32_t rows, uint32_t levels)
{
    uint32_t best = NONE, at = 0;
    double best_score = 0;
    for (uint32_t l = 0; l < levels; l++) {
        const uint32_t begin = at;
        while (at < rows && w->level[w->queue[at]] == l)
            at++;
        const double score = (double)begin * (rows - at) / (at - begin);
        if (score > best_score) {
            best_score = score;
            best = l;
        }
    }
    return best;
}

/* A row of the level that is cut at separates nothing if it has no neighbour in the next one. */
static bool separates(const work *w, uint32_t row, uint32_t cut)
{
    if (w->level[row] != cut)
        return false;
    for (uint64_t e = w->first[row]; e < w->first[row + 1]; e++)
        if (w->label[w->other[e]] == w->label[row] && w->level[w->other[e]] == cut + 1)
            return true;
    return false;
}

static void cut(work *w, piece p)
{
    const uint32_t rows = p.end - p.begin;
    const uint32_t levels = find_levels(w, p);
    const uint32_t at = choose_level(w, rows, levels);
    if (at == NONE)
        return;
    uint32_t sizes[3] = {0}; /* before the cut, behind it, in it */
    for (int pass = 0; pass < 2; pass++) {
        uint32_t place[3] = {p.begin, p.begin + sizes[0], p.begin + sizes[0] + sizes[1]};
        for (uint32_t i = 0; i < rows; i++) {
            const uint32_t row = w->queue[i];
            const int part = separates(w, row, at) ? 2 : w->level[row] > at;
            if (pass == 0)
                sizes[part]++;
            else
                w->order[place[part]++] = row;
        }
    }
    push(w, p.begin, p.begin + sizes[0], p.cuts + 1);
    push(w, p.begin + sizes[0], p.begin + sizes[0] + sizes[1], p.cuts + 1);
}

static void dissect(work *w, uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++)
        w->order[i] = i;
    push(w, 0, rows, 0);
    while (w->height > 0) {
        const piece p = w->stack[--w->height];
        w->labels++;
        for (uint32_t i = p.begin; i < p.end; i++)
            w->label[w->order[i]] = w->labels;
        if (is_connected(w, p))
            cut(w, p);
    }
}

bool dissection_find(const mtx_matrix *m, uint32_t *order)
{
    const size_t n = m->rows;
    work w = {.order = order};
    w.first = malloc((n + 1) * sizeof *w.first);
    w.other = malloc((size_t)m->entries * 2 * sizeof *w.other + 1);
    w.label = calloc(3 * n + 1, sizeof *w.label);
    w.stack = malloc((n / SMALLEST + 1) * sizeof *w.stack);
    const bool good = w.first != NULL && w.other != NULL && w.label != NULL && w.stack != NULL;
    if (good) {
        w.level = w.label + n;
        w.queue = w.level + n;
        fill_neighbours(m, &w);
        dissect(&w, m->rows);
    }
    free(w.first);
    free(w.other);
    free(w.label);
    free(w.stack);
    return good;
}
