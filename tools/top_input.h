/* The bytes of the named files, one after another: plain or gzip, files, pipes or standard input.
 *
 * top_stream.c's source reads from it, one call at a time; top.c asks it for a failure's text.  It
 * must never wait for a pipe without looking whether the run is still wanted, nor print. */
#ifndef WEIR_TOP_INPUT_H
#define WEIR_TOP_INPUT_H

#include "top_count.h"

typedef struct top_input top_input;

typedef struct top_files {
    char *const *paths; /* "-" is standard input */
    size_t count;
} top_files;

/* What an input takes beside the files: its buffer, and zlib's state, which zlib.h puts at 32 KiB
 * of window and about 7 KiB. */
enum { TOP_RAW_BYTES = 1 << 16, TOP_INPUT_BYTES = TOP_RAW_BYTES + (48 << 10) };

/* Looks whether the files can be read, without opening them.
 * Returns: NULL, or the path that cannot, and errno; *bytes is what the files have, 0 if one does
 *          not tell. */
const char *top_files_check(const top_files *files, uint64_t *bytes);

/* stopping: asked at least every 100 ms while a pipe has nothing; read_bytes: told what came from
 * the files, or NULL.  Both with `context`.
 * Returns: NULL without memory. */
top_input *top_input_open(const top_files *files, bool (*stopping)(void *context),
                          void (*read_bytes)(void *context, uint64_t bytes), void *context);
void top_input_close(top_input *in);

/* Reads some of what is left, at most `room` bytes, room > 0.
 * Returns: TOP_COUNTED and *got > 0; TOP_FILE_END once after each file; TOP_INPUT_END;
 *          TOP_READ_FAILED or TOP_STOPPED. */
top_code top_input_read(top_input *in, char *to, size_t room, size_t *got);

/* After TOP_READ_FAILED: which file, and why. */
const char *top_input_failed_path(const top_input *in);
const char *top_input_failed_reason(const top_input *in);

#endif
