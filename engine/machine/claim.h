/* Which hardware threads the bound workers of this process's engines are on.
 *
 * team.c makes a claim when an engine opens and drops it when it closes, decide.c counts.  It must
 * never know what a claim is for, nor keep anything once the last one is dropped. */
#ifndef WEIR_CLAIM_H
#define WEIR_CLAIM_H

#include "base/base.h"

typedef struct weir__claim {
    struct weir__claim *next;
    unsigned count;
    unsigned os_index[]; /* one for each worker */
} weir__claim;

/* From lock to unlock nobody else counts, makes or drops a claim, and no fork happens. */
void weir__claim_lock(void);
void weir__claim_unlock(void);

/* How many workers are on that hardware thread. Only under the lock. */
unsigned weir__claim_load(unsigned os_index);
/* Adds a claim, which is the caller's memory. Only under the lock. */
void weir__claim_add(weir__claim *claim);
/* Takes it off again; NULL is allowed. Not under the lock. */
void weir__claim_drop(weir__claim *claim);

#endif
