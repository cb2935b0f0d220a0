/* How wide the terminal is, lines of prose that fit it, and one line on stderr that tells how far a
 * run is.
 *
 * The reports and the progress line ask.  It must never assume that there is a terminal, nor keep
 * what it learnt of one: a window may have another size a moment later. */
#ifndef WEIR_TERMINAL_H
#define WEIR_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* The columns of the terminal behind fd; if there is none or it does not say, those of COLUMNS; 0 if
 * that is not set either, or is no number. */
unsigned terminal_columns(int fd);

/* Prints UTF-8 text and a newline, broken at blanks into lines of at most `columns`, the second and
 * later ones indented; 0 columns: never broken. */
void terminal_print(FILE *file, const char *text, unsigned columns, unsigned indent);

/* Can a line be shown on stderr: a terminal that moves its cursor, with this process in front? */
bool terminal_has_status(void);

/* Shows a line of printable text there, in place of the one before.  Whoever writes to the terminal
 * then clears it first; so does tool_error().
 * Threads: any, one at a time; terminal_clear_status() also from a signal handler. */
void terminal_show_status(const char *line);
void terminal_clear_status(void);

#endif
