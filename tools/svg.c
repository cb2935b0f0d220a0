/* Text and axis steps of the drawings; see svg.h. */
#include "svg.h"

#include <math.h>

void svg_text(FILE *file, const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s; s++)
        if (*s == '&')
            fputs("&amp;", file);
        else if (*s == '<')
            fputs("&lt;", file);
        else
            fputc(*s < 0x20 || *s >= 0x7f ? '?' : *s, file);
}

double svg_nice_step(double width, int wanted)
{
    double rough = width / wanted, power = pow(10, floor(log10(rough)));
    double lead = rough / power;
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}
