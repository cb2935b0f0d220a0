/* The placement plan; see place.h.
 *
 * topology.c calls it for the public function and for engines.  It must never look at the machine,
 * and never allocate.
 *
 * All three policies are one sort and one walk. The hardware threads are ordered by tier: first the
 * first hardware thread of every core, then the second of those that have one, and so on; inside
 * that by kind of core, the fastest first; inside that in the machine's own order, in which
 * neighbours share caches. A worker on the second hardware thread of a fast core gets less than one
 * on an idle slow core, hence this order of the two. */
#include "place.h"

#include "error.h"

static bool same_tier(const weir_pu *a, const weir_pu *b)
{
    return a->smt == b->smt && a->kind == b->kind;
}

static bool comes_before(const weir_pu *a, const weir_pu *b, bool cores_first)
{
    if (cores_first && a->smt != b->smt)
        return a->smt < b->smt;
    return a->kind < b->kind;
}

/* A stable insertion sort: a few thousand elements at the most, nearly sorted, no memory. */
static void sort_pus(const weir_pu *pus, unsigned count, bool cores_first, unsigned *order)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned at = i;
        for (; at > 0 && comes_before(&pus[i], &pus[order[at - 1]], cores_first); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* How many hardware threads the core has that begins at pus[first]. */
static unsigned core_width(const weir_pu *pus, unsigned count, unsigned first)
{
    unsigned end = first + 1;
    while (end < count && pus[end].core == pus[first].core)
        end++;
    return end - first;
}

/* Lap after lap over the cores, each lap one hardware thread further. A core that has no further
 * one shares what it has, but only after the cores that have. */
static void place_by_core(const weir_pu *pus, unsigned count, unsigned workers,
                          const unsigned *order, unsigned *places)
{
    unsigned cores = 0;
    while (cores < count && pus[order[cores]].smt == 0)
        cores++;
    WEIR_ASSERT(cores > 0);
    unsigned placed = 0;
    for (unsigned lap = 0; placed < workers; lap++)
        for (int shares = 0; shares <= 1; shares++)
            for (unsigned c = 0; c < cores && placed < workers; c++) {
                const unsigned width = core_width(pus, count, order[c]);
                if ((lap >= width) == (shares == 1))
                    places[placed++] = order[c] + lap % width;
            }
}

/* Tier after tier; the last one, which is not filled, at even distances. Neighbours of one tier
 * stand in the machine's own order, so that even distances there give every package, NUMA node and
 * cache of the same size the same number of workers, or one more. */
static void place_spread(const weir_pu *pus, unsigned count, unsigned workers,
                         const unsigned *order, unsigned *places)
{
    unsigned placed = 0, first = 0;
    while (placed < workers) {
        unsigned end = first + 1;
        while (end < count && same_tier(&pus[order[first]], &pus[order[end]]))
            end++;
        const unsigned size = end - first, left = workers - placed;
        const unsigned take = left < size ? left : size;
        for (unsigned i = 0; i < take; i++)
            places[placed++] = order[first + (unsigned)((uint64_t)i * size / take)];
        first = end < count ? end : 0;
    }
}

weir_status weir__place_plan(const weir_pu *pus, unsigned count, weir_bind bind, unsigned workers,
                             unsigned *order, unsigned *places)
{
    WEIR_ASSERT(count > 0);
    if (workers == 0)
        return weir__error_set(WEIR_EINVAL, 0, "workers", "a plan is for at least 1 worker");
    switch (bind) {
    case WEIR_BIND_AUTO:
    case WEIR_BIND_CORE:
        sort_pus(pus, count, true, order);
        place_by_core(pus, count, workers, order, places);
        return WEIR_OK;
    case WEIR_BIND_SPREAD:
        sort_pus(pus, count, true, order);
        place_spread(pus, count, workers, order, places);
        return WEIR_OK;
    case WEIR_BIND_PU:
        sort_pus(pus, count, false, order);
        for (unsigned i = 0; i < workers; i++)
            places[i] = order[i % count];
        return WEIR_OK;
    case WEIR_BIND_NONE:
        return weir__error_set(WEIR_EINVAL, 0, "bind",
                               "none leaves the workers to the operating system: there is no plan; "
                               "core, spread and pu have one");
    }
    return weir__error_set(WEIR_EINVAL, 0, "bind",
                           "%d is no policy; use WEIR_BIND_CORE, WEIR_BIND_SPREAD or WEIR_BIND_PU",
                           (int)bind);
}
