/* From a block of whole lines to counted keys: the three rules of what a line's key is.
 *
 * top_stream.c makes one parser per job and feeds it blocks; the unit tests do the same.  It must
 * never fail for what is in a line: a line that does not fit its rule is counted as bad. */
#ifndef WEIR_TOP_PARSE_H
#define WEIR_TOP_PARSE_H

#include <regex.h>

#include "top_count.h"

enum {
    TOP_LINE_MOST = 1 << 18, /* a longer line is bad, however it was read */
    TOP_PAD = 64             /* bytes after a block that may be read, and the first written */
};

typedef enum top_kind { TOP_PAGES, TOP_FIELD, TOP_PATTERN } top_kind;

typedef struct top_rule {
    top_kind kind;
    uint64_t field;      /* 1-based, with TOP_FIELD */
    const char *pattern; /* extended, with TOP_PATTERN */
} top_rule;

typedef struct top_tally {
    uint64_t lines, counted, bad; /* counted + bad <= lines: some are well formed and no matter */
} top_tally;

/* One thread at a time uses a parser. */
typedef struct top_parser {
    _Alignas(64) top_table table;
    top_tally tally;
    top_rule rule;
    regex_t regex;
    unsigned group; /* which subexpression is the key */
} top_parser;

enum { TOP_PATTERN_ERROR_BYTES = 128 };

/* Returns: true, or false and what is wrong with the pattern. */
bool top_parser_open(top_parser *p, const top_rule *rule, top_budget *budget, uint64_t seed,
                     char error[TOP_PATTERN_ERROR_BYTES]);
void top_parser_close(top_parser *p);

/* Counts the lines of text[0 … size-1], which ends with a line's end or where a file ends; the text
 * may be changed.
 * Returns: as top_table_add(). */
top_code top_parse_block(top_parser *p, char *text, size_t size);

#endif
