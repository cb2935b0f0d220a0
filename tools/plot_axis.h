/* The axis of values: where a value lies, and where ticks go whose labels have room and are exact.
 *
 * plot_svg.c draws by it.  It must never draw, and never round a label. */
#ifndef WEIR_PLOT_AXIS_H
#define WEIR_PLOT_AXIS_H

#include "stats_report.h"
#include "svg.h"

enum { AXIS_MOST_TICKS = 32 };

/* Distances from the origin are exact where its neighbours differ by 1 in 64 bits.  Invariant:
 * low < high, and origin is 0 < low on a logarithmic axis. */
typedef struct axis {
    stats_value origin, low, high; /* the ends, from the origin */
    bool logarithmic;
    bool whole; /* only whole numbers get ticks */
    size_t most_ticks;
    double left, right; /* the pixels of the ends */
    double from, to;    /* the pixels that labels may take */
} axis;

typedef struct tick {
    double x, label_x; /* of the mark, and of the middle of the label */
    double label_width;
    char label[NUMBER_TEXT];
} tick;

/* The axis of a histogram that has bins; one value alone has its place in the middle. */
axis axis_of(const stats_report *report, double left, double right, double from, double to);

double axis_place(const axis *a, stats_value value);

/* As many ticks as have room, spread over the axis.  Returns how many. */
size_t axis_ticks(const axis *a, const stats_report *report, svg_font font,
                  tick ticks[AXIS_MOST_TICKS]);

#endif
