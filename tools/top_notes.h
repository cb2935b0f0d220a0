/* What is remembered of the lines that fit no rule: how many each file has, and one to show.
 *
 * The jobs of top_stream.c add to it, top.c reads it after the run.  It must never depend on the
 * order in which blocks are counted. */
#ifndef WEIR_TOP_NOTES_H
#define WEIR_TOP_NOTES_H

#include <pthread.h>

#include "top_advice.h"

/* A line, and what follows it. */
typedef struct top_example {
    size_t file;
    uint64_t line; /* of the file, 1-based; 0: there is none */
    size_t size;   /* 0: the line is too long */
    char text[TOP_SAMPLE_BYTES];
} top_example;

/* All under the lock, while there are jobs. */
typedef struct top_notes {
    pthread_mutex_t lock;
    top_tally *files;
    top_example bad;    /* the first line that is bad */
    top_example misfit; /* that of the first file whose first line is bad */
    top_example failed; /* the first line that could not be matched */
} top_notes;

bool top_notes_open(top_notes *n, size_t files);
void top_notes_close(top_notes *n);

/* What a block of this file was found to have, whose first line is `line` and which ends at `end`.
 * Threads: any. */
void top_notes_add(top_notes *n, size_t file, uint64_t line, const top_seen *seen, const char *end);

/* A line that was too long to be held. */
void top_notes_add_long(top_notes *n, size_t file, uint64_t line);

/* Has a file lines, but none that fits? */
bool top_notes_misfit(const top_notes *n, size_t file);

#endif
