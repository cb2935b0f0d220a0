/* Chunks; see list.h. */
#include "graph/list.h"

#include "base/memory.h"

/* A chunk is as large as all before it, so that small graphs stay small, until it is large enough for
 * its allocation to cost nothing beside what it holds. */
static uint64_t next_chunk_bytes(const weir__list *list)
{
    uint64_t bytes = weir__bytes_multiply(list->n, list->element_bytes);
    if (bytes < WEIR_LIST_LEAST)
        bytes = WEIR_LIST_LEAST;
    return bytes < WEIR_LIST_MOST ? bytes : WEIR_LIST_MOST;
}

bool weir__list_grow(weir__list *list, size_t count)
{
    WEIR_ASSERT(list->element_bytes > 0);
    const size_t most = (SIZE_MAX - sizeof(weir__chunk)) / list->element_bytes;
    size_t room = (size_t)(next_chunk_bytes(list) - sizeof(weir__chunk)) / list->element_bytes;
    if (room < count)
        room = count;
    if (room > most)
        return false;
    weir__chunk *chunk = weir__memory_alloc(sizeof *chunk + room * list->element_bytes);
    if (chunk == NULL)
        return false;
    *chunk = (weir__chunk){.room = room};
    if (list->last == NULL)
        list->first = chunk;
    else
        list->last->next = chunk;
    list->last = chunk;
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
    WEIR_ASSERT(mark.n <= list->n);
    if (mark.last == NULL) {
        weir__list_clear(list);
        return;
    }
    free_chain(mark.last->next);
    mark.last->next = NULL;
    mark.last->n = mark.last_n;
    list->last = mark.last;
    list->n = mark.n;
    WEIR_ASSERT_SLOW(weir__list_is_valid(list));
}

void weir__list_clear(weir__list *list)
{
    free_chain(list->first);
    list->first = list->last = NULL;
    list->n = 0;
}

bool weir__list_is_valid(const weir__list *list)
{
    uint64_t n = 0;
    const weir__chunk *last = NULL;
    for (const weir__chunk *chunk = list->first; chunk != NULL; chunk = chunk->next) {
        if (chunk->n > chunk->room)
            return false;
        n += chunk->n;
        last = chunk;
    }
    return n == list->n && last == list->last && list->element_bytes > 0;
}
