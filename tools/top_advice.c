/* The shapes of files that are no logs of the known format, and the words for each.
 *
 * top_input.c and top.c call it.  It must never look beyond the bytes that it is given. */
#include "top_advice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- packed ---------------------------------------------------------------------------------- */

#define UNPACK(what, how) "is " what "; unpack it on the way: " how " | weir top -"

const char *top_packed_advice(const unsigned char *head, size_t size)
{
    static const struct {
        const char *magic;
        size_t size;
        const char *advice;
    } kinds[] = {
        {"\xfd"
         "7zXZ",
         6, UNPACK("packed by xz", "xz -dc FILE")},
        {"\x28\xb5\x2f\xfd", 4, UNPACK("packed by zstd", "zstd -dc FILE")},
        {"BZh", 3, UNPACK("packed by bzip2", "bzip2 -dc FILE")},
        {"\x04\x22\x4d\x18", 4, UNPACK("packed by lz4", "lz4 -dc FILE")},
        {"\x1f\x9d", 2, UNPACK("packed by compress", "gzip -dc FILE")},
        {"PK\3\4", 4, UNPACK("a zip archive", "unzip -p FILE")},
        {"7z\xbc\xaf\x27\x1c", 6, UNPACK("a 7z archive", "7z x -so FILE")},
        {"\xff\xfe", 2, "is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE | weir top -"},
        {"\xfe\xff", 2, "is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE | weir top -"},
    };
    static const char block[] = "1AY&SY"; /* of bzip2, behind a digit: "BZh" alone may be text */
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (size < kinds[i].size || memcmp(head, kinds[i].magic, kinds[i].size) != 0)
            continue;
        if (head[0] != 'B' || (size >= 10 && memcmp(head + 4, block, 6) == 0))
            return kinds[i].advice;
    }
    return NULL;
}

/* --- lines ----------------------------------------------------------------------------------- */

/* Blanks and tabs separate, as with --field.
 * Returns: where the next field begins, and its length; 0 if there is none. */
static size_t next_field(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
    const char *p = *at;
    while (p < end && *p != ' ' && *p != '\t')
        p++;
    return (size_t)(p - *at);
}

static unsigned count_fields(const char *at, const char *end)
{
    unsigned count = 0;
    for (size_t length; (length = next_field(&at, end)) > 0; at += length)
        count++;
    return count;
}

/* NUL bytes in every second place are UTF-16 without its mark. */
static const char *describe_bytes(const char *sample, size_t size)
{
    size_t nuls[2] = {0, 0};
    for (size_t i = 0; i < size; i++)
        nuls[i & 1] += sample[i] == '\0';
    if (nuls[0] + nuls[1] == 0)
        return NULL;
    if (size >= 4 && nuls[1] > size / 3 && nuls[0] == 0)
        return "it looks like UTF-16: iconv -f UTF-16LE -t UTF-8 FILE | weir top -";
    if (size >= 4 && nuls[0] > size / 3 && nuls[1] == 0)
        return "it looks like UTF-16: iconv -f UTF-16BE -t UTF-8 FILE | weir top -";
    return "it has NUL bytes, and looks like no text at all";
}

/* An object a line, as Caddy, Traefik and others write it. */
static void describe_json(const char *sample, size_t size, char *advice)
{
    static const char *const members[] = {"uri", "request_uri", "RequestPath", "url", "path"};
    const char *member = "NAME";
    for (size_t i = sizeof members / sizeof members[0]; i-- > 0;) {
        char quoted[24];
        const int length = snprintf(quoted, sizeof quoted, "\"%s\":", members[i]);
        if (memmem(sample, size, quoted, (size_t)length))
            member = members[i];
    }
    snprintf(advice, TOP_ADVICE_BYTES,
             "its lines are JSON; count a member of them: --pattern '\"%s\": ?\"([^\"?]*)'",
             member);
}

/* The columns of the W3C's extended format, as IIS writes it, have their names in the file. */
static void describe_w3c(const char *sample, size_t size, char *advice)
{
    static const char heading[] = "#Fields:", wanted[] = "cs-uri-stem";
    const char *at = memmem(sample, size, heading, sizeof heading - 1);
    unsigned field = 0, number = 0;
    if (at) {
        at += sizeof heading - 1;
        const char *newline = memchr(at, '\n', (size_t)(sample + size - at));
        const char *end = newline ? newline - (newline[-1] == '\r') : sample + size;
        for (size_t length; (length = next_field(&at, end)) > 0 && !field; at += length) {
            number++;
            if (length == sizeof wanted - 1 && memcmp(at, wanted, length) == 0)
                field = number;
        }
    }
    if (field)
        snprintf(advice, TOP_ADVICE_BYTES,
                 "it has the W3C extended format, as of IIS; count cs-uri-stem by --field %u",
                 field);
    else
        snprintf(
            advice, TOP_ADVICE_BYTES,
            "it begins with comments, as the W3C extended format; count a column by --field N");
}

/* A line of something else: perhaps one of its fields is a path. */
static void describe_line(const char *line, size_t size, char *advice)
{
    enum { SHOWN = 60 };
    const char *at = line, *end = line + size;
    unsigned number = 0;
    for (size_t length; (length = next_field(&at, end)) > 0; at += length) {
        number++;
        if (at[0] == '/' && length > 0) {
            snprintf(advice, TOP_ADVICE_BYTES,
                     "field %u of the first is %.*s: --field %u counts it", number,
                     (int)(length < SHOWN ? length : SHOWN), at, number);
            return;
        }
    }
    snprintf(advice, TOP_ADVICE_BYTES,
             "the first is '%.*s%s'; count a column by --field N, or a part by --pattern RE",
             (int)(size < SHOWN ? size : SHOWN), line, size < SHOWN ? "" : "…");
}

void top_misfit_advice(const top_rule *rule, const char *sample, size_t size,
                       char advice[TOP_ADVICE_BYTES])
{
    const char *newline = size ? memchr(sample, '\n', size) : NULL;
    size_t length = newline ? (size_t)(newline - sample) : size;
    const char *bytes = describe_bytes(sample, size);
    if (size == 0)
        snprintf(advice, TOP_ADVICE_BYTES, "the first is longer than %d bytes", TOP_LINE_MOST);
    else if (bytes)
        snprintf(advice, TOP_ADVICE_BYTES, "%s", bytes);
    else if (rule->kind == TOP_FIELD)
        snprintf(advice, TOP_ADVICE_BYTES, "the first has %u",
                 count_fields(sample, sample + length));
    else if (sample[0] == '{')
        describe_json(sample, size, advice);
    else if (sample[0] == '#')
        describe_w3c(sample, size, advice);
    else
        describe_line(sample, length && sample[length - 1] == '\r' ? length - 1 : length, advice);
}
