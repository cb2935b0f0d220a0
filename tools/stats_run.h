/* The run of `weir stats`: how many passes over the file, in what memory, and its report.
 *
 * stats.c runs it, plan.c shows its plans.  It must never take more bytes than the certificate says
 * that it printed. */
#ifndef WEIR_STATS_RUN_H
#define WEIR_STATS_RUN_H

#include "stats_answer.h"
#include "stats_pipeline.h"

/* What the passes compile to. */
typedef struct stats_plans {
    weir_plan *first, *further;          /* further: NULL if the first pass tells everything */
    bool keeps_keys;                     /* the first one keeps all values and counts nothing */
    uint64_t first_bytes, further_bytes; /* that they hold beside the pipeline; part of the plan */
} stats_plans;

/* The options for an input: one that is so small that a team would take longer to wake has one
 * worker. */
weir_engine_options stats_engine_options(const stats_job *job, const weir_engine_options *asked);

/* Compiles the passes for an engine, so that they fit into its limit if there is a way.
 * Returns: a tool_exit; the reason has been printed if it is not TOOL_OK. */
int stats_plans_compile(const stats_job *job, const stats_wish *wish, const weir_engine *engine,
                        stats_plans *plans);
/* Bytes that one worker needs, and those that no schedule exceeds on this engine. */
uint64_t stats_plans_serial_bytes(const stats_plans *plans);
uint64_t stats_plans_certified_bytes(const stats_plans *plans, const weir_engine *engine);
void stats_plans_free(stats_plans *plans);

/* Runs it; the input may have no values. report->input is there, the rest is filled in.
 * Returns: a tool_exit; the reason has been printed if it is not TOOL_OK. */
int stats_run(const stats_wish *wish, const weir_engine_options *options, stats_report *report);

#endif
