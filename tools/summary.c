/* The reduction of a chunk and the merging of records.
 *
 * stats_pipeline.c calls it on every worker at once, each with its own data.  It must never be
 * compiled with contraction or reassociation of floating-point operations: the order of additions
 * is written out (eight lanes), so every compiler and instruction set gives the same bits. */
#include "summary.h"

#include <math.h>

enum { LANES = 8 };

/* Values beyond 2^±450 are scaled by 2^∓600 before they are squared: squares stay within 2^±900,
 * with room for 2^53 of them. */
#define LARGE       0x1p450
#define SMALL       0x1p-450
#define SCALE_POWER 600

typedef struct range {
    double sum, min, max;
} range;

void summary_clear(summary *s)
{
    *s = (summary){.min = HUGE_VAL, .max = -HUGE_VAL, .min_key = UINT64_MAX, .scale = -SCALE_POWER};
}

static double add_lanes(const double lane[LANES])
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* Sum, min and max in one pass.  The comparisons have the form of the machine's own min and max
 * instructions; what they make of NaN does not matter, since the sum tells. */
static range scan(const double *values, size_t count)
{
    double sum[LANES], low[LANES], high[LANES];
    for (size_t k = 0; k < LANES; k++) {
        sum[k] = 0;
        low[k] = HUGE_VAL;
        high[k] = -HUGE_VAL;
    }
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            double v = values[i + k];
            sum[k] += v;
            low[k] = v < low[k] ? v : low[k];
            high[k] = v > high[k] ? v : high[k];
        }
    for (size_t k = 0; i < count; i++, k++) {
        double v = values[i];
        sum[k] += v;
        low[k] = v < low[k] ? v : low[k];
        high[k] = v > high[k] ? v : high[k];
    }
    range r = {add_lanes(sum), low[0], high[0]};
    for (size_t k = 1; k < LANES; k++) {
        r.min = low[k] < r.min ? low[k] : r.min;
        r.max = high[k] > r.max ? high[k] : r.max;
    }
    return r;
}

/* The sum of the distances from `shift`.  This and the next are two loops, since gcc makes vector
 * code of one array of lanes, but not of two: 0.34 instead of 0.54 ns a value for both. */
static double sum_distances(const double *values, size_t count, double shift)
{
    double sum[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            sum[k] += values[i + k] - shift;
    for (size_t k = 0; i < count; i++, k++)
        sum[k] += values[i] - shift;
    return add_lanes(sum);
}

static double sum_squares(const double *values, size_t count, double shift)
{
    double sum[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            double d = values[i + k] - shift;
            sum[k] += d * d;
        }
    for (size_t k = 0; i < count; i++, k++) {
        double d = values[i] - shift;
        sum[k] += d * d;
    }
    return add_lanes(sum);
}

/* Counts what is not finite and moves the rest together: rare, so a plain loop. */
static size_t sift(double *values, size_t count, summary *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        double v = values[i];
        if (isfinite(v))
            values[kept++] = v;
        else if (isnan(v))
            s->nan++;
        else if (v > 0)
            s->positive_infinity++;
        else
            s->negative_infinity++;
    }
    return kept;
}

/* a + b = *sum + *low exactly (Knuth's TwoSum). */
static void two_sum(double a, double b, double *sum, double *low)
{
    double s = a + b;
    double b_seen = s - a;
    *low = (a - (s - b_seen)) + (b - b_seen);
    *sum = s;
}

static int scale_for(double min, double max)
{
    double size = fabs(min) > fabs(max) ? fabs(min) : fabs(max);
    return size > LARGE ? SCALE_POWER : size < SMALL ? -SCALE_POWER : 0;
}

/* A point close to the mean, on a grid of 1/256 of the range.  So distances from it are short
 * numbers where the values are, and sums of integers stay exact; while m2 is never below
 * (max - min)^2 / 2n, so the correction for so small a shift takes no digits from it. */
static double choose_shift(range r, size_t count)
{
    double mean = r.sum / (double)count;
    double width = r.max - r.min;
    if (!(width > 0))
        return r.min;
    double unit = ldexp(1.0, ilogb(width) - 8);
    double shift = nearbyint(mean / unit) * unit;
    return isfinite(shift) ? shift : mean;
}

/* The second pass, around the shift.  With rest = sum of (v - shift), the sum of squares less
 * rest^2 / n is m2 (Björck), and n * shift + rest is the sum, as two doubles. */
