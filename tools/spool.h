/* A temporary file without a name, for what can only be read once.
 *
 * stats_input.c makes one of a pipe or of a compressed member.  It must never leave a file behind,
 * however the process ends. */
#ifndef WEIR_SPOOL_H
#define WEIR_SPOOL_H

#include <stddef.h>
#include <stdint.h>

typedef struct spool {
    int fd;
    uint64_t bytes;
    const char *folder; /* TMPDIR, or /tmp */
} spool;

/* Opens an empty one.  Returns: a tool_exit; the reason has been printed if it is not TOOL_OK. */
int spool_open(spool *s);

/* Adds bytes to it.  Returns: as above. */
int spool_write(spool *s, const void *bytes, size_t length);

/* Adds all that a descriptor gives until its end.
 *
 * name:  of what is read, for errors.
 * Returns: as above. */
int spool_read_from(spool *s, int fd, const char *name);

#endif
