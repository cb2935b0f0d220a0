/* A list of blocks under a lock; see top_pool.h. */
#include "top_pool.h"

#include <stdlib.h>

/* One by one, so that a block which never came back would be seen as a leak. */
bool top_pool_open(top_pool *pool, size_t blocks, size_t text_bytes)
{
    pool->open = pthread_mutex_init(&pool->lock, NULL) == 0;
    for (size_t i = 0; pool->open && i < blocks; i++) {
        top_block *b = malloc(sizeof *b + text_bytes);
        if (!b)
            return false;
        top_pool_give(pool, b);
    }
    return pool->open;
}

void top_pool_close(top_pool *pool)
{
    if (!pool->open)
        return;
    for (top_block *b = top_pool_take(pool); b; b = top_pool_take(pool))
        free(b);
    pthread_mutex_destroy(&pool->lock);
}

top_block *top_pool_take(top_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    top_block *b = pool->free;
    if (b)
        pool->free = b->next;
    pthread_mutex_unlock(&pool->lock);
    return b;
}

void top_pool_give(top_pool *pool, top_block *b)
{
    b->size = 0;
    pthread_mutex_lock(&pool->lock);
    b->next = pool->free;
    pool->free = b;
    pthread_mutex_unlock(&pool->lock);
}
