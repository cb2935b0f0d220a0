/* Two pictures of a DAG; see graph_dot.h. */
#include "graph_dot.h"

#include <inttypes.h>
#include <string.h>

static void begin(FILE *file)
{
    fputs("digraph weir {\n"
          "  node [fontname=\"sans-serif\", shape=box, style=rounded];\n"
          "  edge [fontname=\"sans-serif\", fontsize=10];\n",
          file);
}

/* ---- each task ---- */

enum { WORDS = (GRAPH_DOT_WHOLE + 63) / 64 };

/* Bit j of row i: there is a path from task j to task i. */
typedef uint64_t reachable[GRAPH_DOT_WHOLE][WORDS];

static bool has(const uint64_t *bits, uint32_t task)
{
    return bits[task / 64] >> task % 64 & 1;
}

/* What is before a task, without the task itself. */
static void find_reachable(const dag *d, reachable before)
{
    memset(before, 0, sizeof(reachable));
    for (uint32_t t = 0; t < d->tasks; t++)
        for (uint64_t e = d->first[t]; e < d->first[t + 1]; e++) {
            const uint32_t p = d->before[e];
            for (int w = 0; w < WORDS; w++)
                before[t][w] |= before[p][w];
            before[t][p / 64] |= UINT64_C(1) << p % 64;
        }
}

/* Does the edge from p to t follow from others: is p before another predecessor of t? */
static bool follows(const dag *d, reachable before, uint32_t p, uint32_t t)
{
    for (uint64_t e = d->first[t]; e < d->first[t + 1]; e++)
        if (has(before[d->before[e]], p))
            return true;
    return false;
}

static void draw_tasks(const dag *d, const graph_label *label, FILE *file)
{
    static reachable before;
    find_reachable(d, before);
    begin(file);
    for (uint32_t t = 0; t < d->tasks; t++)
        fprintf(file, "  t%" PRIu32 " [label=\"%s %" PRIu32 "\"];\n", t, label->task,
                (label->number != NULL ? label->number[t] : t) + 1);
    for (uint32_t t = 0; t < d->tasks; t++)
        for (uint64_t e = d->first[t]; e < d->first[t + 1]; e++)
            fprintf(file, "  t%" PRIu32 " -> t%" PRIu32 "%s;\n", d->before[e], t,
                    follows(d, before, d->before[e], t) ? " [style=dotted, constraint=false]" : "");
    fputs("}\n", file);
}

/* ---- bands of levels ---- */

/* Level l belongs to band l * bands / levels. Edges go to later bands, or stay in one. */
typedef struct picture {
    uint32_t levels, bands;
    uint32_t tasks[GRAPH_DOT_BANDS], lowest[GRAPH_DOT_BANDS], highest[GRAPH_DOT_BANDS];
    double work[GRAPH_DOT_BANDS], all_work;
    double widest; /* tasks for each level, of the band that has most */
    uint64_t edges[GRAPH_DOT_BANDS][GRAPH_DOT_BANDS]; /* from the first to the second */
} picture;

static uint32_t band_of(const picture *p, uint32_t level)
{
    return (uint32_t)((uint64_t)level * p->bands / p->levels);
}

static double width_of(const picture *p, uint32_t b)
{
    return (double)p->tasks[b] / (p->highest[b] - p->lowest[b] + 1);
}

static void count_bands(const dag *d, picture *p)
{
    for (uint32_t l = p->levels; l-- > 0;) {
        const uint32_t b = band_of(p, l);
        p->highest[b] = l > p->highest[b] ? l : p->highest[b];
        p->lowest[b] = l;
    }
    for (uint32_t t = 0; t < d->tasks; t++) {
        const uint32_t b = band_of(p, d->level[t]);
        p->tasks[b]++;
        p->work[b] += d->work[t];
        p->all_work += d->work[t];
        for (uint64_t e = d->first[t]; e < d->first[t + 1]; e++)
            p->edges[band_of(p, d->level[d->before[e]])][b]++;
    }
    for (uint32_t b = 0; b < p->bands; b++)
        p->widest = width_of(p, b) > p->widest ? width_of(p, b) : p->widest;
}

static void draw_band(const picture *p, uint32_t b, FILE *file)
{
    const double most_inches = 7;
    const bool one = p->highest[b] == p->lowest[b];
    fprintf(file, "  b%" PRIu32 " [label=\"level%s %" PRIu32, b, one ? "" : "s", p->lowest[b] + 1);
    if (!one)
        fprintf(file, " to %" PRIu32, p->highest[b] + 1);
    fprintf(file, "\\n%" PRIu32 " task%s", p->tasks[b], p->tasks[b] == 1 ? "" : "s");
    if (p->all_work > 0)
        fprintf(file, ", %.3g %% of the work", 100 * p->work[b] / p->all_work);
    if (p->edges[b][b] > 0)
        fprintf(file, "\\n%" PRIu64 " edge%s inside", p->edges[b][b],
                p->edges[b][b] == 1 ? "" : "s");
    fprintf(file, "\", width=%.2f];\n", most_inches * width_of(p, b) / p->widest);
}

static void draw_bands(const dag *d, const graph_label *label, const picture *p, FILE *file)
{
    begin(file);
    fprintf(file,
            "  label=\"%" PRIu32 " tasks, a %s each, and %" PRIu64
            " edges, abridged: a box for each band of levels, as wide as its levels have tasks\";\n"
            "  labelloc=t;\n  fontname=\"sans-serif\";\n",
            d->tasks, label->task, d->edges);
    for (uint32_t b = 0; b < p->bands; b++)
        draw_band(p, b, file);
    for (uint32_t from = 0; from < p->bands; from++)
        for (uint32_t to = from + 1; to < p->bands; to++)
            if (p->edges[from][to] > 0)
                fprintf(file, "  b%" PRIu32 " -> b%" PRIu32 " [label=\"%" PRIu64 "\"];\n", from, to,
                        p->edges[from][to]);
    fputs("}\n", file);
}

void graph_dot(const dag *d, uint32_t levels, const graph_label *label, FILE *file)
{
    if (d->tasks <= GRAPH_DOT_WHOLE) {
        draw_tasks(d, label, file);
        return;
    }
    picture p = {.levels = levels, .bands = levels < GRAPH_DOT_BANDS ? levels : GRAPH_DOT_BANDS};
    count_bands(d, &p);
    draw_bands(d, label, &p, file);
}
