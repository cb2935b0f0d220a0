/* What the drawings share: text in an SVG file, and round numbers for an axis.
 *
 * The plots of the command and of the benchmarks call it.  It must never write a byte of a name
 * that would be markup. */
#ifndef WEIR_SVG_H
#define WEIR_SVG_H

#include <stdio.h>

/* Writes text as the content of an element: what is not ASCII, which may not be UTF-8, as '?'. */
void svg_text(FILE *file, const char *text);

/* 1, 2 or 5 times a power of ten, so that about `wanted` of them fill the width. */
double svg_nice_step(double width, int wanted);

#endif
