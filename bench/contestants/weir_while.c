/* Jacobi's iteration by weir_graph_while() around the graph of one sweep; weir_graphs.c has all sweeps
 * in one graph.
 *
 * The body has a task for each block, and none of them waits for another: the loop is what separates
 * one sweep from the next.  The tasks must be those of the problem's graph, which are checked. */
#include "jacobi.h"
#include "weir_contestant.h"

static weir_graph *loop, *body;

static struct {
    dag *d;
    uint64_t sweep, sweeps; /* sweep: the next one */
    uint32_t blocks, first; /* first: the first task of the one at work */
} at;

static void must(weir_status status, const char *what)
{
    if (status != WEIR_OK)
        weir_refused(what);
}

static int has_more(void *arg)
{
    (void)arg;
    at.first = (uint32_t)at.sweep * at.blocks;
    return at.sweep++ < at.sweeps;
}

static int run_blocks_of_sweep(void *arg, const uint32_t *index, uint32_t count)
{
    (void)arg;
    for (uint32_t i = 0; i < count; i++)
        dag_task(at.d, at.first + index[i]);
    return 0;
}

void contestant_prepare(const problem *p)
{
    weir_task task;
    if (loop != NULL)
        return;
    at.d = p->dag;
    at.sweeps = p->depth;
    at.blocks = jacobi_blocks(p);
    must(weir_graph_create(&body), "graph create");
    must(weir_graph_add_many(body, "block", at.blocks, run_blocks_of_sweep, NULL, &task),
         "graph add_many");
    must(weir_graph_compile(body), "graph compile");
    must(weir_graph_create(&loop), "graph create");
    must(weir_graph_while(loop, "sweeps", has_more, NULL, body, &task), "graph while");
    must(weir_graph_compile(loop), "graph compile");
}

void contestant_finish(const problem *p)
{
    (void)p;
    weir_graph_destroy(loop);
    loop = NULL;
}

uint64_t run_dag(const problem *p)
{
    (void)p;
    at.sweep = 0;
    run_graph(loop);
    return 0;
}
