/* Accounts of bytes; see budget.h.
 *
 * An account is one atomic number, raised by compare-and-swap only as far as its limit.  From
 * below to the top, not the other way round: what is undone later then never stood in the account
 * that all runs share, where it would have sent somebody away. */
#include "sched/budget.h"

#include "trace/point.h"

#if defined(WEIR_ASSERTS)
bool weir__budget_is_valid(const weir__budget *budget)
{
    for (const weir__budget *b = budget; b != NULL; b = b->parent)
        if (weir__budget_held(b) > b->limit || weir__budget_peak(b) > b->limit ||
            (b->parent != NULL && b->parent->limit == WEIR_NO_LIMIT))
            return false;
    return true;
}
#endif

void weir__budget_open(weir__budget *budget, weir__budget *parent, uint64_t limit)
{
    *budget = (weir__budget){.parent = weir__budget_limited(parent), .limit = limit};
    WEIR_ASSERT_SLOW(weir__budget_is_valid(budget));
}

void weir__budget_close(const weir__budget *budget)
{
    WEIR_ASSERT_SLOW(weir__budget_is_valid(budget));
    WEIR_ASSERT(weir__budget_held(budget) == 0);
    (void)budget;
}

/* What the account holds then; 0: it says no. */
static uint64_t add(weir__budget *b, uint64_t bytes)
{
    uint64_t held = weir__budget_held(b);
    do {
        if (bytes > b->limit - held || bytes == UINT64_MAX) /* that is "does not fit" (base.h) */
            return 0;
    } while (!cas_weak_relaxed(&b->held, &held, held + bytes));
    return held + bytes;
}

static void subtract(weir__budget *b, uint64_t bytes)
{
    const uint64_t before = sub_relaxed(&b->held, bytes);
    WEIR_ASSERT(before >= bytes);
    (void)before;
}

static void note_peak(weir__budget *b, uint64_t held)
{
    uint64_t peak = weir__budget_peak(b);
    while (peak < held && !cas_weak_relaxed(&b->peak, &peak, held))
        ;
}

const weir__budget *weir__budget_reserve_kept(weir__budget *budget, uint64_t bytes,
                                              const weir__budget *keeper, uint64_t kept)
{
    if (budget == NULL)
        return NULL;
    if (budget == keeper) {
        WEIR_ASSERT(kept <= bytes && kept <= weir__budget_held(budget));
        bytes -= kept;
    }
    if (bytes == 0)
        return NULL;
    const uint64_t held = add(budget, bytes);
    if (held == 0)
        return budget;
    WEIR_POINT(BUDGET_ASKING);
    const weir__budget *no = weir__budget_reserve_kept(budget->parent, bytes, keeper, kept);
    if (no != NULL)
        subtract(budget, bytes);
    else
        note_peak(budget, held); /* what is refused leaves no trace */
    WEIR_ASSERT_SLOW(weir__budget_is_valid(budget));
    return no;
}

void weir__budget_release_kept(weir__budget *budget, uint64_t bytes, const weir__budget *keeper,
                               uint64_t kept)
{
    WEIR_ASSERT_SLOW(budget == NULL || weir__budget_is_valid(budget));
    for (; budget != NULL; budget = budget->parent) {
        if (budget == keeper) {
            WEIR_ASSERT(kept <= bytes);
            bytes -= kept;
        }
        if (bytes == 0)
            return;
        subtract(budget, bytes);
    }
}

const weir__budget *weir__budget_reserve(weir__budget *budget, uint64_t bytes)
{
    return weir__budget_reserve_kept(budget, bytes, NULL, 0);
}

void weir__budget_release(weir__budget *budget, uint64_t bytes)
{
    weir__budget_release_kept(budget, bytes, NULL, 0);
}

const weir__budget *weir__budget_begin(weir__budget *budget, weir__budget *parent, uint64_t limit,
                                       uint64_t bytes, const weir__budget *keeper, uint64_t kept)
{
    weir__budget_open(budget, parent, limit);
    if (bytes > limit || bytes == UINT64_MAX)
        return budget;
    const weir__budget *no = weir__budget_reserve_kept(budget->parent, bytes, keeper, kept);
    if (no == NULL) {
        store_relaxed(&budget->held, bytes); /* a plain store: a nested run may be over in 200 ns */
        store_relaxed(&budget->peak, bytes);
    }
    return no;
}

void weir__budget_end(weir__budget *budget, uint64_t bytes, const weir__budget *keeper,
                      uint64_t kept)
{
    WEIR_ASSERT(weir__budget_held(budget) == bytes);
    store_relaxed(&budget->held, 0);
    weir__budget_release_kept(budget->parent, bytes, keeper, kept);
    weir__budget_close(budget);
}

void weir__budget_hand_over(weir__budget *budget)
{
    WEIR_ASSERT(budget->parent != NULL &&
                weir__budget_held(budget) <= weir__budget_held(budget->parent));
    store_relaxed(&budget->held, 0);
    store_relaxed(&budget->peak, 0);
}
