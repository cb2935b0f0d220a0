/* The records of a run in memory: open branches, and parts of them on other workers.
 *
 * part.c runs them, promote.c makes parts of them; both on the worker that owns them.  Nobody else
 * must ever touch a frame, but for its input (read by all its parts), its result slots (each
 * written once, by whoever ran that child), and its gather, once all parts are complete. */
#ifndef WEIR_FRAME_H
#define WEIR_FRAME_H

#include "base.h"

struct weir__layer; /* plan.h */

/* An open inner branch, or a part of one: then input and results are those of the branch it was cut
 * from. Invariant: next <= end <= count; children [next, end) are this worker's to run. */
typedef struct weir__frame {
    const struct weir__layer *layer;
    struct weir__frame *parent; /* below it on this stack, or for a part that of the branch */
    char *in;
    char *results;
    char *above;    /* where the child's frame or input slot is */
    uint32_t next;  /* first child not yet begun */
    uint32_t end;   /* children from here on are somebody else's, or do not exist */
    uint32_t count; /* children of the branch */
    uint32_t index; /* which child of its parent */
    uint32_t depth; /* of a recursive layer: branches of it on the path, this one included */
    uint32_t cut;   /* a part of it was handed out */
} weir__frame;

static_assert(sizeof(weir__frame) == WEIR_LINE, "a frame's header is one line");

/* A part: the children [next, end) of a frame, as one OpenMP task. Stands at the head of its block,
 * the frames of its children follow. The run's root is one too, without a task. */
typedef struct weir__part {
    struct weir__run *run;
    uint64_t done;     /* the OpenMP event that completes it; unused in the root */
    uint64_t declared; /* held_bytes reserved with it */
    bool root;
    alignas(WEIR_LINE) weir__frame view;
} weir__part;

#endif
