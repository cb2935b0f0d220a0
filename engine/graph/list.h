/* A list that grows at its end: elements of one size, in chunks that never move.
 *
 * A graph under construction is made of such lists, which are read from front to end when it is compiled.
 * No element is copied when a list grows, so a list has at most one chunk that is not full, but for ends
 * that a longer piece did not fit in.  The size of an element is for the caller to know.  A list must never
 * be shared between threads. */
#ifndef WEIR_GRAPH_LIST_H
#define WEIR_GRAPH_LIST_H

#include "base/base.h"

/* Bytes of the first chunk, and most bytes of one that was not made for a longer piece. */
#define WEIR_LIST_LEAST 512
#define WEIR_LIST_MOST  65536

typedef struct weir__chunk {
    struct weir__chunk *next;
    char *end; /* of its elements; of the last chunk the list knows that */
    size_t bytes;
    alignas(WEIR_ALIGN) char element[];
} weir__chunk;

/* All 0 is an empty list.
 * Invariant: last is the end of the chain; next and limit lie in it, and next <= limit. */
typedef struct weir__list {
    weir__chunk *first, *last;
    char *next, *limit; /* where the next element goes, and where the last chunk ends */
} weir__list;

/* A new chunk with room for so many bytes; false: no memory, and the list is as it was. */
bool weir__list_grow(weir__list *list, size_t bytes) WEIR_MUST_CHECK;
/* Frees all elements. */
void weir__list_clear(weir__list *list);
/* Bytes of all elements. */
uint64_t weir__list_bytes(const weir__list *list);
bool weir__list_is_valid(const weir__list *list);

/* Can so many bytes be added without a new chunk? */
static inline bool weir__list_has_room(const weir__list *list, size_t bytes)
{
    return (size_t)(list->limit - list->next) >= bytes;
}

/* Adds consecutive elements of so many bytes together, whose content is for the caller to write; NULL: no
 * memory, and the list is as it was. */
static inline void *weir__list_take(weir__list *list, size_t bytes)
{
    if (WEIR_UNLIKELY(!weir__list_has_room(list, bytes)) && !weir__list_grow(list, bytes))
        return NULL;
    void *element = list->next;
    list->next += bytes;
    return element;
}

/* The same, but of *count elements of so many bytes each only as many as come in one piece, at least 1;
 * *count says how many. So a chunk's end is used as well. */
static inline void *weir__list_take_some(weir__list *list, size_t element_bytes, size_t *count)
{
    WEIR_ASSERT(*count > 0);
    const size_t room = (size_t)(list->limit - list->next) / element_bytes;
    if (room > 0 && room < *count)
        *count = room;
    return *count > SIZE_MAX / element_bytes ? NULL : weir__list_take(list, *count * element_bytes);
}

/* How long a list is, so that what comes after can be taken back: when one call adds several pieces,
 * and there is no memory for one of them. */
typedef struct weir__list_mark {
    weir__chunk *last;
    char *next;
} weir__list_mark;

static inline weir__list_mark weir__list_mark_end(const weir__list *list)
{
    return (weir__list_mark){.last = list->last, .next = list->next};
}

/* The list is again as long as it was then. */
void weir__list_return_to(weir__list *list, weir__list_mark mark);

static inline char *weir__list_end_of(const weir__list *list, const weir__chunk *chunk)
{
    return chunk == list->last ? list->next : chunk->end;
}

/* For each element of a list, by a pointer of the element's type; `break` leaves its chunk only. */
#define WEIR_EACH(type, element_, list)                                                            \
    for (weir__chunk *chunk_ = (list)->first; chunk_ != NULL; chunk_ = chunk_->next)               \
        for (type *element_ = (type *)(void *)chunk_->element,                                     \
                  *end_ = (type *)(void *)weir__list_end_of(list, chunk_);                         \
             element_ < end_; element_++)

#endif
