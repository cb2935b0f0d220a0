/* The histogram as an SVG drawing: bars, axes, and where the quantiles lie.
 *
 * stats.c calls it after the run.  It must never need anything from outside the file: no fonts, no
 * style sheets, no scripts. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "plot.h"
#include "plot_axis.h"
#include "plot_marks.h"
#include "svg.h"
#include "tool.h"

/* The picture, and in it the rectangle of the bars, in pixels. */
#define WIDTH      840
#define LEFT       76
#define RIGHT      812
#define MARGIN     8
#define ROOM       (WIDTH - MARGIN - LEFT) /* of a line of text */
#define BARS       292                     /* their height */
#define BELOW      52                      /* the bars: labels and the axis' name */
#define TITLE      32                      /* where text stands */
#define FIRST_LINE 52
#define LINE       16

static const svg_font title_font = {18, true}, text_font = {12, false};

enum { HEADER_LINES = 8, HEADER_TEXT = 256 };

typedef struct header {
    char text[HEADER_LINES][HEADER_TEXT];
    int lines;
} header;

typedef struct canvas {
    FILE *file;
    const stats_report *report;
    axis axis;
    header header;
    int top, bottom; /* of the bars */
    double most;     /* of the count axis */
} canvas;

static double place_y(const canvas *c, double count)
{
    return c->bottom - count / c->most * BARS;
}

/* --- axes -------------------------------------------------------------------------------- */

static const char *count_text(double count, char text[32])
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    size_t unit = 0;
    while (count >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        count /= 1000;
        unit++;
    }
    snprintf(text, 32, "%.3g%s", count, units[unit]);
    return text;
}

static void draw_count_axis(const canvas *c)
{
    double step = svg_nice_step(c->most, 5);
    step = step < 1 ? 1 : step;
    for (double count = 0; count <= c->most * (1 + 1e-9); count += step) {
        char text[32];
        double y = place_y(c, count);
        fprintf(c->file,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/>"
                "<text x=\"%d\" y=\"%.1f\" class=\"tick\" text-anchor=\"end\">%s</text>\n",
                LEFT, y, RIGHT, y, LEFT - 8, y + 4, count_text(count, text));
    }
    fprintf(c->file,
            "<text x=\"20\" y=\"%d\" class=\"tick\" text-anchor=\"middle\" "
            "transform=\"rotate(-90 20 %d)\">values per bin%s</text>\n",
            (c->top + c->bottom) / 2, (c->top + c->bottom) / 2,
            c->report->histogram.error > 0 ? " (approximate)" : "");
}

static void draw_value_axis(const canvas *c)
{
    tick ticks[AXIS_MOST_TICKS];
    const size_t count = axis_ticks(&c->axis, c->report, text_font, ticks);
    fprintf(c->file, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"axis\"/>\n", LEFT,
            c->bottom, RIGHT, c->bottom);
    for (size_t i = 0; i < count; i++)
        fprintf(c->file,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"axis\"/>"
                "<text x=\"%.1f\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">%s</text>\n",
                ticks[i].x, c->bottom, ticks[i].x, c->bottom + 5, ticks[i].label_x, c->bottom + 20,
                ticks[i].label);
    fprintf(
        c->file, "<text x=\"%d\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">value%s</text>\n",
        (LEFT + RIGHT) / 2, c->bottom + BELOW - 10, c->axis.logarithmic ? " (logarithmic)" : "");
}

/* --- data -------------------------------------------------------------------------------- */

static void draw_bar(const canvas *c, double left, double right, uint64_t count)
{
    const double height = fmax(c->bottom - place_y(c, (double)count), 0.7); /* few is not none */
    if (count > 0)
        fprintf(c->file, "M%.2f %dv%.2fh%.2fv%.2fz", left, c->bottom, -height,
                fmax(right - left, 0.3), height);
}

/* One path for all bars: 100 000 of them must not become 100 000 elements.  Of bars that are
 * narrower than half a pixel the highest stands for its neighbours. */
