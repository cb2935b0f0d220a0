/* Blocks of lines on their way from the files to the tables, by reference.
 *
 * top.c opens, runs and closes it; the engine's workers call the source and the jobs.  It must
 * never copy a line but the one that a block's end cuts.
 *
 *   source  reads into a block up to its size, and on to a line's end; what is behind the last
 *           line's end is copied to the front of a fresh block, which is the source's next one
 *   jobs    count a block's lines, each job into tables of its own, and give the block back
 *   merge   when the stream has ended, on the calling thread
 *
 * Blocks: the source holds one; its buffer holds at most `buffer`; and the jobs have at most
 * COUNT_BUFFER blocks in hand, since each call claims the room for one item before it takes its
 * input, and that many is the room of the counting stage.  So there are buffer + jobs + 1, and the
 * pool is never empty when the source asks. */
#include "top_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tool.h"
#include "top_pool.h"
#include "top_scan.h"

struct top_run {
    /* read-only once it is open */
    top_request request;
    weir_engine *engine;
    size_t capacity, blocks;
    top_parser *parsers; /* one per job, each with its cache lines */
    unsigned parsers_open;
    weir_stream *stream;
    weir_stage counting;
    top_bytes bytes;
    progress *progress;

    /* by the source only */
    top_input *input;
    top_block *held;
    size_t searched; /* bytes of the held block that have no line's end */
    bool skipping;   /* within a line that is too long */
    unsigned workers;
    bool ended;    /* what is held is the last of its file */
    size_t file;   /* which is read, */
    uint64_t line; /* and its next line, 1-based */
    uint64_t text_bytes;

    /* by any thread */
    _Atomic int stop; /* not 0: the code of a job that failed, or TOP_STOPPED */
    top_budget budget;
    top_notes notes;
    top_pool pool;
};

/* --- source ---------------------------------------------------------------------------------- */

static void destroy_item(void *state, void *item)
{
    top_run *run = state;
    top_pool_give(&run->pool, *(top_block **)item);
}

static bool is_stopping(void *context)
{
    top_run *run = context;
    return tool_interrupted() || atomic_load_explicit(&run->stop, memory_order_relaxed) != 0;
}

static void tell_read(void *context, uint64_t bytes)
{
    top_run *run = context;
    if (run->progress)
        progress_add(run->progress, bytes);
}

static char *find_last_newline(const top_block *b, size_t searched)
{
    return memrchr(b->text + searched, '\n', b->size - searched);
}

/* A file that ends too early may end within a line, which is no line then. */
static top_code read_more(top_run *run, size_t room)
{
    size_t got = 0;
    top_block *b = run->held;
    const top_code code = top_input_read(run->input, b->text + b->size, room, &got);
    b->size += got;
    run->text_bytes += got;
    run->ended = code == TOP_FILE_END || code == TOP_FILE_CUT;
    if (code == TOP_FILE_CUT) {
        const char *newline = find_last_newline(b, 0);
        b->size = newline ? (size_t)(newline - b->text) + 1 : 0;
    }
    return run->ended ? TOP_FILE_END : code;
}

static void next_file(top_run *run)
{
    run->file++;
    run->line = 1;
    run->searched = 0; /* of a line that was cut off */
    run->ended = false;
}

/* Fills the held block, and on until it has a line's end or the file ends.
 * Returns: TOP_COUNTED and *cut, the bytes up to the last line's end, or all of the file's; *cut is
 *          0 if the block is full of a line that is too long. */
static top_code fill(top_run *run, size_t *cut)
{
    top_block *b = run->held;
    size_t goal = run->request.block;
    for (;;) {
        while (b->size < goal) {
            const top_code code = read_more(run, goal - b->size);
            *cut = b->size;
            if (code)
                return code == TOP_FILE_END && *cut ? TOP_COUNTED : code;
        }
        const char *newline = find_last_newline(b, run->searched);
        *cut = newline ? (size_t)(newline - b->text) + 1 : 0;
        if (newline || b->size == run->capacity)
            return TOP_COUNTED;
        run->searched = b->size;
        goal = b->size < run->capacity / 2 ? 2 * b->size : run->capacity;
    }
}

/* Counts the line that is too long, and drops its beginning. */
static void begin_skipping(top_run *run)
{
    top_notes_add_long(&run->notes, run->file, run->line++);
    run->held->size = run->searched = 0;
    run->skipping = true;
}

/* Drops what is left of the line. */
static top_code skip_line(top_run *run)
{
    top_block *b = run->held;
    while (run->skipping) {
        const top_code code = read_more(run, run->request.block);
        if (code && code != TOP_FILE_END)
            return code;
        const char *newline = memchr(b->text, '\n', b->size);
        const size_t drop = newline ? (size_t)(newline - b->text) + 1 : b->size;
        if (code)
            next_file(run);
        run->skipping = !newline && !code;
        memmove(b->text, b->text + drop, b->size - drop);
        b->size -= drop;
    }
    return TOP_COUNTED;
}

