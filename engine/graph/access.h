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

/* The place of an address, without writer and readers if nobody has touched it. NULL: no memory, and
 * nothing has changed. The next call may move it. */
weir__touched *weir__accesses_place(weir__accesses *accesses, const void *data);

/* Makes sure that the next reader can be added; false: no memory. */
bool weir__accesses_prepare_reader(weir__accesses *accesses) WEIR_MUST_CHECK;
/* Adds the one that was prepared. */
void weir__accesses_add_reader(weir__accesses *accesses, weir__touched *place, weir_task task);
void weir__accesses_free_readers(weir__accesses *accesses, weir__touched *place);

static inline weir__reader *weir__accesses_reader(const weir__accesses *accesses, uint32_t number)
{
    WEIR_ASSERT(number != WEIR_NO_READER && number <= accesses->readers);
    return &accesses->reader[number - 1];
}

#endif
