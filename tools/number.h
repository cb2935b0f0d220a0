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

/* digits * 10^exponent.  Invariant: digits is an integer, and at most 2^64 in size. */
typedef struct decimal {
    long double digits;
    int exponent;
} decimal;

/* The shortest that reads back as the same double, which must be finite; its last digit is not 0. */
decimal number_decimal(double value);

/* How many decimals it has when it is written without an exponent. */
int number_decimals(decimal d);

/* Without an exponent and with so many decimals, at least number_decimals(d).
 * Returns: its length, or 0 if that would be more than 24 characters. */
int number_plain(decimal d, int decimals, char text[NUMBER_TEXT]);

/* One digit before the point, and an exponent unless that is 0.  Returns its length. */
int number_scientific(decimal d, char text[NUMBER_TEXT]);

/* A share as percents, like "2.5": all digits that the share itself has.  Returns `text`. */
const char *number_percent(double share, char text[NUMBER_TEXT]);

#endif
