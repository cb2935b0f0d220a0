/* A binary heap of numbers with keys: the least key comes first, of equal keys the least number.
 *
 * Threads: one at a time.  Memory: its user's. */
#ifndef WEIR_GRAPH_HEAP_H
#define WEIR_GRAPH_HEAP_H

#include "base/base.h"

typedef struct weir__heap_item {
    double key;
    uint32_t number;
} weir__heap_item;

/* Invariant (weir__heap_is_valid): no item comes before at[(i - 1) / 2], where i is its place. */
typedef struct weir__heap {
    weir__heap_item *at;
    uint32_t n;
} weir__heap;

/* at has room for it. */
void weir__heap_push(weir__heap *h, double key, uint32_t number);
/* It is not empty. */
weir__heap_item weir__heap_pop(weir__heap *h);
bool weir__heap_is_valid(const weir__heap *h);

#endif
