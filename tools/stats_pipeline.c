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

/* A worker's scratch: the block as it is in the file, then a chunk of it as doubles. Of doubles, the
 * chunk would not be needed; it is there all the same, so that budgets do not depend on the type. */
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
    job->data_offset = input->start + input->array.data_offset;
    job->values = input->array.values;
    job->blocks = divide_up(job->values * job->dtype.bytes, STATS_BLOCK_BYTES);
    uint64_t root = (uint64_t)ceil(sqrt((double)job->blocks));
    job->slab_blocks = root ? (uint32_t)root : 1;
    job->slabs = (uint32_t)divide_up(job->blocks, job->slab_blocks);
    job->buckets = buckets_for(job->dtype);
}

/* --- layers -------------------------------------------------------------------------------- */

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

/* Turns a chunk into this machine's byte order and into doubles, which are in it or in `chunk`. */
static double *convert_chunk(npy_dtype dtype, void *raw, size_t count, double *chunk)
{
    if (dtype.swapped)
        convert_swap(dtype, raw, count);
    if (convert_is_identity(dtype))
        return raw;
    convert_to_doubles(dtype, raw, count, chunk);
    return chunk;
}

/* --- the first pass ------------------------------------------------------------------------- */

static void keep_keys(const stats_job *job, const void *raw, const double *values, size_t count,
                      uint64_t *keys)
{
    for (size_t i = 0; i < count; i++)
        keys[i] = isfinite(values[i]) ? key_at(job->dtype, raw, values, i) : KEY_NOT_FINITE;
}

/* Reduces up to SUMMARY_CHUNK raw values, which may be changed; `first` is the number of the first
 * one in the file. */
static void reduce_chunk(const stats_job *job, unsigned worker, void *raw, uint64_t first,
                         size_t count, double *chunk, summary *out)
{
    double *values = convert_chunk(job->dtype, raw, count, chunk);
    size_t finite = count;
    if (job->keys)
        keep_keys(job, raw, values, count, job->keys + first);
    if (job->dtype.kind != 'f' && job->dtype.bytes == 8)
        summary_of_integers(job->dtype, raw, values, count, out);
    else
        finite = summary_of_chunk(values, count, out);
    if (!job->keys)
        buckets_add(&job->buckets, job->tables[worker], values, finite, (double)out->min,
                    (double)out->max);
}

/* Halves of chunks, merged as a balanced tree: the order depends on the block's length only. */
static void reduce_values(const stats_job *job, unsigned worker, unsigned char *raw, uint64_t first,
                          size_t count, double *chunk, summary *out)
{
    if (count <= SUMMARY_CHUNK) {
        reduce_chunk(job, worker, raw, first, count, chunk, out);
        return;
    }
    size_t chunks = (count + SUMMARY_CHUNK - 1) / SUMMARY_CHUNK;
    size_t half = (chunks + 1) / 2 * SUMMARY_CHUNK;
    summary later;
    reduce_values(job, worker, raw, first, half, chunk, out);
    reduce_values(job, worker, raw + half * job->dtype.bytes, first + half, count - half, chunk,
                  &later);
    summary_merge(out, &later);
}

/* The block has been reduced by then, so its room is free. */
static void sort_runs(uint64_t *keys, size_t count, uint64_t *scratch)
{
    for (size_t from = 0; from < count; from += STATS_RUN_KEYS) {
        const size_t left = count - from;
        keys_sort(keys + from, left < STATS_RUN_KEYS ? left : STATS_RUN_KEYS, scratch);
    }
}

/* Reads a block into the worker's scratch. */
static int fetch_block(weir_branch *b, uint64_t block, size_t *length)
{
    const stats_job *job = weir_context(b);
    const uint64_t offset = block * STATS_BLOCK_BYTES;
    const uint64_t left = job->values * job->dtype.bytes - offset;
    *length = left < STATS_BLOCK_BYTES ? (size_t)left : STATS_BLOCK_BYTES;
    return read_block(job, offset, *length, weir_scratch(b));
}

static int reduce_block(weir_branch *b, const void *in, void *out)
{
    stats_job *job = weir_context(b);
    unsigned char *raw = weir_scratch(b);
    const uint64_t block = *(const uint64_t *)in;
    size_t length;
    const int code = fetch_block(b, block, &length);
    if (code)
        return code;
    const uint64_t first = block * (uint64_t)(STATS_BLOCK_BYTES / job->dtype.bytes);
    const size_t count = length / job->dtype.bytes;
    reduce_values(job, weir_worker(b), raw, first, count,
                  (double *)(void *)(raw + STATS_BLOCK_BYTES), out);
    if (job->keys)
        sort_runs(job->keys + first, count, (uint64_t *)(void *)raw);
    progress_add(&job->progress, length);
    return 0;
}

static int merge_results(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    (void)b;
    (void)in;
    summary_merge_all(results, n, out);
    return 0;
}

/* --- further passes -------------------------------------------------------------------------- */

static int refine_block(weir_branch *b, const void *in, void *out)
{
    stats_job *job = weir_context(b);
    unsigned char *raw = weir_scratch(b);
    double *chunk = (double *)(void *)(raw + STATS_BLOCK_BYTES);
    size_t length;
    (void)out;
    const int code = fetch_block(b, *(const uint64_t *)in, &length);
    if (code)
        return code;
    for (size_t left = length / job->dtype.bytes; left > 0;) {
        const size_t count = left < SUMMARY_CHUNK ? left : SUMMARY_CHUNK;
        const double *values = convert_chunk(job->dtype, raw, count, chunk);
        refine_count(job->refine, weir_worker(b), raw, values, count);
        raw += count * job->dtype.bytes;
        left -= count;
    }
    progress_add(&job->progress, length);
    return 0;
}

static int nothing_to_merge(weir_branch *b, const void *in, const void *results, uint32_t n,
                            void *out)
{
    (void)b, (void)in, (void)results, (void)n, (void)out;
    return 0;
}

void stats_layers(const stats_job *job, bool first, size_t held_bytes,
                  weir_layer layers[STATS_LAYERS])
{
    const size_t out_bytes = first ? sizeof(summary) : 0;
    layers[0] = (weir_layer){.name = "file",
                             .out_bytes = out_bytes,
                             .held_bytes = held_bytes,
                             .fanout = job->slabs,
                             .child = &layers[1],
                             .split = split_file,
                             .gather = first ? merge_results : nothing_to_merge};
    layers[1] = (weir_layer){.name = "slab",
                             .in_bytes = sizeof(slab),
                             .out_bytes = out_bytes,
                             .fanout = job->slab_blocks,
                             .child = &layers[2],
                             .count = count_slab,
                             .split = split_slab,
                             .gather = first ? merge_results : nothing_to_merge};
    layers[2] = (weir_layer){.name = "block",
                             .in_bytes = sizeof(uint64_t),
                             .out_bytes = out_bytes,
                             .scratch_bytes = SCRATCH_BYTES,
                             .leaf = first ? reduce_block : refine_block};
}

/* --- what the passes count in ---------------------------------------------------------------- */

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

uint64_t *stats_tables_sum(stats_job *job, const summary *all)
{
    for (unsigned i = 1; i < job->workers; i++) {
        buckets_merge(&job->buckets, (double)all->min, (double)all->max, job->tables[0],
                      job->tables[i]);
        free(job->tables[i]);
        job->tables[i] = NULL;
    }
    return job->tables[0];
}

void stats_tables_free(stats_job *job)
{
    for (unsigned i = 0; job->tables && i < job->workers; i++)
        free(job->tables[i]);
    free(job->tables);
    job->tables = NULL;
}
