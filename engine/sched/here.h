/* Who the calling thread is: for which engines it is a worker, and what it runs there.
 *
 * Each body that a team runs enters and leaves; what runs an item notes its run and what its ops are told.  A
 * thread that runs one engine inside an op of another is a worker of both, so there is a stack of
 * these.  It must never be read by another thread. */
#ifndef WEIR_HERE_H
#define WEIR_HERE_H

#include "base/base.h"

struct weir_engine;
struct weir__worker;
struct weir__run;
struct weir__told;

/* What a worker's thread runs. */
typedef struct weir__now {
    struct weir__run *run;   /* whose op; NULL: none */
    struct weir__told *told; /* what that op was told; NULL: nothing */
} weir__now;

typedef struct weir__here {
    struct weir__worker *worker; /* of an engine that its record names */
    weir__now now;
    struct weir__here *outer; /* of the engine whose op has entered this one */
    unsigned process;         /* that it is of: in a child of a fork nothing is under way */
} weir__here;

/* The innermost; NULL: the thread is no worker. */
weir__here *weir__here_top(void);
/* The innermost for this engine, or NULL. */
weir__here *weir__here_on(const struct weir_engine *engine);

/* From enter to leave the thread is this worker. The record stays the caller's. */
void weir__here_enter(weir__here *here, struct weir__worker *worker);
void weir__here_leave(const weir__here *here);

/* It runs this now. Returns what it ran before, which an item puts back after its ops. */
static inline weir__now weir__here_turn_to(weir__here *here, weir__now now)
{
    const weir__now before = here->now;
    here->now = now;
    return before;
}

#endif
