/* The tasks that are ready and that one worker has: lists by urgency, and a range of the graph's roots.
 *
 * A pack has one of these (execution.h), and its worker alone touches it.  Tasks are linked by their
 * `left`, so it needs no memory of its own, and a task is in one list or in none.  It must never look
 * at a task but to link it.
 *
 * The first list is of tasks that are known to have their bytes (book.h).  The others go by the quarter of
 * all tasks that a task's level is in (level.c), the most urgent first; in each the task comes first
 * that came last.  Roots come after all of them, the most urgent first (level.c): what is begun is
 * brought to its end first. */
#ifndef WEIR_GRAPH_READY_H
#define WEIR_GRAPH_READY_H

#include "graph/graph.h"

enum { WEIR_URGENCIES = 4, WEIR_READY_LISTS = WEIR_URGENCIES + 1 };

/* In a task's flags: its hinted cost is below WEIR_LONG_NS, or is not. */
#define WEIR_TASK_SHORT 1
#define WEIR_TASK_LONG  2

/* Invariant (weir__ready_is_valid): bit u of `some` <=> list u has tasks, which are of urgency u where it is
 * not the first; else first[u] is WEIR_NO_TASK, as is the link of the last one;  root <= roots_end. */
typedef struct weir__ready {
    uint32_t some;
    uint32_t root, roots_end; /* numbers for weir__graph_root() */
    weir_task first[WEIR_READY_LISTS];
} weir__ready;

static inline void weir__ready_clear(weir__ready *r)
{
    *r = (weir__ready){
        .first = {WEIR_NO_TASK, WEIR_NO_TASK, WEIR_NO_TASK, WEIR_NO_TASK, WEIR_NO_TASK}};
}

static inline void weir__ready_push(weir__ready *r, weir__task *task, weir_task t)
{
    const unsigned u = task[t].urgency;
    r->some |= UINT32_C(1) << u;
    task[t].left = r->first[u];
    r->first[u] = t;
}

/* The same for one that has its bytes. */
static inline void weir__ready_push_granted(weir__ready *r, weir__task *task, weir_task t)
{
    r->some |= 1;
    task[t].left = r->first[0];
    r->first[0] = t;
}

/* Takes the first task out of the most urgent list that has some. Its `left` is restored when it
 * begins. */
static inline weir_task weir__ready_take(weir__ready *r, const weir__task *task)
{
    const unsigned u = (unsigned)__builtin_ctz(r->some);
    const weir_task t = r->first[u], next = task[t].left;
    WEIR_ASSERT(t != WEIR_NO_TASK);
    r->first[u] = next;
    if (next == WEIR_NO_TASK)
        r->some &= r->some - 1;
    return t;
}

/* The next root; WEIR_NO_TASK: there is none any more. */
static inline weir_task weir__ready_take_root(weir__ready *r, const weir_graph *graph)
{
    weir_task t = WEIR_NO_TASK;
    while (r->root < r->roots_end && t == WEIR_NO_TASK)
        t = weir__graph_root(graph, r->root++);
    return t;
}

/* The task that comes next; WEIR_NO_TASK: none is ready. */
static inline weir_task weir__ready_pop(weir__ready *r, const weir_graph *graph)
{
    return r->some != 0 ? weir__ready_take(r, graph->task) : weir__ready_take_root(r, graph);
}

static inline bool weir__ready_is_empty(const weir__ready *r)
{
    return r->some == 0 && r->root == r->roots_end;
}

/* Moves the less urgent half, and at least one task, to `to`, which is empty. Of roots it is the later
 * half; of a list that is longer than WEIR_SPLIT_MOST most goes, since it is walked along. r is not
 * empty. */
void weir__ready_split(weir__ready *r, weir__ready *to, weir__task *task);

/* Does the invariant hold? For asserts and tests. Cost: a walk along all lists. */
bool weir__ready_is_valid(const weir__ready *r, const weir_graph *graph);

#endif