/* Hands the first `cut` bytes over; the rest goes to the next block. */
static int hand_over(top_run *run, size_t cut, top_block **item)
{
    top_block *b = run->held, *fresh = top_pool_take(&run->pool);
    if (!fresh)
        return TOP_POOL_EMPTY;
    fresh->size = run->searched = b->size - cut;
    memcpy(fresh->text, b->text + cut, fresh->size);
    b->size = cut;
    b->file = run->file;
    b->line = run->line;
    run->line += top_count_newlines(b->text, cut);
    if (run->ended)
        next_file(run);
    memset(b->text + cut, 0, TOP_PAD); /* the same over-reading in every run */
    run->held = fresh;
    *item = b;
    return WEIR_OK;
}

static int read_block(void *state, void *item)
{
    top_run *run = state;
    for (;;) {
        size_t cut;
        top_code code = is_stopping(run) ? TOP_STOPPED : TOP_COUNTED;
        if (!code)
            code = skip_line(run);
        if (!code)
            code = fill(run, &cut);
        if (code == TOP_INPUT_END)
            return WEIR_END;
        if (code == TOP_FILE_END)
            next_file(run);
        if (code && code != TOP_FILE_END)
            return (int)code;
        if (!code && cut)
            return hand_over(run, cut, item);
        if (!code)
            begin_skipping(run);
    }
}

/* --- jobs ------------------------------------------------------------------------------------ */

/* A file may begin with the mark that it is UTF-8, which is no part of its first line. */
static size_t mark_bytes(const top_block *b)
{
    static const char mark[] = "\xef\xbb\xbf";
    const size_t size = sizeof mark - 1;
    return b->line == 1 && b->size >= size && memcmp(b->text, mark, size) == 0 ? size : 0;
}

static int count_block(void *state, const void *const *items, weir_yielder *y)
{
    top_run *run = state;
    top_block *b = *(top_block *const *)items[0];
    top_seen seen;
    const size_t mark = mark_bytes(b);
    const top_code code =
        top_parse_block(&run->parsers[weir_yielder_job(y)], b->text + mark, b->size - mark, &seen);
    top_notes_add(&run->notes, b->file, b->line, &seen, b->text + b->size);
    top_pool_give(&run->pool, b);
    if (code)
        atomic_store_explicit(&run->stop, code, memory_order_relaxed);
    return (int)code;
}

/* --- open and close -------------------------------------------------------------------------- */

static bool open_parsers(top_run *run, char error[256])
{
    uint64_t seed = 0;
    char wrong[TOP_PATTERN_ERROR_BYTES];
    const unsigned jobs = run->request.jobs;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = (uint64_t)(uintptr_t)run;
    run->parsers = aligned_alloc(_Alignof(top_parser), jobs * sizeof *run->parsers);
    if (!run->parsers)
        return false;
    while (run->parsers_open < jobs) {
        top_parser *p = &run->parsers[run->parsers_open++];
        if (!top_parser_open(p, &run->request.rule, &run->budget, seed, wrong)) {
            snprintf(error, 256, "--pattern '%.60s': %s", run->request.rule.pattern, wrong);
            return false;
        }
    }
    return true;
}

static weir_status open_stream(top_run *run, weir_engine *engine, char error[256])
{
    weir_stage reading;
    const weir_stage_options read_options = {.name = "read",
                                             .item_bytes = sizeof(top_block *),
                                             .jobs = 1,
                                             .buffer = run->request.buffer,
                                             .state = run,
                                             .destroy = destroy_item};
    const weir_stage_options count_options = {.name = "count",
                                              .jobs = run->request.jobs,
                                              .buffer = run->request.jobs,
                                              .unordered = 1,
                                              .state = run};
    weir_status status = weir_stream_open(engine, &run->stream);
    if (status == WEIR_OK)
        status = weir_stream_source(run->stream, &read_options, read_block, &reading);
    if (status == WEIR_OK)
        status = weir_stream_stage(run->stream, &count_options, count_block, 1, &reading,
                                   &run->counting);
    if (status != WEIR_OK) {
        snprintf(error, 256, "%s", weir_last_error()->text);
        return status;
    }
    run->bytes.stream = weir_stream_certified_bytes(run->stream);
    run->bytes.fixed =
        run->bytes.stream + run->blocks * (run->capacity + TOP_PAD + sizeof(top_block)) +
        run->request.jobs * sizeof(top_parser) + TOP_INPUT_BYTES +
        run->request.files.count * (TOP_FILE_BYTES + sizeof(top_tally)) + sizeof *run;
    return WEIR_OK;
}

