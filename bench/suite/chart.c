/* Drawing a line chart; see chart.h. */
#include "chart.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "svg.h"

/* The picture, and in it the rectangle of the curves, in pixels. */
#define WIDTH  900
#define HEIGHT 520
#define LEFT   78
#define RIGHT  660
#define TOP    84
#define BOTTOM 452

/* Sixteen that can be told apart; weir's own, which is entered first, is the strongest. */
static const char *const colours[] = {
    "#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2",
    "#bcbd22", "#000000", "#00429d", "#93003a", "#7f7f7f", "#f4a582", "#66c2a5", "#a6761d"};
enum { COLOURS = sizeof colours / sizeof *colours };

typedef struct drawing {
    FILE *file;
    const chart *c;
    double x_low, x_high, y_low, y_high;
} drawing;

chart_series *chart_series_of(chart *c, const char *name)
{
    for (unsigned i = 0; i < c->count; i++)
        if (strcmp(c->series[i].name, name) == 0)
            return &c->series[i];
    if (c->count == CHART_MOST_SERIES)
        return NULL;
    chart_series *s = &c->series[c->count++];
    *s = (chart_series){.count = 0};
    snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

void chart_point(chart_series *s, double x, double y)
{
    if (s == NULL || s->count == CHART_MOST_POINTS)
        return;
    s->x[s->count] = x;
    s->y[s->count++] = y;
}

/* ---- places ---- */

static double share(double value, double low, double high, bool logarithmic)
{
    if (logarithmic)
        return high > low ? log(value / low) / log(high / low) : 0.5;
    return high > low ? (value - low) / (high - low) : 0.5;
}

static double place_x(const drawing *d, double x)
{
    return LEFT + share(x, d->x_low, d->x_high, d->c->x_log) * (RIGHT - LEFT);
}

static double place_y(const drawing *d, double y)
{
    return BOTTOM - share(y, d->y_low, d->y_high, false) * (BOTTOM - TOP);
}

static void widen(double *low, double *high, double value)
{
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

/* The ranges of both axes: the data's, from 0 on where the axis is linear, a little wider where it
 * is not. */
static void measure(drawing *d)
{
    const chart *c = d->c;
    d->x_low = d->y_low = INFINITY;
    d->x_high = d->y_high = -INFINITY;
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = 0; k < c->series[i].count; k++) {
            widen(&d->x_low, &d->x_high, c->series[i].x[k]);
            widen(&d->y_low, &d->y_high, c->series[i].y[k]);
        }
    if (!(d->x_high >= d->x_low)) {
        d->x_low = d->y_low = 1;
        d->x_high = d->y_high = 2;
    }
    if (c->y_line > 0)
        widen(&d->y_low, &d->y_high, c->y_line);
    d->y_low = 0;
    d->y_high *= 1.06;
    if (c->x_log) {
        d->x_low /= 1.15;
        d->x_high *= 1.15;
    } else {
        d->x_low = 0;
        d->x_high *= 1.02;
    }
}

/* ---- axes ---- */

static void draw_tick(const drawing *d, bool on_x, double value)
{
    const double scale = on_x ? d->c->x_scale : d->c->y_scale;
    const double shown = value / (scale > 0 ? scale : 1);
    if (on_x) {
        const double x = place_x(d, value);
        fprintf(d->file,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"grid\"/>"
                "<text x=\"%.1f\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">%.6g</text>\n",
                x, TOP, x, BOTTOM, x, BOTTOM + 18, shown);
    } else {
        const double y = place_y(d, value);
        fprintf(d->file,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/>"
                "<text x=\"%d\" y=\"%.1f\" class=\"tick\" text-anchor=\"end\">%.6g</text>\n",
                LEFT, y, RIGHT, y, LEFT - 8, y + 4, shown);
    }
}

/* On a logarithmic axis the powers of ten, and 2 and 5 of each within three decades. */
static void draw_axis(const drawing *d, bool on_x)
{
    static const double leads[] = {1, 2, 5};
    const double low = on_x ? d->x_low : d->y_low, high = on_x ? d->x_high : d->y_high;
    const double scale = on_x ? d->c->x_scale : d->c->y_scale, unit = scale > 0 ? scale : 1;
    if (!on_x || !d->c->x_log) {
        double step = svg_nice_step((high - low) / unit, 8) * unit;
        if (on_x && d->c->x_whole && step < 1)
            step = 1;
        for (int i = 0; i < 20 && low + i * step <= high; i++)
            draw_tick(d, on_x, low + i * step);
        return;
    }
    const size_t used = high / low < 1000 ? 3 : 1;
    const int from = (int)floor(log10(low / unit)), to = (int)ceil(log10(high / unit));
    for (int power = from; power <= to; power++)
        for (size_t i = 0; i < used; i++) {
            const double value = leads[i] * pow(10, power) * unit;
            if (value >= low && value <= high)
                draw_tick(d, on_x, value);
        }
}

static void draw_frame(const drawing *d)
{
    const chart *c = d->c;
    fprintf(d->file, "<text x=\"%d\" y=\"32\" class=\"title\">", LEFT);
    svg_text(d->file, c->title);
    fprintf(d->file, "</text>\n<text x=\"%d\" y=\"54\" class=\"tick\">", LEFT);
    svg_text(d->file, c->subtitle != NULL ? c->subtitle : "");
    fputs("</text>\n", d->file);
    draw_axis(d, true);
    draw_axis(d, false);
    fprintf(d->file,
            "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n"
            "<text x=\"%d\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">",
            LEFT, TOP, BOTTOM, RIGHT, (LEFT + RIGHT) / 2, HEIGHT - 24);
    svg_text(d->file, c->x_label);
    fprintf(d->file,
            "</text>\n<text x=\"22\" y=\"%d\" class=\"tick\" text-anchor=\"middle\" "
            "transform=\"rotate(-90 22 %d)\">",
            (TOP + BOTTOM) / 2, (TOP + BOTTOM) / 2);
    svg_text(d->file, c->y_label);
    fputs("</text>\n", d->file);
    if (c->y_line > 0)
        fprintf(d->file, "<path class=\"mark\" d=\"M%d %.1fH%d\"/>\n", LEFT, place_y(d, c->y_line),
                RIGHT);
}

/* ---- series ---- */

static void draw_line(const drawing *d, const chart_series *s, const char *colour)
{
    fprintf(d->file, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s d=\"", colour,
            s->dashed ? "1.2" : "2", s->dashed ? " stroke-dasharray=\"6 4\"" : "");
    for (unsigned k = 0; k < s->count; k++)
        fprintf(d->file, "%c%.1f %.1f", k == 0 ? 'M' : 'L', place_x(d, s->x[k]),
                place_y(d, s->y[k]));
    fputs("\"/>\n", d->file);
}

static void draw_series(const drawing *d, const chart_series *s, const char *colour)
{
    if (!s->dots_only)
        draw_line(d, s, colour);
    for (unsigned k = 0; k < s->count && !s->dashed; k++)
        fprintf(d->file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%s\" fill=\"%s\"/>",
                place_x(d, s->x[k]), place_y(d, s->y[k]), s->dots_only ? "5" : "3", colour);
    if (s->mark_x > 0)
        fprintf(d->file,
                "<path stroke=\"%s\" stroke-dasharray=\"3 3\" d=\"M%.1f %dV%.1f\"/>"
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"#fff\" stroke=\"%s\" "
                "stroke-width=\"2\"/>",
                colour, place_x(d, s->mark_x), BOTTOM, place_y(d, s->mark_y), place_x(d, s->mark_x),
                place_y(d, s->mark_y), colour);
    fputc('\n', d->file);
}

static void draw_legend(const drawing *d)
{
    unsigned coloured = 0;
    for (unsigned i = 0; i < d->c->count; i++) {
        const chart_series *s = &d->c->series[i];
        const char *colour = s->dashed ? "#7b8794" : colours[coloured++ % COLOURS];
        const unsigned y = TOP + 10 + 20 * i;
        draw_series(d, s, colour);
        fprintf(d->file,
                "<path stroke=\"%s\" stroke-width=\"3\"%s d=\"M%d %uh22\"/>"
                "<text x=\"%d\" y=\"%u\" class=\"tick\">",
                colour, s->dashed ? " stroke-dasharray=\"6 4\"" : "", RIGHT + 16, y, RIGHT + 46,
                y + 4);
        svg_text(d->file, s->name);
        fputs("</text>\n", d->file);
    }
}

bool chart_write(const chart *c, const char *directory, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    drawing d = {.file = fopen(path, "w"), .c = c};
    if (d.file != NULL) {
        measure(&d);
        fprintf(d.file,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                "viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, 'DejaVu Sans', "
                "sans-serif\">\n<style>.title{font-size:18px;font-weight:600;fill:#1f2933}"
                ".tick{font-size:12px;fill:#52606d}.grid{stroke:#e4e7eb}"
                ".axis{stroke:#7b8794;fill:none}.mark{stroke:#52606d;stroke-dasharray:2 4}"
                "</style>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
                WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
        draw_frame(&d);
        draw_legend(&d);
        fputs("</svg>\n", d.file);
        const bool failed = ferror(d.file) != 0;
        if (fclose(d.file) == 0 && !failed)
            return true;
    }
    fprintf(stderr, "weir-bench: %s: %s\n", path, strerror(errno != 0 ? errno : EIO));
    return false;
}
