/* Pictures of a histogram: bars on a terminal, and an SVG drawing.
 *
 * stats.c and the text report call it after the run.  It must never show a number that is not the
 * report's. */
#ifndef WEIR_PLOT_H
#define WEIR_PLOT_H

#include <stdio.h>

#include "stats_report.h"

enum { PLOT_TEXT_ROWS = 100 };

/* A heading, and a row a bin of up to PLOT_TEXT_ROWS bins, of at most so many columns if they are 40
 * or more; bars of eighth blocks, or of '#' if the locale is not UTF-8. */
void plot_text(FILE *file, const stats_report *report, unsigned columns);

/* Whether the picture can be written to the path later, asked before a long run: not onto the file
 * that is read.  Returns: a tool_exit; the reason has been printed if it is not TOOL_OK. */
int plot_svg_check(const char *path, const stats_input *input);

/* Writes it, to standard output for "-".  Returns: as above. */
int plot_svg(const char *path, const stats_report *report);

/* Draws it into a file that is open. */
void plot_svg_draw(FILE *file, const stats_report *report);

#endif
