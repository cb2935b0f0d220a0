/* From data accesses to edges.
 *
 * With the last writer w of an address and its readers r since: a read comes after w; a write comes after
 * each r, or after w where there is none.  So w and r are all that is kept of an address, and compile knows
 * only edges.  It must never follow a pointer to data: an address is a name here. */
#include <string.h>

#include "base/error.h"
#include "graph/graph.h"

/* Unless it was made just before: what a task reads and what it overwrites have often the same tasks
 * before it. Compile finds all duplicates, but an edge in the list costs more than this. */
static bool add_edge(weir_graph *graph, weir_task first, weir_task then)
{
    weir__edge *recent = &graph->draft.recent[first % WEIR_RECENT_EDGES];
    if (recent->first == first && recent->then == then)
        return true;
    weir__edge *edge = weir__list_take(&graph->draft.edge, sizeof *edge);
    if (edge == NULL)
        return false;
    *edge = *recent = (weir__edge){.first = first, .then = then};
    graph->draft.backward |= then < first;
    return true;
}

static bool note_read(weir_graph *graph, weir__touched *place, weir_task task)
{
    weir__accesses *accesses = &graph->draft.accesses;
    if (place->writer == task)
        return true;
    if (place->readers != WEIR_NO_READER &&
        weir__accesses_reader(accesses, place->readers)->task == task)
        return true;
    if (!weir__accesses_prepare_reader(accesses) ||
        (place->writer != WEIR_NO_TASK && !add_edge(graph, place->writer, task)))
        return false;
    weir__accesses_add_reader(accesses, place, task);
    return true;
}

static bool note_write(weir_graph *graph, weir__touched *place, weir_task task)
{
    const weir__accesses *accesses = &graph->draft.accesses;
    const weir__list_mark before = weir__list_mark_end(&graph->draft.edge);
    const bool backward = graph->draft.backward;
    uint32_t number = place->readers;
    bool added = true;
    if (number == WEIR_NO_READER && place->writer != WEIR_NO_TASK && place->writer != task)
        added = add_edge(graph, place->writer, task);
    for (; added && number != WEIR_NO_READER;
         number = weir__accesses_reader(accesses, number)->next)
        if (weir__accesses_reader(accesses, number)->task != task)
            added = add_edge(graph, weir__accesses_reader(accesses, number)->task, task);
    if (!added) {
        weir__list_return_to(&graph->draft.edge, before);
        memset(graph->draft.recent, 0, sizeof graph->draft.recent);
        graph->draft.backward = backward;
        return false;
    }
    weir__accesses_free_readers(&graph->draft.accesses, place);
    place->writer = task;
    return true;
}

static __attribute__((cold)) weir_status wrong_touch(const weir_graph *graph, weir_task task,
                                                     const void *data, weir_access access)
{
    const weir_status status = weir__graph_check_task(graph, task);
    if (status != WEIR_OK)
        return status;
    if (data == NULL)
        return weir__error_null("data");
    return weir__error_set(WEIR_EINVAL, 0, "access",
                           "access is %d; it is WEIR_READ, WEIR_WRITE or WEIR_READ_WRITE",
                           (int)access);
}

weir_status weir_graph_touch(weir_graph *graph, weir_task task, const void *data,
                             weir_access access)
{
    if (WEIR_UNLIKELY(graph == NULL || graph->compiled || task >= graph->n || data == NULL ||
                      access < WEIR_READ || access > WEIR_READ_WRITE))
        return wrong_touch(graph, task, data, access);
    weir__touched *place = weir__accesses_place(&graph->draft.accesses, data);
    const bool noted = place != NULL && (access == WEIR_READ ? note_read(graph, place, task)
                                                             : note_write(graph, place, task));
    return noted ? WEIR_OK : weir__graph_no_memory();
}
