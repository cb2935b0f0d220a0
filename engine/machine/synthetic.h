/* Descriptions of synthetic machines, before hwloc sees them.
 *
 * topology.c asks here.  It must never judge what hwloc judges: whether the text is a machine. */
#ifndef WEIR_SYNTHETIC_H
#define WEIR_SYNTHETIC_H

#include "base/base.h"

/* The largest shared-memory machines have fewer, and hwloc's time grows with the cube of a level's
 * width: a second at this size, minutes at four times as much. */
#define WEIR_SYNTHETIC_MOST_PUS 4096

/* Has the machine more hardware threads than that? */
bool weir__synthetic_is_too_large(const char *synthetic);

#endif
