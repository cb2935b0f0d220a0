/* The reduction of a chunk and the merging of records.
 *
 * stats_pipeline.c calls it on every worker at once, each with its own data.  It must never be
 * compiled with contraction or reassociation of floating-point operations: the order of additions
 * is written out (eight lanes), so every compiler and instruction set gives the same bits. */
#include "summary.h"

#include <math.h>

#include "convert.h"

enum { LANES = 8 };

/* Values beyond 2^±450 are scaled by 2^∓600 before they are squared: squares stay within 2^±900.
 * The record itself has no need of that: the exponents of long double go to 2^±16383. */
static_assert(LDBL_MAX_EXP >= 16384, "a long double must hold the squares of doubles");
#define LARGE       0x1p450
#define SMALL       0x1p-450
#define SCALE_POWER 600

typedef struct range {
    double sum, min, max;
} range;

void summary_clear(summary *s)
{
    *s = (summary){.min = HUGE_VALL, .max = -HUGE_VALL};
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

static int power_for(range r)
{
    double size = fabs(r.min) > fabs(r.max) ? fabs(r.min) : fabs(r.max);
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
 * rest^2 / n is m2 (Björck), and n * shift + rest is the sum. */
static void reduce_around(const double *values, size_t count, double shift, summary *s)
{
    const double rest = sum_distances(values, count, shift);
    const double squares = sum_squares(values, count, shift);
    const double m2 = squares - rest * (rest / (double)count);
    s->origin = shift;
    s->rest = rest;
    s->m2 = m2 > 0 && s->min < s->max ? m2 : 0;
}

/* For values so large or small that their squares leave the range of double. */
static void reduce_scaled(const double *values, size_t count, int power, summary *s)
{
    double scaled[SUMMARY_CHUNK];
    const double factor = ldexp(1, -power);
    for (size_t i = 0; i < count; i++)
        scaled[i] = values[i] * factor;
    reduce_around(scaled, count, choose_shift(scan(scaled, count), count), s);
    s->origin = ldexpl(s->origin, power);
    s->rest = ldexpl(s->rest, power);
    s->m2 = ldexpl(s->m2, 2 * power);
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
    const int power = power_for(r);
    if (power != 0)
        reduce_scaled(values, count, power, s);
    else
        reduce_around(values, count, choose_shift(r, count), s);
    return count;
}

/* Where a double may be too short, the distances from the least value are not, since they fit into
 * 63 bits; the shift must be an integer then, so that the origin is exact. A wider chunk deviates
 * so much that the rounding of its values does not show. */
void summary_of_integers(npy_dtype dtype, const void *raw, const double *values, size_t count,
                         summary *s)
{
    const key_kind kind = key_kind_of(dtype);
    const range r = scan(values, count);
    uint64_t low, high;
    summary_clear(s);
    convert_key_range(dtype, raw, count, &low, &high);
    s->count = count;
    s->min = key_value(kind, low);
    s->max = key_value(kind, high);
    if ((r.min >= -0x1p53 && r.max <= 0x1p53) || high - low >= (uint64_t)1 << 62) {
        reduce_around(values, count, choose_shift(r, count), s);
        return;
    }
    double distances[SUMMARY_CHUNK];
    convert_distances(dtype, raw, count, low, distances);
    reduce_around(distances, count, nearbyint(choose_shift(scan(distances, count), count)), s);
    s->origin += s->min;
}

static void merge_moments(summary *a, const summary *b)
{
    const stats_value na = (stats_value)a->count, nb = (stats_value)b->count;
    const stats_value apart = b->origin - a->origin;
    const stats_value delta = apart + (b->rest / nb - a->rest / na);
    a->m2 = (a->m2 + b->m2) + delta * delta * (na * (nb / (na + nb)));
    a->rest += b->rest + nb * apart;
}

void summary_merge(summary *into, const summary *later)
{
    if (later->count && into->count) {
        merge_moments(into, later);
    } else if (later->count) {
        into->origin = later->origin;
        into->rest = later->rest;
        into->m2 = later->m2;
    }
    into->count += later->count;
    into->nan += later->nan;
    into->positive_infinity += later->positive_infinity;
    into->negative_infinity += later->negative_infinity;
    into->min = later->min < into->min ? later->min : into->min;
    into->max = later->max > into->max ? later->max : into->max;
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
    stats_value mean = s->origin + s->rest / (stats_value)s->count;
    mean = mean < s->min ? s->min : mean; /* rounding may not leave the range */
    return (double)(mean > s->max ? s->max : mean);
}

double summary_variance(const summary *s, uint64_t ddof)
{
    return s->count > ddof ? (double)(s->m2 / (stats_value)(s->count - ddof)) : (double)NAN;
}

double summary_deviation(const summary *s, uint64_t ddof)
{
    return s->count > ddof ? (double)sqrtl(s->m2 / (stats_value)(s->count - ddof)) : (double)NAN;
}
