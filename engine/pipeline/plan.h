/* A compiled pipeline: the layers with their layout in memory, and the certificate's arithmetic.
 *
 * check.c refuses wrong descriptions, plan.c copies and sizes right ones, the rest of pipeline/
 * reads them.  A plan must never change once it is compiled, but for what its runs teach. */
#ifndef WEIR_PLAN_H
#define WEIR_PLAN_H

#include "base/base.h"
#include "sched/alone.h"
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

/* layer[0] is the root, a layer of the library's own whose children are the run's inputs.
 *
 * Invariant (weir__plan_is_valid), for layers i from 1 on, with sums and products that stay at
 * UINT64_MAX where they do not fit:
 *   child is NULL in a leaf layer (fanout 0), layer[i] where it is recursive, else layer[i + 1]; only
 *   the last is a leaf layer or recursive;
 *   in_bytes is op.in_bytes rounded up to WEIR_ALIGN;
 *   frame_bytes = header + in_bytes + fanout × child.out_bytes, rounded up;
 *   branch_memory = in_bytes in a leaf layer, max_depth × frame_bytes where it is recursive, else
 *                   frame_bytes + child.branch_memory;
 *   part_memory = record + child.branch_memory, for the root as well: that is root_memory;
 *   …_declared the same with held_bytes for a frame or a leaf, and nothing for a record;
 *   scratch_bytes and nested_bytes are the largest of the layers';
 *   divides <=> one of them has a fanout above 1;
 *   serial_bytes is the certificate of one worker. */
struct weir_plan {
    uint32_t layers; /* the root included */
    uint64_t scratch_bytes, nested_bytes;
    bool divides;                        /* a run of one input has something to hand out */
    uint64_t root_memory, root_declared; /* the root's record and one top branch */
    uint64_t serial_bytes;
    weir__alone alone; /* its runs'; the one part that they write */
    weir__layer layer[];
};

/* What the root's split reads: the inputs of the run, in a row. */
typedef struct weir__inputs {
    const char *in;
    size_t in_bytes;
} weir__inputs;

/* Does the invariant hold? For asserts and tests. */
bool weir__plan_is_valid(const weir_plan *plan);

/* The certificate for runs of n inputs. */
uint64_t weir__plan_certificate(const weir_plan *plan, bool many, size_t in_flight,
                                unsigned workers);

#endif
