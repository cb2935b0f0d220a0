/* What a plan is; see plan.h.  planner.c makes them.
 *
 * Is one right?  For each clump it is found how many clumps of each lane have surely finished when it
 * begins: what is so for the clump before it in its lane, and for those that it waits for (vector clocks:
 * Fidge 1988, Mattern 1989).  It must never use what the planner has noted. */
#include <string.h>

#include "base/memory.h"
#include "graph/plan.h"

typedef struct walk {
    const weir__plan *plan;
    const weir_graph *graph;
    uint32_t clumps;
    uint32_t *clump;  /* of a task */
    uint32_t *place;  /* of a task: its entry */
    uint32_t *lane;   /* of a clump */
    uint32_t *known;  /* [clumps][lanes] */
    uint32_t *next;   /* [lanes]: the clump that was not reached yet */
    uint32_t *waited; /* [lanes][lanes]: for how many clumps of the second the first has waited */
} walk;

static uint32_t first_wait(const weir__plan *plan, uint32_t clump)
{
    return clump > 0 ? plan->clump[clump - 1].waits_end : 0;
}

/* Notes where the entry's task is; false: it is in the plan already, or is none of the graph. */
static bool note_task(walk *w, uint64_t t, uint32_t clump, uint32_t place)
{
    if (t >= w->graph->n || w->clump[t] != UINT32_MAX)
        return false;
    w->clump[t] = clump;
    w->place[t] = place;
    return true;
}

static bool note_call(walk *w, const weir__call *call, uint32_t begin, uint32_t clump)
{
    if (call->first >= w->graph->n || begin >= call->end || call->end > w->graph->n)
        return false;
    const bool family = w->graph->task[call->first].kind == WEIR_TASK_MANY;
    const weir_task base = family ? weir__graph_label(w->graph, call->first)->first : 0;
    if (base + w->plan->entry[begin] != call->first)
        return false;
    for (uint32_t i = begin; i < call->end; i++) {
        const uint32_t entry = w->plan->entry[i];
        if (!note_task(w, (uint64_t)base + entry, clump, i))
            return false;
        if (family ? entry >= weir__graph_label(w->graph, call->first)->n
                   : w->graph->task[entry].kind == WEIR_TASK_MANY)
            return false;
    }
    return true;
}

static bool note_tasks(walk *w)
{
    const weir__plan *plan = w->plan;
    uint32_t call = 0, entry = 0;
    for (weir_task t = 0; t < w->graph->n; t++)
        w->clump[t] = UINT32_MAX;
    for (uint32_t l = 0; l < plan->lanes; l++)
        for (uint32_t c = plan->lane[l]; c < plan->lane[l + 1]; c++) {
            w->lane[c] = l;
            if (call >= plan->clump[c].calls_end)
                return false;
            for (; call < plan->clump[c].calls_end; call++) {
                if (!note_call(w, &plan->call[call], entry, c))
                    return false;
                entry = plan->call[call].end;
            }
        }
    return entry == w->graph->n;
}

/* Has each wait of a clump a meaning? */
static bool waits_are_right(walk *w, uint32_t c)
{
    const weir__plan *plan = w->plan;
    const uint32_t own = w->lane[c];
    uint32_t *waited = &w->waited[(size_t)own * plan->lanes];
    for (uint32_t i = first_wait(plan, c); i < plan->clump[c].waits_end; i++) {
        const weir__wait *wait = &plan->wait[i];
        const bool rises = i == first_wait(plan, c) || wait->lane > plan->wait[i - 1].lane;
        if (!rises || wait->lane >= plan->lanes || wait->lane == own ||
            wait->clumps <= waited[wait->lane] ||
            wait->clumps > plan->lane[wait->lane + 1] - plan->lane[wait->lane])
            return false;
        waited[wait->lane] = wait->clumps;
    }
    return true;
}

