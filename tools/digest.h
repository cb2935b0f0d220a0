/* A number that tells whether two runs gave the same bits.
 *
 * substitution.c and factor.c use it.  It must never be taken for more: whoever wants to can make
 * two results with the same number. */
#ifndef WEIR_DIGEST_H
#define WEIR_DIGEST_H

#include <stdint.h>
#include <string.h>

#define DIGEST_BEGIN UINT64_C(0xcbf29ce484222325)

/* Fowler, Noll and Vo's hash, a word at a time; of what was before, and these values. */
static inline uint64_t digest(uint64_t so_far, const double *value, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &value[i], sizeof bits);
        so_far = (so_far ^ bits) * UINT64_C(0x100000001b3);
        so_far ^= so_far >> 32; /* high bits reach low ones */
    }
    return so_far;
}

#endif
