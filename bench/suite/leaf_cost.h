/* What a leaf of so many multiplications costs the sequential program, and so how many a leaf of a
 * given time has.
 *
 * main.c has it measured once at the start; the cases take their leaves from here.  It must never
 * reckon where it can measure: the shortest leaves cost what the call and the jump cost, too. */
#ifndef WEIR_BENCH_LEAF_COST_H
#define WEIR_BENCH_LEAF_COST_H

#include "suite.h"

/* Fills s->leaf. False if the sequential program failed, which has been said. */
bool leaf_cost_measure(settings *s);
/* The multiplications of the leaf that costs nearest to `ns`; 0: the call alone. */
uint64_t leaf_cost_steps(const leaf_cost *cost, double ns);
/* Whether that one costs about `ns`: below what the call and the jump cost, none does. */
bool leaf_cost_has(const leaf_cost *cost, double ns);

#endif
