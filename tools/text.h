/* Text of unknown origin, such as file names and keys of logs: UTF-8 or not, and how it is shown.
 *
 * The reports, the JSON writer and the drawings call it.  It must never depend on the locale, nor
 * look beyond the length that it is given. */
#ifndef WEIR_TEXT_H
#define WEIR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character that begins at s, of which `left` > 0 bytes are there.
 * Returns: its bytes, and *code; or 0 if it is not UTF-8. */
size_t text_decode(const char *s, size_t left, uint32_t *code);

/* Whether it only puts a sign where it stands: control characters do not, and neither do those that
 * break lines or change the direction of what follows. */
bool text_is_printable(uint32_t code);

/* Columns that a printable character takes on a terminal: 0, 1 or 2. */
unsigned text_columns(uint32_t code);

/* Whether "\xNN" stands at s as text_escape() writes it: in small letters, and of a byte that is not
 * printed as it is.  The backslash of such a one is escaped, so that it is not taken for another. */
bool text_is_escape(const char *s, size_t left);

/* As it may be printed, into text[0 … 4 * length], ended by a NUL: what is not UTF-8 or not
 * printable byte by byte as "\xNN"; the backslash of a "\xNN" like these that stands there already,
 * too, so that different bytes never look the same.
 * Returns: its length. */
size_t text_escape(const char *bytes, size_t length, char *text);

#endif
