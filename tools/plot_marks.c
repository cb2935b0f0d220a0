/* The quantiles above an axis; see plot_marks.h. */
#include "plot_marks.h"

#include <math.h>
#include <stdlib.h>

#define LABEL_GAP 6 /* between labels, in pixels */

const svg_font marks_font = {11, false}, marks_median_font = {11, true};

static int compare_fractions(const void *a, const void *b)
{
    const stats_quantile *x = a, *y = b;
    return (x->fraction > y->fraction) - (x->fraction < y->fraction);
}

/* "50 %: 3", "25 % to 75 %: 3"; "~" before what is within its error only. */
static void write_label(mark *m, const stats_report *report, const stats_quantile *first,
                        const stats_quantile *last)
{
    char from[NUMBER_TEXT], to[NUMBER_TEXT], value[NUMBER_TEXT], range[NUMBER_TEXT + 8] = "";
    if (last->fraction > first->fraction)
        snprintf(range, sizeof range, " to %s %%", number_percent(last->fraction, to));
    snprintf(m->label, sizeof m->label, "%s %%%s: %s%s", number_percent(first->fraction, from),
             range, first->error > 0 ? "~" : "",
             stats_value_text(report->input->array.dtype, first->value, value));
    m->width = svg_width(m->label, m->median ? marks_median_font : marks_font);
}

/* Makes one mark of each run of equal quantiles. */
static size_t collect(const axis *a, const stats_report *report, const stats_quantile *sorted,
                      size_t count, mark *marks)
{
    size_t used = 0;
    for (size_t i = 0, end; i < count; i = end) {
        bool median = sorted[i].fraction == 0.5;
        for (end = i + 1; end < count && sorted[end].value == sorted[i].value; end++)
            median = median || sorted[end].fraction == 0.5;
        const double x = axis_place(a, sorted[i].value);
        if (used == MARKS_MOST || !(x >= a->left - 0.01) || !(x <= a->right + 0.01))
            continue;
        mark *m = &marks[used++];
        *m = (mark){.x = x, .row = MARKS_ROWS, .median = median};
        write_label(m, report, &sorted[i], &sorted[end - 1]);
        m->label_x = fmin(fmax(x, a->from + m->width / 2), a->to - m->width / 2);
    }
    return used;
}

static bool is_free(const mark *m, int row, const mark *marks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (&marks[i] != m && marks[i].row == row &&
            fabs(marks[i].label_x - m->label_x) < (marks[i].width + m->width) / 2 + LABEL_GAP)
            return false;
    return true;
}

static void give_row(mark *m, const mark *marks, size_t count)
{
    for (int row = 0; m->row == MARKS_ROWS && row < MARKS_ROWS; row++)
        if (is_free(m, row, marks, count))
            m->row = row;
}

/* The median gets its place first, then the outer ones, then all others. */
size_t marks_place(const axis *a, const stats_report *report, mark marks[MARKS_MOST])
{
    const size_t all = report->quantile_count, every = (all + MARKS_MOST - 1) / MARKS_MOST;
    stats_quantile sorted[MARKS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < all; i += every)
        sorted[count++] = report->quantiles[i];
    qsort(sorted, count, sizeof sorted[0], compare_fractions);
    count = collect(a, report, sorted, count, marks);
    for (size_t i = 0; i < count; i++)
        if (marks[i].median)
            give_row(&marks[i], marks, count);
    if (count > 0) {
        give_row(&marks[0], marks, count);
        give_row(&marks[count - 1], marks, count);
    }
    for (size_t i = 0; i < count; i++)
        give_row(&marks[i], marks, count);
    return count;
}
