/* Numbers to text, such that reading the text gives the same number again.
 *
 * The reports, the plots and the JSON writer call it.  It must never round: what it is given is
 * what a reader of the text gets. */
#ifndef WEIR_NUMBER_H
#define WEIR_NUMBER_H

#include <float.h>

_Static_assert(LDBL_MANT_DIG >= 64, "a long double must hold every 64-bit integer");

enum { NUMBER_TEXT = 40 }; /* bytes that any of the forms fits into */

/* The shortest decimal form that reads back as the same double, with an exponent where C's "%g"
 * has one; "-0" is "0".  Returns `text`. */
const char *number_double(double value, char text[NUMBER_TEXT]);

/* All digits of an integer of up to 64 bits and a sign, or of 2^64.  Returns `text`. */
const char *number_integer(long double value, char text[NUMBER_TEXT]);

#endif
