/* The one seam to the allocator; see memory.h. */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(WEIR_TESTING)
#include "base/testing.h"
#endif

/* Of x86-64, and of most others with pages of 4 KiB. */
static const size_t huge_page = (size_t)2 << 20;

static void *alloc(size_t bytes, size_t alignment)
{
    if (bytes > SIZE_MAX - alignment)
        return NULL;
#if defined(WEIR_TESTING)
    if (weir__testing_allocation_fails())
        return NULL;
#endif
    /* aligned_alloc wants a multiple of the alignment. */
    void *block = aligned_alloc(alignment, (size_t)weir__round_up(bytes, alignment));
    WEIR_ASSERT((uintptr_t)block % WEIR_LINE == 0);
#if defined(WEIR_TESTING)
    if (block != NULL) {
        weir__testing_count_block(block, +1);
        weir__testing_count_asked(weir__round_up(bytes, alignment));
    }
#endif
    return block;
}

void *weir__memory_alloc(size_t bytes)
{
    return alloc(bytes, WEIR_LINE);
}

void *weir__memory_alloc_large(size_t bytes)
{
    if (bytes < huge_page)
        return weir__memory_alloc(bytes);
#if defined(WEIR_TESTING)
    return weir__memory_alloc(bytes); /* the alignment would be counted, which is never touched */
#else
    void *block = alloc(bytes, huge_page);
    if (block != NULL) /* up to the last whole page, so no memory is lost; a system may refuse */
        (void)madvise(block, bytes - bytes % huge_page, MADV_HUGEPAGE);
    return block;
#endif
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
