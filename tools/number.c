/* Numbers to text; see number.h. */
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PLAIN = 24 };

/* How many digits it takes.  A normal double that 15 digits make again has no other form of up to
 * 15 digits, so that one without its trailing zeros is the shortest; with fewer bits a shorter one
 * may do. */
static int count_digits(double value)
{
    char text[NUMBER_TEXT];
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits < 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            return digits;
    }
    return 17;
}

const char *number_double(double value, char text[NUMBER_TEXT])
{
    value = value == 0 ? 0 : value;
    snprintf(text, NUMBER_TEXT, "%.*g", count_digits(value), value);
    return text;
}

const char *number_integer(long double value, char text[NUMBER_TEXT])
{
    snprintf(text, NUMBER_TEXT, "%.0Lf", value == 0 ? 0 : value);
    return text;
}

decimal number_decimal(double value)
{
    char text[NUMBER_TEXT], digits[NUMBER_TEXT];
    if (value == 0)
        return (decimal){0, 0};
    snprintf(text, sizeof text, "%.*e", count_digits(value) - 1, fabs(value));
    const char *mark = strchr(text, 'e');
    size_t count = 0;
    for (const char *c = text; c < mark; c++)
        if (*c != '.')
            digits[count++] = *c;
    const int exponent = atoi(mark + 1) - (int)count + 1;
    size_t zeros = 0;
    while (digits[count - 1 - zeros] == '0')
        zeros++;
    digits[count - zeros] = '\0';
    return (decimal){copysignl(strtold(digits, NULL), value), exponent + (int)zeros};
}

int number_decimals(decimal d)
{
    return d.exponent < 0 ? -d.exponent : 0;
}

int number_plain(decimal d, int decimals, char text[NUMBER_TEXT])
{
    char digits[NUMBER_TEXT];
    if (d.digits == 0)
        d = (decimal){0, 0};
    const int length = snprintf(digits, sizeof digits, "%.0Lf", fabsl(d.digits));
    const int point = length + d.exponent; /* how many digits stand before it */
    const int whole = point > 0 ? point : 1;
    if (decimals > MOST_PLAIN || (d.digits < 0) + whole + (decimals > 0) + decimals > MOST_PLAIN)
        return 0;
    char *to = text;
    if (d.digits < 0)
        *to++ = '-';
    for (int i = point - whole; i < point + decimals; i++) {
        if (i == point)
            *to++ = '.';
        *to++ = i >= 0 && i < length ? digits[i] : '0';
    }
    *to = '\0';
    return (int)(to - text);
}

int number_scientific(decimal d, char text[NUMBER_TEXT])
{
    char digits[NUMBER_TEXT];
    int length = snprintf(digits, sizeof digits, "%.0Lf", fabsl(d.digits));
    const int power = d.digits == 0 ? 0 : d.exponent + length - 1;
    while (length > 1 && digits[length - 1] == '0')
        length--;
    int used = snprintf(text, NUMBER_TEXT, "%s%c", d.digits < 0 ? "-" : "", digits[0]);
    if (length > 1)
        used += snprintf(text + used, NUMBER_TEXT - (size_t)used, ".%.*s", length - 1, digits + 1);
    if (power != 0)
        used += snprintf(text + used, NUMBER_TEXT - (size_t)used, "e%d", power);
    return used;
}

const char *number_percent(double share, char text[NUMBER_TEXT])
{
    decimal d = number_decimal(share);
    d.exponent += 2;
    if (number_plain(d, number_decimals(d), text) == 0)
        number_scientific(d, text);
    return text;
}
