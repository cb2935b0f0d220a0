/* The records of a run in memory: open branches, and parts of them on other workers.
 *
 * part.c runs them, promote.c makes parts of them; both on the worker that owns them.  Nobody else
 * must ever touch a frame, but for its input (read by all its parts), its result slots (each
 * written once, by whoever ran that child), the count of its parts (taken from by each that is
 * complete), and its gather, once all are. */
#ifndef WEIR_FRAME_H
#define WEIR_FRAME_H

#include "base/base.h"
#include "sched/item.h"
#include "weir/detail/loop.h" /* weir__frame */

static_assert(sizeof(weir__frame) == WEIR_LINE, "a frame's header is one line");

/* In the count of parts: the frame is suspended, and the last of them gathers it. */
#define WEIR_FRAME_SUSPENDED (1u << 31)

/* Are parts of it out? If not, all that they wrote is there to be gathered. */
static inline bool weir__frame_has_parts(const weir__frame *f)
{
    /* J1: acquire; pairs with J2 in promote.c. Without it the gather could read a result's slot as it
     * was before the part wrote it. */
    return __atomic_load_n(&f->parts, __ATOMIC_ACQUIRE) != 0;
}

/* A part: the children [next, end) of a frame. Stands at the head of its block, the frames of its
 * children follow. The run's root is one too. A part that is suspended at a frame, whose parts are out, is
 * the item that gathers that frame once they are complete. */
typedef struct weir__part {
    weir__item item;
    const struct weir__pipeline *pipeline;
    uint64_t declared;         /* held_bytes reserved with it */
    weir__frame *from;         /* that it was cut off; NULL in the root */
    weir__frame *suspended_at; /* or where its worker goes on once the team is there */
    uint32_t depth;            /* of `from`: branches on the path from the top */
    alignas(WEIR_LINE) weir__frame view;
} weir__part;

/* ---- how they are run: part.c ---- */

/* The item of a part: runs its children, and gathers all branches that it completes. */
weir__item *weir__part_run(struct weir__worker *worker, weir__item *part);

/* The item of a root that was left for the team to come: goes on where it was left. */
weir__item *weir__part_go_on(struct weir__worker *worker, weir__item *part);

/* The item of a part that was suspended at a frame whose parts are complete: gathers that frame, and its
 * parents, until one has parts out or the part is complete. */
weir__item *weir__part_gather(struct weir__worker *worker, weir__item *part);

#endif
