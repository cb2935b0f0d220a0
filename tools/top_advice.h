/* What a file looks like that `weir top` cannot count, and what helps.
 *
 * top_input.c asks before it reads a file, top.c after a run that found none of its lines to fit.
 * It must never say that something is so when it may be a log. */
#ifndef WEIR_TOP_ADVICE_H
#define WEIR_TOP_ADVICE_H

#include <stddef.h>

#include "top_parse.h"

enum { TOP_MAGIC_BYTES = 10, TOP_SAMPLE_BYTES = 512, TOP_ADVICE_BYTES = 400 };

/* By the first bytes of a file, TOP_MAGIC_BYTES or all: NULL, or the words for what must be unpacked
 * or converted first. */
const char *top_packed_advice(const unsigned char *head, size_t size);

/* By its first line, and what follows it, of a file of which no line fits the rule; size 0: the line
 * is too long. */
void top_misfit_advice(const top_rule *rule, const char *sample, size_t size,
                       char advice[TOP_ADVICE_BYTES]);

#endif
