/* A list that grows at its end: elements of one size, in chunks that never move.
 *
 * A graph under construction is made of such lists, which are read from front to end once, when it is
 * compiled.  No element is copied when a list grows, so a list has at most one chunk that is
 * not full, but for ends that a longer piece did not fit in.  It must never be shared between threads. */
#ifndef WEIR_GRAPH_LIST_H
#define WEIR_GRAPH_LIST_H

#include "base/base.h"

/* Bytes of the first chunk, and most bytes of one that was not made for a longer piece. */
#define WEIR_LIST_LEAST 512
#define WEIR_LIST_MOST  65536

typedef struct weir__chunk {
    struct weir__chunk *next;
    size_t n, room; /* elements in use, and how many there is room for */
    alignas(WEIR_ALIGN) char element[];
} weir__chunk;

/* All 0 is an empty list, but for element_bytes.
 * Invariant: n <= room in each chunk; their n add up to n; last is the end of the chain. */
typedef struct weir__list {
    weir__chunk *first, *last;
    uint64_t n;
    size_t element_bytes; /* a multiple of what they must be aligned to */
} weir__list;

/* Room for `count` consecutive elements in a new chunk; false: no memory, and the list is as it was. */
bool weir__list_grow(weir__list *list, size_t count) WEIR_MUST_CHECK;
/* Frees all elements. */
void weir__list_clear(weir__list *list);
bool weir__list_is_valid(const weir__list *list);

/* Adds `count` consecutive elements, whose content is for the caller to write; NULL: no memory, and
 * the list is as it was. */
static inline void *weir__list_take(weir__list *list, size_t count)
{
    if (WEIR_UNLIKELY(list->last == NULL || list->last->room - list->last->n < count) &&
        !weir__list_grow(list, count))
        return NULL;
    weir__chunk *last = list->last;
    void *element = last->element + last->n * list->element_bytes;
    last->n += count;
    list->n += count;
    return element;
}

/* The same, but of *count elements only as many as come in one piece, at least 1; *count says how many.
 * So a chunk's end is used as well. */
static inline void *weir__list_take_some(weir__list *list, size_t *count)
{
    WEIR_ASSERT(*count > 0);
    const size_t room = list->last == NULL ? 0 : list->last->room - list->last->n;
    if (room > 0 && room < *count)
        *count = room;
    return weir__list_take(list, *count);
}

/* How long a list is, so that what comes after can be taken back: when one call adds several pieces,
 * and there is no memory for one of them. */
typedef struct weir__list_mark {
    weir__chunk *last;
    size_t last_n;
    uint64_t n;
} weir__list_mark;

static inline weir__list_mark weir__list_mark_end(const weir__list *list)
{
    return (weir__list_mark){
        .last = list->last, .last_n = list->last == NULL ? 0 : list->last->n, .n = list->n};
}

/* The list is again as long as it was then. */
void weir__list_return_to(weir__list *list, weir__list_mark mark);

/* For each element of a list, by a pointer of the element's type; `break` leaves its chunk only. */
#define WEIR_EACH(type, element_, list)                                                            \
    for (weir__chunk *chunk_ = (list)->first; chunk_ != NULL; chunk_ = chunk_->next)               \
        for (type *element_ = (type *)(void *)chunk_->element, *end_ = element_ + chunk_->n;       \
             element_ < end_; element_++)

#endif
