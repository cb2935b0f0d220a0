/* The pipeline of `weir stats`: file, slabs, blocks.
 *
 * stats_run.c runs it, once or with other leaves again.  It must never let block
 * or slab sizes depend on workers or budgets: results are the same bits for all of them. */
#ifndef WEIR_STATS_PIPELINE_H
#define WEIR_STATS_PIPELINE_H

#include "buckets.h"
#include "progress.h"
#include "refine.h"
#include "stats_input.h"
#include "summary.h"
#include "weir.h"

enum {
    STATS_LAYERS = 3,
    STATS_BLOCK_BYTES = 256 << 10,
    STATS_RUN_KEYS = STATS_BLOCK_BYTES / 8, /* sorted together where keys are kept */
    STATS_SHRUNK = -1 /* a block's code: the file ended before its values did; else errno */
};

/* What the ops read: the context of the run.  Read-only while it goes on, but for the keys, each of
 * which only its block writes, the tables, each of which only its worker writes, what refine.h says
 * of itself, and the progress. */
typedef struct stats_job {
    int fd;
    npy_dtype dtype;
    uint64_t data_offset; /* in what is read */
    uint64_t values;
    uint64_t blocks; /* at most 2^64 / STATS_BLOCK_BYTES */
    uint32_t slabs;  /* both about the square root of blocks, so that frames are small */
    uint32_t slab_blocks;
    buckets buckets;
    uint64_t
        *keys; /* small data: all of its values as keys, in sorted runs; NULL: count in tables */
    uint64_t **tables; /* one a worker */
    unsigned workers;
    refine *refine; /* of a further pass */
    progress progress;
} stats_job;

/* Lays the work out; allocates nothing. The input must have values. */
void stats_job_init(stats_job *job, const stats_input *input);

/* Fills the three layers, top first, for weir_plan_compile(&layers[0]). The run has no input, its
 * context is the job.
 *
 * first:       the pass whose result is a summary; else one for job->refine, without a result.
 * held_bytes:  what is allocated beside the pipeline while it runs. */
void stats_layers(const stats_job *job, bool first, size_t held_bytes,
                  weir_layer layers[STATS_LAYERS]);

/* One zeroed table of counts for each worker. Bytes count against the budget as a whole, though
 * only the pages that are counted in become resident. */
uint64_t stats_table_bytes(const stats_job *job, unsigned workers);
bool stats_tables_alloc(stats_job *job, unsigned workers);
/* Adds all tables up into the first, frees the others, and returns it. */
uint64_t *stats_tables_sum(stats_job *job, const summary *all);
void stats_tables_free(stats_job *job);

#endif
