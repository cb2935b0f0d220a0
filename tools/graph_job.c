/* A file becomes a matrix, its pattern a DAG, and that a weir_graph; see graph_job.h. */
#include "graph_job.h"

#include <stdlib.h>

#include "dissection.h"
#include "mtx_order.h"
#include "solve.h"
#include "tool.h"

static int refuse(const graph_job *job, const mtx_fault *fault)
{
    tool_error("%s: %s", job->path, fault->text);
    return TOOL_FAILED;
}

static int no_memory(const graph_job *job)
{
    tool_error("%s: there is no memory for the graph of %u tasks", job->path, job->matrix.rows);
    return TOOL_FAILED;
}

static int read_matrix(graph_job *job)
{
    mtx_fault fault;
    if (!mtx_load(job->path, &job->matrix, &fault))
        return refuse(job, &fault);
    job->field = job->matrix.field;
    job->symmetry = job->matrix.symmetry;
    job->file_entries = job->matrix.entries + job->matrix.joined;
    return TOOL_OK;
}

static int renumber(graph_job *job)
{
    mtx_fault fault;
    job->order = malloc(job->matrix.rows * sizeof *job->order);
    if (job->order == NULL || !dissection_find(&job->matrix, job->order))
        return no_memory(job);
    return mtx_permute(&job->matrix, job->order, &fault) ? TOOL_OK : refuse(job, &fault);
}

static int make_dag(graph_job *job)
{
    mtx_fault fault;
    if (!job->eliminate)
        return solve_dag(&job->matrix, &job->dag, &fault) ? TOOL_OK : refuse(job, &fault);
    if (!elimination_prepare(&job->matrix, &fault))
        return refuse(job, &fault);
    if (job->dissect) {
        const int code = renumber(job);
        if (code != TOOL_OK)
            return code;
    }
    if (!elimination_find(&job->matrix, &job->tree, &fault))
        return refuse(job, &fault);
    return elimination_dag(&job->tree, &job->dag) ? TOOL_OK : no_memory(job);
}

/* ---- the engine's graph ---- */

/* The edges of the DAG in pieces, since the calls want both ends of each. */
static weir_status add_edges(weir_graph *graph, const dag *d)
{
    enum { PIECE = 1024 };
    weir_task first[PIECE], then[PIECE];
    weir_status status = WEIR_OK;
    size_t n = 0;
    for (uint32_t t = 0; t < d->tasks && status == WEIR_OK; t++)
        for (uint64_t e = d->first[t]; e < d->first[t + 1] && status == WEIR_OK; e++) {
            first[n] = d->before[e];
            then[n++] = t;
            if (n == PIECE) {
                status = weir_graph_before_many(graph, n, first, then);
                n = 0;
            }
        }
    return status == WEIR_OK ? weir_graph_before_many(graph, n, first, then) : status;
}

/* A column of c entries leaves (c - 1) c / 2 numbers, of each pair of rows below its diagonal, for its
 * parent to add up. */
static weir_status add_bytes(weir_graph *graph, const elimination *e)
{
    weir_status status = WEIR_OK;
    for (uint32_t j = 0; j < e->columns && status == WEIR_OK; j++) {
        const uint64_t bytes = factor_update_bytes(e->count[j]);
        if (bytes > 0)
            status = weir_graph_hold(graph, j, (size_t)bytes);
    }
    return status;
}

static weir_status build(graph_job *job)
{
    weir_task first;
    weir_status status = weir_graph_create(&job->graph);
    if (status == WEIR_OK && job->eliminate)
        status = weir_graph_add_many(job->graph, "column", job->dag.tasks, factor_columns,
                                     &job->factor, &first);
    else if (status == WEIR_OK)
        status = weir_graph_add_many(job->graph, "row", job->dag.tasks, substitution_rows,
                                     &job->solve, &first);
    if (status == WEIR_OK)
        status = add_edges(job->graph, &job->dag);
    if (status == WEIR_OK && job->eliminate)
        status = add_bytes(job->graph, &job->tree);
    for (uint32_t t = 0; t < job->dag.tasks && status == WEIR_OK; t++)
        status = weir_graph_cost(job->graph, t, job->dag.work[t]); /* about a flop a nanosecond */
    return status == WEIR_OK ? weir_graph_compile(job->graph) : status;
}

int graph_open(graph_job *job)
{
    int code = read_matrix(job);
    if (code == TOOL_OK)
        code = make_dag(job);
    if (code == TOOL_OK && !dag_measure(&job->dag, &job->shape))
        code = no_memory(job);
    if (code == TOOL_OK && build(job) != WEIR_OK)
        code = tool_weir_error(job->path);
    return code;
}

int graph_advise(graph_job *job, const weir_engine_options *options)
{
    weir_topology *topology;
    weir_placement placement = {0};
    if (weir_topology_load(NULL, &topology) != WEIR_OK)
        return tool_weir_error("the machine");
    const weir_status status = weir_topology_decide(topology, options, &placement);
    weir_topology_free(topology);
    if (status != WEIR_OK) {
        (void)tool_weir_error("the engine");
        return status == WEIR_EINVAL ? TOOL_USAGE : TOOL_FAILED;
    }
    job->workers = placement.workers;
    if (weir_graph_advise(job->graph, job->workers, GRAPH_SPEED, &job->enough) != WEIR_OK)
        return tool_weir_error(job->path);
    return TOOL_OK;
}

void graph_close(graph_job *job)
{
    weir_graph_destroy(job->graph);
    job->graph = NULL;
    factor_free(&job->factor);
    substitution_free(&job->solve);
    dag_free(&job->dag);
    elimination_free(&job->tree);
    mtx_free(&job->matrix);
    free(job->order);
    job->order = NULL;
}
