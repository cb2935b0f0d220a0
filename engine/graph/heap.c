/* A binary heap; see heap.h. */
#include "graph/heap.h"

static inline bool comes_before(weir__heap_item a, weir__heap_item b)
{
    return a.key < b.key || (a.key <= b.key && a.number < b.number);
}

void weir__heap_push(weir__heap *h, double key, uint32_t number)
{
    const weir__heap_item item = {.key = key, .number = number};
    uint32_t i = h->n++;
    for (; i > 0 && comes_before(item, h->at[(i - 1) / 2]); i = (i - 1) / 2)
        h->at[i] = h->at[(i - 1) / 2];
    h->at[i] = item;
}

weir__heap_item weir__heap_pop(weir__heap *h)
{
    WEIR_ASSERT(h->n > 0);
    const weir__heap_item first = h->at[0], last = h->at[--h->n];
    uint32_t i = 0;
    for (uint32_t child = 1; child < h->n; child = 2 * i + 1) {
        if (child + 1 < h->n && comes_before(h->at[child + 1], h->at[child]))
            child++;
        if (!comes_before(h->at[child], last))
            break;
        h->at[i] = h->at[child];
        i = child;
    }
    h->at[i] = last;
    return first;
}

bool weir__heap_is_valid(const weir__heap *h)
{
    for (uint32_t i = 1; i < h->n; i++)
        if (comes_before(h->at[i], h->at[(i - 1) / 2]))
            return false;
    return true;
}
