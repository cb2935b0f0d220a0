/* Values of any type as keys: integers of 64 bits that have the order of the values.
 *
 * Counting, sorting and selecting work on keys, so that one piece of code serves every type; the
 * reports get values back.  It must never round: a key and its value determine each other.
 *
 * Integers are signed keys, the 64-bit unsigned ones excepted; floats of every size are keys of
 * the double of the same value. -0 has the key of 0. */
#ifndef WEIR_KEYS_H
#define WEIR_KEYS_H

#include <assert.h>
#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "npy.h"

/* Any value of any type, exactly: 64 bits of mantissa hold all integers of 64 bits. */
typedef long double stats_value;
static_assert(LDBL_MANT_DIG >= 64, "an integer of 64 bits must fit into a long double");

typedef enum key_kind { KEY_FLOAT, KEY_SIGNED, KEY_UNSIGNED } key_kind;

/* No finite float has this key: it stands for what is not finite. */
#define KEY_NOT_FINITE UINT64_MAX

key_kind key_kind_of(npy_dtype dtype);

static inline uint64_t key_of_double(double value)
{
    uint64_t bits;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (((uint64_t)0 - (bits >> 63)) | (uint64_t)1 << 63);
}

static inline uint64_t key_of_signed(int64_t value)
{
    return (uint64_t)value ^ (uint64_t)1 << 63;
}

/* The key of value i of a chunk, raw ones in this machine's order and the same as doubles. */
static inline uint64_t key_at(npy_dtype dtype, const void *raw, const double *values, size_t i)
{
    if (dtype.kind == 'f')
        return key_of_double(values[i]);
    if (dtype.bytes < 8)
        return key_of_signed((int64_t)values[i]);
    uint64_t bits;
    memcpy(&bits, (const char *)raw + 8 * i, sizeof bits);
    return dtype.kind == 'u' ? bits : key_of_signed((int64_t)bits);
}

/* The value of a key. */
stats_value key_value(key_kind kind, uint64_t key);

/* The least key whose value is at least this one; UINT64_MAX for a value above all. Of floats,
 * the value must be a double. */
uint64_t key_at_least(key_kind kind, stats_value value);

/* Sorts keys, ascending; scratch has room for as many. */
void keys_sort(uint64_t *keys, size_t count, uint64_t *scratch);

/* Keys in runs that are each sorted: all of `run` keys, but for the last. */
typedef struct key_runs {
    const uint64_t *keys;
    size_t count, run;
} key_runs;

/* How many keys are below this one. */
size_t keys_below(const key_runs *runs, uint64_t key);

/* The key of this rank, from 1 to the number of keys. */
uint64_t keys_at_rank(const key_runs *runs, size_t rank);

/* The same of keys in any order. */
uint64_t keys_select(const uint64_t *keys, size_t count, size_t rank);

#endif
