/* What `weir top` prints of a finished run: text or JSON.
 *
 * top.c fills and prints it.  It must never put a control character of a log on the terminal. */
#ifndef WEIR_TOP_REPORT_H
#define WEIR_TOP_REPORT_H

#include "top_stream.h"

typedef struct top_report {
    const top_request *request;
    const top_run *run;
    bool complete;            /* all files were counted whole */
    const top_entry *entries; /* `shown` of them */
    size_t shown, distinct;
    top_tally tally;
    uint64_t text_bytes; /* read; of gzip files what was packed */
    double seconds;
    unsigned workers, workers_asked; /* that OpenMP gave, and should have */
    top_bytes bytes;
    uint64_t max_bytes; /* UINT64_MAX: no limit */
} top_report;

/* Returns: false without memory for a key; nothing was printed then. */
bool top_report_text(const top_report *r);
void top_report_json(const top_report *r);

#endif
