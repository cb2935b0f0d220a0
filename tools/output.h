/* A file that a subcommand writes beside its report, such as a picture.
 *
 * stats.c and topo.c check it before their work and write it after.  It must never leave half a file
 * under the name that was asked for, nor take an input's place. */
#ifndef WEIR_OUTPUT_H
#define WEIR_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct output {
    FILE *file;
    const char *option, *path; /* as they were given */
    char target[PATH_MAX];     /* the file whose place is taken; empty: written where it is */
    char part[PATH_MAX + 32];  /* written instead, until it is complete */
} output;

/* Whether a path means standard output: "-", and the names that the system has for it. */
bool output_is_stdout(const char *path);

/* Whether the path can be written later; `input` is an open file that it must not be, or -1.
 * Returns: a tool_exit; the reason has been printed if it is not TOOL_OK. */
int output_check(const char *option, const char *path, int input);

/* Opens it for writing; what is there stays until output_close(), unless it is no regular file.
 * option and path are kept.  Returns: as above. */
int output_open(output *o, const char *option, const char *path);

/* Puts it in place, unless the run was interrupted.  Returns: as above. */
int output_close(output *o);

#endif
