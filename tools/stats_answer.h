/* Quantiles and histogram of a report, from keys or from coarse counts and what they leave
 * open.
 *
 * stats_run.c makes one after the first pass, and takes further passes as long as it is open.  It
 * must never look at the file. */
#ifndef WEIR_STATS_ANSWER_H
#define WEIR_STATS_ANSWER_H

#include "refine.h"
#include "stats_report.h"

/* What is asked for. */
typedef struct stats_wish {
    double quantiles[REFINE_MOST_TARGETS]; /* ascending */
    size_t quantile_count;
    size_t bins; /* 0: the default */
    unsigned ddof;
    bool logarithmic, one_pass;
} stats_wish;

typedef struct stats_answer {
    stats_report *report; /* its summary is there, the rest is filled in */
    refine refine;
    uint64_t *edge_keys; /* of the lower edge of each bin */
} stats_answer;

/* Bytes that an answer holds at most, with what further passes hold beside the map; with 0 workers,
 * if there are none. */
uint64_t stats_answer_bytes(const stats_wish *wish, unsigned workers);

/* Chooses the edges and what to look for: from the keys of all values, those that are not finite
 * last, or else from the table of counts, after which answer->refine says whether anything is open.
 *
 * Returns: false if there is no memory. The caller frees with stats_answer_free() in any case. */
bool stats_answer_from_keys(stats_answer *answer, const stats_wish *wish, const key_runs *keys);
bool stats_answer_from_table(stats_answer *answer, const stats_wish *wish, const buckets *b,
                             const uint64_t *table);

/* Writes what was found into the report; what is open is guessed, and its error said.
 *
 * Returns: false if the counts of the bins are not those of the first pass: the file changed. */
bool stats_answer_finish(stats_answer *answer);
void stats_answer_free(stats_answer *answer);

#endif
