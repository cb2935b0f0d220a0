/* The mean of what is known; see cost.h. */
#include "graph/cost.h"

weir__costs weir__costs_of(const weir_graph *graph)
{
    weir__costs costs = {.ns = graph->cost, .mean = 1};
    double sum = 0;
    uint32_t n = 0;
    for (weir_task t = 0; costs.ns != NULL && t < graph->n; t++)
        if (costs.ns[t] > 0) {
            sum += (double)costs.ns[t];
            n++;
        }
    costs.known = n > 0;
    if (n > 0 && (float)(sum / n) > 0)
        costs.mean = (float)(sum / n);
    return costs;
}
