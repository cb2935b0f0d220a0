/* The one seam to the allocator; see memory.h. */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#if defined(WEIR_TESTING)
#include "base/testing.h"
#endif

void *weir__memory_alloc(size_t bytes)
{
    if (bytes > SIZE_MAX - WEIR_LINE)
        return NULL;
#if defined(WEIR_TESTING)
    if (weir__testing_allocation_fails())
        return NULL;
#endif
    /* aligned_alloc wants a multiple of the alignment. */
    void *block = aligned_alloc(WEIR_LINE, (size_t)weir__round_up(bytes, WEIR_LINE));
    WEIR_ASSERT((uintptr_t)block % WEIR_LINE == 0);
#if defined(WEIR_TESTING)
    if (block != NULL)
        weir__testing_count_block(block, +1);
#endif
    return block;
}

void *weir__memory_alloc_zero(size_t bytes)
{
    void *block = weir__memory_alloc(bytes);
    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

char *weir__memory_alloc_string(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = weir__memory_alloc(bytes);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

void weir__memory_free(void *block)
{
    WEIR_ASSERT((uintptr_t)block % WEIR_LINE == 0); /* else it is not from here */
#if defined(WEIR_TESTING)
    if (block != NULL)
        weir__testing_count_block(block, -1);
#endif
    free(block);
}
