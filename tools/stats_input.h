/* The file that `weir stats` reads: opened, its header read and checked against its size.
 *
 * stats.c and plan.c open it; the pipeline reads from its descriptor.  It must never read values,
 * nor allocate by what a header claims. */
#ifndef WEIR_STATS_INPUT_H
#define WEIR_STATS_INPUT_H

#include "npy.h"

/* How a file without a header is laid out; no dtype: the file is .npy. */
typedef struct stats_raw {
    const char *dtype, *shape; /* shape NULL: the whole file */
    uint64_t offset;
} stats_raw;

typedef struct stats_input {
    const char *path;
    int fd;
    bool raw;
    npy_array array;
    uint64_t file_bytes;
} stats_input;

/* Opens the file and checks that it has all of its values; raw may be NULL.
 *
 * Returns: a tool_exit; the reason has been printed if it is not TOOL_OK. */
int stats_input_open(const char *path, const stats_raw *raw, stats_input *input);
void stats_input_close(stats_input *input);

#endif
