/* Plain recursive C; see twins.h. */
#include "twins.h"

/* The compiler must not see that a leaf does nothing, or it folds whole trees into a formula. */
static uint64_t opaque(uint64_t x)
{
    __asm__ volatile("" : "+r"(x));
    return x;
}

uint64_t twin_tree(uint32_t fanout, uint32_t depth)
{
    if (depth == 0)
        return opaque(1);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < fanout; i++)
        sum += twin_tree(fanout, depth - 1);
    return sum;
}

uint64_t twin_fib(uint32_t n)
{
    return n < 2 ? opaque(n) : twin_fib(n - 1) + twin_fib(n - 2);
}

uint64_t twin_skynet(uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        return opaque(first);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 10; i++)
        sum += twin_skynet(first + i * (leaves / 10), leaves / 10);
    return sum;
}
