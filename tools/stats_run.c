/* Passes over the file until every number is known, or one if that is all that is asked for.
 *
 * stats.c calls it with an input that is open and checked.  It must never run a pass whose memory
 * is not inside the limit, nor let a file that changes between two passes pass for an answer. */
#include "stats_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool.h"

enum {
    ALONE_BLOCKS = 4,    /* read in 0.3 ms: waking a team may take more */
    KEPT_BYTES = 8 << 20 /* of keys; more if tables for all workers would be larger still */
};

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* --- plans and their memory ------------------------------------------------------------------ */

weir_engine_options stats_engine_options(const stats_job *job, const weir_engine_options *asked)
{
    weir_engine_options options = *asked;
    if (job->blocks <= ALONE_BLOCKS)
        options.workers = 1;
    return options;
}

static uint64_t key_bytes(const stats_job *job)
{
    return job->values * sizeof *job->keys;
}

static int compile(const stats_job *job, bool first, uint64_t bytes, weir_plan **plan)
{
    weir_layer layers[STATS_LAYERS];
    stats_layers(job, first, bytes, layers);
    return weir_plan_compile(layers, plan) == WEIR_OK ? TOOL_OK : tool_weir_error("stats");
}

/* Keys of all values if those are few; else counts, and what a further pass needs then. */
static int compile_one_way(const stats_job *job, const stats_wish *wish, unsigned workers,
                           bool keeps_keys, stats_plans *plans)
{
    memset(plans, 0, sizeof *plans);
    const uint64_t answer = stats_answer_bytes(wish, 0);
    plans->keeps_keys = keeps_keys;
    plans->first_bytes = answer + (keeps_keys ? key_bytes(job) : stats_table_bytes(job, workers));
    int code = compile(job, true, plans->first_bytes, &plans->first);
    if (code == TOOL_OK && !keeps_keys && !wish->one_pass && !job->buckets.exact) {
        plans->further_bytes = stats_table_bytes(job, 1) + stats_answer_bytes(wish, workers);
        code = compile(job, false, plans->further_bytes, &plans->further);
    }
    return code;
}

uint64_t stats_plans_serial_bytes(const stats_plans *plans)
{
    return larger(weir_plan_serial_bytes(plans->first),
                  plans->further ? weir_plan_serial_bytes(plans->further) : 0);
}

uint64_t stats_plans_certified_bytes(const stats_plans *plans, const weir_engine *engine)
{
    const unsigned workers = weir_engine_workers(engine);
    const size_t parts = workers > 1 ? weir_engine_max_in_flight(engine) : 0;
    uint64_t bytes = weir_plan_certified_bytes(plans->first, parts, workers);
    if (plans->further)
        bytes = larger(bytes, weir_plan_certified_bytes(plans->further, parts, workers));
    const uint64_t limit = weir_engine_max_bytes(engine);
    return bytes < limit ? bytes : limit;
}

void stats_plans_free(stats_plans *plans)
{
    weir_plan_free(plans->first);
    weir_plan_free(plans->further);
    plans->first = plans->further = NULL;
}

/* What a run would need in another way; 0 if that is not known. */
static uint64_t needed_bytes(const stats_job *job, const stats_wish *wish, unsigned workers,
                             bool one_pass)
{
    stats_plans plans;
    stats_wish other = *wish;
    other.one_pass |= one_pass;
    const int code = compile_one_way(job, &other, workers, false, &plans);
    const uint64_t bytes = code == TOOL_OK ? stats_plans_serial_bytes(&plans) : 0;
    stats_plans_free(&plans);
    return bytes;
}

