/* Drops duplicates, and finds edges that others imply; see freeze.h.
 *
 * With edges p -> q, q -> t and p -> t, the last one says nothing about the order; and what p holds ends
 * after t, so for that the first one says nothing.  Flags may be set for all edges at once: what an edge
 * implied by others stands for are paths in the graph as it was given, and by induction over the length
 * of the longest path between its ends, such paths are left when all flagged edges are gone.  In the same
 * way, of the successors of p that are not flagged as such some come after each one that is.
 *
 * The rank of p is smaller than that of q, which is smaller than that of t.  So where all predecessors of t
 * have the rank before its own, nothing is searched: that is so in layers, trees and grids.  Nor is q looked
 * at where the sketches of its predecessors and of those of t have no bit in common (a Bloom filter of 32
 * bits): so where edges go far, most rows are never read.  One pass over the edges does it all where they go
 * forward, since the ranks of predecessors are known then.
 *
 * To read a row costs more than all else that is done for an edge.  So the search has a credit, which pays for
 * the rows, and each redundant edge that it finds adds to it: where there are hardly any, most tasks are
 * passed over once the credit is spent, but for some now and then, in case there are more of them further on. */
#include "graph/freeze.h"

#include "sched/tuning.h"

/* Predecessors of q that are looked at; weir_graph_compile() tells of it. */
enum { MOST_LOOKS = 64 };

/* A mark is even, or one more once the edge from the marked task to t is found to be implied. */
static uint32_t mark_of(weir_task t)
{
    return 2 * (t + 1);
}

/* The bit of a predecessor in a sketch. */
static uint32_t bit_of(weir_task p)
{
    return UINT32_C(1) << (p * UINT32_C(0x9E3779B1) >> 27);
}

typedef struct search {
    const weir__preds *preds;
    uint32_t unsure;    /* all ones if tasks behind one have no sketches yet */
    int64_t credit;     /* entries of `of` that may still be looked at */
    uint64_t redundant; /* found so far */
    uint64_t
        unsearched; /* edges to tasks that were passed over, but those that were found all the same */
} search;

/* Looks for marked tasks, whose sketch is given, among the predecessors of q, itself a predecessor of t. In
 * tasks behind t edges may stand there twice still, and of those copies the first one is kept. Returns how
 * many edges to t turn out to be redundant. */
static uint32_t look_at(search *s, weir_task t, weir_task q, uint32_t sketch)
{
    const weir__preds *preds = s->preds;
    const uint64_t begin = preds->at[q], most = begin + MOST_LOOKS;
    const uint64_t end = preds->at[q + 1] < most ? preds->at[q + 1] : most;
    uint32_t found = 0;
    for (uint64_t k = begin; k < end; k++) {
        const weir_task of = preds->of[k] & WEIR_TASK_BITS;
        if ((bit_of(of) & sketch) == 0)
            continue;
        weir__work *p = &preds->work[of];
        if ((p->mark | 1) != (mark_of(t) | 1))
            continue;
        found += p->mark == mark_of(t);
        p->mark = mark_of(t) | 1;
        preds->of[k] |= WEIR_NOT_LAST;
    }
    s->credit -= WEIR_SEARCH_ROW + (int64_t)(end - begin);
    return found;
}

/* Of the edges of[begin … end - 1], which end at t, flags those that others imply: what they begin at has at
 * least the `lowest` rank. */
static void flag_redundant(search *s, weir_task t, uint64_t begin, uint64_t end, uint32_t lowest)
{
    const weir__preds *preds = s->preds;
    weir__work *work = preds->work;
    const uint32_t sketch = work[t].sketch;
    uint64_t found = 0, i = begin;
    for (; i < end && s->credit > 0; i++) {
        const weir_task q = preds->of[i] & WEIR_TASK_BITS;
        if (work[q].rank > lowest && ((work[q].sketch | s->unsure) & sketch) != 0)
            found += look_at(s, t, q, sketch);
    }
    WEIR_ASSERT(found < end - begin); /* the one with the largest rank stays */
    if (i < end)
        s->unsearched += end - begin - found;
    if (found == 0)
        return;
    for (i = begin; i < end; i++) {
        weir__work *p = &work[preds->of[i] & WEIR_TASK_BITS];
        if (p->mark == (mark_of(t) | 1)) {
            preds->of[i] |= WEIR_REDUNDANT;
            p->successors--;
        }
    }
    s->redundant += found;
    s->credit += (int64_t)(found * WEIR_SEARCH_FOUND);
    if (s->credit > WEIR_SEARCH_MOST)
        s->credit = WEIR_SEARCH_MOST;
}

void weir__sift_edges(weir_graph *graph, weir__preds *preds)
{
    weir__work *work = preds->work;
    search s = {
        .preds = preds, .unsure = graph->forward ? 0 : UINT32_MAX, .credit = WEIR_SEARCH_MOST};
    uint32_t *of = preds->of, depth = 0, roots = 0;
    uint64_t begin = 0, kept = 0;
    for (weir_task t = 0; t < graph->n; t++) {
        const uint64_t first = kept, end = preds->at[t + 1];
        const uint32_t mark = mark_of(t);
        uint32_t rank = 0, lowest = UINT32_MAX, sketch = 0;
        preds->at[t] = kept;
        for (; begin < end; begin++) {
            __builtin_prefetch(&work[of[begin + WEIR_AHEAD] & WEIR_TASK_BITS], 1);
            const uint32_t entry = of[begin];
            weir__work *p = &work[entry & WEIR_TASK_BITS];
            if (p->mark == mark)
                continue;
            p->mark = mark;
            p->successors++;
            of[kept++] = entry;
            sketch |= bit_of(entry & WEIR_TASK_BITS);
            rank = p->rank >= rank ? p->rank + 1 : rank;
            lowest = p->rank < lowest ? p->rank : lowest;
        }
        work[t].sketch = sketch;
        if (graph->forward)
            work[t].rank = rank;
        rank = work[t].rank;
        depth = rank >= depth ? rank + 1 : depth;
        roots += kept == first;
        WEIR_ASSERT(kept == first || lowest < rank);
        if (t % WEIR_SEARCH_TASKS == 0 && s.credit < WEIR_SEARCH_AGAIN)
            s.credit = WEIR_SEARCH_AGAIN;
        if (kept - first < 2 || rank - lowest < 2)
            continue;
        if (s.credit > 0)
            flag_redundant(&s, t, first, kept, lowest);
        else
            s.unsearched += kept - first;
    }
    preds->at[graph->n] = kept;
    graph->edges = kept - s.redundant;
    graph->redundant = s.redundant;
    graph->unsearched = s.unsearched;
    graph->roots = roots;
    graph->depth = depth;
}