static void draw_bars(const canvas *c)
{
    const histogram *h = &c->report->histogram;
    const double gap = h->bins <= 120 ? 1 : 0;
    /* A value's bar is centred on it; in pixels, since half of 1 is lost beyond 2^63. */
    const double half = h->per_value ? (RIGHT - LEFT) / 2.0 / (double)h->bins : 0;
    fprintf(c->file, "<path class=\"bar\" d=\"");
    if (stats_is_single(c->report)) {
        const double x = axis_place(&c->axis, c->report->min);
        draw_bar(c, x - 30, x + 30, h->counts[0]);
    } else {
        uint64_t count = 0;
        double left = axis_place(&c->axis, h->edges[0]) - half;
        for (size_t i = 0; i < h->bins; i++) {
            const double right = axis_place(&c->axis, h->edges[i + 1]) - half;
            count = h->counts[i] > count ? h->counts[i] : count;
            if (right - left < 0.5 && i + 1 < h->bins)
                continue;
            draw_bar(c, left + gap / 2, right - gap / 2, count);
            left = right;
            count = 0;
        }
    }
    fputs("\"/>\n", c->file);
}

/* --- quantiles ----------------------------------------------------------------------------- */

static int mark_line(const canvas *c, const mark *m)
{
    return c->top - 10 - (m->row < MARKS_ROWS ? m->row : 0) * LINE;
}

/* All lines first: where one crosses the label of another, the label is over it. */
static void draw_marks(const canvas *c, const mark *marks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(c->file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"%s\"/>\n",
                marks[i].x, mark_line(c, &marks[i]) + 4, marks[i].x, c->bottom,
                marks[i].median ? "median" : "mark");
    for (size_t i = 0; i < count; i++) {
        const mark *m = &marks[i];
        if (m->row == MARKS_ROWS)
            continue;
        fprintf(c->file,
                "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"13\" class=\"behind\"/>"
                "<text x=\"%.1f\" y=\"%d\" class=\"%s\" text-anchor=\"middle\">%s</text>\n",
                m->label_x - m->width / 2, mark_line(c, m) - 10, m->width, m->label_x,
                mark_line(c, m), m->median ? "median-text" : "mark-text", m->label);
    }
}

/* --- the header ---------------------------------------------------------------------------- */

/* Adds to the last line, or begins another if there is no room. */
__attribute__((format(printf, 2, 3))) static void add(header *h, const char *format, ...)
{
    char text[HEADER_TEXT], both[2 * HEADER_TEXT + 4];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (h->lines > 0) {
        snprintf(both, sizeof both, "%s; %s", h->text[h->lines - 1], text);
        if (strlen(both) < HEADER_TEXT && svg_width(both, text_font) <= ROOM) {
            memcpy(h->text[h->lines - 1], both, strlen(both) + 1);
            return;
        }
    }
    if (h->lines < HEADER_LINES)
        memcpy(h->text[h->lines++], text, sizeof text);
}

/* What is not in the bars, and what is not exact. */
static void add_notes(header *h, const stats_report *r)
{
    const summary *s = &r->summary;
    const uint64_t others = s->nan + s->positive_infinity + s->negative_infinity;
    char error[NUMBER_TEXT];
    if (others)
        add(h, "%" PRIu64 " not finite, not shown", others);
    if (r->histogram.outside)
        add(h, "%" PRIu64 " not positive, not shown", r->histogram.outside);
    if (r->summary.count == 0)
        return;
    if (r->histogram.error > 0)
        add(h, "approximate: a value less than %s from an edge may be in the next bin",
            stats_error_text(r->histogram.error, error));
    if (stats_quantile_error(r) > 0)
        add(h, "quantiles with ~ within %s", stats_error_text(stats_quantile_error(r), error));
}

