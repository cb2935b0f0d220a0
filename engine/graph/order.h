/* The order of a graph: a serial one with a low peak, and what is live during each of its steps.
 *
 * Made once by compile, where some task needs bytes; read-only from then on.  weir__order_make()
 * tries several topological orders (greedy.h), and the best one of all for trees (tree.h), and keeps
 * the one with the lowest peak; of equal ones the first, and program order is the first.  It must
 * never say less than what its order holds: the least budget, and the proof in account.h, rest on it.
 *
 * A task needs what it holds, from its start until its last user has finished, and what it works
 * with while it runs.  Tasks that need nothing have no position here: they may start at any time, so
 * wherever all that have one before the k-th have finished, those without one can be over as well.
 *
 * Threads: any number read. */
#ifndef WEIR_ORDER_H
#define WEIR_ORDER_H

#include "graph/needs.h"

#define WEIR_NO_POSITION UINT32_MAX
#define WEIR_ORDER_BLOCK                                                                           \
    16 /* positions that are looked at one by one; others by blocks of so many */

/* Invariant (weir__order_is_valid):
 *   position[task[k]] == k for k < n, and no other task has one;
 *   sum[0] == 0, and sum[k + 1] - sum[k] is what task[k] needs, modulo 2^64 both;
 *   mem[k] >= what task[k] needs; serial_bytes is the largest mem[k], or 0;
 *   serial_bytes <= certified_bytes, which is the sum of all needs, or UINT64_MAX where that is more;
 *   most[blocks + b] is the maximum of mem over block b, and most[i] that of most[2i] and most[2i + 1]
 *   for 0 < i < blocks. */
typedef struct weir__order {
    uint32_t n;         /* tasks that need bytes */
    weir_task *task;    /* by position */
    uint32_t *position; /* by task; WEIR_NO_POSITION: it needs nothing */
    uint64_t *sum;      /* by position: needs of all tasks before; n + 1 of them */
    uint64_t *mem;      /* by position: what is live in this order while the task runs */
    uint64_t *most;     /* maxima of mem over blocks of positions, and a tree of theirs */
    uint32_t blocks;
    const uint64_t *held;     /* by task, the graph's: NULL, if none holds any */
    uint64_t serial_bytes;    /* the least budget */
    uint64_t certified_bytes; /* what no schedule can exceed, without a limit */
} weir__order;

/* For a graph whose arrays are complete. *order is NULL where no task needs bytes.
 * WEIR_OK or WEIR_ENOMEM. */
weir_status weir__order_make(weir__order **order, const weir_graph *graph) WEIR_MUST_CHECK;
void weir__order_free(weir__order *order);

/* The largest mem of the positions from `first` up to `end`, that one not included; 0 for none.
 * Cost: O(log n). */
uint64_t weir__order_most(const weir__order *order, uint32_t first, uint32_t end);

bool weir__order_is_valid(const weir__order *order, const weir_graph *graph);

/* Of the task at that position: what it needs, what of that it holds, and what is for its work alone. */
static inline uint64_t weir__order_need(const weir__order *order, uint32_t position)
{
    return order->sum[position + 1] - order->sum[position];
}

static inline uint64_t weir__order_held(const weir__order *order, uint32_t position)
{
    return order->held == NULL ? 0 : order->held[order->task[position]];
}

static inline uint64_t weir__order_work(const weir__order *order, uint32_t position)
{
    return weir__order_need(order, position) - weir__order_held(order, position);
}

#endif
