/* weir_graph_advise(): how many bytes are enough for nearly all of the speed.
 *
 * Programs call it.  The time within a limit is simulated (simulate.h), and the limit found by
 * bisection.  More bytes may, now and then, make a run longer, since then other tasks come first:
 * so what is found is a limit that was tried and is good enough, and below it by a 128th one that
 * was not; there may be smaller ones that are. It must never take longer than a number of tasks
 * that is known. */
#include "base/error.h"
#include "graph/cost.h"
#include "graph/simulate.h"

/* The tasks of all simulations together, and of the largest graph that any is made of: the header
 * tells of both. */
#define MOST_SIMULATED (UINT32_C(1) << 24)
#define MOST_TASKS     (UINT32_C(1) << 22)

/* About as many times the lower one as the higher one is times it. */
static uint64_t between(uint64_t low, uint64_t high)
{
    const uint64_t ratio = high / low;
    if (ratio < 4)
        return low + (high - low) / 2;
    return low << (64 - (unsigned)__builtin_clzll(ratio)) / 2;
}

/* Of limits from `low` to `high`, which is good enough, a small one that is. */
static uint64_t search(weir__simulation *s, double most_ns, uint64_t low, uint64_t high)
{
    uint32_t runs = MOST_SIMULATED / s->graph->n;
    if (weir__simulation_run(s, low) <= most_ns)
        return low;
    while (high - low > 1 && high - low > low / 128 && runs-- > 0) {
        const uint64_t limit = between(low, high);
        WEIR_ASSERT(low < limit && limit < high);
        if (weir__simulation_run(s, limit) <= most_ns)
            high = limit;
        else
            low = limit;
    }
    return high;
}

static weir_status check(unsigned workers, double speed)
{
    if (workers == 0)
        return weir__error_set(WEIR_EINVAL, 0, "workers", "workers is 0; it is 1 or more");
    if (!(speed > 0 && speed <= 1))
        return weir__error_set(WEIR_EINVAL, 0, "speed",
                               "speed is %g; it is a share, like 0.95: above 0, and 1 at most",
                               speed);
    return WEIR_OK;
}

weir_status weir_graph_advise(const weir_graph *graph, unsigned workers, double speed,
                              uint64_t *bytes)
{
    weir__simulation s;
    if (graph == NULL || bytes == NULL)
        return weir__error_null(graph == NULL ? "graph" : "bytes");
    weir_status status = weir__costs_check(graph);
    if (status == WEIR_OK)
        status = check(workers, speed);
    if (status != WEIR_OK)
        return status;
    const uint64_t low = weir_graph_serial_bytes(graph), high = weir_graph_certified_bytes(graph);
    if (workers == 1 || low == high || graph->n > MOST_TASKS) {
        *bytes = workers == 1 ? low : high;
        return WEIR_OK;
    }
    if (!weir__simulation_open(&s, graph, workers))
        return weir__error_set(WEIR_ENOMEM, 0, "graph", "no memory to simulate a graph of %u tasks",
                               graph->n);
    *bytes = search(&s, weir__simulation_run(&s, high) / speed, low, high);
    weir__simulation_close(&s);
    return WEIR_OK;
}
