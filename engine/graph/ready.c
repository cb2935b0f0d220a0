/* Divides what is ready; see ready.h. */
#include "graph/ready.h"

#include "sched/tuning.h"

/* How long a list is, up to `most`. */
static uint32_t count(const weir__task *task, weir_task t, uint32_t most)
{
    uint32_t n = 0;
    for (; t != WEIR_NO_TASK && n < most; t = task[t].left)
        n++;
    return n;
}

/* All behind the first `kept` tasks of list u becomes that list of `to`. */
static void cut(weir__ready *r, weir__ready *to, weir__task *task, unsigned u, uint32_t kept)
{
    weir_task *at = &r->first[u];
    for (uint32_t i = 0; i < kept; i++)
        at = &task[*at].left;
    WEIR_ASSERT(*at != WEIR_NO_TASK && to->first[u] == WEIR_NO_TASK);
    to->first[u] = *at;
    *at = WEIR_NO_TASK;
    to->some |= UINT32_C(1) << u;
    if (kept == 0)
        r->some &= ~(UINT32_C(1) << u);
}

static void split_lists(weir__ready *r, weir__ready *to, weir__task *task)
{
    uint32_t n[WEIR_READY_LISTS], all = 0;
    for (unsigned u = 0; u < WEIR_READY_LISTS; u++)
        all += n[u] = count(task, r->first[u], WEIR_SPLIT_MOST);
    uint32_t wanted = all - all / 2;
    for (unsigned u = WEIR_READY_LISTS; wanted > 0 && u-- > 0;) {
        const uint32_t moved = n[u] < wanted ? n[u] : wanted;
        if (moved > 0)
            cut(r, to, task, u, n[u] - moved);
        wanted -= moved;
    }
}

void weir__ready_split(weir__ready *r, weir__ready *to, weir__task *task)
{
    WEIR_ASSERT(!weir__ready_is_empty(r) && weir__ready_is_empty(to));
    if (r->root < r->roots_end) {
        to->roots_end = r->roots_end;
        to->root = r->roots_end = r->root + (r->roots_end - r->root) / 2;
    } else {
        split_lists(r, to, task);
    }
}

#if defined(WEIR_ASSERTS)
static bool list_is_valid(const weir__ready *r, const weir_graph *graph, unsigned u)
{
    uint32_t n = 0;
    for (weir_task t = r->first[u]; t != WEIR_NO_TASK; t = graph->task[t].left)
        if (t >= graph->n || (u > 0 && graph->task[t].urgency != u) || n++ == graph->n)
            return false;
    return (n > 0) == (r->some >> u & 1);
}

bool weir__ready_is_valid(const weir__ready *r, const weir_graph *graph)
{
    if (r->root > r->roots_end || r->roots_end > weir__graph_roots_end(graph) ||
        r->some >> WEIR_READY_LISTS != 0)
        return false;
    for (unsigned u = 0; u < WEIR_READY_LISTS; u++)
        if (!list_is_valid(r, graph, u))
            return false;
    return true;
}
#endif
