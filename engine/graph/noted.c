/* Ready tasks that wait for bytes, and graphs that nobody is at work on for that: which of them are tried; see
 * account.h. */
#include "graph/account.h"

void weir__ledger_note(weir__ledger *ledger, uint32_t position)
{
    WEIR_ASSERT(ledger->state[position] == 0 && !weir__bits_has(&ledger->noted, position));
    weir__bits_set(&ledger->noted, position);
    if (position < ledger->cursor)
        ledger->cursor = position;
}

/* Tries a noted task. */
static bool try_one(weir__ledger *l, uint32_t position, weir__found *found)
{
    weir__bits_clear(&l->noted, position);
    if (!weir__ledger_start(l, position)) {
        weir__bits_set(&l->noted, position);
        return false;
    }
    found->at[found->n++] = (struct weir__found_task){.ledger = l, .position = position};
    return true;
}

bool weir__ledger_has_noted(const weir__ledger *ledger)
{
    return weir__bits_next(&ledger->noted, 0) != WEIR_BITS_NONE;
}

void weir__ledger_park(weir__ledger *ledger)
{
    WEIR_ASSERT(!ledger->parked && weir__ledger_has_noted(ledger));
    ledger->parked = true;
    ledger->account->parked++;
}

void weir__ledger_unpark(weir__ledger *ledger)
{
    WEIR_ASSERT(ledger->parked && ledger->account->parked > 0);
    ledger->parked = false;
    ledger->account->parked--;
}

static void try_parked(weir__account *a, weir__found *found)
{
    for (weir__ledger *l = a->first; l != NULL && found->n < found->most; l = l->next)
        if (l->parked && try_one(l, weir__bits_next(&l->noted, 0), found))
            weir__ledger_unpark(l);
}

void weir__account_try_heads(weir__account *account, weir__ledger *ledger, weir__found *found)
{
    if (account->parked > 0)
        try_parked(account, found);
    while (ledger != NULL && found->n < found->most) {
        const uint32_t first = weir__bits_next(&ledger->noted, 0);
        if (first == WEIR_BITS_NONE || first > load_relaxed(&ledger->prefix) ||
            !try_one(ledger, first, found))
            return;
    }
}

void weir__account_try_others(weir__ledger *ledger, weir__found *found)
{
    unsigned tries = WEIR__MOST_TRIED;
    while (tries > 0 && found->n < found->most) {
        const uint32_t at = weir__bits_next(&ledger->noted, ledger->cursor);
        if (at == WEIR_BITS_NONE)
            return;
        if (!try_one(ledger, at, found)) {
            ledger->cursor = at + 1;
            tries--;
        }
    }
}
