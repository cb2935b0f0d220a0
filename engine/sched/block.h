/* Blocks: pieces of memory with their size in front, and lists of those that are free.
 *
 * A window (window.h) gives them out, and sees to it that some account holds their bytes.  They are
 * found by exact size: a plan has as many sizes as it has layers, and one of another size would
 * hold more bytes than were asked for.  A list must never be changed but under its window's
 * lock. */
#ifndef WEIR_BLOCK_H
#define WEIR_BLOCK_H

#include "base/atomics.h"
#include "base/base.h"
#include "base/memory.h"

typedef struct weir__block {
    alignas(WEIR_LINE) struct weir__block *next; /* in a list */
    uint64_t bytes;                              /* with this header */
} weir__block;

static_assert(sizeof(weir__block) == WEIR_LINE, "memory behind the header must be aligned");

/* Invariant (weir__blocks_is_valid): bytes == the sum of the blocks, each of which has its header at
 * least. */
typedef struct weir__blocks {
    weir__block *first;
    atomic_uint_least64_t bytes; /* read without the lock as a hint */
} weir__blocks;

/* The block whose memory a caller has. */
static inline weir__block *weir__block_of(void *memory)
{
    WEIR_ASSERT((uintptr_t)memory % WEIR_LINE == 0);
    return (weir__block *)memory - 1;
}

/* NULL: there is no memory. */
static inline weir__block *weir__block_new(uint64_t bytes)
{
    WEIR_ASSERT(bytes >= sizeof(weir__block));
    weir__block *block = bytes > SIZE_MAX ? NULL : weir__memory_alloc((size_t)bytes);
    if (block != NULL)
        block->bytes = bytes;
    return block;
}

static inline uint64_t weir__blocks_bytes(const weir__blocks *list)
{
    return load_relaxed(&list->bytes);
}

/* Takes one of exactly this size out of the list; NULL: there is none. */
static inline weir__block *weir__blocks_find(weir__blocks *list, uint64_t bytes)
{
    for (weir__block **at = &list->first; *at != NULL; at = &(*at)->next)
        if ((*at)->bytes == bytes) {
            weir__block *block = *at;
            *at = block->next;
            store_relaxed(&list->bytes, weir__blocks_bytes(list) - bytes);
            return block;
        }
    return NULL;
}

/* Puts a block, or none, into the list. */
static inline void weir__blocks_put(weir__blocks *list, weir__block *block)
{
    if (block == NULL)
        return;
    block->next = list->first;
    list->first = block;
    store_relaxed(&list->bytes, weir__blocks_bytes(list) + block->bytes);
}

/* Frees them all. Returns the bytes that they had. */
static inline uint64_t weir__blocks_free(weir__blocks *list)
{
    const uint64_t bytes = weir__blocks_bytes(list);
    for (weir__block *block = list->first, *next; block != NULL; block = next) {
        next = block->next;
        weir__memory_free(block);
    }
    list->first = NULL;
    store_relaxed(&list->bytes, 0);
    return bytes;
}

/* Does the invariant hold? For asserts and tests. Under the lock. */
static inline bool weir__blocks_is_valid(const weir__blocks *list)
{
    uint64_t bytes = 0;
    for (const weir__block *block = list->first; block != NULL; block = block->next) {
        if (block->bytes < sizeof *block)
            return false;
        bytes += block->bytes;
    }
    return bytes == weir__blocks_bytes(list);
}

#endif
