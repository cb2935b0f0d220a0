/* Masks of the blanks among 64 bytes, a bit a byte, the first byte lowest; and a count of lines.
 *
 * top_parse.c, top_stream.c and the unit tests include it.  It must never read past the bytes it is
 * given. */
#ifndef WEIR_TOP_SCAN_H
#define WEIR_TOP_SCAN_H

#include <stddef.h>
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

/* Sums of one byte, so that the compiler adds many at once. */
static inline uint64_t top_count_newlines(const char *text, size_t size)
{
    uint64_t count = 0;
    while (size > 0) {
        const size_t piece = size < 240 ? size : 240;
        uint8_t some = 0;
        for (size_t i = 0; i < piece; i++)
            some = (uint8_t)(some + (text[i] == '\n'));
        count += some;
        text += piece;
        size -= piece;
    }
    return count;
}

#endif
