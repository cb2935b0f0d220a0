/* Opening an array file: regular, readable, a header that makes sense, and all values there.
 *
 * stats.c and plan.c call it, before there is an engine.  It must never wait for a pipe, nor
 * trust a size before it was compared with the file's. */
#include "stats_input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

static int refuse(const char *path, const char *reason)
{
    tool_error("%s: %s", path, reason);
    return TOOL_FAILED;
}

/* Reads up to `length` bytes from the beginning; fewer at the end of the file. */
static ssize_t read_start(int fd, void *buffer, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t n = pread(fd, (char *)buffer + done, length - done, (off_t)done);
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

/* O_NONBLOCK: opening a named pipe for reading would wait for a writer. */
static int open_regular(const char *path, stats_input *input)
{
    struct stat info;
    input->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (input->fd < 0 || fstat(input->fd, &info) != 0)
        return refuse(path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return refuse(path, "is a directory; wanted: an array file");
    if (!S_ISREG(info.st_mode))
        return refuse(path, "is not a regular file; blocks are read by position, so a pipe or "
                            "device does not do");
    input->file_bytes = (uint64_t)info.st_size;
    return TOOL_OK;
}

static int read_npy_header(stats_input *input)
{
    unsigned char preamble[NPY_PREAMBLE_BYTES];
    npy_fault fault;
    size_t header_bytes;
    ssize_t length = read_start(input->fd, preamble, sizeof preamble);
    if (length < 0)
        return refuse(input->path, strerror(errno));
    if (!npy_header_bytes(preamble, (size_t)length, &header_bytes, &fault))
        return refuse(input->path, fault.text);
    unsigned char *header = malloc(header_bytes);
    if (!header)
        return refuse(input->path, "no memory for its header");
    length = read_start(input->fd, header, header_bytes);
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
    if (raw->offset > input->file_bytes) {
        tool_error("%s: has %" PRIu64 " bytes, --offset is %" PRIu64, input->path,
                   input->file_bytes, raw->offset);
        return TOOL_FAILED;
    }
    uint64_t bytes = input->file_bytes - raw->offset, each = array->dtype.bytes;
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
    uint64_t present =
        input->file_bytes > array->data_offset ? input->file_bytes - array->data_offset : 0;
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
    input->raw = raw && raw->dtype;
    int code = open_regular(path, input);
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
    input->fd = -1;
}
