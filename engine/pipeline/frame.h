/* The records of a run in memory: open branches, and parts of them on other workers.
 *
 * part.c runs them, promote.c makes parts of them; both on the worker that owns them.  Nobody else
 * must ever touch a frame, but for its input (read by all its parts), its result slots (each
 * written once, by whoever ran that child), and its gather, once all parts are complete. */
#ifndef WEIR_FRAME_H
#define WEIR_FRAME_H

#include "base.h"
#include "weir/inline.h" /* weir__frame */

static_assert(sizeof(weir__frame) == WEIR_LINE, "a frame's header is one line");

/* A part of it was handed out. */
static inline bool weir__frame_is_cut(const weir__frame *f)
{
    return f->end != f->count;
}

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
