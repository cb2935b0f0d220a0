/* Chunks; see list.h. */
#include "graph/list.h"

#include "base/memory.h"

/* A chunk is twice as large as the one before, so that small graphs stay small, until it is large enough
 * for its allocation to cost nothing beside what it holds. */
static size_t next_chunk_bytes(const weir__list *list)
{
    if (list->last == NULL)
        return WEIR_LIST_LEAST - sizeof(weir__chunk);
    const size_t twice = 2 * (list->last->bytes + sizeof(weir__chunk));
    return (twice < WEIR_LIST_MOST ? twice : WEIR_LIST_MOST) - sizeof(weir__chunk);
}

bool weir__list_grow(weir__list *list, size_t bytes)
{
    size_t room = next_chunk_bytes(list);
    if (room < bytes)
        room = bytes;
    if (room > SIZE_MAX / 4)
        return false;
    weir__chunk *chunk = weir__memory_alloc(sizeof *chunk + room);
    if (chunk == NULL)
        return false;
    *chunk = (weir__chunk){.bytes = room};
    if (list->last == NULL) {
        list->first = chunk;
    } else {
        list->last->end = list->next;
        list->last->next = chunk;
    }
    list->last = chunk;
    list->next = chunk->element;
    list->limit = chunk->element + room;
    WEIR_ASSERT_SLOW(weir__list_is_valid(list));
    return true;
}

static void free_chain(weir__chunk *chunk)
{
    while (chunk != NULL) {
        weir__chunk *next = chunk->next;
        weir__memory_free(chunk);
        chunk = next;
    }
}

void weir__list_return_to(weir__list *list, weir__list_mark mark)
{
    if (mark.last == NULL) {
        weir__list_clear(list);
        return;
    }
    free_chain(mark.last->next);
    mark.last->next = NULL;
    list->last = mark.last;
    list->next = mark.next;
    list->limit = mark.last->element + mark.last->bytes;
    WEIR_ASSERT_SLOW(weir__list_is_valid(list));
}

void weir__list_clear(weir__list *list)
{
    free_chain(list->first);
    *list = (weir__list){0};
}

uint64_t weir__list_bytes(const weir__list *list)
{
    uint64_t bytes = 0;
    for (const weir__chunk *chunk = list->first; chunk != NULL; chunk = chunk->next)
        bytes += (uint64_t)(weir__list_end_of(list, chunk) - chunk->element);
    return bytes;
}

bool weir__list_is_valid(const weir__list *list)
{
    const weir__chunk *last = NULL;
    for (const weir__chunk *chunk = list->first; chunk != NULL; chunk = chunk->next) {
        const char *end = weir__list_end_of(list, chunk);
        if (end < chunk->element || end > chunk->element + chunk->bytes)
            return false;
        last = chunk;
    }
    return last == list->last &&
           list->limit == (last == NULL ? NULL : list->last->element + last->bytes);
}
