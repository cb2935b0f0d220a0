/* Reading files one after another, with gzip taken apart, and pipes waited for in short sleeps.
 *
 * The source of top_stream.c calls it, from one thread at a time.  It must never lose the reason of
 * a failure: the first one stays. */
#include "top_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "top_advice.h"

enum { WAIT_MS = 100 };
#define CUT_GZIP "the gzip data ends too early; what there is of it is counted"

/* What is wrong with a file: an errno or a text; none of them: nothing. */
typedef struct trouble {
    int error;
    const char *text;
    bool harmless; /* all of the file was read nevertheless */
} trouble;
_Static_assert(sizeof(trouble) <= TOP_FILE_BYTES, "what the budget has for it");

struct top_input {
    top_files files;
    trouble *troubles; /* of each file, its first */
    size_t at;         /* the file that is open, or the next one */
    bool (*stopping)(void *context);
    void (*read_bytes)(void *context, uint64_t bytes);
    void *context;

    int fd;      /* -1: none is open */
    bool waits;  /* a pipe, a terminal: read() may have to wait */
    bool gzip;   /* z is set up */
    bool within; /* a gzip member has begun and not ended */
    bool cut;    /* it has trouble, which is told once what came before has been taken */
    z_stream z;

    size_t begin, end; /* what is left in raw */
    unsigned char raw[TOP_RAW_BYTES];
};

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

const char *top_file_name(const top_files *files, size_t file)
{
    return is_stdin(files->paths[file]) ? "standard input" : files->paths[file];
}

uint64_t top_files_bytes(const top_files *files)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < files->count; i++) {
        const char *path = files->paths[i];
        struct stat s;
        if (is_stdin(path) ? fstat(STDIN_FILENO, &s) != 0 : stat(path, &s) != 0)
            continue; /* the reading will tell */
        if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode))
            return 0;
        bytes += S_ISREG(s.st_mode) ? (uint64_t)s.st_size : 0;
    }
    return bytes;
}

top_input *top_input_open(const top_files *files, bool (*stopping)(void *context),
                          void (*read_bytes)(void *context, uint64_t bytes), void *context)
{
    top_input *in = malloc(sizeof *in);
    trouble *troubles = calloc(files->count, sizeof *troubles);
    if (!in || !troubles) {
        free(in);
        free(troubles);
        return NULL;
    }
    memset(in, 0, offsetof(top_input, raw));
    in->files = *files;
    in->troubles = troubles;
    in->stopping = stopping;
    in->read_bytes = read_bytes;
    in->context = context;
    in->fd = -1;
    return in;
}

static void close_file(top_input *in)
{
    if (in->gzip)
        inflateEnd(&in->z);
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    in->gzip = in->within = in->cut = false;
    in->fd = -1;
}

void top_input_close(top_input *in)
{
    if (!in)
        return;
    close_file(in);
    free(in->troubles);
    free(in);
}

const char *top_input_trouble(const top_input *in, size_t file, bool *harmless)
{
    const trouble *t = &in->troubles[file];
    *harmless = t->harmless || (!t->error && !t->text);
    return t->text ? t->text : t->error ? strerror(t->error) : NULL;
}

/* The rest of the file that is open cannot be read. */
static top_code fail(top_input *in, int error, const char *text)
{
    in->troubles[in->at] = (trouble){.error = error, .text = text};
    return TOP_FILE_CUT;
}

/* --- bytes as they are in the file ----------------------------------------------------------- */

/* A pipe may never have anything, so it is asked first, and the run in between. */
static top_code wait_readable(const top_input *in)
{
    struct pollfd p = {.fd = in->fd, .events = POLLIN};
    while (in->waits && !in->stopping(in->context))
        if (poll(&p, 1, WAIT_MS) > 0)
            return TOP_COUNTED;
    return in->stopping(in->context) ? TOP_STOPPED : TOP_COUNTED;
}

/* read(), with *got 0 at the end of the file. */
static top_code read_plain(top_input *in, void *to, size_t room, size_t *got)
{
    for (;;) {
        const top_code code = wait_readable(in);
        if (code)
            return code;
        const ssize_t n = read(in->fd, to, room);
        if (n >= 0) {
            *got = (size_t)n;
            if (in->read_bytes && n > 0)
                in->read_bytes(in->context, (uint64_t)n);
            return TOP_COUNTED;
        }
        if (errno != EINTR && errno != EAGAIN)
            return fail(in, errno, NULL);
    }
}

/* More into raw, behind what is left there. */
static top_code refill(top_input *in, size_t *got)
{
    memmove(in->raw, in->raw + in->begin, in->end - in->begin);
    in->end -= in->begin;
    in->begin = 0;
    const top_code code = read_plain(in, in->raw + in->end, TOP_RAW_BYTES - in->end, got);
    if (!code)
        in->end += *got;
    return code;
}

/* Until `wanted` bytes are there, or the file ends. */
static top_code look_ahead(top_input *in, size_t wanted)
{
    size_t got = 1;
    while (in->end - in->begin < wanted && got) {
        const top_code code = refill(in, &got);
        if (code)
            return code;
    }
    return TOP_COUNTED;
}