weir_status top_run_open(top_run **out, weir_engine *engine, const top_request *request,
                         char error[256])
{
    top_run *run = *out = calloc(1, sizeof *run);
    snprintf(error, 256, "no memory for %u jobs and a buffer of %u blocks of %zu bytes",
             request->jobs, request->buffer, request->block);
    if (!run)
        return WEIR_ENOMEM;
    run->request = *request;
    run->engine = engine;
    run->capacity = request->block > TOP_LINE_MOST + 1 ? request->block : TOP_LINE_MOST + 1;
    run->blocks = (size_t)request->buffer + request->jobs + 1;
    run->line = 1;
    if (!top_notes_open(&run->notes, request->files.count) ||
        !top_pool_open(&run->pool, run->blocks, run->capacity + TOP_PAD))
        return WEIR_ENOMEM;
    run->held = top_pool_take(&run->pool);
    run->input = top_input_open(&request->files, is_stopping, tell_read, run);
    if (!run->input)
        return WEIR_ENOMEM;
    if (!open_parsers(run, error))
        return run->parsers ? WEIR_EINVAL : WEIR_ENOMEM;
    return open_stream(run, engine, error);
}

void top_run_close(top_run *run)
{
    if (!run)
        return;
    atomic_store_explicit(&run->stop, TOP_STOPPED, memory_order_relaxed);
    weir_stream_close(run->stream);
    for (unsigned i = 0; i < run->parsers_open; i++)
        top_parser_close(&run->parsers[i]);
    top_input_close(run->input);
    if (run->held)
        top_pool_give(&run->pool, run->held);
    top_pool_close(&run->pool);
    top_notes_close(&run->notes);
    free(run->parsers);
    free(run);
}

/* --- the run --------------------------------------------------------------------------------- */

top_bytes top_run_bytes(const top_run *run)
{
    top_bytes bytes = run->bytes;
    bytes.tables = atomic_load_explicit(&run->budget.peak, memory_order_relaxed);
    return bytes;
}

/* All into the first job's table. */
static top_code merge(top_run *run)
{
    top_code code = TOP_COUNTED;
    top_parser *all = &run->parsers[0];
    for (unsigned i = 1; i < run->request.jobs && !code; i++)
        code = top_table_merge(&all->table, &run->parsers[i].table);
    return code;
}

/* Joins the workers, so that all they wrote is seen here. */
static weir_status close_stream(top_run *run)
{
    const weir_status status = weir_stream_close(run->stream);
    weir_stats stats;
    weir_engine_stats(run->engine, &stats);
    run->workers = stats.workers;
    run->stream = NULL;
    return status;
}

/* Which failure: a job's, which may have made the source stop first. */
static top_code find_code(const top_run *run)
{
    const top_code code = (top_code)weir_last_error()->code;
    const int stop = atomic_load_explicit(&run->stop, memory_order_relaxed);
    return code == TOP_STOPPED && stop ? (top_code)stop : code;
}

weir_status top_run_count(top_run *run, uint64_t max_bytes, progress *p, top_code *code)
{
    char nothing[1];
    top_budget_open(&run->budget, max_bytes - run->bytes.fixed);
    run->progress = p;
    weir_status status = weir_stream_start(run->stream);
    while (status == WEIR_OK)
        status = weir_next(run->stream, run->counting, nothing);
    *code = status == WEIR_EOP ? find_code(run) : TOP_COUNTED;
    const weir_status closed = close_stream(run);
    if (status != WEIR_END || closed != WEIR_OK)
        return status != WEIR_END ? status : closed;
    *code = merge(run);
    return *code ? WEIR_EOP : WEIR_OK;
}

const top_entry *top_run_select(top_run *run, size_t n, size_t *count)
{
    top_table *table = &run->parsers[0].table;
    *count = top_table_select(table, n ? n : SIZE_MAX);
    return table->slots;
}

size_t top_run_distinct(const top_run *run)
{
    return run->parsers[0].table.used;
}

top_tally top_run_tally(const top_run *run)
{
    top_tally sum = {0, 0, 0};
    for (size_t i = 0; i < run->request.files.count; i++) {
        sum.lines += run->notes.files[i].lines;
        sum.counted += run->notes.files[i].counted;
        sum.bad += run->notes.files[i].bad;
    }
    return sum;
}

unsigned top_run_workers(const top_run *run)
{
    return run->workers;
}

uint64_t top_run_text_bytes(const top_run *run)
{
    return run->text_bytes;
}

const top_input *top_run_input(const top_run *run)
{
    return run->input;
}

const top_notes *top_run_notes(const top_run *run)
{
    return &run->notes;
}
