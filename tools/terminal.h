/* How wide the terminal is, and lines of prose that fit it.
 *
 * The reports and the progress line ask.  It must never assume that there is a terminal. */
#ifndef WEIR_TERMINAL_H
#define WEIR_TERMINAL_H

#include <stdio.h>

/* The columns of the terminal behind fd; if there is none or it does not say, those of COLUMNS; 0 if
 * that is not set either, or is no number. */
unsigned terminal_columns(int fd);

/* Prints UTF-8 text and a newline, broken at blanks into lines of at most `columns`, the second and
 * later ones indented; 0 columns: never broken. */
void terminal_print(FILE *file, const char *text, unsigned columns, unsigned indent);

#endif
