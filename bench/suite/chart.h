/* Line charts as SVG files: axes, series, a legend, and marks.
 *
 * The suites describe a chart and have it drawn.  The file needs nothing from outside: no fonts, no
 * style sheets, no scripts. */
#ifndef WEIR_BENCH_CHART_H
#define WEIR_BENCH_CHART_H

#include <stdbool.h>

enum { CHART_MOST_SERIES = 24, CHART_MOST_POINTS = 64 };

typedef struct chart_series {
    char name[64];
    double x[CHART_MOST_POINTS], y[CHART_MOST_POINTS];
    unsigned count;
    bool dashed;    /* a reference: thin, grey, dashed, no dots */
    bool dots_only; /* points that no line joins */
    double mark_x;  /* a dashed line from the x axis up to here, at mark_y; 0: none */
    double mark_y;
} chart_series;

typedef struct chart {
    const char *title, *subtitle, *x_label, *y_label;
    bool x_log;
    bool x_whole;            /* no fractions at the x axis */
    double x_scale, y_scale; /* what a value is divided by for the numbers at the axis; 0: 1 */
    double y_line;           /* a horizontal line there; 0: none */
    chart_series series[CHART_MOST_SERIES];
    unsigned count;
} chart;

/* The series of that name, an empty one at first; NULL if there are too many. */
chart_series *chart_series_of(chart *c, const char *name);
void chart_point(chart_series *s, double x, double y);
/* Writes it to a file of that name in a directory. False after saying why not. */
bool chart_write(const chart *c, const char *directory, const char *name);

#endif
