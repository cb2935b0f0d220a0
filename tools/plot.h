/* Pictures of a histogram: bars on a terminal, and an SVG file.
 *
 * stats.c and the text report call it after the run.  It must never leave half a file behind. */
#ifndef WEIR_PLOT_H
#define WEIR_PLOT_H

#include <stdio.h>

#include "stats_report.h"

/* Bars of eighth blocks, or of '#' if the locale is not UTF-8; as wide as the terminal, 80 columns
 * if there is none. */
void plot_text(FILE *file, const histogram *h);

/* Whether the picture can be written later, asked before a long run: a tool_exit, reason printed. */
int plot_svg_check(const char *path);

/* Writes the picture: a new file takes the path's place only once it is complete.
 * Returns: a tool_exit; the reason has been printed if it is not TOOL_OK. */
int plot_svg(const char *path, const stats_report *report);

#endif
