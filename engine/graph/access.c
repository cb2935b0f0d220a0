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

/* Its place, or the free one where it belongs (Fibonacci hashing: neighbours lie far apart). */
static weir__touched *find(const weir__accesses *accesses, const void *data)
{
    const uint64_t last = (UINT64_C(1) << accesses->bits) - 1;
    uint64_t i = (uint64_t)(uintptr_t)data * 0x9E3779B97F4A7C15u >> (64 - accesses->bits);
    while (accesses->place[i].data != NULL && accesses->place[i].data != data)
        i = (i + 1) & last;
    return &accesses->place[i];
}

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
            *find(&larger, accesses->place[i].data) = accesses->place[i];
    weir__memory_free(accesses->place);
    *accesses = larger;
    return true;
}

weir__touched *weir__accesses_place(weir__accesses *accesses, const void *data)
{
    if (accesses->place != NULL) {
        weir__touched *place = find(accesses, data);
        if (place->data != NULL)
            return place;
    }
    if ((accesses->place == NULL ||
         accesses->addresses >= 3 * (UINT64_C(1) << accesses->bits) / 4) &&
        !grow_places(accesses))
        return NULL;
    weir__touched *place = find(accesses, data);
    *place = (weir__touched){.data = data, .writer = WEIR_NO_TASK, .readers = WEIR_NO_READER};
    accesses->addresses++;
    return place;
}

/* ---- readers ---- */

static bool grow_readers(weir__accesses *accesses)
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

bool weir__accesses_prepare_reader(weir__accesses *accesses)
{
    if (accesses->free != WEIR_NO_READER)
        return true;
    if (accesses->readers == accesses->room && !grow_readers(accesses))
        return false;
    accesses->reader[accesses->readers] = (weir__reader){.next = WEIR_NO_READER};
    accesses->free = ++accesses->readers;
    return true;
}

void weir__accesses_add_reader(weir__accesses *accesses, weir__touched *place, weir_task task)
{
    const uint32_t number = accesses->free;
    weir__reader *reader = weir__accesses_reader(accesses, number);
    accesses->free = reader->next;
    *reader = (weir__reader){.task = task, .next = place->readers};
    place->readers = number;
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
