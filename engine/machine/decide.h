/* The decision: how many workers an engine has, on which part of the machine, and who binds them.
 *
 * engine.c decides here when it opens, and weir_topology_decide() shows the same to programs and to
 * `weir topo`.  It must never bind a thread. */
#ifndef WEIR_DECIDE_H
#define WEIR_DECIDE_H

#include "base/base.h"
#include "machine/claim.h"
#include "machine/launcher.h"
#include "machine/openmp.h"
#include "machine/topology.h"
#include "weir/engine.h"

/* A pure function of what the machine, OpenMP and the launcher say, and of the options: `given` as
 * the program has them, `resolved` with the environment, which the texts tell apart. */
void weir__decide(const weir__machine *machine, const weir__openmp *openmp,
                  const weir__launcher *launcher, const weir_engine_options *given,
                  const weir_engine_options *resolved, weir_placement *placement);

/* Asks machine, runtime and environment, and decides. Returns WEIR_OK or WEIR_EINVAL. */
weir_status weir__decide_here(const weir_topology *topology, const weir_engine_options *given,
                              weir_placement *placement) WEIR_MUST_CHECK;

/* Places the workers of a placement that binds: places[0 … threads-1], beside those that other
 * engines have bound. *claim (NULL: not wanted) then holds the hardware threads for this engine
 * until weir__claim_drop(), and is the caller's to give back.
 * Returns WEIR_OK or WEIR_ENOMEM. */
weir_status weir__decide_places(const weir_topology *topology, const weir_placement *placement,
                                unsigned *places, weir__claim **claim) WEIR_MUST_CHECK;

#endif
