/* Lines and their keys: a page of the combined log format, a field, a match.
 *
 * top_stream.c's jobs call it, each with a parser of its own.  It must never look beyond a line but
 * for the masks' over-reading, which is cut off again. */
#include "top_parse.h"

#include <string.h>

#include "top_scan.h"

typedef struct span {
    const char *at;
    size_t length;
} span;

typedef enum verdict { LINE_COUNTS, LINE_IS_OTHER, LINE_IS_BAD, LINE_FAILS } verdict;

/* --- fields ---------------------------------------------------------------------------------- */

/* From a field's first byte to the blank behind it, or the line's end. */
static const char *field_end(const char *at, const char *end)
{
    for (; at < end; at += 64) {
        const uint64_t blanks = top_blanks(at);
        if (blanks)
            at += __builtin_ctzll(blanks);
        if (blanks)
            break;
    }
    return at < end ? at : end;
}

/* The nth field: a bit is set where a field begins, and all but the nth are cleared. */
static verdict find_field(const char *line, size_t length, uint64_t n, span *key)
{
    uint64_t blank_before = 1;
    for (size_t at = 0; at < length; at += 64) {
        const uint64_t blanks = top_blanks(line + at);
        uint64_t begins = ~blanks & (blanks << 1 | blank_before);
        if (length - at < 64)
            begins &= ((uint64_t)1 << (length - at)) - 1;
        for (; begins; begins &= begins - 1) {
            if (--n)
                continue;
            key->at = line + at + __builtin_ctzll(begins);
            key->length = (size_t)(field_end(key->at, line + length) - key->at);
            return LINE_COUNTS;
        }
        blank_before = blanks >> 63;
    }
    return LINE_IS_BAD;
}

/* --- pages ----------------------------------------------------------------------------------- */

/* What a page is not: the parts of one, and files to download or to listen to.  In lower case and
 * filled up with NULs, so that one comparison of 8 bytes does. */
enum { EXTENSION_BYTES = 8 };
static const char not_pages[][EXTENSION_BYTES] = {
    "css", "js",  "mjs", "map",  "wasm", "json", "xml", "rss",  "atom", "png", "jpg",  "jpeg",
    "gif", "ico", "svg", "svgz", "webp", "avif", "bmp", "tif",  "tiff", "swf", "woff", "woff2",
    "ttf", "otf", "eot", "mp3",  "ogg",  "oga",  "wav", "flac", "m4a",  "mp4", "m4v",  "webm",
    "ogv", "avi", "mov", "mpg",  "mpeg", "zip",  "gz",  "tgz",  "bz2",  "xz",  "zst",  "7z",
    "rar", "tar", "jar", "deb",  "rpm",  "exe",  "msi", "dmg",  "iso",  "bin",
};

/* The letters behind the last dot of the last segment, in lower case; false if there are none, or
 * more than any of the list has. */
static bool find_extension(const span *path, char extension[EXTENSION_BYTES])
{
    const char *end = path->at + path->length, *dot = end;
    while (dot > path->at && end - dot <= EXTENSION_BYTES && dot[-1] != '.' && dot[-1] != '/')
        dot--;
    if (dot == end || dot == path->at || dot[-1] != '.' || end - dot > EXTENSION_BYTES)
        return false;
    memset(extension, 0, EXTENSION_BYTES);
    for (unsigned i = 0; dot + i < end; i++)
        extension[i] = (char)(dot[i] >= 'A' && dot[i] <= 'Z' ? dot[i] - 'A' + 'a' : dot[i]);
    return true;
}

