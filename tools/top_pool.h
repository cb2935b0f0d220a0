/* The blocks of text that `weir top` has, and those of them that nobody holds.
 *
 * top_stream.c owns it; its source and its jobs take and give, on any worker.  It must never make a
 * block after it is open: their number is the memory that was declared. */
#ifndef WEIR_TOP_POOL_H
#define WEIR_TOP_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct top_block {
    struct top_block *next; /* in the pool */
    size_t size;
    size_t file;   /* in which it stands, */
    uint64_t line; /* and its first line there, 1-based */
    char text[];   /* as many bytes as the pool was opened for */
} top_block;

/* All zero until it is open, and may be closed so. */
typedef struct top_pool {
    pthread_mutex_t lock;
    top_block *free; /* under the lock */
    bool open;
} top_pool;

/* Makes the blocks. Returns: false if there is no memory; it is to be closed all the same. */
bool top_pool_open(top_pool *pool, size_t blocks, size_t text_bytes);

/* Frees those that are in the pool: all must be back. */
void top_pool_close(top_pool *pool);

/* An empty block; NULL: all are held. Any thread. */
top_block *top_pool_take(top_pool *pool);
void top_pool_give(top_pool *pool, top_block *b);

#endif
