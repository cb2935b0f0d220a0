/* Archives of arrays (.npz, which are zip files): finding a member, and getting its bytes.
 *
 * stats_input.c calls it with an open file.  It must never trust an offset or a size before it was
 * compared with the file's. */
#ifndef WEIR_NPZ_H
#define WEIR_NPZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool.h"

enum { NPZ_NAME_BYTES = 256 };

/* Where the archive is. */
typedef struct npz_archive {
    const char *path; /* for errors */
    int fd;
    uint64_t start, end; /* in the file */
} npz_archive;

typedef struct npz_member {
    char name[NPZ_NAME_BYTES]; /* as it is in the archive, so with its ".npy" */
    uint64_t start;            /* in the file, of its stored bytes */
    uint64_t stored_bytes, bytes;
    uint32_t checksum;
    unsigned method; /* 0: its bytes are stored as they are, 8: deflated; no other */
} npz_member;

/* Whether a file that begins with these bytes is an archive. */
bool npz_is_archive(const unsigned char *bytes, size_t length);

/* Finds a member by its name, with or without ".npy"; for NULL, the only one that there is.
 *
 * Returns: a tool_exit; the reason has been printed if it is not TOOL_OK: TOOL_USAGE, with the names
 * that there are, if one must be chosen. */
int npz_find(const npz_archive *archive, const char *name, npz_member *member);

/* Inflates a deflated member and checks it.  Returns: as above. */
int npz_inflate(const npz_archive *archive, const npz_member *member, spool *to);

#endif
