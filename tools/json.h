/* A JSON writer for the subcommands' --json output: objects, arrays and scalars to a FILE.
 *
 * The subcommands call it from one thread, in document order.  It must never write text that is
 * not JSON: strings are escaped, bytes that are not UTF-8 become U+FFFD, and numbers that JSON
 * lacks (NaN, infinities) become null. */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include <stdbool.h>
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
void json_string(json *j, const char *key, const char *value);
void json_double(json *j, const char *key, double value);       /* null unless finite */
void json_number(json *j, const char *key, const char *digits); /* a number, as it is */
void json_unsigned(json *j, const char *key, uint64_t value);
void json_signed(json *j, const char *key, int64_t value);
void json_bool(json *j, const char *key, bool value);
void json_null(json *j, const char *key);

#endif
