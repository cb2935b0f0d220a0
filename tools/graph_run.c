/* The same work three times: by a loop, by one worker, by all; see graph_run.h. */
#include "graph_run.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- the work ---- */

/* A factor that does not fit would take the machine down before an allocation fails. */
static int check_memory(const graph_job *job)
{
    char needed[16], there[16];
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    const uint64_t memory = pages > 0 ? (uint64_t)pages * (uint64_t)page_bytes : UINT64_MAX;
    const uint64_t kept = factor_bytes(&job->tree), passing = weir_graph_serial_bytes(job->graph);
    if (kept <= memory && passing <= memory - kept)
        return TOOL_OK;
    tool_error("%s: the factorisation takes %s at least, and this machine has %s; --runs 0 only "
               "shows the graph",
               job->path,
               tool_format_bytes(passing > UINT64_MAX - kept ? UINT64_MAX : kept + passing, needed),
               tool_format_bytes(memory, there));
    return TOOL_FAILED;
}

static int make_work(graph_job *job)
{
    const int code = job->eliminate ? check_memory(job) : TOOL_OK;
    if (code != TOOL_OK)
        return code;
    if (job->eliminate ? factor_create(&job->matrix, &job->tree, &job->dag, &job->factor)
                       : substitution_create(&job->matrix, &job->dag, &job->solve))
        return TOOL_OK;
    tool_error("%s: there is no memory to run the graph of %" PRIu32 " tasks", job->path,
               job->dag.tasks);
    return TOOL_FAILED;
}

static uint64_t digest_of(const graph_job *job)
{
    return job->eliminate ? factor_digest(&job->factor) : substitution_digest(&job->solve);
}

/* ---- one run ---- */

static int run_serially(graph_job *job)
{
    enum { PIECE = 256 };
    uint32_t index[PIECE], n = 0;
    int code = 0;
    for (uint32_t t = 0; t < job->dag.tasks && code == 0; t++) {
        index[n++] = t;
        if (n == PIECE || t + 1 == job->dag.tasks) {
            code = job->eliminate ? factor_columns(&job->factor, index, n)
                                  : substitution_rows(&job->solve, index, n);
            n = 0;
        }
    }
    return code;
}

static int say_code(const graph_job *job, int code)
{
    if (code == FACTOR_NOT_POSITIVE) {
        const uint32_t column = atomic_load(&job->factor.failing);
        tool_error("%s: the matrix is not positive definite, as column %" PRIu32
                   " shows, so it has no Cholesky factor; --runs 0 only shows the graph",
                   job->path, (job->order != NULL ? job->order[column] : column) + 1);
    } else {
        tool_error("%s: there is no memory for the updates of the factorisation", job->path);
    }
    return TOOL_FAILED;
}

static int run_once(graph_job *job, weir_engine *engine)
{
    if (engine == NULL) {
        const int code = run_serially(job);
        return code == 0 ? TOOL_OK : say_code(job, code);
    }
    if (weir_graph_run(engine, job->graph) == WEIR_OK)
        return TOOL_OK;
    if (job->eliminate && weir_last_error()->status == WEIR_EOP)
        return say_code(job, weir_last_error()->code);
    return tool_weir_error(job->path);
}

/* ---- several ---- */

/* The best time of several runs; engine: NULL for none. */
static int run_some(graph_job *job, weir_engine *engine, uint64_t most, double *best)
{
    const double patience = 1, began = now();
    *best = 0;
    for (uint64_t i = 0; i < most && (i == 0 || now() - began < patience); i++) {
        const double start = now();
        const int code = run_once(job, engine);
        const double took = now() - start;
        if (code != TOOL_OK)
            return code;
        *best = i == 0 || took < *best ? took : *best;
    }
    return TOOL_OK;
}

static int run_on_engine(graph_job *job, const weir_engine_options *options, uint64_t digest,
                         graph_times *times, double *best)
{
    int code = TOOL_OK;
    weir_stats stats;
    weir_engine *engine = tool_engine_open(options, &code);
    if (engine == NULL)
        return code;
    code = run_some(job, engine, times->runs, best);
    weir_engine_stats(engine, &stats);
    times->workers = stats.workers;
    times->asked = weir_engine_workers(engine);
    times->promotions = stats.promotions;
    times->peak_bytes = stats.peak_bytes;
    tool_engine_close(engine);
    if (code == TOOL_OK && digest_of(job) != digest) {
        tool_error("%s: %u workers computed other bits than one row after another: a bug of weir",
                   job->path, times->asked);
        return TOOL_FAILED;
    }
    return code;
}

int graph_run(graph_job *job, const weir_engine_options *options, uint64_t most, graph_times *times)
{
    weir_engine_options alone = *options;
    alone.workers = 1;
    *times = (graph_times){.runs = most};
    int code = make_work(job);
    if (code == TOOL_OK)
        code = run_some(job, NULL, most, &times->serial);
    if (code != TOOL_OK)
        return code;
    const uint64_t digest = digest_of(job);
    if (job->eliminate)
        times->error = factor_error(&job->factor);
    code = run_on_engine(job, &alone, digest, times, &times->one);
    if (code == TOOL_OK)
        code = run_on_engine(job, options, digest, times, &times->all);
    return code;
}
