/* Which tasks have said that they read or write which data, as far as later ones must come after them.
 *
 * touch.c keeps it up to date.  It must never know what an access means. */
#ifndef WEIR_GRAPH_ACCESS_H
#define WEIR_GRAPH_ACCESS_H

#include "base/base.h"
#include "weir/graph.h"

#define WEIR_NO_TASK   UINT32_MAX
#define WEIR_NO_READER 0

/* One address: who wrote it last, and who has read it since.
 * Invariant: the writer is no reader, since what comes after a reader comes after it as well. */
typedef struct weir__touched {
    const void *data; /* NULL: a free place */
    weir_task writer; /* WEIR_NO_TASK: none */
    uint32_t readers; /* the one that came last; WEIR_NO_READER: none */
} weir__touched;

typedef struct weir__reader {
    weir_task task;
    uint32_t next; /* reader of the same address, or the next free one */
} weir__reader;

/* A hash table with linear probing, and the readers of all addresses in one array, by number from 1.
 * Invariant: at most 3/4 of the places are taken; each reader is in one chain or free. */
typedef struct weir__accesses {
    weir__touched *place;
    unsigned bits; /* there are 2^bits places, or none yet */
    uint64_t addresses;
    weir__reader *reader;
    uint32_t readers, room; /* numbers in use or freed, and how many there are */
    uint32_t free;          /* the first free one; WEIR_NO_READER: none */
} weir__accesses;

void weir__accesses_clear(weir__accesses *accesses);

/* Where that address is, or the free place where it belongs, of a table that has one. (Fibonacci hashing:
 * neighbours lie far apart.) */
static inline weir__touched *weir__accesses_find(const weir__accesses *accesses, const void *data)
{
    const uint64_t last = (UINT64_C(1) << accesses->bits) - 1;
    uint64_t i = (uint64_t)(uintptr_t)data * 0x9E3779B97F4A7C15u >> (64 - accesses->bits);
    while (accesses->place[i].data != NULL && accesses->place[i].data != data)
        i = (i + 1) & last;
    return &accesses->place[i];
}

/* The place of an address that nobody has touched, without writer and readers. NULL: no memory, and nothing has
 * changed. */
weir__touched *weir__accesses_add(weir__accesses *accesses, const void *data);

/* The place of an address, whether somebody has touched it or not. NULL: as above. The next call may move it. */
static inline weir__touched *weir__accesses_place(weir__accesses *accesses, const void *data)
{
    if (accesses->place != NULL) {
        weir__touched *place = weir__accesses_find(accesses, data);
        if (place->data != NULL)
            return place;
    }
    return weir__accesses_add(accesses, data);
}

static inline weir__reader *weir__accesses_reader(const weir__accesses *accesses, uint32_t number)
{
    WEIR_ASSERT(number != WEIR_NO_READER && number <= accesses->readers);
    return &accesses->reader[number - 1];
}

/* Makes room for more readers; false: no memory, and nothing has changed. */
bool weir__accesses_grow_readers(weir__accesses *accesses) WEIR_MUST_CHECK;

/* Makes sure that the next reader can be added; false: no memory. */
WEIR_MUST_CHECK static inline bool weir__accesses_prepare_reader(weir__accesses *accesses)
{
    if (accesses->free != WEIR_NO_READER)
        return true;
    if (accesses->readers == accesses->room && !weir__accesses_grow_readers(accesses))
        return false;
    accesses->free = ++accesses->readers;
    weir__accesses_reader(accesses, accesses->free)->next = WEIR_NO_READER;
    return true;
}

/* Adds the one that was prepared. */
static inline void weir__accesses_add_reader(weir__accesses *accesses, weir__touched *place,
                                             weir_task task)
{
    const uint32_t number = accesses->free;
    weir__reader *reader = weir__accesses_reader(accesses, number);
    accesses->free = reader->next;
    *reader = (weir__reader){.task = task, .next = place->readers};
    place->readers = number;
}

void weir__accesses_free_readers(weir__accesses *accesses, weir__touched *place);

#endif
