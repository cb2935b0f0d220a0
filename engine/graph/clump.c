/* Clumps: members of a family for one call of its op; see execution.h.
 *
 * pack.c calls it.  Members of a clump are ready, each by itself, so they may come in any order,
 * and a clump is what comes next in the worker's lists as long as that is of the family.
 *
 * Where bytes are limited, only members that have theirs are taken, which the account has granted
 * one by one, as to anybody; so a clump is nothing that its rule has to know of (account.h).  All
 * of a clump holds its bytes until the call returns: but a call is short, or it is for one member.
 * More bytes are not asked for while a clump is collected, which under a tight limit would mostly
 * be in vain; a clump that has finished is granted more members than it had, and so the next may be
 * larger. */
#include "graph/execution.h"

static bool is_of(const weir__label *label, weir_task t)
{
    return t - label->first < label->n;
}

/* Adds members from those lists that the bits of `lists` are for, until another task comes. */
static uint32_t collect_listed(weir__pack *p, const weir__label *label, uint32_t lists, uint32_t n,
                               uint32_t most)
{
    const weir_graph *graph = p->of->graph;
    weir__ready *r = &p->ready;
    while (n < most && (r->some & lists) != 0) {
        const weir_task first = r->first[__builtin_ctz(r->some)];
        if (!is_of(label, first))
            break;
        (void)weir__ready_take(r, graph->task);
        graph->task[first].left = graph->fixed[first].predecessors; /* it begins */
        p->craft->index[n++] = first - label->first;
    }
    return n;
}

static uint32_t collect_roots(weir__pack *p, const weir__label *label, uint32_t n, uint32_t most)
{
    weir__ready *r = &p->ready;
    while (n < most && r->some == 0 && r->root < r->roots_end) {
        const weir_task root = weir__graph_root(p->of->graph, r->root);
        if (root != WEIR_NO_TASK && !is_of(label, root))
            break;
        r->root++;
        if (root != WEIR_NO_TASK)
            p->craft->index[n++] = root - label->first;
    }
    return n;
}

uint32_t weir__clump_collect(weir__pack *p, weir_task t, uint32_t most)
{
    const weir__label *label = weir__graph_label(p->of->graph, t);
    weir__book *book = p->of->book;
    const bool limited = book != NULL && book->books != NULL;
    p->craft->index[0] = t - label->first;
    uint32_t n = collect_listed(p, label, limited ? 1 : UINT32_MAX, 1, most);
    if (!limited)
        n = collect_roots(p, label, n, most);
    for (uint32_t i = 1; book != NULL && i < n; i++)
        weir__book_began(book, label->first + p->craft->index[i]);
    return p->craft->members = n;
}

uint64_t weir__clump_nested(const weir_graph *graph, const weir__label *label,
                            const uint32_t *index, uint32_t n)
{
    uint64_t most = 0;
    for (uint32_t i = 0; graph->nested != NULL && i < n; i++) {
        const uint64_t bytes = graph->nested[label->first + index[i]];
        most = bytes > most ? bytes : most;
    }
    return most;
}

bool weir__clump_finished(weir__pack *p, weir_task t, weir_task next, weir__granted *granted)
{
    const weir_graph *graph = p->of->graph;
    weir__craft *craft = p->craft;
    if (graph->task[t].kind != WEIR_TASK_MANY)
        return weir__book_finished(p->of->book, t, next, granted);
    for (uint32_t i = 0; i < craft->members; i++)
        craft->index[i] += weir__graph_label(graph, t)->first;
    return weir__book_finished_all(p->of->book, craft->index, craft->members, next, granted);
}
