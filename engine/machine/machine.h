/* A machine as weir sees it: its hardware threads in a row, and its memory nodes.
 *
 * topology.c makes one of what hwloc says, decide.c places workers on it.  It must never change
 * once it is made. */
#ifndef WEIR_MACHINE_H
#define WEIR_MACHINE_H

#include "base/base.h"
#include "weir/topology.h"

/* What was read once and does not change.
 *
 * Invariant (weir__machine_is_valid), for hardware threads i of count > 0, in the machine's order:
 *   core, l3 and package begin at 0, and each is that of i - 1 or one more; the last core is cores - 1;
 *   smt is 0 where a core begins, else one more than that of i - 1;
 *   kinds are 0 to the largest, without a gap;  numa is that of one node, whose numbers are 0 to the
 *   largest as the hardware threads come to them;  nodes are in the order of os_index;
 *   count <= allowed <= present;  quota >= 0. */
typedef struct weir__machine {
    weir_pu *pus;
    unsigned count, cores;
    weir_node *nodes; /* ordered by os_index */
    unsigned node_count;
    unsigned present, allowed; /* hardware threads, as in weir_machine */
    double quota;              /* 0: none */
    bool here;                 /* not a described machine */
    bool can_bind;             /* it is here, and the system supports it */
    const char *told;          /* the variable that tells hwloc of another machine, or NULL */
} weir__machine;

/* Does the invariant hold? For asserts and tests. */
bool weir__machine_is_valid(const weir__machine *machine);

#endif
