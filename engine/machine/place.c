/* The placement plan; see place.h.
 *
 * decide.c calls it for the public functions and for engines.  It must never look at the machine,
 * and never allocate.
 *
 * All three policies are one sort and one walk. The hardware threads are ordered by tier: first the
 * first hardware thread of every core, then the second of those that have one, and so on; inside
 * that by kind of core, the fastest first; inside that in the machine's own order, in which
 * neighbours share caches. A worker on the second hardware thread of a fast core gets less than one
 * on an idle slow core, hence this order of the two. Workers of other engines that sit on a core
 * count like workers of this plan that came before. */
#include "machine/place.h"

#include <limits.h>

#include "base/error.h"

/* A plan being made. keys: the first thing that the order looks at; loads: the workers that each
 * hardware thread has, those of this plan included as they are placed. */
typedef struct plan {
    const weir_pu *pus;
    unsigned count;
    unsigned *loads, *order, *keys;
} plan;

static bool same_tier(const plan *p, unsigned a, unsigned b)
{
    return p->keys[a] == p->keys[b] && p->pus[a].kind == p->pus[b].kind;
}

static bool comes_before(const plan *p, unsigned a, unsigned b)
{
    if (p->keys[a] != p->keys[b])
        return p->keys[a] < p->keys[b];
    return p->pus[a].kind < p->pus[b].kind;
}

#if defined(WEIR_ASSERTS)
static bool is_sorted(const plan *p)
{
    for (unsigned i = 1; i < p->count; i++)
        if (p->order[i] >= p->count || comes_before(p, p->order[i], p->order[i - 1]) ||
            (same_tier(p, p->order[i], p->order[i - 1]) && p->order[i] <= p->order[i - 1]))
            return false;
    return p->order[0] < p->count;
}

static bool are_places(const plan *p, unsigned workers, const unsigned *places)
{
    for (unsigned i = 0; i < workers; i++)
        if (places[i] >= p->count)
            return false;
    return true;
}
#endif

/* A stable insertion sort: a few thousand elements at the most, nearly sorted, no memory. */
static void sort_pus(plan *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        unsigned at = i;
        for (; at > 0 && comes_before(p, i, p->order[at - 1]); at--)
            p->order[at] = p->order[at - 1];
        p->order[at] = i;
    }
    WEIR_ASSERT_SLOW(is_sorted(p));
}

/* How many hardware threads the core has that begins at pus[first]. */
static unsigned core_width(const weir_pu *pus, unsigned count, unsigned first)
{
    WEIR_ASSERT(first < count);
    unsigned end = first + 1;
    while (end < count && pus[end].core == pus[first].core)
        end++;
    return end - first;
}

static unsigned core_load(const plan *p, unsigned first, unsigned width)
{
    unsigned load = 0;
    WEIR_ASSERT(first + width <= p->count);
    for (unsigned i = first; i < first + width; i++)
        load += p->loads[i];
    return load;
}

static unsigned least_loaded(const plan *p, unsigned first, unsigned width)
{
    unsigned found = first;
    WEIR_ASSERT(width > 0 && first + width <= p->count);
    for (unsigned i = first + 1; i < first + width; i++)
        if (p->loads[i] < p->loads[found])
            found = i;
    return found;
}

/* The key of a hardware thread is how many workers its core has when it is that one's turn: those
 * who are there, and one for each hardware thread of the core that comes before it. */
static void key_by_turn(plan *p)
{
    for (unsigned first = 0, width; first < p->count; first += width) {
        width = core_width(p->pus, p->count, first);
        const unsigned load = core_load(p, first, width);
        for (unsigned i = first; i < first + width; i++) {
            unsigned before = 0;
            for (unsigned k = first; k < first + width; k++)
                before += p->loads[k] < p->loads[i] || (p->loads[k] == p->loads[i] && k < i);
            p->keys[i] = load + before;
        }
    }
}

/* Lap after lap over the cores, in each those that have the fewest workers so far. A core that has
 * as many workers as hardware threads shares one, but only after the cores that have one free. */