static bool is_page(const span *path)
{
    static const char robots[] = "/robots.txt";
    char extension[EXTENSION_BYTES];
    if (path->length == 0 || path->at[0] != '/')
        return false;
    if (path->length == sizeof robots - 1 && memcmp(path->at, robots, sizeof robots - 1) == 0)
        return false;
    if (!find_extension(path, extension))
        return true;
    for (size_t i = 0; i < sizeof not_pages / sizeof not_pages[0]; i++)
        if (memcmp(extension, not_pages[i], EXTENSION_BYTES) == 0)
            return false;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* An odd number of backslashes in front. */
static bool is_escaped(const char *from, const char *at)
{
    const char *p = at;
    while (p > from && p[-1] == '\\')
        p--;
    return (at - p) & 1;
}

/* `at` is behind the request: does ` 200 1234` or ` 200 -` follow? */
static bool is_status(const char *at, const char *end)
{
    return end - at >= 6 && at[0] == ' ' && is_digit(at[1]) && is_digit(at[2]) && is_digit(at[3]) &&
           at[4] == ' ' && (is_digit(at[5]) || at[5] == '-');
}

/* HOST IDENT USER [TIME] "REQUEST" STATUS BYTES, and anything behind.  The request ends with the
 * first quote that is not escaped and has a status behind it, as not every server escapes. */
static bool find_request(const char *line, const char *end, span *request)
{
    const char *open = line;
    do {
        open = memchr(open, '"', (size_t)(end - open));
        if (!open)
            return false;
        open++;
    } while (open - line < 3 || open[-2] != ' ' || open[-3] != ']');
    if (!memchr(line, '[', (size_t)(open - line)))
        return false;
    for (const char *p = open; (p = memchr(p, '"', (size_t)(end - p))); p++)
        if (is_status(p + 1, end) && !is_escaped(open, p)) {
            *request = (span){open, (size_t)(p - open)};
            return true;
        }
    return false;
}

/* The end of a request's URL: a protocol stands behind the last blank, if any does.  Servers write
 * blanks in a URL as they came. */
static const char *url_end(const char *at, const char *end)
{
    static const char protocol[] = " HTTP/";
    const char *blank = memrchr(at, ' ', (size_t)(end - at));
    if (!blank || (size_t)(end - blank) < sizeof protocol ||
        memcmp(blank, protocol, sizeof protocol - 1) != 0)
        return end;
    while (blank > at && blank[-1] == ' ')
        blank--;
    return blank;
}

static verdict find_page(const char *line, size_t length, span *key)
{
    span request;
    if (!find_request(line, line + length, &request))
        return LINE_IS_BAD;
    const char *end = request.at + request.length;
    if (end[2] != '2' || request.length < 4 || memcmp(request.at, "GET ", 4) != 0)
        return LINE_IS_OTHER;
    key->at = request.at + 4;
    end = url_end(key->at, end);
    const char *p = key->at;
    while (p < end && *p != '?' && *p != '#')
        p++;
    key->length = (size_t)(p - key->at);
    return is_page(key) ? LINE_COUNTS : LINE_IS_OTHER;
}

/* --- parser ---------------------------------------------------------------------------------- */

bool top_parser_open(top_parser *p, const top_rule *rule, top_budget *budget, uint64_t seed,
                     char error[TOP_PATTERN_ERROR_BYTES])
{
    *p = (top_parser){.rule = *rule};
    top_table_open(&p->table, budget, seed);
    if (rule->kind == TOP_PATTERN && !top_pattern_open(&p->pattern, rule->pattern, error)) {
        p->rule.kind = TOP_FIELD; /* nothing to free */
        return false;
    }
    return true;
}

void top_parser_close(top_parser *p)
{
    top_table_close(&p->table);
    if (p->rule.kind == TOP_PATTERN)
        top_pattern_close(&p->pattern);
}

static verdict find_match(top_parser *p, const char *line, size_t length, span *key)
{
    static const verdict verdicts[] = {[TOP_MATCHES] = LINE_COUNTS,
                                       [TOP_MATCHES_NOT] = LINE_IS_OTHER,
                                       [TOP_MATCH_FAILED] = LINE_FAILS};
    size_t at = 0;
    const top_match match = top_pattern_find(&p->pattern, line, length, &at, &key->length);
    key->at = line + at;
    return verdicts[match];
}

static verdict find_key(top_parser *p, const char *line, size_t length, span *key)
{
    if (length > TOP_LINE_MOST)
        return LINE_IS_BAD;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    switch (p->rule.kind) {
    case TOP_FIELD:
        return find_field(line, length, p->rule.field, key);
    case TOP_PATTERN:
        return find_match(p, line, length, key);
    default:
        return find_page(line, length, key);
    }
}

top_code top_parse_block(top_parser *p, const char *text, size_t size, top_seen *seen)
{
    top_code code = TOP_COUNTED;
    *seen = (top_seen){.failed = 0};
    for (const char *line = text, *end = text + size, *next; line < end; line = next) {
        span key;
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        next = newline ? newline + 1 : end;
        const verdict v = find_key(p, line, (size_t)((newline ? newline : end) - line), &key);
        if (v == LINE_COUNTS)
            code = top_table_add(&p->table, key.at, key.length);
        if (v == LINE_FAILS)
            code = TOP_PATTERN_FAILED;
        if (code) {
            seen->failed = seen->tally.lines + 1;
            break;
        }
        seen->tally.lines++;
        seen->tally.counted += v == LINE_COUNTS;
        if (v == LINE_IS_BAD && seen->tally.bad++ == 0) {
            seen->first_bad = seen->tally.lines;
            seen->bad_line = line;
        }
    }
    return code;
}
