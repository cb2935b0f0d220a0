/* The file that `weir stats` reads: opened, its header read and checked against its size.
 *
 * stats.c and plan.c open it; the pipeline reads from its descriptor.  It must never reduce values,
 * nor allocate by what a header claims. */
#ifndef WEIR_STATS_INPUT_H
#define WEIR_STATS_INPUT_H

#include "npy.h"

enum { STATS_NOTE_BYTES = 320 };

/* How a file without a header is laid out; no dtype: the file is .npy or .npz. */
typedef struct stats_raw {
    const char *dtype, *shape; /* shape NULL: the whole file */
    uint64_t offset;
    const char *member; /* of a .npz file; NULL: the only one */
} stats_raw;

typedef struct stats_input {
    const char *path;
    int fd;       /* what is read, by position */
    int given_fd; /* the file that was named, if it is a file; may be the same, or -1 */
    /* Where the bytes come from, if not simply from the file; a name in it may have any bytes. */
    char note[STATS_NOTE_BYTES];
    bool raw;
    npy_array array;     /* its data_offset counts from the beginning of what is read */
    uint64_t start, end; /* of the array file in what is read */
} stats_input;

/* Opens the file, or standard input for "-", and checks that it has all of its values.  What cannot
 * be read twice, a pipe or a deflated member, is written to a temporary file first.
 *
 * raw:     may be NULL.
 * Returns: a tool_exit; the reason has been printed if it is not TOOL_OK. */
int stats_input_open(const char *path, const stats_raw *raw, stats_input *input);
void stats_input_close(stats_input *input);

#endif
