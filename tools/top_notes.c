/* Tallies per file, and the first lines of their kinds.
 *
 * The jobs of top_stream.c call it for each block.  It must never hold more than one line of a
 * kind. */
#include "top_notes.h"

#include <stdlib.h>
#include <string.h>

bool top_notes_open(top_notes *n, size_t files)
{
    pthread_mutex_init(&n->lock, NULL);
    n->files = calloc(files, sizeof *n->files);
    return n->files != NULL;
}

void top_notes_close(top_notes *n)
{
    free(n->files);
    pthread_mutex_destroy(&n->lock);
}

/* The lowest line of the lowest file stays. */
static void keep_first(top_example *kept, size_t file, uint64_t line, const char *text, size_t size)
{
    const bool later = file > kept->file || (file == kept->file && line >= kept->line);
    if (kept->line && later)
        return;
    kept->file = file;
    kept->line = line;
    kept->size = size < TOP_SAMPLE_BYTES ? size : TOP_SAMPLE_BYTES;
    memcpy(kept->text, text, kept->size);
}

static void note_bad(top_notes *n, size_t file, uint64_t line, const char *text, size_t size)
{
    keep_first(&n->bad, file, line, text, size);
    if (line == 1)
        keep_first(&n->misfit, file, line, text, size);
}

void top_notes_add(top_notes *n, size_t file, uint64_t line, const top_seen *seen, const char *end)
{
    pthread_mutex_lock(&n->lock);
    top_tally *tally = &n->files[file];
    tally->lines += seen->tally.lines;
    tally->counted += seen->tally.counted;
    tally->bad += seen->tally.bad;
    if (seen->first_bad)
        note_bad(n, file, line + seen->first_bad - 1, seen->bad_line,
                 (size_t)(end - seen->bad_line));
    if (seen->failed)
        keep_first(&n->failed, file, line + seen->failed - 1, "", 0);
    pthread_mutex_unlock(&n->lock);
}

void top_notes_add_long(top_notes *n, size_t file, uint64_t line)
{
    pthread_mutex_lock(&n->lock);
    n->files[file].lines++;
    n->files[file].bad++;
    note_bad(n, file, line, "", 0);
    pthread_mutex_unlock(&n->lock);
}

bool top_notes_misfit(const top_notes *n, size_t file)
{
    return n->files[file].lines > 0 && n->files[file].bad == n->files[file].lines;
}