/* --- files ----------------------------------------------------------------------------------- */

static bool is_gzip(const top_input *in)
{
    return in->end - in->begin >= 2 && in->raw[in->begin] == 0x1f && in->raw[in->begin + 1] == 0x8b;
}

/* zlib detects damage; what it is told here is only that this is gzip, with the largest window. */
static top_code open_gzip(top_input *in)
{
    memset(&in->z, 0, sizeof in->z);
    if (inflateInit2(&in->z, 15 + 16) != Z_OK)
        return fail(in, ENOMEM, NULL);
    in->gzip = in->within = true;
    return TOP_COUNTED;
}

static top_code open_file(top_input *in)
{
    const char *path = in->files.paths[in->at];
    struct stat s;
    in->begin = in->end = 0;
    /* Without O_NONBLOCK the opening of a named pipe waits for its writer. */
    in->fd = is_stdin(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (in->fd < 0 || fstat(in->fd, &s) != 0)
        return fail(in, errno, NULL);
    in->waits = !S_ISREG(s.st_mode);
    const top_code code = look_ahead(in, TOP_MAGIC_BYTES);
    if (code)
        return code;
    const char *advice = top_packed_advice(in->raw, in->end);
    if (advice)
        return fail(in, 0, advice);
    return is_gzip(in) ? open_gzip(in) : TOP_COUNTED;
}

/* --- gzip ------------------------------------------------------------------------------------ */

/* Between members: another one, the zeros that tapes fill up with, or the end, with *got 0.  Other
 * bytes are no part of the data; gzip passes over them, too, with a warning. */
static top_code begin_member(top_input *in, size_t *got)
{
    bool zeros = false;
    *got = 0;
    for (;;) {
        const top_code code = look_ahead(in, 2);
        if (code || in->begin == in->end)
            return code;
        if (in->raw[in->begin] != 0)
            break;
        in->begin++;
        zeros = true;
    }
    if (zeros || !is_gzip(in)) {
        in->troubles[in->at] = (trouble){
            .text = "bytes behind the end of the gzip data are not gzip; they are ignored",
            .harmless = true};
        return TOP_COUNTED;
    }
    inflateReset(&in->z);
    in->within = true;
    *got = 1;
    return TOP_COUNTED;
}

/* Only behind all data is there a checksum that can be wrong. */
static const char *damage(const z_stream *z)
{
    const bool at_end = z->msg && (strcmp(z->msg, "incorrect data check") == 0 ||
                                   strcmp(z->msg, "incorrect length check") == 0);
    if (at_end)
        return "the gzip data is damaged: a checksum is another; what stands before it is counted";
    return "the gzip data is damaged; what stands before is counted";
}

/* One step of zlib; *got may be 0. */
static top_code inflate_some(top_input *in, char *to, size_t room, size_t *got)
{
    in->z.next_in = in->raw + in->begin;
    in->z.avail_in = (uInt)(in->end - in->begin);
    in->z.next_out = (Bytef *)to;
    in->z.avail_out = (uInt)room;
    const int status = inflate(&in->z, Z_NO_FLUSH);
    in->begin = in->end - in->z.avail_in;
    *got = room - in->z.avail_out;
    if (status == Z_STREAM_END)
        in->within = false;
    else if (status == Z_MEM_ERROR)
        return fail(in, ENOMEM, NULL);
    else if (status != Z_OK && status != Z_BUF_ERROR)
        return fail(in, 0, damage(&in->z));
    return TOP_COUNTED;
}

static top_code read_gzip(top_input *in, char *to, size_t room, size_t *got)
{
    *got = 0;
    while (*got == 0) {
        size_t more = 1;
        top_code code = TOP_COUNTED;
        if (!in->within)
            code = begin_member(in, &more);
        else if (in->begin == in->end)
            code = refill(in, &more);
        if (code)
            return code;
        if (more == 0)
            return in->within ? fail(in, 0, CUT_GZIP) : TOP_COUNTED;
        code = inflate_some(in, to, room, got);
        if (code)
            return code;
    }
    return TOP_COUNTED;
}

/* --- reading --------------------------------------------------------------------------------- */

/* First what was read to see the magic bytes. */
static top_code read_text(top_input *in, char *to, size_t room, size_t *got)
{
    const size_t left = in->end - in->begin;
    if (left == 0)
        return read_plain(in, to, room, got);
    *got = left < room ? left : room;
    memcpy(to, in->raw + in->begin, *got);
    in->begin += *got;
    return TOP_COUNTED;
}

top_code top_input_read(top_input *in, char *to, size_t room, size_t *got)
{
    *got = 0;
    if (in->at == in->files.count)
        return TOP_INPUT_END;
    top_code code = in->cut ? TOP_FILE_CUT : in->fd < 0 ? open_file(in) : TOP_COUNTED;
    if (!code)
        code = in->gzip ? read_gzip(in, to, room, got) : read_text(in, to, room, got);
    in->cut = code == TOP_FILE_CUT;
    if (code == TOP_STOPPED || *got)
        return code == TOP_FILE_CUT ? TOP_COUNTED : code;
    close_file(in);
    in->at++;
    return code ? code : TOP_FILE_END;
}
