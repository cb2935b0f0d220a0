/* The first failure of a run; see failure.h. */
#include "sched/failure.h"

#include <sched.h>
#include <string.h>

#include "base/atomics.h"

#if defined(WEIR_ASSERTS)
static bool error_is_valid(const weir_error *error)
{
    return error->status != WEIR_OK && error->status != WEIR_END &&
           memchr(error->where, '\0', sizeof error->where) != NULL &&
           memchr(error->text, '\0', sizeof error->text) != NULL;
}

bool weir__failure_is_valid(const weir__failure *failure)
{
    const int state = load_relaxed(&failure->state);
    if (weir__failure_published(failure))
        return error_is_valid(&failure->error);
    return state == WEIR_FAILURE_IDLE || state == WEIR_FAILURE_RUNNING ||
           state == WEIR_FAILURE_CLAIMED;
}
#endif

void weir__failure_begin(weir__failure *failure)
{
    WEIR_ASSERT(load_relaxed(&failure->state) == WEIR_FAILURE_IDLE);
    /* FA1: release; pairs with FA2: who reports sees the record as it is for this run. */
    store_release(&failure->state, WEIR_FAILURE_RUNNING);
}

bool weir__failure_claim(weir__failure *failure)
{
    int running = WEIR_FAILURE_RUNNING;
    /* FA2: acquire; pairs with FA1. */
    return cas_acquire(&failure->state, &running, WEIR_FAILURE_CLAIMED);
}

void weir__failure_publish(weir__failure *failure)
{
    /* FA3: seq_cst, for weir__event; as a release it pairs with FA4 and FA5: the error is complete. */
    store_seq_cst(&failure->state, WEIR_FAILURE_PUBLISHED);
}

bool weir__failure_published(const weir__failure *failure)
{
    /* FA5: seq_cst, for weir__event; as an acquire it pairs with FA3. */
    return load_seq_cst(&failure->state) == WEIR_FAILURE_PUBLISHED;
}

bool weir__failure_peek(weir__failure *failure, weir_error *error)
{
    if (!weir__failure_published(failure))
        return false;
    *error = failure->error;
    return true;
}

weir_status weir__failure_end(weir__failure *failure, weir_error *error)
{
    int state = WEIR_FAILURE_RUNNING;
    WEIR_ASSERT(load_relaxed(&failure->state) != WEIR_FAILURE_IDLE);
    if (cas_relaxed(&failure->state, &state, WEIR_FAILURE_IDLE))
        return WEIR_OK;
    /* Its reporter is between claim and publish: a few stores. FA4: acquire; pairs with FA3. */
    while (load_acquire(&failure->state) != WEIR_FAILURE_PUBLISHED)
        sched_yield();
    WEIR_ASSERT_SLOW(weir__failure_is_valid(failure));
    *error = failure->error;
    store_relaxed(&failure->state, WEIR_FAILURE_IDLE);
    return error->status;
}
