/* The stream of `weir top`: a source of blocks that end with a line, and jobs that count them.
 *
 * top.c runs it once.  It must never hold more blocks than it has taken at its start, nor more keys
 * than the budget grants. */
#ifndef WEIR_TOP_STREAM_H
#define WEIR_TOP_STREAM_H

#include "progress.h"
#include "top_input.h"
#include "top_notes.h"
#include "weir.h"

typedef struct top_request {
    top_files files;
    top_rule rule;
    unsigned jobs, buffer; /* at least 1 */
    size_t block;          /* bytes to read at a time; at least 1 */
} top_request;

typedef struct top_run top_run;

typedef struct top_bytes {
    uint64_t stream; /* certified for the stream's own buffers */
    uint64_t fixed;  /* with the blocks and the input */
    uint64_t tables; /* most that the tables held */
} top_bytes;

/* Takes all but the tables.
 * Returns: WEIR_OK, or WEIR_ENOMEM or WEIR_EINVAL, with `error` one line for people. */
weir_status top_run_open(top_run **run, weir_engine *engine, const top_request *request,
                         char error[256]);
/* With the stream, if it is open still. */
void top_run_close(top_run *run);

/* What is held from the start on; the rest of the limit is for the tables. */
top_bytes top_run_bytes(const top_run *run);

/* Counts everything that can be read; once.  The stream is closed then, and nobody reports progress.
 * Returns: WEIR_OK; WEIR_EOP, with *code one of top_code; or the stream's own failure. */
weir_status top_run_count(top_run *run, uint64_t max_bytes, progress *p, top_code *code);

/* After WEIR_OK: the n greatest (0: all), and what was read. */
const top_entry *top_run_select(top_run *run, size_t n, size_t *count);
size_t top_run_distinct(const top_run *run);
top_tally top_run_tally(const top_run *run);
unsigned top_run_workers(const top_run *run); /* that OpenMP gave */
uint64_t top_run_text_bytes(const top_run *run);

/* After the counting, however it ended: what was wrong with files, and with lines. */
const top_input *top_run_input(const top_run *run);
const top_notes *top_run_notes(const top_run *run);

#endif
