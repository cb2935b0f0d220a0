/* Raw numbers of any supported type, in either byte order, to doubles.
 *
 * stats_pipeline.c calls it on one chunk at a time.  It must never read beyond count values, nor
 * keep anything between calls. */
#ifndef WEIR_CONVERT_H
#define WEIR_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npy.h"

/* Whether the type's values are exactly those of the bytes seen as double: no conversion needed. */
bool convert_is_identity(npy_dtype dtype);

/* Turns count values into this machine's byte order, in place. */
void convert_swap(npy_dtype dtype, void *raw, size_t count);

/* Converts count values, already in this machine's byte order and aligned for their type.  Every
 * type but the 64-bit integers is exact; those are rounded to nearest. */
void convert_to_doubles(npy_dtype dtype, const void *raw, size_t count, double *values);

/* The smallest and largest of count > 0 integers of 64 bits, as keys that have the order of the
 * values: the value for unsigned ones, the value with its top bit flipped for signed ones. */
void convert_key_range(npy_dtype dtype, const void *raw, size_t count, uint64_t *low,
                       uint64_t *high);

/* How far the keys of count integers of 64 bits lie above `low`, as doubles; at most 2^63 - 1. */
void convert_distances(npy_dtype dtype, const void *raw, size_t count, uint64_t low,
                       double *distances);

#endif
