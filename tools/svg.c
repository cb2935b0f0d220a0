/* Text and axis steps of the drawings; see svg.h. */
#include "svg.h"

#include <math.h>
#include <string.h>

#include "text.h"

/* One character as it is shown, or "\xNN" for a byte that is not. */
typedef struct glyph {
    char text[8];
    double width; /* by the font's size */
} glyph;

/* Widths of the letters from ' ' to '~' in DejaVu Sans, the widest of the common fonts. */
static const unsigned short thousandths[] = {
    317, 400, 459, 837, 636, 950, 779, 274, 390, 390, 500, 837, 317, 360, 317, 336, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 336, 336, 837, 837, 837, 530, 999, 684, 686, 698, 770, 631,
    575, 774, 751, 294, 294, 655, 557, 862, 748, 787, 603, 787, 694, 634, 610, 731, 684, 988, 685,
    610, 685, 390, 336, 390, 837, 500, 500, 612, 634, 549, 634, 615, 352, 634, 633, 277, 277, 579,
    277, 974, 633, 611, 634, 634, 411, 520, 392, 633, 591, 817, 591, 591, 524, 636, 336, 636, 837};

#define BOLD     1.14 /* by as much is a bold letter wider at most, but for the narrowest */
#define ELLIPSIS 1.0  /* the width of one */

static double letter_width(uint32_t code)
{
    if (code >= ' ' && code <= '~')
        return thousandths[code - ' '] / 1000.0;
    const unsigned columns = text_columns(code);
    return columns == 2 ? 1.1 : columns == 1 ? 0.8 : 0;
}

/* Takes the next glyph off the text. */
static glyph next_glyph(const char **text)
{
    glyph g = {"", 0};
    uint32_t code;
    const size_t left = strlen(*text), n = text_decode(*text, left, &code);
    if (n > 0 && text_is_printable(code) && !text_is_escape(*text, left)) {
        memcpy(g.text, *text, n);
        g.width = letter_width(code);
        *text += n;
        return g;
    }
    snprintf(g.text, sizeof g.text, "\\x%02x", (unsigned char)*(*text)++);
    for (const char *c = g.text; *c; c++)
        g.width += letter_width((unsigned char)*c);
    return g;
}

static void write_glyph(FILE *file, const glyph *g)
{
    if (g->text[0] == '&')
        fputs("&amp;", file);
    else if (g->text[0] == '<')
        fputs("&lt;", file);
    else if (g->text[0] == '>')
        fputs("&gt;", file);
    else
        fputs(g->text, file);
}

void svg_text(FILE *file, const char *text)
{
    while (*text) {
        const glyph g = next_glyph(&text);
        write_glyph(file, &g);
    }
}

double svg_width(const char *text, svg_font font)
{
    double width = 0;
    while (*text)
        width += next_glyph(&text).width;
    return width * font.size * (font.bold ? BOLD : 1);
}

void svg_text_within(FILE *file, const char *text, svg_font font, double room)
{
    if (svg_width(text, font) <= room) {
        svg_text(file, text);
        return;
    }
    const double unit = font.size * (font.bold ? BOLD : 1);
    for (double used = ELLIPSIS; *text;) {
        const glyph g = next_glyph(&text);
        used += g.width;
        if (used * unit > room)
            break;
        write_glyph(file, &g);
    }
    fputs("…", file);
}

double svg_nice_step(double width, int wanted)
{
    double rough = width / wanted, power = pow(10, floor(log10(rough)));
    double lead = rough / power;
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}
