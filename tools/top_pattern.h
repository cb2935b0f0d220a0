/* One regular expression, matched against lines: its mistakes explained, its lack of memory told.
 *
 * top_parse.c and the unit tests call it.  It must never take an error of the matcher for a line
 * without a match. */
#ifndef WEIR_TOP_PATTERN_H
#define WEIR_TOP_PATTERN_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

enum { TOP_PATTERN_ERROR_BYTES = 160, TOP_PATTERN_MOST = 4096 };

/* One thread at a time uses a pattern. */
typedef struct top_pattern {
    regex_t regex;
    unsigned group; /* which subexpression is the key: the first, or 0, the whole */
} top_pattern;

typedef enum top_match { TOP_MATCHES, TOP_MATCHES_NOT, TOP_MATCH_FAILED } top_match;

/* POSIX extended, on bytes.  What other kinds of expressions write and POSIX reads as something
 * else, or does not say, is an error too: `\d` is the letter d.
 * Returns: true, or false and what is wrong with it. */
bool top_pattern_open(top_pattern *p, const char *text, char error[TOP_PATTERN_ERROR_BYTES]);
void top_pattern_close(top_pattern *p);

/* The leftmost, longest match in line[0 … length-1], of any bytes, length < 2^31.
 * Returns: TOP_MATCHES and where the key is; TOP_MATCHES_NOT, also where the group took no part; or
 *          TOP_MATCH_FAILED: the C library had no memory for it. */
top_match top_pattern_find(top_pattern *p, const char *line, size_t length, size_t *at,
                           size_t *key_length);

#endif
