/* The pipeline of `weir stats`: file, slabs, blocks.
 *
 * stats.c runs it, plan.c asks for its layers to show their certificate.  It must never let block
 * or slab sizes depend on workers or budgets: results are the same bits for all of them. */
#ifndef WEIR_STATS_PIPELINE_H
#define WEIR_STATS_PIPELINE_H

#include "buckets.h"
#include "progress.h"
#include "stats_input.h"
#include "summary.h"
#include "weir.h"

enum {
    STATS_LAYERS = 3,
    STATS_BLOCK_BYTES = 256 << 10,
    STATS_SHRUNK = -1 /* a block's code: the file ended before its values did; else errno */
};

/* What the ops read: the context of the run.  Read-only while it goes on, but for the tables,
 * each of which only its worker writes, and the progress. */
typedef struct stats_job {
    int fd;
    npy_dtype dtype;
    uint64_t data_offset, values;
    uint64_t blocks; /* at most 2^64 / STATS_BLOCK_BYTES */
    uint32_t slabs;  /* both about the square root of blocks, so that frames are small */
    uint32_t slab_blocks;
    buckets buckets;
    uint64_t **tables; /* one a worker */
    unsigned workers;
    progress progress;
} stats_job;

/* Lays the work out; allocates nothing. The input must have values. */
void stats_job_init(stats_job *job, const stats_input *input);

/* Fills the three layers, top first, for weir_plan_compile(&layers[0]). The run has no input, its
 * context is the job, its result a summary. */
void stats_layers(const stats_job *job, weir_layer layers[STATS_LAYERS]);

/* One zeroed table of counts for each worker. Bytes count against the budget as a whole, though
 * only the pages that are counted in become resident. */
uint64_t stats_table_bytes(const stats_job *job, unsigned workers);
bool stats_tables_alloc(stats_job *job, unsigned workers);
/* Adds all tables up into the first, and returns it; min and max are those of the run. */
const uint64_t *stats_tables_sum(stats_job *job, double min, double max);
void stats_tables_free(stats_job *job);

#endif
