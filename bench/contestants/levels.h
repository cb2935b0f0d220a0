/* The levels of a graph: which tasks have equally many tasks on the longest path to them.
 *
 * The contestants that go level by level, with everybody waiting at each end, use it. */
#ifndef WEIR_BENCH_LEVELS_H
#define WEIR_BENCH_LEVELS_H

#include "dag.h"

/* The tasks of level l are task[first[l]] … task[first[l + 1] - 1], in rising order. */
typedef struct levels {
    uint32_t count;
    uint32_t *first, *task;
} levels;

/* False without memory. */
bool levels_find(const dag *d, levels *l);
void levels_free(levels *l);

#endif
