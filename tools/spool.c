/* Temporary files that have no name from the beginning, or lose it at once.
 *
 * stats_input.c calls it, before there is an engine.  It must never need memory that grows with what
 * it takes. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

enum { PIECE_BYTES = 64 << 10 };

static int refuse(const spool *s, int error)
{
    tool_error("temporary file in %s: %s; TMPDIR names another folder", s->folder, strerror(error));
    return TOOL_FAILED;
}

/* Where the file system cannot make a file without a name, it gets one that is removed. */
static int open_named(const spool *s)
{
    char name[4096];
    const int n = snprintf(name, sizeof name, "%s/weir-XXXXXX", s->folder);
    if (n < 0 || (size_t)n >= sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

int spool_open(spool *s)
{
    const char *folder = getenv("TMPDIR");
    *s = (spool){.folder = folder && *folder ? folder : "/tmp"};
    s->fd = open(s->folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (s->fd < 0)
        s->fd = open_named(s);
    return s->fd < 0 ? refuse(s, errno) : TOOL_OK;
}

int spool_write(spool *s, const void *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        const ssize_t n = write(s->fd, (const char *)bytes + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refuse(s, errno);
        done += (size_t)n;
    }
    s->bytes += length;
    return TOOL_OK;
}

int spool_read_from(spool *s, int fd, const char *name)
{
    static char piece[PIECE_BYTES];
    for (;;) {
        const ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            tool_error("%s: %s", name, strerror(errno));
            return TOOL_FAILED;
        }
        if (n == 0)
            return TOOL_OK;
        const int code = spool_write(s, piece, (size_t)n);
        if (code != TOOL_OK)
            return code;
    }
}
