/* The axis of values; see plot_axis.h. */
#include "plot_axis.h"

#include <math.h>
#include <stdlib.h>

#define LABEL_GAP 10 /* between labels, in pixels */

/* --- places -------------------------------------------------------------------------------- */

axis axis_of(const stats_report *report, double left, double right, double from, double to)
{
    const histogram *h = &report->histogram;
    const bool alone = stats_is_single(report);
    axis a = {.origin = alone ? report->min : h->edges[0],
              .low = h->per_value || alone ? -0.5L : 0,
              .logarithmic = h->logarithmic && !alone && !h->per_value,
              .whole = report->input->array.dtype.kind != 'f',
              .most_ticks = h->per_value ? 24 : 11,
              .left = left,
              .right = right,
              .from = from,
              .to = to};
    a.high = alone ? 0.5L : h->edges[h->bins] - a.origin + a.low;
    if (a.logarithmic) {
        a.low = h->edges[0];
        a.high = h->edges[h->bins];
        a.origin = 0;
    }
    return a;
}

/* By the logarithm of a ratio near 1, not by the difference of two that are nearly equal. */
double axis_place(const axis *a, stats_value value)
{
    const stats_value at = value - a->origin;
    const stats_value share =
        a->logarithmic ? log1pl((at - a->low) / a->low) / log1pl((a->high - a->low) / a->low)
                       : (at - a->low) / (a->high - a->low);
    return a->left + (double)share * (a->right - a->left);
}

/* --- candidates ---------------------------------------------------------------------------- */

/* Ticks before their labels have a form: values in decimal, ascending. */
typedef struct draft {
    decimal values[AXIS_MOST_TICKS];
    size_t count;
} draft;

/* As near as it gets: a product with a power of ten would be off by more than one. */
static stats_value value_of(decimal d)
{
    char text[NUMBER_TEXT];
    number_scientific(d, text);
    return strtold(text, NULL);
}

static void add_value(const axis *a, draft *d, decimal value)
{
    const double x = axis_place(a, value_of(value));
    if (d->count < AXIS_MOST_TICKS && x >= a->left - 0.01 && x <= a->right + 0.01)
        d->values[d->count++] = value;
}

/* The multiples of lead * 10^power. */
static draft draft_steps(const axis *a, int lead, int power)
{
    draft d = {.count = 0};
    const stats_value step = lead * powl(10, power);
    const stats_value low = floorl((a->origin + a->low) / step);
    const stats_value high = ceill((a->origin + a->high) / step);
    if (a->whole && power < 0)
        return d;
    for (int i = 0; i < 3 * AXIS_MOST_TICKS && low + i <= high; i++)
        if (i == 0 || low + i > low + (i - 1)) /* beyond 2^64 not each has a number of its own */
            add_value(a, &d, (decimal){(low + i) * lead, power});
    return d;
}

/* Every n-th power of ten, and the multiples of each that are in a set of digits. */
static draft draft_decades(const axis *a, int every, const char *leads)
{
    draft d = {.count = 0};
    const int low = (int)floorl(log10l(a->low)), high = (int)ceill(log10l(a->high));
    const int first = (int)(every * floor((double)low / every));
    for (int power = first; power <= high; power += every)
        for (const char *lead = leads; *lead; lead++)
            if (power >= 0 || !a->whole)
                add_value(a, &d, (decimal){*lead - '0', power});
    return d;
}

/* --- labels -------------------------------------------------------------------------------- */

static int plain_label(const draft *d, size_t i, char text[NUMBER_TEXT])
{
    int decimals = number_decimals(d->values[i]);
    return number_plain(d->values[i], decimals, text);
}

/* With exponents only where all the digits of the longest would be more by some. */
static bool wants_plain(const axis *a, const draft *d)
{
    char text[NUMBER_TEXT];
    int longest = 0, shortest = 0;
    for (size_t i = 0; i < d->count; i++) {
        const int plain = plain_label(d, i, text), other = number_scientific(d->values[i], text);
        if (plain == 0)
            return false;
        longest = plain > longest ? plain : longest;
        shortest = other > shortest ? other : shortest;
    }
    return a->whole || longest <= 9 || longest <= shortest + 2;
}