/* What is known when the clump begins; false: not all that it waits for was reached. */
static bool reach(walk *w, uint32_t c)
{
    const weir__plan *plan = w->plan;
    const uint32_t lanes = plan->lanes, own = w->lane[c];
    uint32_t *known = &w->known[(size_t)c * lanes];
    memset(known, 0, lanes * sizeof *known);
    if (c > plan->lane[own]) {
        memcpy(known, known - lanes, lanes * sizeof *known);
        known[own] = c - plan->lane[own];
    }
    for (uint32_t i = first_wait(plan, c); i < plan->clump[c].waits_end; i++) {
        const weir__wait *wait = &plan->wait[i];
        const uint32_t end = plan->lane[wait->lane] + wait->clumps;
        if (end > w->next[wait->lane])
            return false;
        const uint32_t *theirs = &w->known[(size_t)(end - 1) * lanes];
        for (uint32_t l = 0; l < lanes; l++)
            known[l] = theirs[l] > known[l] ? theirs[l] : known[l];
        known[wait->lane] = wait->clumps > known[wait->lane] ? wait->clumps : known[wait->lane];
    }
    return true;
}

/* Can all clumps be reached, one after the other? */
static bool reach_all(walk *w)
{
    const weir__plan *plan = w->plan;
    bool some = true;
    uint32_t reached = 0;
    memset(w->waited, 0, (size_t)plan->lanes * plan->lanes * sizeof *w->waited);
    for (uint32_t l = 0; l < plan->lanes; l++)
        w->next[l] = plan->lane[l];
    for (uint32_t c = 0; c < w->clumps; c++)
        if (!waits_are_right(w, c))
            return false;
    while (some) {
        some = false;
        for (uint32_t l = 0; l < plan->lanes; l++)
            while (w->next[l] < plan->lane[l + 1] && reach(w, w->next[l])) {
                w->next[l]++;
                reached++;
                some = true;
            }
    }
    return reached == w->clumps;
}

static bool edges_are_kept(const walk *w)
{
    for (weir_task t = 0; t < w->graph->n; t++)
        for (uint64_t i = w->graph->task[t].successors; i < w->graph->task[t + 1].successors; i++) {
            const weir_task s = w->graph->successor[i];
            const uint32_t a = w->clump[t], b = w->clump[s], lane = w->lane[a];
            if (a == b ? w->place[t] >= w->place[s]
                       : w->known[(size_t)b * w->plan->lanes + lane] <= a - w->plan->lane[lane])
                return false;
        }
    return true;
}

bool weir__graph_plan_is_valid(const weir__plan *plan, const weir_graph *graph)
{
    const size_t lanes = plan->lanes;
    if (lanes == 0 || plan->lane[0] != 0)
        return false;
    for (uint32_t l = 0; l < lanes; l++)
        if (plan->lane[l] > plan->lane[l + 1])
            return false;
    const size_t n = graph->n, clumps = plan->lane[lanes];
    walk w = {.plan = plan, .graph = graph, .clumps = plan->lane[lanes]};
    uint32_t *memory =
        weir__memory_alloc((2 * n + clumps * (1 + lanes) + lanes * (1 + lanes)) * sizeof *memory);
    if (memory == NULL)
        return true;
    w.clump = memory;
    w.place = w.clump + n;
    w.lane = w.place + n;
    w.next = w.lane + clumps;
    w.waited = w.next + lanes;
    w.known = w.waited + lanes * lanes;
    const bool valid = note_tasks(&w) && reach_all(&w) && edges_are_kept(&w);
    weir__memory_free(memory);
    return valid;
}

void weir__plan_free(weir__plan *plan)
{
    if (plan == NULL)
        return;
    weir__memory_free(plan->lane);
    weir__memory_free(plan->clump);
    weir__memory_free(plan->call);
    weir__memory_free(plan->wait);
    weir__memory_free(plan->entry);
    weir__memory_free(plan);
}
