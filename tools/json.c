/* The JSON writer: punctuation, indentation, escapes.
 *
 * The subcommands call it from one thread, in document order.  It must never allocate, and leaves
 * write errors to the check of the FILE at the end. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "number.h"

json json_begin(FILE *file)
{
    return (json){.file = file};
}

/* The length of the valid UTF-8 sequence at s, 0 if there is none: no overlong forms, surrogates
 * or code points beyond U+10FFFF. */
static size_t utf8_length(const unsigned char *s)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
                 {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
                 {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    if (s[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (s[0] < forms[i].first_low || s[0] > forms[i].first_high)
            continue;
        if (s[1] < forms[i].second_low || s[1] > forms[i].second_high)
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if (s[k] < 0x80 || s[k] > 0xbf)
                return 0;
        return forms[i].length;
    }
    return 0;
}

static void print_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t length = utf8_length(s);
        if (length == 0) {
            fputs("\\ufffd", file);
            length = 1;
        } else if (*s == '"' || *s == '\\') {
            fprintf(file, "\\%c", *s);
        } else if (*s == '\n') {
            fputs("\\n", file);
        } else if (*s < 0x20 || *s == 0x7f) {
            fprintf(file, "\\u%04x", *s);
        } else {
            fwrite(s, 1, length, file);
        }
        s += length;
    }
    fputc('"', file);
}

static void begin_member(json *j, const char *key)
{
    if (j->some)
        fputs(j->flat ? ", " : ",", j->file);
    if (!j->flat && (j->some || j->depth > 0))
        fprintf(j->file, "\n%*s", (int)(2 * j->depth), "");
    j->some = true;
    if (key) {
        print_string(j->file, key);
        fputs(": ", j->file);
    }
}

static void open_group(json *j, const char *key, char bracket, bool flat)
{
    begin_member(j, key);
    fputc(bracket, j->file);
    j->depth++;
    j->some = false;
    j->flat = flat;
}

static void close_group(json *j, char bracket)
{
    j->depth--;
    if (j->some && !j->flat)
        fprintf(j->file, "\n%*s", (int)(2 * j->depth), "");
    fputc(bracket, j->file);
    j->some = true;
    j->flat = false;
    if (j->depth == 0)
        fputc('\n', j->file);
}

void json_open_object(json *j, const char *key)
{
    open_group(j, key, '{', false);
}

void json_close_object(json *j)
{
    close_group(j, '}');
}

void json_open_array(json *j, const char *key)
{
    open_group(j, key, '[', true);
}

void json_close_array(json *j)
{
    close_group(j, ']');
}

void json_open_list(json *j, const char *key)
{
    open_group(j, key, '[', false);
}

void json_close_list(json *j)
{
    close_group(j, ']');
}

void json_string(json *j, const char *key, const char *value)
{
    begin_member(j, key);
    print_string(j->file, value);
}

void json_double(json *j, const char *key, double value)
{
    char text[NUMBER_TEXT];
    begin_member(j, key);
    fputs(isfinite(value) ? number_double(value, text) : "null", j->file);
}

void json_number(json *j, const char *key, const char *digits)
{
    begin_member(j, key);
    fputs(digits, j->file);
}

void json_unsigned(json *j, const char *key, uint64_t value)
{
    begin_member(j, key);
    fprintf(j->file, "%" PRIu64, value);
}

void json_signed(json *j, const char *key, int64_t value)
{
    begin_member(j, key);
    fprintf(j->file, "%" PRId64, value);
}

void json_bool(json *j, const char *key, bool value)
{
    begin_member(j, key);
    fputs(value ? "true" : "false", j->file);
}

void json_null(json *j, const char *key)
{
    begin_member(j, key);
    fputs("null", j->file);
}
