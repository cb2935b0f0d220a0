/* Opening an array file: regular or made so, readable, a header that makes sense, and all values
 * there.
 *
 * stats.c and plan.c call it, before there is an engine.  It must never wait for a pipe that is not
 * standard input, nor trust a size before it was compared with the file's. */
#include "stats_input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "npz.h"
#include "spool.h"
#include "tool.h"

static void note(stats_input *input, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(stats_input *input, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(input->note, sizeof input->note, format, arguments);
    va_end(arguments);
}

static int refuse(const char *path, const char *reason)
{
    tool_error("%s: %s", path, reason);
    return TOOL_FAILED;
}

/* Reads up to `length` bytes from the beginning; fewer at its end. */
static ssize_t read_start(const stats_input *input, void *buffer, size_t length)
{
    size_t done = 0;
    if (length > input->end - input->start)
        length = (size_t)(input->end - input->start);
    while (done < length) {
        ssize_t n =
            pread(input->fd, (char *)buffer + done, length - done, (off_t)(input->start + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* --- what is read ---------------------------------------------------------------------------- */

/* O_NONBLOCK: opening a named pipe for reading would wait for a writer. */
static int open_regular(const char *path, stats_input *input)
{
    struct stat info;
    input->fd = input->given_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (input->fd < 0 || fstat(input->fd, &info) != 0)
        return refuse(path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return refuse(path, "is a directory; wanted: an array file");
    if (!S_ISREG(info.st_mode))
        return refuse(path, "is not a regular file; a pipe or device is read as standard input, "
                            "with the file name '-'");
    input->end = (uint64_t)info.st_size;
    return TOOL_OK;
}

/* From now on a temporary file is read. */
static void read_spool(stats_input *input, const spool *s)
{
    if (input->fd != input->given_fd)
        close(input->fd);
    input->fd = s->fd;
    input->start = 0;
    input->end = s->bytes;
}

/* A file is read in place, from where its descriptor stands. */
static int open_standard_input(stats_input *input)
{
    struct stat info;
    input->path = "standard input";
    if (isatty(STDIN_FILENO))
        return refuse(input->path, "is a terminal; wanted: a file or a pipe");
    if (fstat(STDIN_FILENO, &info) != 0)
        return refuse(input->path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return refuse(input->path, "is a directory; wanted: an array file");
    const off_t at = S_ISREG(info.st_mode) ? lseek(STDIN_FILENO, 0, SEEK_CUR) : -1;
    if (at >= 0) {
        input->fd = input->given_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        input->start = (uint64_t)at;
        input->end = info.st_size > at ? (uint64_t)info.st_size : input->start;
        note(input, "standard input is a file, read in place");
        return input->fd < 0 ? refuse(input->path, strerror(errno)) : TOOL_OK;
    }
    spool s;
    int code = spool_open(&s);
    if (code != TOOL_OK)
        return code;
    read_spool(input, &s);
    code = spool_read_from(&s, STDIN_FILENO, input->path);
    input->end = s.bytes;
    note(input, "standard input was written to a temporary file first");
    return code;
}

/* If it is an archive, its member is what is read. */
static int enter_archive(stats_input *input, const char *name)
{
    unsigned char magic[4];
    npz_member member;
    spool s;
    const npz_archive archive = {input->path, input->fd, input->start, input->end};
    const ssize_t length = read_start(input, magic, sizeof magic);
    if (length < 0)
        return refuse(input->path, strerror(errno));
    if (!npz_is_archive(magic, (size_t)length)) {
        if (!name)
            return TOOL_OK;
        tool_error("%s: is no .npz archive, so it has no --member", input->path);
        return TOOL_USAGE;
    }
    int code = npz_find(&archive, name, &member);
    if (code != TOOL_OK)
        return code;
    if (member.method == 0) {
        input->start = member.start;
        input->end = member.start + member.bytes;
        note(input, "member %s of the archive, read in place", member.name);
        return TOOL_OK;
    }
    code = spool_open(&s);
    if (code != TOOL_OK)
        return code;
    code = npz_inflate(&archive, &member, &s);
    read_spool(input, &s);
    note(input, "member %s of the archive, inflated to a temporary file first", member.name);
    return code;
}

/* --- the array ------------------------------------------------------------------------------- */

static int read_npy_header(stats_input *input)
{
    unsigned char preamble[NPY_PREAMBLE_BYTES];
    npy_fault fault;
    size_t header_bytes;
    ssize_t length = read_start(input, preamble, sizeof preamble);
    if (length < 0)
        return refuse(input->path, strerror(errno));
    if (!npy_header_bytes(preamble, (size_t)length, &header_bytes, &fault))
        return refuse(input->path, fault.text);
    unsigned char *header = malloc(header_bytes);
    if (!header)
        return refuse(input->path, "no memory for its header");
    length = read_start(input, header, header_bytes);
    bool good = length >= 0 && npy_parse(header, (size_t)length, &input->array, &fault);
    free(header);
    if (length < 0)
        return refuse(input->path, strerror(errno));
    return good ? TOOL_OK : refuse(input->path, fault.text);
}

static int describe_raw(stats_input *input, const stats_raw *raw)
{
    npy_array *array = &input->array;
    npy_fault fault;
    memset(array, 0, sizeof *array);
    array->data_offset = raw->offset;
    if (!npy_parse_dtype(raw->dtype, strlen(raw->dtype), &array->dtype, &fault)) {
        tool_error("stats: --dtype: %s", fault.text);
        return TOOL_USAGE;
    }
    if (raw->shape) {
        if (npy_parse_shape(raw->shape, array, &fault))
            return TOOL_OK;
        tool_error("stats: --shape: %s", fault.text);
        return TOOL_USAGE;
    }
    const uint64_t file_bytes = input->end - input->start;
    if (raw->offset > file_bytes) {
        tool_error("%s: has %" PRIu64 " bytes, --offset is %" PRIu64, input->path, file_bytes,
                   raw->offset);
        return TOOL_FAILED;
    }
    uint64_t bytes = file_bytes - raw->offset, each = array->dtype.bytes;
    if (bytes % each) {
        tool_error("%s: %" PRIu64 " bytes are not a whole number of %u-byte values; --shape says "
                   "how many to take",
                   input->path, bytes, array->dtype.bytes);
        return TOOL_FAILED;
    }
    uint64_t values = bytes / each;
    return npy_set_shape(array, &values, 1, &fault) ? TOOL_OK : refuse(input->path, fault.text);
}

static int check_size(const stats_input *input)
{
    const npy_array *array = &input->array;
    uint64_t wanted = array->values * array->dtype.bytes;
    const uint64_t file_bytes = input->end - input->start;
    uint64_t present = file_bytes > array->data_offset ? file_bytes - array->data_offset : 0;
    if (wanted <= present)
        return TOOL_OK;
    tool_error("%s: is cut off: its shape needs %" PRIu64 " bytes of values, the file has %" PRIu64,
               input->path, wanted, present);
    return TOOL_FAILED;
}

int stats_input_open(const char *path, const stats_raw *raw, stats_input *input)
{
    memset(input, 0, sizeof *input);
    input->path = path;
    input->fd = input->given_fd = -1;
    input->raw = raw && raw->dtype;
    int code = strcmp(path, "-") == 0 ? open_standard_input(input) : open_regular(path, input);
    if (code == TOOL_OK && !input->raw)
        code = enter_archive(input, raw ? raw->member : NULL);
    if (code == TOOL_OK)
        code = input->raw ? describe_raw(input, raw) : read_npy_header(input);
    if (code == TOOL_OK)
        code = check_size(input);
    if (code != TOOL_OK)
        stats_input_close(input);
    return code;
}

void stats_input_close(stats_input *input)
{
    if (input->fd >= 0)
        close(input->fd);
    if (input->given_fd >= 0 && input->given_fd != input->fd)
        close(input->given_fd);
    input->fd = input->given_fd = -1;
}