static void place_by_core(plan *p, unsigned workers, unsigned *places)
{
    unsigned cores = 0, lap = UINT_MAX;
    for (unsigned first = 0, width; first < p->count; first += width) {
        width = core_width(p->pus, p->count, first);
        for (unsigned i = first; i < first + width; i++)
            p->keys[i] = i - first;
        const unsigned load = core_load(p, first, width);
        lap = load < lap ? load : lap;
        cores++;
    }
    sort_pus(p);
    WEIR_ASSERT(cores > 0 && cores <= p->count);
    for (unsigned placed = 0; placed < workers; lap++)
        for (int shares = 0; shares <= 1; shares++)
            for (unsigned c = 0; c < cores && placed < workers; c++) {
                const unsigned first = p->order[c], width = core_width(p->pus, p->count, first);
                if (core_load(p, first, width) != lap || (lap >= width) != (shares == 1))
                    continue;
                places[placed] = least_loaded(p, first, width);
                WEIR_ASSERT(shares == 1 || p->loads[places[placed]] == 0); /* one is free */
                p->loads[places[placed++]]++;
            }
}

/* Tier after tier; the last one, which is not filled, at even distances. Neighbours of one tier
 * stand in the machine's own order, so that even distances there give every package, NUMA node and
 * cache of the same size the same number of workers, or one more. */
static void place_spread(plan *p, unsigned workers, unsigned *places)
{
    unsigned placed = 0, first = 0;
    key_by_turn(p);
    sort_pus(p);
    while (placed < workers) {
        unsigned end = first + 1;
        while (end < p->count && same_tier(p, p->order[first], p->order[end]))
            end++;
        const unsigned size = end - first, left = workers - placed;
        const unsigned take = left < size ? left : size;
        WEIR_ASSERT(take > 0 && end <= p->count);
        for (unsigned i = 0; i < take; i++)
            places[placed++] = p->order[first + (unsigned)((uint64_t)i * size / take)];
        first = end < p->count ? end : 0;
    }
}

static void place_by_pu(plan *p, unsigned workers, unsigned *places)
{
    for (unsigned i = 0; i < p->count; i++)
        p->keys[i] = p->loads[i];
    sort_pus(p);
    for (unsigned i = 0; i < workers; i++)
        places[i] = p->order[i % p->count];
}

weir_status weir__place_plan(const weir_pu *pus, unsigned count, weir_bind bind, unsigned workers,
                             unsigned *scratch, unsigned *places)
{
    plan p = {pus, count, scratch, scratch + count, scratch + 2 * (size_t)count};
    WEIR_ASSERT(count > 0);
    if (workers == 0)
        return weir__error_set(WEIR_EINVAL, 0, "workers", "a plan is for at least 1 worker");
    switch (bind) {
    case WEIR_BIND_AUTO:
    case WEIR_BIND_CORE:
        place_by_core(&p, workers, places);
        WEIR_ASSERT_SLOW(are_places(&p, workers, places));
        return WEIR_OK;
    case WEIR_BIND_SPREAD:
        place_spread(&p, workers, places);
        WEIR_ASSERT_SLOW(are_places(&p, workers, places));
        return WEIR_OK;
    case WEIR_BIND_PU:
        place_by_pu(&p, workers, places);
        WEIR_ASSERT_SLOW(are_places(&p, workers, places));
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

/* Where a run of `of` things begins if it is the `number`-th of `runs` that are equal to within one. */
static unsigned run_begins(unsigned of, unsigned number, unsigned runs)
{
    return (unsigned)((uint64_t)of * number / runs);
}

/* The least share of `shares` that has core `core`. */
static unsigned first_share(unsigned core, unsigned cores, unsigned shares)
{
    return (unsigned)(((uint64_t)core * shares + cores - 1) / cores);
}

void weir__place_part(const weir_pu *pus, unsigned count, unsigned share, unsigned shares,
                      unsigned *first, unsigned *size)
{
    WEIR_ASSERT(count > 0 && share < shares);
    const unsigned cores = pus[count - 1].core + 1 - pus[0].core;
    const unsigned core = run_begins(cores, share, shares);
    unsigned end = shares < cores ? run_begins(cores, share + 1, shares) : core + 1;
    unsigned from = 0;
    WEIR_ASSERT(core < cores && end <= cores);
    while (pus[from].core - pus[0].core < core)
        from++;
    unsigned to = from;
    while (to < count && pus[to].core - pus[0].core < end)
        to++;
    if (shares > cores) { /* some on one core: they divide its hardware threads, then share them */
        const unsigned width = to - from, lowest = first_share(core, cores, shares);
        const unsigned sharers = first_share(core + 1, cores, shares) - lowest;
        WEIR_ASSERT(lowest <= share && share < lowest + sharers);
        to = from + run_begins(width, share - lowest + 1, sharers);
        from += run_begins(width, share - lowest, sharers);
        to = to > from ? to : from + 1;
    }
    WEIR_ASSERT(from < to && to <= count);
    *first = from;
    *size = to - from;
}