static void reduce_around_mean(const double *values, size_t count, range r, summary *s)
{
    double n = (double)count, shift = choose_shift(r, count);
    double rest = sum_distances(values, count, shift);
    double squares = sum_squares(values, count, shift);
    double product = n * shift;
    double product_low = fma(n, shift, -product);
    double low;
    two_sum(product, rest, &s->sum, &low);
    two_sum(s->sum, low + product_low, &s->sum, &s->sum_low);
    double m2 = squares - rest * (rest / n);
    s->m2 = m2 > 0 && r.min < r.max ? m2 : 0;
}

/* For values so large or small that their squares leave the range of double. */
static void reduce_scaled(const double *values, size_t count, summary *s)
{
    double scaled[SUMMARY_CHUNK];
    double factor = s->scale > 0 ? 0x1p-600 : 0x1p600;
    for (size_t i = 0; i < count; i++)
        scaled[i] = values[i] * factor;
    reduce_around_mean(scaled, count, scan(scaled, count), s);
}

size_t summary_of_chunk(double *values, size_t count, summary *s)
{
    summary_clear(s);
    range r = scan(values, count);
    if (!isfinite(r.sum)) { /* something is not finite, or the sum overflowed */
        count = sift(values, count, s);
        if (count == 0)
            return 0;
        r = scan(values, count);
    }
    s->count = count;
    s->min = r.min;
    s->max = r.max;
    s->scale = scale_for(r.min, r.max);
    if (s->scale != 0)
        reduce_scaled(values, count, s);
    else
        reduce_around_mean(values, count, r, s);
    return count;
}

static void rescale(summary *s, int scale)
{
    int by = s->scale - scale;
    s->sum = ldexp(s->sum, by);
    s->sum_low = ldexp(s->sum_low, by);
    s->m2 = ldexp(s->m2, 2 * by);
    s->scale = scale;
}

/* The mean as two doubles, so that differences of close means keep their digits. */
static void two_mean(const summary *s, double *mean, double *low)
{
    double n = (double)s->count;
    *mean = s->sum / n;
    *low = (fma(-*mean, n, s->sum) + s->sum_low) / n;
}

static void merge_moments(summary *a, const summary *later)
{
    summary b = *later;
    int scale = a->scale > b.scale ? a->scale : b.scale;
    if (a->scale != scale)
        rescale(a, scale);
    if (b.scale != scale)
        rescale(&b, scale);
    double mean_a, low_a, mean_b, low_b;
    two_mean(a, &mean_a, &low_a);
    two_mean(&b, &mean_b, &low_b);
    double delta = (mean_b - mean_a) + (low_b - low_a);
    double na = (double)a->count, nb = (double)b.count;
    a->m2 = (a->m2 + b.m2) + delta * delta * (na * (nb / (na + nb)));
    double low;
    two_sum(a->sum, b.sum, &a->sum, &low);
    two_sum(a->sum, low + (a->sum_low + b.sum_low), &a->sum, &a->sum_low);
}

void summary_merge(summary *into, const summary *later)
{
    if (later->count && into->count) {
        merge_moments(into, later);
    } else if (later->count) {
        into->sum = later->sum;
        into->sum_low = later->sum_low;
        into->m2 = later->m2;
        into->scale = later->scale;
    }
    into->count += later->count;
    into->nan += later->nan;
    into->positive_infinity += later->positive_infinity;
    into->negative_infinity += later->negative_infinity;
    into->min = later->min < into->min ? later->min : into->min;
    into->max = later->max > into->max ? later->max : into->max;
    into->min_key = later->min_key < into->min_key ? later->min_key : into->min_key;
    into->max_key = later->max_key > into->max_key ? later->max_key : into->max_key;
    if (into->min == into->max)
        into->m2 = 0; /* exactly: the rounding of equal means must not show */
}

void summary_merge_all(const summary *parts, size_t n, summary *out)
{
    if (n == 0) {
        summary_clear(out);
    } else if (n == 1) {
        *out = parts[0];
    } else {
        summary later;
        summary_merge_all(parts, n / 2, out);
        summary_merge_all(parts + n / 2, n - n / 2, &later);
        summary_merge(out, &later);
    }
}

double summary_mean(const summary *s)
{
    if (s->count == 0)
        return NAN;
    double mean, low;
    two_mean(s, &mean, &low);
    mean = ldexp(mean + low, s->scale);
    mean = mean < s->min ? s->min : mean; /* rounding may not leave the range */
    return mean > s->max ? s->max : mean;
}

double summary_variance(const summary *s)
{
    return s->count ? ldexp(s->m2 / (double)s->count, 2 * s->scale) : (double)NAN;
}

double summary_deviation(const summary *s)
{
    return s->count ? ldexp(sqrt(s->m2 / (double)s->count), s->scale) : (double)NAN;
}
