/* A compiled pipeline: the layers with their layout in memory, and the certificate's arithmetic.
 *
 * check.c refuses wrong descriptions, plan.c copies and sizes right ones, the rest of pipeline/
 * reads them.  A plan must never change once it is compiled. */
#ifndef WEIR_PLAN_H
#define WEIR_PLAN_H

#include "base/base.h"
#include "weir/pipeline.h"

/* One layer. All sizes are rounded to WEIR_ALIGN, so that offsets are aligned.
 *
 * A worker's frames form a stack in one block of memory: the frame of a branch, behind it that of
 * its current child, and so on; in front of a leaf's frame-less input there is nothing. Bytes with
 * `memory` in the name are taken from that block, bytes with `declared` are held_bytes of ops. */
typedef struct weir__layer {
    weir_layer op;                   /* the description; name is the plan's own copy */
    const struct weir__layer *child; /* NULL for a leaf layer */
    bool recursive;
    bool ranges;      /* its children are computed by a leaves op, and have no input slot */
    uint32_t deepest; /* a branch this deep must be a leaf: the end of max_depth */
    size_t in_bytes, frame_bytes;
    uint64_t branch_memory, branch_declared; /* one branch run depth first, all below it included */
    uint64_t part_memory, part_declared;     /* a part of its children: record and one child */
} weir__layer;

/* Invariant: layer[0] is the root, a layer of the library's own whose children are the run's
 * inputs; layer[i].child == &layer[i + 1], or &layer[i] where it is recursive; the last is a leaf
 * layer or recursive. */
struct weir_plan {
    uint32_t layers; /* the root included */
    uint64_t scratch_bytes;
    uint64_t root_memory, root_declared; /* the root's record and one top branch */
    weir__layer layer[];
};

/* What the root's split reads: the inputs of the run, in a row. */
typedef struct weir__inputs {
    const char *in;
    size_t in_bytes;
} weir__inputs;

/* The certificate for runs of n inputs. */
uint64_t weir__plan_certificate(const weir_plan *plan, bool many, size_t in_flight,
                                unsigned workers);

#endif
