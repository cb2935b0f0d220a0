/* What the drawings share: text in an SVG file, how wide it is, and round numbers for an axis.
 *
 * The plots of the command and of the benchmarks call it.  It must never write a byte of a name
 * that would be markup, or that XML has no place for. */
#ifndef WEIR_SVG_H
#define WEIR_SVG_H

#include <stdbool.h>
#include <stdio.h>

/* A font's height in pixels; letters of bold ones are wider. */
typedef struct svg_font {
    double size;
    bool bold;
} svg_font;

/* Writes text as the content of an element: UTF-8 as it is, all else as text_escape() shows it. */
void svg_text(FILE *file, const char *text);

/* The same, cut with an ellipsis if it is wider than `room`. */
void svg_text_within(FILE *file, const char *text, svg_font font, double room);

/* At most how many pixels wide it is shown, in the sans-serif fonts that there are. */
double svg_width(const char *text, svg_font font);

/* 1, 2 or 5 times a power of ten, so that about `wanted` of them fill the width. */
double svg_nice_step(double width, int wanted);

#endif
