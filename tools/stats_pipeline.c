/* The ops of `weir stats`: split a file into slabs of blocks, read and reduce a block, merge.
 *
 * The engine calls them, on every worker at once.  They must never allocate, seek a shared
 * position, or map the file: mapped pages would count as resident memory. */
#include "stats_pipeline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convert.h"

/* A worker's scratch: the block as it is in the file, then a chunk of it as doubles. */
enum {
    CHUNK_BYTES = SUMMARY_CHUNK * (int)sizeof(double),
    SCRATCH_BYTES = STATS_BLOCK_BYTES + CHUNK_BYTES
};

typedef struct slab {
    uint64_t first_block;
    uint64_t blocks;
} slab;

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

void stats_job_init(stats_job *job, const stats_input *input)
{
    memset(job, 0, sizeof *job);
    job->fd = input->fd;
    job->dtype = input->array.dtype;
    job->data_offset = input->array.data_offset;
    job->values = input->array.values;
    job->blocks = divide_up(job->values * job->dtype.bytes, STATS_BLOCK_BYTES);
    uint64_t root = (uint64_t)ceil(sqrt((double)job->blocks));
    job->slab_blocks = root ? (uint32_t)root : 1;
    job->slabs = (uint32_t)divide_up(job->blocks, job->slab_blocks);
    job->buckets = buckets_for(job->dtype);
}

static int split_file(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)in;
    const stats_job *job = weir_context(b);
    slab *s = child_in;
    s->first_block = (uint64_t)i * job->slab_blocks;
    uint64_t left = job->blocks - s->first_block;
    s->blocks = left < job->slab_blocks ? left : job->slab_blocks;
    return 0;
}

static int count_slab(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    *n = (uint32_t)((const slab *)in)->blocks;
    return 0;
}

static int split_slab(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b;
    *(uint64_t *)child_in = ((const slab *)in)->first_block + i;
    return 0;
}

static int merge_results(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    (void)b;
    (void)in;
    summary_merge_all(results, n, out);
    return 0;
}

static int read_block(const stats_job *job, uint64_t offset, size_t length, unsigned char *buffer)
{
    for (size_t done = 0; done < length;) {
        ssize_t n =
            pread(job->fd, buffer + done, length - done, (off_t)(job->data_offset + offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return STATS_SHRUNK;
        done += (size_t)n;
    }
    return 0;
}

/* Reduces up to SUMMARY_CHUNK raw values, which may be changed. */
static void reduce_chunk(const stats_job *job, void *raw, size_t count, double *chunk,
                         uint64_t *table, summary *out)
{
    double *values = chunk;
    uint64_t min_key = UINT64_MAX, max_key = 0;
    if (job->dtype.swapped)
        convert_swap(job->dtype, raw, count);
    if (convert_is_identity(job->dtype))
        values = raw;
    else
        convert_to_doubles(job->dtype, raw, count, chunk);
    if (job->dtype.kind != 'f' && job->dtype.bytes == 8)
        convert_key_range(job->dtype, raw, count, &min_key, &max_key);
    size_t finite = summary_of_chunk(values, count, out);
    out->min_key = min_key;
    out->max_key = max_key;
    buckets_add(&job->buckets, table, values, finite, out->min, out->max);
}

/* Halves of chunks, merged as a balanced tree: the order depends on the block's length only. */
static void reduce_values(const stats_job *job, unsigned char *raw, size_t count, double *chunk,
                          uint64_t *table, summary *out)
{
    if (count <= SUMMARY_CHUNK) {
        reduce_chunk(job, raw, count, chunk, table, out);
        return;
    }
    size_t chunks = (count + SUMMARY_CHUNK - 1) / SUMMARY_CHUNK;
    size_t half = (chunks + 1) / 2 * SUMMARY_CHUNK;
    summary later;
    reduce_values(job, raw, half, chunk, table, out);
    reduce_values(job, raw + half * job->dtype.bytes, count - half, chunk, table, &later);
    summary_merge(out, &later);
}

static int reduce_block(weir_branch *b, const void *in, void *out)
{
    stats_job *job = weir_context(b);
    unsigned char *raw = weir_scratch(b);
    uint64_t offset = *(const uint64_t *)in * STATS_BLOCK_BYTES;
    uint64_t left = job->values * job->dtype.bytes - offset;
    size_t length = left < STATS_BLOCK_BYTES ? (size_t)left : STATS_BLOCK_BYTES;
    int code = read_block(job, offset, length, raw);
    if (code)
        return code;
    reduce_values(job, raw, length / job->dtype.bytes, (double *)(void *)(raw + STATS_BLOCK_BYTES),
                  job->tables[weir_worker(b)], out);
    progress_add(&job->progress, length);
    return 0;
}

void stats_layers(const stats_job *job, weir_layer layers[STATS_LAYERS])
{
    layers[0] = (weir_layer){.name = "file",
                             .out_bytes = sizeof(summary),
                             .fanout = job->slabs,
                             .child = &layers[1],
                             .split = split_file,
                             .gather = merge_results};
    layers[1] = (weir_layer){.name = "slab",
                             .in_bytes = sizeof(slab),
                             .out_bytes = sizeof(summary),
                             .fanout = job->slab_blocks,
                             .child = &layers[2],
                             .count = count_slab,
                             .split = split_slab,
                             .gather = merge_results};
    layers[2] = (weir_layer){.name = "block",
                             .in_bytes = sizeof(uint64_t),
                             .out_bytes = sizeof(summary),
                             .scratch_bytes = SCRATCH_BYTES,
                             .leaf = reduce_block};
}

uint64_t stats_table_bytes(const stats_job *job, unsigned workers)
{
    return workers * (buckets_bytes(&job->buckets) + sizeof *job->tables);
}

bool stats_tables_alloc(stats_job *job, unsigned workers)
{
    job->workers = workers;
    job->tables = calloc(workers, sizeof *job->tables);
    if (!job->tables)
        return false;
    for (unsigned i = 0; i < workers; i++) {
        job->tables[i] = calloc(job->buckets.cells, sizeof **job->tables);
        if (!job->tables[i])
            return false;
    }
    return true;
}

const uint64_t *stats_tables_sum(stats_job *job, double min, double max)
{
    for (unsigned i = 1; i < job->workers; i++)
        buckets_merge(&job->buckets, min, max, job->tables[0], job->tables[i]);
    return job->tables[0];
}

void stats_tables_free(stats_job *job)
{
    for (unsigned i = 0; job->tables && i < job->workers; i++)
        free(job->tables[i]);
    free(job->tables);
    job->tables = NULL;
}
