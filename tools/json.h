/* A JSON writer for the subcommands' --json output: objects, arrays and scalars to a FILE.
 *
 * The subcommands call it from one thread, in document order.  It must never write text that is
 * not JSON, nor the same string for different bytes; numbers that JSON lacks (NaN, infinities)
 * become null. */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json {
    FILE *file;
    unsigned depth;
    bool some; /* the open object or array has a member already */
    bool flat; /* the open array goes on one line */
} json;

/* Every call takes the member's key, or NULL inside an array and at the top.  The document ends
 * with a newline when the outermost object is closed. */
json json_begin(FILE *file);
void json_open_object(json *j, const char *key);
void json_close_object(json *j);
void json_open_array(json *j, const char *key); /* of scalars: one line */
void json_close_array(json *j);
void json_open_list(json *j, const char *key); /* of objects: each on lines of its own */
void json_close_list(json *j);
/* A string whose UTF-8 is read back as it is; a byte that is not UTF-8 becomes the four characters
 * "\xNN", and the backslash of such four that stand there already "\x5c". */
void json_string(json *j, const char *key, const char *value);
/* The string that text_escape() makes: control characters are "\xNN" as well. */
void json_escaped(json *j, const char *key, const char *bytes, size_t length);
void json_double(json *j, const char *key, double value);       /* null unless finite */
void json_number(json *j, const char *key, const char *digits); /* a number, as it is */
void json_unsigned(json *j, const char *key, uint64_t value);
void json_signed(json *j, const char *key, int64_t value);
void json_bool(json *j, const char *key, bool value);
void json_null(json *j, const char *key);

#endif
