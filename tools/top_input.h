/* The bytes of the named files, one after another: plain or gzip, files, pipes or standard input.
 *
 * top_stream.c's source reads from it, one call at a time; top.c asks it what was wrong.  It must
 * never let one file keep the others from being read, wait for a pipe without looking whether the
 * run is still wanted, nor print. */
#ifndef WEIR_TOP_INPUT_H
#define WEIR_TOP_INPUT_H

#include "top_count.h"

typedef struct top_input top_input;

typedef struct top_files {
    char *const *paths; /* "-" is standard input */
    size_t count;
} top_files;

/* What an input takes: its buffer, and zlib's state, which zlib.h puts at 32 KiB of window and about
 * 7 KiB; and what it remembers of each file. */
enum { TOP_RAW_BYTES = 1 << 16, TOP_INPUT_BYTES = TOP_RAW_BYTES + (48 << 10), TOP_FILE_BYTES = 32 };

/* Bytes that the files have, or 0 if one of them cannot tell, as a pipe. */
uint64_t top_files_bytes(const top_files *files);

/* "standard input" for "-". */
const char *top_file_name(const top_files *files, size_t file);

/* stopping: asked at least every 100 ms while a pipe has nothing; read_bytes: told what came from
 * the files, or NULL.  Both with `context`.
 * Returns: NULL without memory. */
top_input *top_input_open(const top_files *files, bool (*stopping)(void *context),
                          void (*read_bytes)(void *context, uint64_t bytes), void *context);
void top_input_close(top_input *in);

/* Reads some of what is left, at most `room` bytes, room > 0.
 * Returns: TOP_COUNTED and *got > 0; once after each file TOP_FILE_END, or TOP_FILE_CUT if it has
 *          trouble that is not harmless; TOP_INPUT_END; or TOP_STOPPED. */
top_code top_input_read(top_input *in, char *to, size_t room, size_t *got);

/* What is wrong with a file that has been read, in words; NULL: nothing. */
const char *top_input_trouble(const top_input *in, size_t file, bool *harmless);

#endif
