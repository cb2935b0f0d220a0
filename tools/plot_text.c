/* The histogram as bars of text: one line a bin, with its range and its count.
 *
 * The text report calls it.  It must never print a character that the locale cannot show. */
#include "plot.h"

#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <string.h>

#include "terminal.h"

enum { DEFAULT_WIDTH = 80, LEAST_BAR = 10, MOST_ROWS = 100 };

/* How edges are printed: enough decimals that neighbours differ, or an exponent if that would be
 * many digits. */
typedef struct style {
    int decimals;
    char form; /* 'f' or 'g' */
} style;

static style choose_style(const histogram *h)
{
    double low = (double)h->edges[0], high = (double)h->edges[h->bins];
    double size = fmax(fabs(low), fabs(high));
    double step = (double)(h->edges[1] - h->edges[0]);
    if (h->per_value)
        return (style){0, 'f'};
    if (!h->logarithmic && size < 1e9 && step > 1e-6) {
        int decimals = 0;
        for (double s = step; s < 100 && s != floor(s) && decimals < 8; decimals++)
            s *= 10;
        int enough = (int)ceil(-log10(step)) + 1;
        enough = enough < 0 ? 0 : enough;
        return (style){decimals < enough ? decimals : enough, 'f'};
    }
    int digits = step > 0 && !h->logarithmic ? (int)ceil(log10(size / step)) + 2 : 4;
    return (style){digits < 4 ? 4 : digits > 17 ? 17 : digits, 'g'};
}

static const char *edge_text(style s, stats_value value, char text[32])
{
    double edge = (double)value;
    if (s.form == 'f') /* -0.001 must not become -0.0 */
        snprintf(text, 32, "%.*f", s.decimals,
                 fabs(edge) < 0.5 * pow(10, -s.decimals) ? 0.0 : edge);
    else
        snprintf(text, 32, "%.*g", s.decimals, edge);
    return text;
}

static void print_bar(FILE *file, double share, int width, bool utf8)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (share > 0)
        fputc(' ', file);
    int units = (int)lround(share * width * (utf8 ? 8 : 1));
    if (units == 0 && share > 0)
        units = 1;
    if (!utf8) {
        for (int i = 0; i < units; i++)
            fputc('#', file);
        return;
    }
    for (int i = 0; i < units / 8; i++)
        fputs("█", file);
    fputs(eighths[units % 8], file);
}

/* "low to high", or the value itself where a bin has only one. */
static int range_text(const histogram *h, style s, size_t bin, int edge_width, char text[80])
{
    char low[32], high[32];
    if (h->per_value)
        return snprintf(text, 80, "%s", edge_text(s, h->edges[bin], low));
    return snprintf(text, 80, "%*s to %*s", edge_width, edge_text(s, h->edges[bin], low),
                    edge_width, edge_text(s, h->edges[bin + 1], high));
}

void plot_text(FILE *file, const histogram *h)
{
    if (h->bins == 0 || h->bins > MOST_ROWS)
        return;
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    style s = choose_style(h);
    char text[80];
    int edge_width = 0, range_width = 0, count_width = 0;
    uint64_t most = 0;
    for (size_t i = 0; i <= h->bins; i++) {
        int width = (int)strlen(edge_text(s, h->edges[i], text));
        edge_width = width > edge_width ? width : edge_width;
    }
    for (size_t i = 0; i < h->bins; i++) {
        int range = range_text(h, s, i, edge_width, text);
        int count = snprintf(NULL, 0, "%" PRIu64, h->counts[i]);
        range_width = range > range_width ? range : range_width;
        count_width = count > count_width ? count : count_width;
        most = h->counts[i] > most ? h->counts[i] : most;
    }
    unsigned columns = terminal_columns(fileno(file));
    int bar = (int)(columns > 0 ? columns : DEFAULT_WIDTH) - range_width - count_width - 6;
    bar = bar < LEAST_BAR ? LEAST_BAR : bar;
    for (size_t i = 0; i < h->bins; i++) {
        range_text(h, s, i, edge_width, text);
        fprintf(file, "  %*s  %*" PRIu64, range_width, text, count_width, h->counts[i]);
        print_bar(file, most ? (double)h->counts[i] / (double)most : 0, bar, utf8);
        fputc('\n', file);
    }
}
