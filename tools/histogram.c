/* The edges of histograms: equally spaced, then rounded to some digits below the bins' width.
 *
 * stats_answer.c calls it between the passes over the file.  It must never move an end inwards:
 * all values lie between the first and the last edge. */
#include "histogram.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool alloc_bins(histogram *h, size_t bins)
{
    h->edges = malloc((bins + 1) * sizeof *h->edges);
    h->counts = calloc(bins + 1, sizeof *h->counts);
    h->bins = 0;
    return h->edges && h->counts;
}

bool histogram_empty(histogram *h)
{
    return alloc_bins(h, 0);
}

void histogram_free(histogram *h)
{
    free(h->edges);
    free(h->counts);
}

/* --- decimals ------------------------------------------------------------------------------- */

/* digits * 10^power. */
typedef struct decimal {
    stats_value digits;
    int power;
} decimal;

/* A number to three digits of `step`, or to the nineteen that a long double holds. */
static decimal to_decimal(stats_value value, stats_value step, bool integer)
{
    if (!(step > 0)) /* less than a long double tells apart */
        step = fabsl(value) * LDBL_EPSILON;
    decimal d = {0, (int)floorl(log10l(step)) - 2};
    if (integer && d.power < 0)
        d.power = 0;
    while (fabsl(value) / powl(10, d.power) > 9e18L)
        d.power++;
    d.digits = rintl(value / powl(10, d.power));
    return d;
}

/* As an edge: an integer, or the double that the text of the decimal is read as. */
static stats_value from_decimal(decimal d, bool integer)
{
    char text[64];
    if (integer)
        return d.digits * powl(10, d.power);
    snprintf(text, sizeof text, "%.0Lfe%d", d.digits, d.power);
    return strtod(text, NULL) + 0.0; /* not -0 */
}

/* The edge nearest to `value` that is not on the wrong side of it: below for -1, above for 1; the
 * value itself where a decimal would leave the range of double. */
static stats_value end_edge(stats_value value, stats_value step, bool integer, int side)
{
    decimal d = to_decimal(value, step, integer);
    stats_value edge = from_decimal(d, integer);
    while (side < 0 ? edge > value : edge < value) {
        d.digits += side;
        edge = from_decimal(d, integer);
    }
    return isfinite(edge) ? edge : value;
}

/* --- edges ---------------------------------------------------------------------------------- */

typedef struct axis {
    stats_value low, high; /* for integers, high is one more than the greatest */
    size_t bins;
    bool integer, logarithmic;
} axis;

static stats_value place(const axis *a, size_t i)
{
    const stats_value share = (stats_value)i / (stats_value)a->bins;
    if (a->logarithmic)
        return expl(logl(a->low) + share * (logl(a->high) - logl(a->low)));
    return a->low + share * (a->high - a->low);
}

/* Bins that no value can be in, because rounding left nothing between their edges, are none. */
static void space_edges(histogram *h, const axis *a)
{
    const stats_value first_step = place(a, 1) - a->low;
    const stats_value last_step = a->high - place(a, a->bins - 1);
    const stats_value last = end_edge(a->high, last_step, a->integer, 1);
    h->edges[0] = end_edge(a->low, first_step, a->integer, -1);
    for (size_t i = 1; i < a->bins; i++) {
        const stats_value at = place(a, i), step = at - place(a, i - 1);
        const stats_value edge = from_decimal(to_decimal(at, step, a->integer), a->integer);
        if (edge > h->edges[h->bins] && edge < last)
            h->edges[++h->bins] = edge;
    }
    h->edges[++h->bins] = last;
}

/* Ends of 64-bit integers stay what their type can hold, or one more. */
static void keep_in_type(const histogram *h, npy_dtype dtype)
{
    const bool is_signed = dtype.kind == 'i';
    const stats_value bits = 8 * dtype.bytes - (is_signed ? 1 : 0);
    const stats_value most = exp2l(bits), least = is_signed ? -most : 0;
    h->edges[0] = fmaxl(h->edges[0], least);
    h->edges[h->bins] = fminl(h->edges[h->bins], most);
}

static void list_values(histogram *h, stats_value low, stats_value high)
{
    h->per_value = true;
    h->bins = (size_t)(high - low) + 1;
    for (size_t i = 0; i <= h->bins; i++)
        h->edges[i] = low + (stats_value)i;
}

bool histogram_space(histogram *h, npy_dtype dtype, stats_value low, stats_value high, size_t bins)
{
    const bool integer = dtype.kind != 'f';
    axis a = {low, integer ? high + 1 : high, bins ? bins : STATS_DEFAULT_BINS, integer,
              h->logarithmic};
    if (!alloc_bins(h, a.bins))
        return false;
    if (integer && (low == high || (!a.logarithmic && high - low < (stats_value)a.bins))) {
        list_values(h, low, high);
    } else if (low == high) {
        h->bins = 1;
        h->edges[0] = h->edges[1] = low;
    } else {
        space_edges(h, &a);
        if (integer)
            keep_in_type(h, dtype);
    }
    return true;
}
