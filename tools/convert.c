/* Raw numbers to doubles: one plain loop a type, which compilers turn into vector code.
 *
 * stats_pipeline.c calls it on one chunk at a time.  It must never branch on a value inside a
 * loop, so that its speed does not depend on the data. */
#include "convert.h"

#include <string.h>

bool convert_is_identity(npy_dtype dtype)
{
    return dtype.kind == 'f' && dtype.bytes == 8;
}

void convert_swap(npy_dtype dtype, void *raw, size_t count)
{
    if (dtype.bytes == 2) {
        uint16_t *v = raw;
        for (size_t i = 0; i < count; i++)
            v[i] = __builtin_bswap16(v[i]);
    } else if (dtype.bytes == 4) {
        uint32_t *v = raw;
        for (size_t i = 0; i < count; i++)
            v[i] = __builtin_bswap32(v[i]);
    } else if (dtype.bytes == 8) {
        uint64_t *v = raw;
        for (size_t i = 0; i < count; i++)
            v[i] = __builtin_bswap64(v[i]);
    }
}

/* A half has the fields of a double, only shorter: shifted into place, its exponent is too small
 * by 1023 - 15, which one product by 2^1008 makes good, subnormals included.  All ones in the
 * exponent (infinity, NaN) must become all ones again. */
static void halves_to_doubles(const uint16_t *raw, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t half = raw[i];
        uint64_t bits = (half & 0x7fff) << 42;
        double value;
        memcpy(&value, &bits, sizeof value);
        value *= 0x1p1008;
        memcpy(&bits, &value, sizeof bits);
        uint64_t special = (uint64_t)0 - (uint64_t)((half & 0x7c00) == 0x7c00);
        bits |= (special & 0x7ff0000000000000u) | (half & 0x8000) << 48;
        memcpy(&values[i], &bits, sizeof bits);
    }
}

#define CONVERT(type)                                                                              \
    do {                                                                                           \
        const type *v = raw;                                                                       \
        for (size_t i = 0; i < count; i++)                                                         \
            values[i] = (double)v[i];                                                              \
    } while (0)

static void signed_to_doubles(unsigned bytes, const void *raw, size_t count, double *values)
{
    if (bytes == 1)
        CONVERT(int8_t);
    else if (bytes == 2)
        CONVERT(int16_t);
    else if (bytes == 4)
        CONVERT(int32_t);
    else
        CONVERT(int64_t);
}

static void unsigned_to_doubles(unsigned bytes, const void *raw, size_t count, double *values)
{
    if (bytes == 1)
        CONVERT(uint8_t);
    else if (bytes == 2)
        CONVERT(uint16_t);
    else if (bytes == 4)
        CONVERT(uint32_t);
    else
        CONVERT(uint64_t);
}

static void floats_to_doubles(unsigned bytes, const void *raw, size_t count, double *values)
{
    if (bytes == 2)
        halves_to_doubles(raw, count, values);
    else if (bytes == 4)
        CONVERT(float);
    else
        memcpy(values, raw, count * sizeof *values);
}

static void bools_to_doubles(const uint8_t *raw, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = raw[i] != 0 ? 1.0 : 0.0;
}

void convert_to_doubles(npy_dtype dtype, const void *raw, size_t count, double *values)
{
    switch (dtype.kind) {
    case 'b':
        bools_to_doubles(raw, count, values);
        break;
    case 'i':
        signed_to_doubles(dtype.bytes, raw, count, values);
        break;
    case 'u':
        unsigned_to_doubles(dtype.bytes, raw, count, values);
        break;
    default:
        floats_to_doubles(dtype.bytes, raw, count, values);
        break;
    }
}

void convert_key_range(npy_dtype dtype, const void *raw, size_t count, uint64_t *low,
                       uint64_t *high)
{
    const uint64_t *v = raw;
    const uint64_t flip = dtype.kind == 'i' ? (uint64_t)1 << 63 : 0;
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = v[i] ^ flip;
        least = key < least ? key : least;
        most = key > most ? key : most;
    }
    *low = least;
    *high = most;
}

void convert_distances(npy_dtype dtype, const void *raw, size_t count, uint64_t low,
                       double *distances)
{
    const uint64_t *v = raw;
    const uint64_t flip = dtype.kind == 'i' ? (uint64_t)1 << 63 : 0;
    for (size_t i = 0; i < count; i++)
        distances[i] = (double)(int64_t)((v[i] ^ flip) - low);
}
