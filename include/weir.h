/* weir: a work-stealing task-graph engine for multicore CPUs.
 *
 * This header includes every public one but weir/inline.h, which is for ops of some nanoseconds.
 * Programs include it, link libweir.a, an OpenMP runtime of the compiler that built the archive,
 * and hwloc.  It must never need another header of the project to be included first.
 *
 * Structs that grow. Later versions have more options, layers with more fields, and statistics with
 * more counters; a program goes with older and newer libraries all the same. Each struct that
 * program and library share ends in reserved words, of which new fields take theirs, so its size
 * and the place of each field stay:
 *
 *   - Options and layers. The program zeroes the whole struct, as an initialiser does, and sets
 *     what it wants; 0 in a field means what the versions without the field do. A reserved word
 *     that is not 0 is refused with WEIR_EINVAL, and `where` ends in "reserved": the program sets
 *     what this library does not know yet, or has not zeroed the struct.
 *   - What the library fills in, like weir_stats. The reserved words are 0, and so is what an older
 *     library does not count.
 *   - A binding of another language declares the reserved words as well.
 *
 * A size that comes with each struct would do for options, but not for layers, which point to each
 * other and may come from object files of different ages; and the macro that fills it in would
 * be lost on bindings, which call functions by their names. */
#ifndef WEIR_H
#define WEIR_H

#include "weir/engine.h"
#include "weir/graph.h"
#include "weir/parse.h"
#include "weir/pipeline.h"
#include "weir/status.h"
#include "weir/stream.h"
#include "weir/topology.h"
#include "weir/version.h"

#endif
