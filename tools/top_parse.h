/* From a block of whole lines to counted keys: the three rules of what a line's key is.
 *
 * top_stream.c makes one parser per job and feeds it blocks; the unit tests do the same.  It must
 * never fail for what is in a line: a line that does not fit its rule is counted as bad. */
#ifndef WEIR_TOP_PARSE_H
#define WEIR_TOP_PARSE_H

#include "top_count.h"
#include "top_pattern.h"

enum {
    TOP_LINE_MOST = 1 << 18, /* a longer line is bad, however it was read */
    TOP_PAD = 64             /* bytes after a block that may be read */
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

/* What a block had: its lines, and where the first that did not fit its rule begins. */
typedef struct top_seen {
    top_tally tally;
    uint64_t first_bad; /* which line of the block, 1-based; 0: none */
    const char *bad_line;
    uint64_t failed; /* the line that no more could be said of, 1-based; 0: none */
} top_seen;

/* One thread at a time uses a parser. */
typedef struct top_parser {
    _Alignas(64) top_table table;
    top_rule rule;
    top_pattern pattern;
} top_parser;

/* Returns: true, or false and what is wrong with the pattern. */
bool top_parser_open(top_parser *p, const top_rule *rule, top_budget *budget, uint64_t seed,
                     char error[TOP_PATTERN_ERROR_BYTES]);
void top_parser_close(top_parser *p);

/* Counts the lines of text[0 … size-1], which ends with a line's end or where a file ends, and whose
 * TOP_PAD bytes behind may be read.
 * Returns: as top_table_add(), or TOP_PATTERN_FAILED; *seen is of the lines before. */
top_code top_parse_block(top_parser *p, const char *text, size_t size, top_seen *seen);

#endif
