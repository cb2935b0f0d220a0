/* The histogram as bars of text: one line a bin, with its range and its count.
 *
 * The text report calls it.  It must never print a character that the locale cannot show, nor an
 * edge that is not the one that was counted with. */
#include "plot.h"

#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <string.h>

#include "terminal.h"

enum { LEAST_BAR = 10, LABEL = 2 * NUMBER_TEXT + 8, MARGIN = 2 };

typedef struct rows {
    FILE *file;
    const stats_report *report;
    bool plain; /* all edges have this many decimals and no exponent */
    int decimals;
    bool ranges; /* "low to high" in each row; else its low edge, and the last one's high below */
    bool utf8;
    int edge_width, label_width, count_width, bar_width;
    uint64_t most;
} rows;

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* --- labels -------------------------------------------------------------------------------- */

static const char *edge_text(const rows *t, size_t edge, char text[NUMBER_TEXT])
{
    const stats_value value = t->report->histogram.edges[edge];
    const npy_dtype dtype = t->report->input->array.dtype;
    if (!t->plain || number_plain(stats_value_decimal(dtype, value), t->decimals, text) == 0)
        stats_value_text(dtype, value, text);
    return text;
}

/* One form for all: as many decimals as the edge with most of them has, unless some edge has none
 * that is short. */
static void choose_form(rows *t)
{
    const histogram *h = &t->report->histogram;
    const npy_dtype dtype = t->report->input->array.dtype;
    char text[NUMBER_TEXT];
    t->plain = true;
    for (size_t i = 0; i <= h->bins; i++)
        t->decimals = larger(t->decimals, number_decimals(stats_value_decimal(dtype, h->edges[i])));
    for (size_t i = 0; i <= h->bins && t->plain; i++)
        t->plain = number_plain(stats_value_decimal(dtype, h->edges[i]), t->decimals, text) > 0;
    for (size_t i = 0; i <= h->bins; i++)
        t->edge_width = larger(t->edge_width, (int)strlen(edge_text(t, i, text)));
}

/* A row of a single value has it as its label, whatever the edges are. */
static const char *label_text(const rows *t, size_t bin, char text[LABEL])
{
    const stats_report *r = t->report;
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    if (stats_is_single(r))
        return stats_value_text(r->input->array.dtype, r->min, text);
    edge_text(t, bin, low);
    if (r->histogram.per_value || !t->ranges)
        snprintf(text, LABEL, "%s", low);
    else
        snprintf(text, LABEL, "%*s to %*s", t->edge_width, low, t->edge_width,
                 edge_text(t, bin + 1, high));
    return text;
}

/* Counts that are not exact for the edges are marked. */
static const char *count_text(const rows *t, size_t bin, char text[NUMBER_TEXT])
{
    const histogram *h = &t->report->histogram;
    snprintf(text, NUMBER_TEXT, "%s%" PRIu64, h->error > 0 ? "~" : "", h->counts[bin]);
    return text;
}

/* --- rows ---------------------------------------------------------------------------------- */

static int measure_labels(const rows *t)
{
    char text[LABEL];
    int width = t->ranges ? 0 : t->edge_width;
    for (size_t i = 0; i < t->report->histogram.bins; i++)
        width = larger(width, (int)strlen(label_text(t, i, text)));
    return width;
}

/* Ranges where they leave room for bars, else edges alone. */
static void choose_layout(rows *t, int columns)
{
    const histogram *h = &t->report->histogram;
    char text[NUMBER_TEXT];
    for (size_t i = 0; i < h->bins; i++) {
        t->count_width = larger(t->count_width, (int)strlen(count_text(t, i, text)));
        t->most = h->counts[i] > t->most ? h->counts[i] : t->most;
    }
    for (int ranges = 1; ranges >= 0; ranges--) {
        t->ranges = ranges == 1 || h->per_value;
        t->label_width = measure_labels(t);
        t->bar_width = columns - 1 - (MARGIN + t->label_width + 2 + t->count_width + 1);
        if (t->bar_width >= LEAST_BAR)
            return;
    }
    t->bar_width = larger(t->bar_width, 0);
}

/* With what a label means, unless it is the value itself. */
static void print_heading(const rows *t, unsigned columns)
{
    const char *text = "Histogram (low <= value < high; the last row has its high, too)";
    if (t->report->histogram.per_value || stats_is_single(t->report))
        text = "Histogram";
    else if (!t->ranges)
        text = "Histogram (a row has the values from its number to below the next one)";
    terminal_print(t->file, text, columns, 2);
}

static void print_bar(const rows *t, uint64_t count)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (count == 0 || t->bar_width == 0)
        return;
    const int each = t->utf8 ? 8 : 1;
    const long units =
        lround((double)count / (double)t->most * (double)t->bar_width * (double)each);
    const int shown = units > 0 ? (int)units : 1;
    fputc(' ', t->file);
    for (int i = 0; i < shown / each; i++)
        fputs(t->utf8 ? "█" : "#", t->file);
    if (t->utf8)
        fputs(eighths[shown % each], t->file);
}

void plot_text(FILE *file, const stats_report *report, unsigned columns)
{
    const histogram *h = &report->histogram;
    rows t = {.file = file, .report = report, .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
    if (h->bins == 0 || h->bins > PLOT_TEXT_ROWS) {
        fputs("Histogram\n", file);
        return;
    }
    choose_form(&t);
    choose_layout(&t, (int)columns);
    print_heading(&t, columns);
    for (size_t i = 0; i < h->bins; i++) {
        char label[LABEL], count[NUMBER_TEXT];
        fprintf(file, "%*s%*s  %*s", MARGIN, "", t.label_width, label_text(&t, i, label),
                t.count_width, count_text(&t, i, count));
        print_bar(&t, h->counts[i]);
        fputc('\n', file);
    }
    if (!t.ranges) {
        char last[NUMBER_TEXT];
        fprintf(file, "%*s%*s\n", MARGIN, "", t.label_width, edge_text(&t, h->bins, last));
    }
}
