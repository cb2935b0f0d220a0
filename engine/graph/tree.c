/* The best order of a tree; see tree.h.
 *
 * J. W. H. Liu, "An application of generalized tree pebbling to sparse matrix factorization", 1987.
 * A task's subtree has a best order, and that falls into segments.  A segment climbs to its hill
 * and ends in its valley, both counted from where it begins; the first one's hill is the highest of
 * all, its valley the lowest after that, and so on with what follows.  So along a subtree hills go
 * down and valleys go up, and hill - valley goes down.  The best way to run several subtrees is all
 * their segments by falling hill - valley, which keeps each subtree's own order.  The parent's step
 * comes behind them, and takes in from the end the segments that are none any more: those whose
 * hill is not above its hill, or whose valley is not below its valley.
 *
 * The segments of a subtree are in a leftist heap, the least hill - valley first, since that is the
 * last segment.  Each task makes one segment and each segment is taken in once. */
#include "graph/tree.h"

#include "base/memory.h"
#include "graph/needs.h"

#define NONE UINT32_MAX

/* By task: the segment that its step ended up in as the last task has its number. */
typedef struct segment {
    int64_t hill, valley;
    uint32_t first, last; /* its tasks, linked by next */
    uint32_t left, right; /* heap */
    uint32_t rank;        /* steps to the nearest end of the heap, to the right */
    uint32_t next;        /* the task after this one */
} segment;

typedef struct forest {
    segment *segment;
    uint32_t *heap;     /* by task: that of all of its subtrees that are done; NONE */
    uint64_t *children; /* by task: what those hold */
} forest;

bool weir__tree_is_one(const weir_graph *graph)
{
    for (uint32_t t = 0; t < graph->n; t++)
        if (graph->task[t + 1].successors - graph->task[t].successors > 1 ||
            (graph->users != NULL && graph->users[t].all > 1))
            return false;
    return true;
}

static int64_t fall(const segment *s)
{
    return s->hill - s->valley;
}

static uint32_t rank(const segment *s, uint32_t a)
{
    return a == NONE ? 0 : s[a].rank;
}

/* Recursion is as deep as the right sides are long: the logarithm of n, twice. */
static uint32_t meld(segment *s, uint32_t a, uint32_t b)
{
    if (a == NONE || b == NONE)
        return a == NONE ? b : a;
    if (fall(&s[b]) < fall(&s[a])) {
        const uint32_t c = a;
        a = b;
        b = c;
    }
    s[a].right = meld(s, s[a].right, b);
    if (rank(s, s[a].left) < rank(s, s[a].right)) {
        const uint32_t c = s[a].left;
        s[a].left = s[a].right;
        s[a].right = c;
    }
    s[a].rank = rank(s, s[a].right) + 1;
    return a;
}

/* The step of the task behind all of its subtrees. Returns the heap of its own. */
static uint32_t add_step(const forest *f, const weir_graph *graph, weir_task t)
{
    segment *s = f->segment, *mine = &s[t];
    const bool kept = graph->users != NULL && graph->users[t].all > 0;
    const uint64_t held = weir__task_held(graph, t);
    uint32_t heap = f->heap[t];
    *mine = (segment){.hill = (int64_t)weir__task_need(graph, t),
                      .valley = (int64_t)(kept ? held : 0) - (int64_t)f->children[t],
                      .first = t,
                      .last = t,
                      .left = NONE,
                      .right = NONE,
                      .rank = 1,
                      .next = NONE};
    while (heap != NONE && (s[heap].valley + mine->hill >= s[heap].hill || mine->valley <= 0)) {
        const segment *before = &s[heap];
        mine->hill += before->valley;
        if (mine->hill < before->hill)
            mine->hill = before->hill;
        mine->valley += before->valley;
        s[before->last].next = mine->first;
        mine->first = before->first;
        heap = meld(s, before->left, before->right);
    }
    return meld(s, heap, t);
}

static void fill(const forest *f, const weir_graph *graph, const weir_task *topological,
                 weir_task *order)
{
    segment *s = f->segment;
    uint32_t all = NONE, first = NONE, made = 0;
    for (uint32_t i = 0; i < graph->n; i++) {
        const weir_task t = topological[i];
        const uint32_t heap = add_step(f, graph, t);
        if (graph->task[t].successors == graph->task[t + 1].successors) {
            all = meld(s, all, heap);
            continue;
        }
        const weir_task parent = graph->successor[graph->task[t].successors];
        f->heap[parent] = meld(s, f->heap[parent], heap);
        f->children[parent] += weir__task_held(graph, t);
    }
    while (all != NONE) { /* from the last segment to the first */
        s[s[all].last].next = first;
        first = s[all].first;
        all = meld(s, s[all].left, s[all].right);
    }
    for (; first != NONE; first = s[first].next)
        order[made++] = first;
    WEIR_ASSERT(made == graph->n);
}

weir_status weir__tree_order(const weir_graph *graph, const weir_task *topological,
                             weir_task *order)
{
    const size_t n = graph->n;
    forest f = {.segment = weir__memory_alloc(n * sizeof *f.segment),
                .heap = weir__memory_alloc(n * sizeof *f.heap),
                .children = weir__memory_alloc_zero(n * sizeof *f.children)};
    const bool ok = f.segment != NULL && f.heap != NULL && f.children != NULL;
    if (ok) {
        for (uint32_t t = 0; t < graph->n; t++)
            f.heap[t] = NONE;
        fill(&f, graph, topological, order);
    }
    weir__memory_free(f.segment);
    weir__memory_free(f.heap);
    weir__memory_free(f.children);
    return ok ? WEIR_OK : WEIR_ENOMEM;
}
