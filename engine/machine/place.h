/* Which worker goes to which hardware thread: a pure function of an array of hardware threads.
 *
 * Called by decide.c for the public functions and for engines; tested on synthetic machines of
 * all shapes. It must never look at the machine that it runs on. */
#ifndef WEIR_PLACE_H
#define WEIR_PLACE_H

#include "base/base.h"
#include "weir/topology.h"

/* Fills places[0 … workers-1] with indices into pus[0 … count-1]; contract in
 * weir_topology_place().
 *
 * scratch:  3 * count unsigned. The first `count` say how many workers of others each hardware
 *           thread has already: those are kept clear of while there is room. */
weir_status weir__place_plan(const weir_pu *pus, unsigned count, weir_bind bind, unsigned workers,
                             unsigned *scratch, unsigned *places) WEIR_MUST_CHECK;

/* The share-th of `shares` parts of the hardware threads, from 0: pus[*first … *first + *size - 1].
 * A part is a run of whole cores, equal to within one. Of more parts than cores, those of one core
 * divide its hardware threads, and share the last of them. */
void weir__place_part(const weir_pu *pus, unsigned count, unsigned share, unsigned shares,
                      unsigned *first, unsigned *size);

#endif
