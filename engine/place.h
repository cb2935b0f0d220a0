/* Which worker goes to which hardware thread: a pure function of an array of hardware threads.
 *
 * Called by topology.c for the public function and for engines; tested on synthetic machines of
 * all shapes. It must never look at the machine that it runs on. */
#ifndef WEIR_PLACE_H
#define WEIR_PLACE_H

#include "base.h"
#include "weir/topology.h"

/* Fills places[0 … workers-1] with indices into pus[0 … count-1]; contract in
 * weir_topology_place(). Memory for `count` unsigned is needed in order[]. */
weir_status weir__place_plan(const weir_pu *pus, unsigned count, weir_bind bind, unsigned workers,
                             unsigned *order, unsigned *places) WEIR_MUST_CHECK;

#endif
