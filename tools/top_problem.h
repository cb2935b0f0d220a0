/* What kept `weir top` from counting all of a file, in words.
 *
 * top.c prints it after the run, top_report.c puts it into the JSON.  It must never name a file as
 * wrong of which lines were counted and none is missing. */
#ifndef WEIR_TOP_PROBLEM_H
#define WEIR_TOP_PROBLEM_H

#include "top_stream.h"

enum { TOP_PROBLEM_BYTES = TOP_ADVICE_BYTES + 128 };

/* Returns: what was wrong with a file, in `text` or for good, or NULL; and whether all of it was
 *          counted nevertheless. */
const char *top_problem(const top_run *run, const top_request *request, size_t file, bool *harmless,
                        char text[TOP_PROBLEM_BYTES]);

/* The lines that a pattern could not be matched with, in words. */
void top_problem_of_pattern(const top_run *run, const top_request *request);

/* Says all of it, and whether most lines of the files that fit are bad.
 * Returns: how many files were not counted whole; *fitting: how many files were, or have lines that
 *          fit. */
size_t top_tell_problems(const top_run *run, const top_request *request, size_t *fitting);

#endif
