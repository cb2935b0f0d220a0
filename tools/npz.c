/* Zip files as far as numpy writes them: the directory at the end, plain and 64-bit sizes, members
 * that are stored or deflated.
 *
 * stats_input.c calls it.  It must never look outside of the archive, and says of what it does not
 * read (encryption, other methods, several disks) that it does not. */
#include "npz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "tool.h"

enum {
    LOCAL_BYTES = 30,
    ENTRY_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    LONGEST_COMMENT = 65535,
    EXTRA_BYTES = 1024, /* of the fields beside an entry; the sizes come first, if at all */
    LIST_BYTES = 512,
    PIECE_BYTES = 64 << 10
};
#define UNKNOWN 0xffffffffu /* the field is in a 64-bit one elsewhere */

static int refuse(const npz_archive *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const npz_archive *a, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    tool_error("%s: %s", a->path, text);
    return TOOL_FAILED;
}

static uint64_t number(const unsigned char *bytes, unsigned count)
{
    uint64_t n = 0;
    for (unsigned i = count; i-- > 0;)
        n = n << 8 | bytes[i];
    return n;
}

/* Bytes at a place of the archive, all of them inside of it. */
static bool read_at(const npz_archive *a, uint64_t offset, void *into, size_t length)
{
    if (offset > a->end - a->start || length > a->end - a->start - offset)
        return false;
    for (size_t done = 0; done < length;) {
        const ssize_t n =
            pread(a->fd, (char *)into + done, length - done, (off_t)(a->start + offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

bool npz_is_archive(const unsigned char *bytes, size_t length)
{
    return length >= 4 && bytes[0] == 'P' && bytes[1] == 'K' &&
           ((bytes[2] == 3 && bytes[3] == 4) || (bytes[2] == 5 && bytes[3] == 6));
}

/* --- the directory --------------------------------------------------------------------------- */

typedef struct directory {
    uint64_t offset, entries;
} directory;

/* The record at the end of a large archive, which the one of other archives is preceded by. */
static bool find_large(const npz_archive *a, uint64_t end_record, directory *d)
{
    unsigned char locator[LOCATOR_BYTES], end[END64_BYTES];
    if (end_record < LOCATOR_BYTES ||
        !read_at(a, end_record - LOCATOR_BYTES, locator, sizeof locator) ||
        memcmp(locator, "PK\6\7", 4) != 0 || !read_at(a, number(locator + 8, 8), end, sizeof end) ||
        memcmp(end, "PK\6\6", 4) != 0)
        return false;
    d->entries = number(end + 32, 8);
    d->offset = number(end + 48, 8);
    return true;
}

/* Before a comment of unknown length, so it is looked for from the end on. */
static bool find_directory(const npz_archive *a, directory *d)
{
    static unsigned char tail[END_BYTES + LONGEST_COMMENT];
    const uint64_t length = a->end - a->start;
    const size_t n = length < sizeof tail ? (size_t)length : sizeof tail;
    if (n < END_BYTES || !read_at(a, length - n, tail, n))
        return false;
    for (size_t at = n - END_BYTES + 1; at-- > 0;) {
        const unsigned char *end = tail + at;
        if (memcmp(end, "PK\5\6", 4) != 0 || number(end + 20, 2) > n - END_BYTES - at)
            continue;
        d->entries = number(end + 10, 2);
        d->offset = number(end + 16, 4);
        if (d->offset == UNKNOWN || d->entries == 0xffff)
            return find_large(a, length - n + at, d);
        return true;
    }
    return false;
}

typedef struct entry {
    npz_member member;
    uint64_t header; /* where the member's own header is */
    uint64_t next;   /* where the next entry is */
    bool encrypted;
    bool whole_name;
} entry;

/* Sizes that do not fit into 32 bits stand in a field beside the entry, in this order. */
static void read_large_sizes(const unsigned char *extra, size_t length, entry *e)
{
    uint64_t *const wanted[] = {&e->member.bytes, &e->member.stored_bytes, &e->header};
    for (size_t at = 0; at + 4 <= length;) {
        const size_t size = (size_t)number(extra + at + 2, 2);
        if (number(extra + at, 2) == 1)
            for (size_t i = 0, from = at + 4; i < 3; i++)
                if (*wanted[i] == UNKNOWN && from + 8 <= at + 4 + size && from + 8 <= length) {
                    *wanted[i] = number(extra + from, 8);
                    from += 8;
                }
        at += 4 + size;
    }
}

static bool read_entry(const npz_archive *a, uint64_t offset, entry *e)
{
    unsigned char fixed[ENTRY_BYTES], extra[EXTRA_BYTES];
    if (!read_at(a, offset, fixed, sizeof fixed) || memcmp(fixed, "PK\1\2", 4) != 0)
        return false;
    const size_t name = (size_t)number(fixed + 28, 2), extras = (size_t)number(fixed + 30, 2);
    const size_t kept = name < NPZ_NAME_BYTES ? name : NPZ_NAME_BYTES - 1;
    const size_t looked_at = extras < EXTRA_BYTES ? extras : EXTRA_BYTES;
    *e = (entry){.member = {.checksum = (uint32_t)number(fixed + 16, 4),
                            .stored_bytes = number(fixed + 20, 4),
                            .bytes = number(fixed + 24, 4),
                            .method = (unsigned)number(fixed + 10, 2)},
                 .header = number(fixed + 42, 4),
                 .next = offset + ENTRY_BYTES + name + extras + number(fixed + 32, 2),
                 .encrypted = fixed[8] & 1,
                 .whole_name = kept == name};
    if (!read_at(a, offset + ENTRY_BYTES, e->member.name, kept) ||
        !read_at(a, offset + ENTRY_BYTES + name, extra, looked_at))
        return false;
    read_large_sizes(extra, looked_at, e);
    return true;
}

/* --- a member -------------------------------------------------------------------------------- */

static size_t length_without_npy(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".npy") == 0 ? length - 4 : length;
}

static bool has_name(const entry *e, const char *name)
{
    const size_t length = length_without_npy(e->member.name);
    return e->whole_name && (strcmp(e->member.name, name) == 0 ||
                             (strlen(name) == length && memcmp(e->member.name, name, length) == 0));
}

static void add_to_list(char list[LIST_BYTES], const char *name)
{
    const size_t used = strlen(list);
    const int length = (int)length_without_npy(name);
    if (used + (size_t)length + 8 < LIST_BYTES)
        snprintf(list + used, LIST_BYTES - used, "%s%.*s", used ? ", " : "", length, name);
    else if (used < 4 || strcmp(list + used - 3, "...") != 0)
        snprintf(list + used, LIST_BYTES - used, ", ...");
}

/* Its bytes follow a header of its own, whose fields may have other lengths than the entry's. */
static int locate(const npz_archive *a, const entry *e, npz_member *member)
{
    unsigned char header[LOCAL_BYTES];
    const char *name = e->member.name;
    if (e->encrypted)
        return refuse(a, "member '%s' is encrypted; wanted: one that is not", name);
    if (e->member.method != 0 && e->member.method != 8)
        return refuse(a, "member '%s' is compressed by method %u; wanted: stored or deflated", name,
                      e->member.method);
    if (!read_at(a, e->header, header, sizeof header) || memcmp(header, "PK\3\4", 4) != 0)
        return refuse(a, "the archive is damaged: there is no member '%s' where it should be",
                      name);
    const uint64_t skipped = LOCAL_BYTES + number(header + 26, 2) + number(header + 28, 2);
    const uint64_t left = a->end - a->start - e->header - LOCAL_BYTES;
    if (skipped - LOCAL_BYTES > left || e->member.stored_bytes > left - (skipped - LOCAL_BYTES) ||
        (e->member.method == 0 && e->member.stored_bytes != e->member.bytes))
        return refuse(a, "the archive is damaged: member '%s' does not fit into it", name);
    *member = e->member;
    member->start = a->start + e->header + skipped;
    return TOOL_OK;
}

static int ask_for_one(const npz_archive *a, const char *name, uint64_t entries, const char *list)
{
    if (name)
        tool_error("%s: has no member '%s'; it has: %s", a->path, name, list);
    else
        tool_error("%s: holds %" PRIu64 " arrays; --member chooses one of: %s", a->path, entries,
                   list);
    return TOOL_USAGE;
}

int npz_find(const npz_archive *a, const char *name, npz_member *member)
{
    directory d;
    entry e, found;
    char list[LIST_BYTES] = "";
    bool any = false;
    if (!find_directory(a, &d))
        return refuse(a, "the archive is cut off or damaged: its directory is missing");
    if (d.entries == 0)
        return refuse(a, "the archive is empty; wanted: at least one array");
    for (uint64_t i = 0, at = d.offset; i < d.entries; i++, at = e.next) {
        if (!read_entry(a, at, &e))
            return refuse(
                a, "the archive is damaged: entry %" PRIu64 " of its directory is missing", i + 1);
        if (name ? has_name(&e, name) : d.entries == 1) {
            found = e;
            any = true;
        }
        add_to_list(list, e.member.name);
    }
    return any ? locate(a, &found, member) : ask_for_one(a, name, d.entries, list);
}

/* --- inflating ------------------------------------------------------------------------------- */

static int inflate_pieces(const npz_archive *a, const npz_member *member, z_stream *z, spool *to)
{
    static unsigned char in[PIECE_BYTES], out[PIECE_BYTES];
    uint64_t at = 0;
    uLong checksum = crc32(0, NULL, 0);
    int status = Z_OK;
    while (status != Z_STREAM_END) {
        if (z->avail_in == 0 && at < member->stored_bytes) {
            const uint64_t left = member->stored_bytes - at;
            const size_t n = left < sizeof in ? (size_t)left : sizeof in;
            if (!read_at(a, member->start - a->start + at, in, n))
                return refuse(a, "member '%s' cannot be read", member->name);
            z->next_in = in;
            z->avail_in = (uInt)n;
            at += n;
        }
        z->next_out = out;
        z->avail_out = sizeof out;
        status = inflate(z, Z_NO_FLUSH);
        const size_t made = sizeof out - z->avail_out;
        if ((status != Z_OK && status != Z_STREAM_END) || to->bytes + made > member->bytes)
            return refuse(a, "the archive is damaged: member '%s' does not inflate", member->name);
        checksum = crc32(checksum, out, (uInt)made);
        const int code = spool_write(to, out, made);
        if (code != TOOL_OK)
            return code;
    }
    if (to->bytes != member->bytes || checksum != member->checksum)
        return refuse(a, "the archive is damaged: member '%s' inflates to other bytes than it had",
                      member->name);
    return TOOL_OK;
}

int npz_inflate(const npz_archive *a, const npz_member *member, spool *to)
{
    z_stream z;
    memset(&z, 0, sizeof z);
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return refuse(a, "no memory to inflate member '%s'", member->name);
    const int code = inflate_pieces(a, member, &z, to);
    inflateEnd(&z);
    return code;
}
