/* The one seam to the allocator.
 *
 * All of the engine takes and gives memory here, and nowhere else, so that tests can make any
 * single allocation fail.  It must never be called while an op runs that did not ask for it. */
#ifndef WEIR_MEMORY_H
#define WEIR_MEMORY_H

#include "base/base.h"

/* At least `bytes` bytes, aligned to WEIR_LINE, not cleared; NULL if there are none. */
void *weir__memory_alloc(size_t bytes) WEIR_MUST_CHECK;
/* The same, for an array that is written as a whole: of some MiB and more, its first touch costs less where the
 * system gives huge pages to who asks. */
void *weir__memory_alloc_large(size_t bytes) WEIR_MUST_CHECK;
/* As weir__memory_alloc(), cleared. */
void *weir__memory_alloc_zero(size_t bytes) WEIR_MUST_CHECK;
/* A copy of a string. */
char *weir__memory_alloc_string(const char *text) WEIR_MUST_CHECK;
/* What a block of so many bytes takes of the allocator; UINT64_MAX stays. */
static inline uint64_t weir__memory_bytes(uint64_t bytes)
{
    return weir__round_up(bytes, WEIR_LINE);
}
/* Gives a block back; NULL is allowed. */
void weir__memory_free(void *block);

#endif
