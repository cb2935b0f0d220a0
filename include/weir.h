/* weir: a work-stealing task-graph engine for multicore CPUs.
 *
 * This header includes every public one but weir/inline.h, which is for ops of some nanoseconds.
 * Programs include it, link libweir.a, an OpenMP runtime of the compiler that built the archive, and
 * hwloc.  It must never need another header of the project to be included first. */
#ifndef WEIR_H
#define WEIR_H

#include "weir/engine.h"
#include "weir/pipeline.h"
#include "weir/status.h"
#include "weir/stream.h"
#include "weir/topology.h"

#endif
