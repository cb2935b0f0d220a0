/* The process's list of claims; see claim.h.
 *
 * A list, not a table by CPU: engines are few, and what none has claimed takes no memory. */
#include "machine/claim.h"

#include "base/fork.h"

static weir__claim *claims; /* under the lock, which no fork finds taken */

void weir__claim_lock(void)
{
    weir__fork_hold();
}

void weir__claim_unlock(void)
{
    weir__fork_release();
}

unsigned weir__claim_load(unsigned os_index)
{
    unsigned load = 0;
    for (const weir__claim *claim = claims; claim != NULL; claim = claim->next)
        for (unsigned i = 0; i < claim->count; i++)
            load += claim->os_index[i] == os_index;
    return load;
}

void weir__claim_add(weir__claim *claim)
{
    WEIR_ASSERT(claim != claims && claim->count > 0);
    claim->next = claims;
    claims = claim;
}

void weir__claim_drop(weir__claim *claim)
{
    if (claim == NULL)
        return;
    weir__claim_lock();
    for (weir__claim **at = &claims; *at != NULL; at = &(*at)->next)
        if (*at == claim) {
            *at = claim->next;
            break;
        }
    weir__claim_unlock();
}
