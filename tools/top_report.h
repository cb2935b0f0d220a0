/* What `weir top` prints of a finished run: text or JSON.
 *
 * top.c fills and prints it.  It must never put a control character of a log on the terminal. */
#ifndef WEIR_TOP_REPORT_H
#define WEIR_TOP_REPORT_H

#include "top_stream.h"

typedef struct top_report {
    const top_request *request;
    const top_entry *entries; /* `shown` of them */
    size_t shown, distinct;
    top_tally tally;
    uint64_t text_bytes; /* read; of gzip files what was packed */
    double seconds;
    unsigned workers;
    top_bytes bytes;
    uint64_t max_bytes; /* UINT64_MAX: no limit */
} top_report;

/* Returns: false without memory for a key; nothing was printed then. */
bool top_report_text(const top_report *r);
bool top_report_json(const top_report *r);

/* A key as it is printed, into text[0 … 4*length], ended by a NUL: control characters and bytes that
 * are not UTF-8 as \xNN, all else as it is.
 * Returns: its length. */
size_t top_escape_key(const char *key, size_t length, char *text);

#endif
