/* What a box of the mail holds, in one word: nothing (0), or an address that is aligned to a line,
 * with the number of a run in its low bits.
 *
 * The address says what it is: a request, the mark of a sleeper, or else an item.  mail.c writes
 * letters, valid.c checks them.  The item of a letter must never be looked into but by who has
 * taken it out: it may be gone. */
#ifndef WEIR_LETTER_H
#define WEIR_LETTER_H

#include "base/base.h"
#include "sched/item.h"

static_assert(WEIR_NUMBERS < WEIR_LINE, "a number fits beside the address of an item");

/* Invariant: it is 0, or its address is not NULL. */
typedef uintptr_t letter;

/* Their addresses are the request and the mark. */
extern __attribute__((visibility("hidden"))) char weir__letter_request[WEIR_LINE],
    weir__letter_mark[WEIR_LINE];

static inline letter letter_of(const void *address, weir__number number)
{
    WEIR_ASSERT(address != NULL && (uintptr_t)address % WEIR_LINE == 0 && number <= WEIR_NUMBERS);
    return (uintptr_t)address | number;
}

static inline const void *address_in(letter l)
{
    return (const void *)(l & ~(uintptr_t)(WEIR_LINE - 1));
}

static inline weir__number number_in(letter l)
{
    return (weir__number)(l & (WEIR_LINE - 1));
}

static inline bool is_request(letter l)
{
    return address_in(l) == weir__letter_request;
}

static inline bool is_mark(letter l)
{
    return address_in(l) == weir__letter_mark;
}

static inline bool is_item(letter l)
{
    return l != 0 && !is_request(l) && !is_mark(l);
}

static inline weir__item *item_in(letter l)
{
    return (weir__item *)(uintptr_t)address_in(l);
}

static inline bool letter_is_valid(letter l)
{
    return l == 0 || address_in(l) != NULL;
}

#endif