static int refuse_budget(const stats_job *job, const stats_wish *wish, const weir_engine *engine,
                         const stats_plans *plans)
{
    const uint64_t limit = weir_engine_max_bytes(engine);
    const unsigned workers = weir_engine_workers(engine);
    const uint64_t alone = needed_bytes(job, wish, 1, false);
    const uint64_t hasty = needed_bytes(job, wish, 1, true);
    char hint[128] = "";
    if (workers > 1 && alone <= limit)
        snprintf(hint, sizeof hint, "; --workers 1 needs %" PRIu64, alone);
    else if (!wish->one_pass && hasty <= limit)
        snprintf(hint, sizeof hint, "; --workers 1 --one-pass, less exact, needs %" PRIu64, hasty);
    tool_error("stats: the memory limit is %" PRIu64 " bytes, a run with %u worker%s needs %" PRIu64
               " (%" PRIu64 " of them for counts)%s",
               limit, workers, workers == 1 ? "" : "s", stats_plans_serial_bytes(plans),
               larger(plans->first_bytes, plans->further_bytes), hint);
    return TOOL_FAILED;
}

int stats_plans_compile(const stats_job *job, const stats_wish *wish, const weir_engine *engine,
                        stats_plans *plans)
{
    const unsigned workers = weir_engine_workers(engine);
    const uint64_t limit = weir_engine_max_bytes(engine);
    const bool few = job->buckets.exact
                         ? key_bytes(job) < buckets_bytes(&job->buckets)
                         : key_bytes(job) <= larger(KEPT_BYTES, stats_table_bytes(job, workers));
    int code = compile_one_way(job, wish, workers, few, plans);
    if (code == TOOL_OK && few && stats_plans_serial_bytes(plans) > limit) {
        stats_plans_free(plans);
        code = compile_one_way(job, wish, workers, false, plans);
    }
    if (code == TOOL_OK && stats_plans_serial_bytes(plans) > limit)
        code = refuse_budget(job, wish, engine, plans);
    if (code != TOOL_OK)
        stats_plans_free(plans);
    return code;
}

/* --- passes ---------------------------------------------------------------------------------- */

/* What belongs to one run; the answer and the job's memory are freed at its end. */
typedef struct passes {
    const stats_wish *wish;
    weir_engine *engine;
    stats_plans plans;
    stats_job job;
    stats_answer answer;
    stats_report *report;
} passes;

static int no_memory(const passes *p)
{
    tool_error("stats: no memory for the %" PRIu64 " bytes of counts that %u workers need",
               larger(p->plans.first_bytes, p->plans.further_bytes),
               weir_engine_workers(p->engine));
    return TOOL_FAILED;
}

static int file_changed(const passes *p)
{
    tool_error("%s: was changed while it was read", p->report->input->path);
    return TOOL_FAILED;
}

static int explain_failure(const passes *p, weir_status status)
{
    const weir_error *error = weir_last_error();
    const char *path = p->report->input->path;
    if (status != WEIR_EOP)
        return tool_weir_error(path);
    if (error->code == STATS_SHRUNK)
        tool_error("%s: became shorter while it was read", path);
    else
        tool_error("%s: %s", path, strerror(error->code));
    return TOOL_FAILED;
}

/* One pass; the report's figures are those of all so far. */
static int run_pass(passes *p, const weir_plan *plan, void *out)
{
    weir_stats *all = &p->report->run, run;
    progress_open(&p->job.progress, p->job.values * p->job.dtype.bytes);
    const weir_status status = weir_run(p->engine, plan, &p->job, NULL, out);
    progress_close(&p->job.progress);
    if (status != WEIR_OK)
        return explain_failure(p, status);
    weir_engine_stats(p->engine, &run);
    p->report->passes++;
    all->workers = run.workers;
    p->report->workers_asked = weir_engine_workers(p->engine);
    all->branches += run.branches;
    all->promotions += run.promotions;
    all->gathers_promoted += run.gathers_promoted;
    all->peak_in_flight = larger(all->peak_in_flight, run.peak_in_flight);
    all->peak_bytes = larger(all->peak_bytes, run.peak_bytes);
    all->seconds += run.seconds;
    all->denied_permits += run.denied_permits;
    all->denied_bytes += run.denied_bytes;
    all->idle_ns += run.idle_ns;
    return tool_interrupted() ? TOOL_INTERRUPTED : TOOL_OK;
}

/* As long as something is open; the table of the first pass is used up by then, and becomes the map
 * of what to look at. */
