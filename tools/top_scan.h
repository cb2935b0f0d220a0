/* Masks of the blanks among 64 bytes, a bit a byte, the first byte lowest.
 *
 * top_parse.c and its unit test include it.  It must never read past the 64 bytes it is given. */
#ifndef WEIR_TOP_SCAN_H
#define WEIR_TOP_SCAN_H

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline uint64_t top_blanks_portable(const char *p)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < 64; i++)
        mask |= (uint64_t)(p[i] == ' ' || p[i] == '\t') << i;
    return mask;
}

#ifdef __SSE2__
static inline uint64_t top_blanks16(const char *p)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i spaces = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '));
    const __m128i tabs = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(spaces, tabs));
}

static inline uint64_t top_blanks(const char *p)
{
    return top_blanks16(p) | top_blanks16(p + 16) << 16 | top_blanks16(p + 32) << 32 |
           top_blanks16(p + 48) << 48;
}
#else
static inline uint64_t top_blanks(const char *p)
{
    return top_blanks_portable(p);
}
#endif

#endif
