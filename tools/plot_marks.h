/* The quantiles above an axis: a line each, and labels where there is room for them.
 *
 * plot_svg.c draws them.  It must never draw, and never round a quantile. */
#ifndef WEIR_PLOT_MARKS_H
#define WEIR_PLOT_MARKS_H

#include "plot_axis.h"

enum { MARKS_MOST = 64, MARKS_ROWS = 4 };

/* One value, and all quantiles that have it. */
typedef struct mark {
    char label[2 * NUMBER_TEXT + 48];
    double x, label_x, width; /* of the line, of the label's middle, and of the label */
    int row;                  /* of the label, 0 the lowest; MARKS_ROWS: there is no room for it */
    bool median;
} mark;

extern const svg_font marks_font, marks_median_font;

/* The quantiles that lie on the axis, or if they are more than MARKS_MOST, some of them; a label is
 * within the axis' pixels for labels and touches no other.  Returns how many. */
size_t marks_place(const axis *a, const stats_report *report, mark marks[MARKS_MOST]);

#endif
