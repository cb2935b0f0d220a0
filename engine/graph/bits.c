/* A set of numbers; see bits.h. */
#include "graph/bits.h"

size_t weir__bits_words(uint32_t n)
{
    size_t words = 0;
    do {
        n = (n + 63) / 64;
        words += n;
    } while (n > 1);
    return words;
}

uint64_t *weir__bits_open(weir__bits *bits, uint32_t n, uint64_t *memory)
{
    WEIR_ASSERT(n > 0);
    *bits = (weir__bits){.n = n};
    do {
        n = (n + 63) / 64;
        bits->level[bits->levels++] = memory;
        memory += n;
    } while (n > 1);
    return memory;
}

void weir__bits_set(weir__bits *bits, uint32_t i)
{
    for (unsigned l = 0; l < bits->levels; l++, i /= 64) {
        uint64_t *word = &bits->level[l][i / 64];
        const bool was_empty = *word == 0;
        *word |= UINT64_C(1) << i % 64;
        if (!was_empty)
            return;
    }
}

void weir__bits_clear(weir__bits *bits, uint32_t i)
{
    for (unsigned l = 0; l < bits->levels; l++, i /= 64) {
        uint64_t *word = &bits->level[l][i / 64];
        *word &= ~(UINT64_C(1) << i % 64);
        if (*word != 0)
            return;
    }
}

uint32_t weir__bits_next(const weir__bits *bits, uint32_t i)
{
    uint32_t n = bits->n; /* of this level */
    unsigned l = 0;
    for (;; l++) { /* up, to a word with a bit that is not below i */
        if (i >= n)
            return WEIR_BITS_NONE;
        const uint64_t word = bits->level[l][i / 64] >> i % 64;
        if (word != 0) {
            i += (uint32_t)__builtin_ctzll(word);
            break;
        }
        if (l + 1 == bits->levels)
            return WEIR_BITS_NONE;
        i = i / 64 + 1;
        n = (n + 63) / 64;
    }
    while (l-- > 0) /* and down */
        i = i * 64 + (uint32_t)__builtin_ctzll(bits->level[l][i]);
    return i;
}
