/* Numbers to text; see number.h. */
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A normal double that 15 digits make again has no other form of up to 15 digits, so that one
 * without its trailing zeros is the shortest; with fewer bits a shorter one may do. */
const char *number_double(double value, char text[NUMBER_TEXT])
{
    value = value == 0 ? 0 : value;
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return text;
}

const char *number_integer(long double value, char text[NUMBER_TEXT])
{
    snprintf(text, NUMBER_TEXT, "%.0Lf", value == 0 ? 0 : value);
    return text;
}