static void fill_header(header *h, const stats_report *r)
{
    const npy_dtype dtype = r->input->array.dtype;
    char shape[96], type[32], low[NUMBER_TEXT], high[NUMBER_TEXT], ddof[32] = "";
    if (r->ddof > 0)
        snprintf(ddof, sizeof ddof, " (by count - %u)", r->ddof);
    h->lines = 0;
    add(h, "%s, %s", npy_dtype_name(dtype, type),
        stats_shape_text(&r->input->array, shape, sizeof shape));
    if (r->summary.count) {
        add(h, "from %s to %s", stats_value_text(dtype, r->min, low),
            stats_value_text(dtype, r->max, high));
        add(h, "mean %s", number_double(summary_mean(&r->summary), low));
        add(h, "standard deviation %s%s",
            number_double(summary_deviation(&r->summary, r->ddof), low), ddof);
    }
    add_notes(h, r);
}

static void draw_header(const canvas *c)
{
    const char *path = c->report->input->path, *slash = strrchr(path, '/');
    fprintf(c->file, "<text x=\"%d\" y=\"%d\" class=\"title\">", LEFT, TITLE);
    svg_text_within(c->file, slash ? slash + 1 : path, title_font, ROOM);
    fputs("</text>\n", c->file);
    for (int i = 0; i < c->header.lines; i++) {
        fprintf(c->file, "<text x=\"%d\" y=\"%d\" class=\"tick\">", LEFT, FIRST_LINE + i * LINE);
        svg_text_within(c->file, c->header.text[i], text_font, ROOM);
        fputs("</text>\n", c->file);
    }
}

/* --- the picture --------------------------------------------------------------------------- */

static void draw_frame(FILE *file, int height)
{
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
            "<style>.title{font-size:18px;font-weight:600;fill:#1f2933}"
            ".tick{font-size:12px;fill:#52606d}.grid{stroke:#e4e7eb}.axis{stroke:#7b8794}"
            ".bar{fill:#5b8db8}.mark{stroke:#243b53;stroke-dasharray:3 3}"
            ".median{stroke:#c2410c;stroke-width:1.5}.behind{fill:#ffffff}"
            ".mark-text,.median-text{font-size:11px;fill:#52606d}"
            ".median-text{font-weight:600;fill:#c2410c}</style>\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
            WIDTH, height, WIDTH, height, WIDTH, height);
}

/* The bars stand below the header and the labels of the quantiles. */
static void draw_histogram(canvas *c, const mark *marks, size_t count)
{
    const histogram *h = &c->report->histogram;
    for (size_t i = 0; i < h->bins; i++)
        c->most = fmax(c->most, (double)h->counts[i]);
    draw_count_axis(c);
    draw_bars(c);
    draw_value_axis(c);
    draw_marks(c, marks, count);
}

void plot_svg_draw(FILE *file, const stats_report *report)
{
    canvas c = {.file = file, .report = report, .most = 1};
    mark marks[MARKS_MOST];
    size_t count = 0;
    int rows = 0;
    fill_header(&c.header, report);
    if (report->histogram.bins) {
        c.axis = axis_of(report, LEFT, RIGHT, MARGIN, WIDTH - MARGIN);
        count = marks_place(&c.axis, report, marks);
    }
    for (size_t i = 0; i < count; i++)
        if (marks[i].row < MARKS_ROWS && marks[i].row >= rows)
            rows = marks[i].row + 1;
    c.top = FIRST_LINE + c.header.lines * LINE + rows * LINE + 14;
    c.bottom = c.top + BARS;
    draw_frame(file, c.bottom + BELOW);
    draw_header(&c);
    if (report->histogram.bins)
        draw_histogram(&c, marks, count);
    else
        fprintf(file,
                "<text x=\"%d\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">no values to "
                "show</text>\n",
                WIDTH / 2, (c.top + c.bottom) / 2);
    fputs("</svg>\n", file);
}

int plot_svg_check(const char *path, const stats_input *input)
{
    return output_check("--plot", path, input->given_fd);
}

int plot_svg(const char *path, const stats_report *report)
{
    output o;
    const int code = output_open(&o, "--plot", path);
    if (code != TOOL_OK)
        return code;
    plot_svg_draw(o.file, report);
    return output_close(&o);
}
