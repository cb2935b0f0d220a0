/* Numbers of runs; see numbers.h. */
#include "sched/numbers.h"

weir__number weir__numbers_acquire(weir__numbers *numbers, weir__number parent)
{
    uint64_t taken = load_relaxed(&numbers->taken);
    WEIR_ASSERT(parent == 0 || (taken >> parent & 1) != 0); /* it goes on at least as long */
    for (weir__number number = 1; number <= WEIR_NUMBERS; number++) {
        const uint64_t bit = (uint64_t)1 << number;
        if (taken & bit)
            continue;
        /* M13: acquire; pairs with M12. */
        if (cas_acquire(&numbers->taken, &taken, taken | bit)) {
            store_relaxed(&numbers->parent[number], parent);
            return number;
        }
        number = 0;
    }
    return 0;
}

void weir__numbers_release(weir__numbers *numbers, weir__number number)
{
    if (number == 0)
        return;
    /* M12: release; pairs with M13: what is written under a number, by the run that has it next, comes after
     * what the last one wrote. */
    const uint64_t before = sub_release(&numbers->taken, (uint64_t)1 << number);
    WEIR_ASSERT((before >> number & 1) != 0);
    (void)before;
}

bool weir__numbers_is_nested(const weir__numbers *numbers, weir__number number, weir__number around)
{
    unsigned steps = 0;
    while (number != 0 && number != around && steps++ < WEIR_NUMBERS)
        number = load_relaxed(&numbers->parent[number]);
    return number == around;
}

weir__number weir__numbers_root(const weir__numbers *numbers, weir__number number)
{
    unsigned steps = 0;
    weir__number root = number;
    while (number != 0 && steps++ < WEIR_NUMBERS) {
        root = number;
        number = load_relaxed(&numbers->parent[number]);
    }
    return root;
}
