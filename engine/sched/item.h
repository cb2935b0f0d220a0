/* Items: what one worker can hand to another.
 *
 * Each kind of work begins with this header, so that mail and the worker's loop know nothing of
 * kinds.  An item must never be reached by two workers at once: whoever takes it out of a box owns
 * it, until its run function returns. */
#ifndef WEIR_ITEM_H
#define WEIR_ITEM_H

#include "sched/numbers.h"

struct weir__worker;

/* Aligned to WEIR_LINE, so that a number has room beside its address. */
typedef struct weir__item {
    /* Does the work, until all of it is done or waits for other items.  The item may be gone
     * afterwards.  Returns another item that this worker can go on with, or NULL. */
    struct weir__item *(*run)(struct weir__worker *worker, struct weir__item *item);
    weir__number number;     /* of the run that it belongs to */
    struct weir__item *next; /* of those that a worker has set aside */
} weir__item;

#endif