static int run_further(passes *p, uint64_t *table)
{
    refine *x = &p->answer.refine;
    p->job.refine = x;
    while (refine_is_open(x)) {
        if (!refine_prepare(x, (uint32_t *)(void *)table, weir_engine_workers(p->engine)))
            return no_memory(p);
        const int code = run_pass(p, p->plans.further, NULL);
        if (code != TOOL_OK)
            return code;
        if (!refine_finish(x))
            return file_changed(p);
    }
    return TOOL_OK;
}

static int run_with_keys(passes *p)
{
    p->report->why = "all values are kept";
    p->job.keys = malloc(key_bytes(&p->job));
    if (!p->job.keys)
        return no_memory(p);
    const int code = run_pass(p, p->plans.first, &p->report->summary);
    if (code != TOOL_OK)
        return code;
    const key_runs runs = {p->job.keys, (size_t)p->job.values, STATS_RUN_KEYS};
    return stats_answer_from_keys(&p->answer, p->wish, &runs) ? TOOL_OK : no_memory(p);
}

static int run_with_tables(passes *p)
{
    summary *s = &p->report->summary;
    if (!stats_tables_alloc(&p->job, weir_engine_workers(p->engine)))
        return no_memory(p);
    int code = run_pass(p, p->plans.first, s);
    if (code != TOOL_OK)
        return code;
    uint64_t *table = stats_tables_sum(&p->job, s);
    if (!stats_answer_from_table(&p->answer, p->wish, &p->job.buckets, table))
        return no_memory(p);
    if (!refine_is_open(&p->answer.refine))
        p->report->why = "its counts leave nothing open";
    else if (p->wish->one_pass)
        p->report->why = "--one-pass";
    else
        p->report->why = "the first counts coarsely, the next where that leaves something open";
    return p->wish->one_pass ? TOOL_OK : run_further(p, table);
}

static int run_all(passes *p)
{
    stats_report *report = p->report;
    const double begin = now_seconds();
    int code = p->plans.keeps_keys ? run_with_keys(p) : run_with_tables(p);
    if (code == TOOL_OK && !stats_answer_finish(&p->answer))
        code = file_changed(p);
    report->seconds = now_seconds() - begin;
    report->table_bytes = p->plans.first_bytes;
    if (report->passes > 1)
        report->table_bytes = larger(p->plans.first_bytes, p->plans.further_bytes);
    report->peak_bytes = report->run.peak_bytes;
    report->certified_bytes = stats_plans_certified_bytes(&p->plans, p->engine);
    if (weir_engine_max_bytes(p->engine) != SIZE_MAX)
        report->max_bytes = weir_engine_max_bytes(p->engine);
    free(p->job.keys);
    stats_tables_free(&p->job);
    return code;
}

/* An array without values is an answer, not an error; there is nothing to run. */
static int describe_nothing(passes *p)
{
    const key_runs none = {.run = 1};
    summary_clear(&p->report->summary);
    if (stats_answer_from_keys(&p->answer, p->wish, &none) && stats_answer_finish(&p->answer))
        return TOOL_OK;
    tool_error("stats: no memory for %zu bins", p->wish->bins);
    return TOOL_FAILED;
}

int stats_run(const stats_wish *wish, const weir_engine_options *options, stats_report *report)
{
    passes p = {.wish = wish, .report = report, .answer.report = report};
    int code = TOOL_OK;
    report->ddof = wish->ddof;
    if (report->input->array.values == 0) {
        code = describe_nothing(&p);
        stats_answer_free(&p.answer);
        return code;
    }
    stats_job_init(&p.job, report->input);
    const weir_engine_options fitting = stats_engine_options(&p.job, options);
    p.engine = tool_engine_open(&fitting, &code);
    if (!p.engine)
        return code;
    code = stats_plans_compile(&p.job, wish, p.engine, &p.plans);
    if (code == TOOL_OK)
        code = run_all(&p);
    stats_answer_free(&p.answer);
    stats_plans_free(&p.plans);
    tool_engine_close(p.engine);
    return code;
}
