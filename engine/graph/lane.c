/* Claims lanes, and counts who is inside; see lane.h. */
#include "graph/lane.h"

#include "base/memory.h"
#include "trace/point.h"

weir__lanes *weir__lanes_open(weir__plan *plan)
{
    weir__lanes *l = weir__memory_alloc_zero(sizeof *l + plan->lanes * sizeof l->lane[0]);
    if (l == NULL) {
        weir__plan_free(plan);
        return NULL;
    }
    l->plan = plan;
    l->n = plan->lanes;
    for (uint32_t i = 0; i < l->n; i++)
        l->lane[i].clumps = plan->lane[i + 1] - plan->lane[i];
    WEIR_ASSERT_SLOW(weir__lanes_are_valid(l));
    return l;
}

void weir__lanes_close(weir__lanes *l)
{
    if (l != NULL)
        weir__plan_free(l->plan);
    weir__memory_free(l);
}

void weir__lanes_begin(weir__lanes *l)
{
    for (uint32_t i = 0; i < l->n; i++) {
        store_relaxed(&l->lane[i].done, 0);
        store_relaxed(&l->lane[i].claimed, false);
    }
    store_relaxed(&l->inside, 1);
}

bool weir__lanes_are_valid(const weir__lanes *l)
{
    if (l->n == 0 || l->n != l->plan->lanes)
        return false;
    for (uint32_t i = 0; i < l->n; i++)
        if (load_relaxed(&l->lane[i].done) > l->lane[i].clumps ||
            l->plan->lane[i] + l->lane[i].clumps != l->plan->lane[i + 1])
            return false;
    return true;
}

/* ---- claims ---- */

bool weir__lane_claim(weir__lanes *l, uint32_t lane)
{
    atomic_bool *claimed = &l->lane[lane].claimed;
    bool taken = false;
    if (weir__lane_is_claimed(l, lane) || !weir__lane_may_go_on(l, lane))
        return false;
    /* LN1: acquire; pairs with LN2: what was done in the lane before is there, and its number. */
    if (!cas_acquire(claimed, &taken, true))
        return false;
    WEIR_POINT(LANE_CLAIMED);
    if (weir__lane_may_go_on(l, lane))
        return true;
    weir__lane_release(l, lane); /* somebody had run it up to its next wait meanwhile */
    return false;
}

void weir__lane_release(weir__lanes *l, uint32_t lane)
{
    WEIR_ASSERT(weir__lane_is_claimed(l, lane));
    WEIR_POINT(LANE_RELEASING);
    /* LN2: release; pairs with LN1. */
    store_release(&l->lane[lane].claimed, false);
}

uint32_t weir__lanes_claim(weir__lanes *l, uint32_t first)
{
    first = first < l->n ? first : first % l->n;
    for (uint32_t i = 0; i < l->n; i++) {
        const uint32_t lane = first + i < l->n ? first + i : first + i - l->n;
        if (weir__lane_claim(l, lane))
            return lane;
    }
    return WEIR_NO_LANE;
}

/* ---- who is inside ---- */

bool weir__lanes_are_finished(const weir__lanes *l)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (!weir__lane_is_finished(l, i))
            return false;
    return true;
}

uint32_t weir__lanes_left(const weir__lanes *l)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < l->n; i++)
        left += !weir__lane_is_finished(l, i);
    return left;
}

bool weir__lanes_need_another(const weir__lanes *l)
{
    const unsigned inside = load_relaxed(&l->inside);
    if (inside >= l->n || inside >= weir__lanes_left(l))
        return false;
    for (uint32_t i = 0; i < l->n; i++)
        if (!weir__lane_is_claimed(l, i) && weir__lane_may_go_on(l, i))
            return true;
    return false;
}

void weir__lanes_enter(weir__lanes *l)
{
    const unsigned before = add_relaxed(&l->inside, 1);
    WEIR_ASSERT(before > 0); /* it is a worker inside that has it come */
    (void)before;
}

bool weir__lanes_leave(weir__lanes *l)
{
    WEIR_POINT(LANES_LEAVING);
    /* LN5: release and acquire; pairs with itself: the last one sees that the others have no lane. */
    if (sub_acq_rel(&l->inside, 1) > 1)
        return true;
    store_relaxed(&l->inside, 1); /* nobody else is there to look at it */
    return false;
}
