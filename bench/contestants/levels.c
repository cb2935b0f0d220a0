/* See levels.h: edges go forward, so one pass sees all predecessors first. */
#include "levels.h"

#include <stdlib.h>

static void find_each(const dag *d, uint32_t *level, levels *l)
{
    for (uint32_t i = 0; i < d->tasks; i++) {
        level[i] = 0;
        for (uint64_t e = d->first[i]; e < d->first[i + 1]; e++)
            if (level[d->before[e]] >= level[i])
                level[i] = level[d->before[e]] + 1;
        if (level[i] >= l->count)
            l->count = level[i] + 1;
    }
}

/* While tasks come to their levels, first[l + 1] is the place of the next one of level l. */
static void sort(const dag *d, const uint32_t *level, levels *l)
{
    for (uint32_t i = 0; i < d->tasks; i++)
        l->first[level[i] + 2]++;
    for (uint32_t i = 0; i < l->count; i++)
        l->first[i + 2] += l->first[i + 1];
    for (uint32_t i = 0; i < d->tasks; i++)
        l->task[l->first[level[i] + 1]++] = i;
}

bool levels_find(const dag *d, levels *l)
{
    uint32_t *level = malloc(d->tasks * sizeof *level);
    *l = (levels){.task = malloc(d->tasks * sizeof *l->task)};
    if (level != NULL && l->task != NULL) {
        find_each(d, level, l);
        l->first = calloc((size_t)l->count + 2, sizeof *l->first);
        if (l->first != NULL)
            sort(d, level, l);
    }
    free(level);
    if (l->first == NULL)
        levels_free(l);
    return l->first != NULL;
}

void levels_free(levels *l)
{
    free(l->first);
    free(l->task);
    *l = (levels){0};
}