static void move_inside(const axis *a, tick *t)
{
    const double half = t->label_width / 2;
    t->label_x = fmin(fmax(t->x, a->from + half), a->to - half);
}

/* Gives the draft its labels.  Returns whether none touches another. */
static bool make_labels(const axis *a, const draft *d, svg_font font, tick *ticks)
{
    const bool plain = wants_plain(a, d);
    for (size_t i = 0; i < d->count; i++) {
        tick *t = &ticks[i];
        t->x = axis_place(a, value_of(d->values[i]));
        if (!plain || plain_label(d, i, t->label) == 0)
            number_scientific(d->values[i], t->label);
        t->label_width = svg_width(t->label, font);
        move_inside(a, t);
        const tick *before = t - 1;
        if (i > 0 &&
            t->label_x - before->label_x < (t->label_width + before->label_width) / 2 + LABEL_GAP)
            return false;
    }
    return true;
}

/* --- the choice ---------------------------------------------------------------------------- */

/* They tell of the whole axis if most of it lies between them. */
static bool are_enough(const axis *a, const tick *ticks, size_t count)
{
    return count >= 2 &&
           ticks[count - 1].x - ticks[0].x > (count == 2 ? 0.6 : 0.5) * (a->right - a->left);
}

/* The closest steps of 1, 2, 2.5 or 5 times a power of ten whose labels have room. */
static size_t try_steps(const axis *a, svg_font font, tick *ticks)
{
    static const struct {
        int lead, power;
    } steps[] = {{1, 0}, {2, 0}, {25, -1}, {5, 0}};
    const int first = (int)floorl(log10l(a->high - a->low)) - 1;
    for (int i = 0; i < 12; i++) {
        const draft d = draft_steps(a, steps[i % 4].lead, first + i / 4 + steps[i % 4].power);
        if (d.count > 0 && d.count <= a->most_ticks && make_labels(a, &d, font, ticks))
            return d.count;
    }
    return 0;
}

static size_t try_decades(const axis *a, svg_font font, tick *ticks)
{
    static const struct {
        int every;
        const char *leads;
    } forms[] = {{1, "123456789"}, {1, "125"}, {1, "1"},  {2, "1"},   {3, "1"},  {5, "1"},
                 {10, "1"},        {20, "1"},  {50, "1"}, {100, "1"}, {200, "1"}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const draft d = draft_decades(a, forms[i].every, forms[i].leads);
        if (d.count > 0 && d.count <= a->most_ticks && make_labels(a, &d, font, ticks))
            return d.count;
    }
    return 0;
}

/* The two ends as they are. */
static size_t label_ends(const axis *a, const stats_report *report, svg_font font, tick *ticks)
{
    const histogram *h = &report->histogram;
    const bool alone = stats_is_single(report);
    const stats_value ends[] = {alone ? report->min : h->edges[0],
                                h->edges[h->per_value ? h->bins - 1 : h->bins]};
    for (size_t i = 0; i < 2; i++) {
        ticks[i].x = axis_place(a, ends[i]);
        stats_value_text(report->input->array.dtype, ends[i], ticks[i].label);
        ticks[i].label_width = svg_width(ticks[i].label, font);
        move_inside(a, &ticks[i]);
    }
    return alone || ends[0] == ends[1] ? 1 : 2;
}

size_t axis_ticks(const axis *a, const stats_report *report, svg_font font,
                  tick ticks[AXIS_MOST_TICKS])
{
    const bool alone = stats_is_single(report);
    size_t count = 0;
    if (!alone && a->logarithmic)
        count = try_decades(a, font, ticks);
    if (!alone && !are_enough(a, ticks, count))
        count = try_steps(a, font, ticks);
    if (!are_enough(a, ticks, count))
        count = label_ends(a, report, font, ticks);
    return count;
}
