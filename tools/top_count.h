/* Counting byte strings: a hash table of keys and counts that grows within a shared budget.
 *
 * top_parse.c adds keys, top_stream.c merges the tables and picks the top, the unit tests call all
 * of it.  It must never hold a byte that the budget has not granted, nor print. */
#ifndef WEIR_TOP_COUNT_H
#define WEIR_TOP_COUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the stages of the stream return when they fail; above WEIR_END. */
typedef enum top_code {
    TOP_COUNTED = 0,
    TOP_OVER_BUDGET = 2, /* the keys outgrew the budget */
    TOP_NO_MEMORY,       /* the system has none */
    TOP_PATTERN_FAILED,  /* no memory to match a line */
    TOP_FILE_END,        /* of top_input_read: this file has no more */
    TOP_FILE_CUT,        /* of top_input_read: this file has more that cannot be read */
    TOP_INPUT_END,       /* of top_input_read: no file has more */
    TOP_STOPPED,         /* by a signal, or by a failure elsewhere */
    TOP_POOL_EMPTY       /* more blocks out than the stream promises */
} top_code;

/* Bytes that all tables of a run share.  0 <= used <= peak <= limit. */
typedef struct top_budget {
    uint64_t limit;              /* read-only while tables use it */
    _Atomic uint64_t used, peak; /* by any thread */
} top_budget;

void top_budget_open(top_budget *b, uint64_t limit);
bool top_budget_take(top_budget *b, uint64_t bytes);
void top_budget_give(top_budget *b, uint64_t bytes);

typedef struct top_entry {
    const char *key; /* not ended by a NUL; may contain any byte */
    uint64_t count;  /* 0: a free slot */
    uint32_t hash, length;
} top_entry;

/* One thread at a time uses a table.  `slots` is open addressing with linear probing; its size is
 * a power of two, or 0; at most three quarters are used.  Keys stand in chunks. */
typedef struct top_table {
    top_entry *slots;
    size_t size, used;
    top_entry *last;          /* the slot that was counted last, or NULL */
    struct top_chunk *chunks; /* the newest first */
    char *room, *room_end;    /* of the newest chunk */
    uint64_t seed;
    top_budget *budget;
} top_table;

/* Tables that are to be merged have the same seed and budget. */
void top_table_open(top_table *t, top_budget *budget, uint64_t seed);
void top_table_close(top_table *t);

/* Counts a key of less than 2^32 bytes once more; its bytes are copied when it is new.
 * Returns: TOP_COUNTED, TOP_OVER_BUDGET or TOP_NO_MEMORY. */
top_code top_table_add(top_table *t, const char *key, size_t length);

/* Moves all of `from` into `into`; after a failure both hold a part, and are good to close only. */
top_code top_table_merge(top_table *into, top_table *from);

/* Sorts the n greatest entries, by count descending and key ascending, to the front of t->slots;
 * in place, so that the table is good to read and to close only.
 * Returns: how many there are, at most n. */
size_t top_table_select(top_table *t, size_t n);

#endif
