/* The table of addresses and the chains of readers; see access.h. */
#include "graph/access.h"

#include <string.h>

#include "base/memory.h"

enum { LEAST_BITS = 6, LEAST_READERS = 64 };

void weir__accesses_clear(weir__accesses *accesses)
{
    weir__memory_free(accesses->place);
    weir__memory_free(accesses->reader);
    *accesses = (weir__accesses){0};
}

/* ---- addresses ---- */

/* Twice as many places. false: no memory, and nothing has changed. */
static bool grow_places(weir__accesses *accesses)
{
    weir__accesses larger = *accesses;
    larger.bits = accesses->place == NULL ? LEAST_BITS : accesses->bits + 1;
    const uint64_t places = UINT64_C(1) << larger.bits;
    if (places > SIZE_MAX / sizeof *larger.place)
        return false;
    larger.place = weir__memory_alloc_zero((size_t)places * sizeof *larger.place);
    if (larger.place == NULL)
        return false;
    for (uint64_t i = 0; accesses->place != NULL && i < UINT64_C(1) << accesses->bits; i++)
        if (accesses->place[i].data != NULL)
            *weir__accesses_find(&larger, accesses->place[i].data) = accesses->place[i];
    weir__memory_free(accesses->place);
    *accesses = larger;
    return true;
}

weir__touched *weir__accesses_add(weir__accesses *accesses, const void *data)
{
    if ((accesses->place == NULL ||
         accesses->addresses >= 3 * (UINT64_C(1) << accesses->bits) / 4) &&
        !grow_places(accesses))
        return NULL;
    weir__touched *place = weir__accesses_find(accesses, data);
    WEIR_ASSERT(place->data == NULL);
    *place = (weir__touched){.data = data, .writer = WEIR_NO_TASK, .readers = WEIR_NO_READER};
    accesses->addresses++;
    return place;
}

/* ---- readers ---- */

bool weir__accesses_grow_readers(weir__accesses *accesses)
{
    if (accesses->room > UINT32_MAX / 2)
        return false;
    const uint32_t room = accesses->room == 0 ? LEAST_READERS : 2 * accesses->room;
    weir__reader *reader = weir__memory_alloc(room * sizeof *reader);
    if (reader == NULL)
        return false;
    if (accesses->readers > 0)
        memcpy(reader, accesses->reader, accesses->readers * sizeof *reader);
    weir__memory_free(accesses->reader);
    accesses->reader = reader;
    accesses->room = room;
    return true;
}

void weir__accesses_free_readers(weir__accesses *accesses, weir__touched *place)
{
    if (place->readers == WEIR_NO_READER)
        return;
    weir__reader *last = weir__accesses_reader(accesses, place->readers);
    while (last->next != WEIR_NO_READER)
        last = weir__accesses_reader(accesses, last->next);
    last->next = accesses->free;
    accesses->free = place->readers;
    place->readers = WEIR_NO_READER;
}
