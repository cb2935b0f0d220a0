/* The JSON writer: punctuation, indentation, escapes.
 *
 * The subcommands call it from one thread, in document order.  It must never allocate, and leaves
 * write errors to the check of the FILE at the end. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "number.h"
#include "text.h"

json json_begin(FILE *file)
{
    return (json){.file = file};
}

static void print_character(FILE *file, const char *s, size_t length)
{
    if (*s == '"' || *s == '\\')
        fprintf(file, "\\%c", *s);
    else if (*s == '\n')
        fputs("\\n", file);
    else
        fwrite(s, 1, length, file);
}

/* Different bytes must give different text: so what looks like the escape of a byte is escaped. */
static void print_string(FILE *file, const char *s, size_t length, bool printable_only)
{
    fputc('"', file);
    for (const char *end = s + length; s < end;) {
        uint32_t code;
        const size_t n = text_decode(s, (size_t)(end - s), &code);
        const bool printable = n > 0 && text_is_printable(code);
        if (n == 0 || (printable_only && !printable) || text_is_escape(s, (size_t)(end - s))) {
            fprintf(file, "\\\\x%02x", (unsigned char)*s++);
            continue;
        }
        if (!printable && code != '\n')
            fprintf(file, "\\u%04" PRIx32, code);
        else
            print_character(file, s, n);
        s += n;
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
        print_string(j->file, key, strlen(key), false);
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
    print_string(j->file, value, strlen(value), false);
}

void json_escaped(json *j, const char *key, const char *bytes, size_t length)
{
    begin_member(j, key);
    print_string(j->file, bytes, length, true);
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
