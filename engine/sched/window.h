/* The window: how many parts may be out, and how many bytes a run may hold.
 *
 * The pipeline asks it before it hands a part to another worker, and tells it when the part has
 * begun and is complete; at the limit the answer is no, and nobody ever waits for a yes.  It owns
 * the memory of parts and scratch, and must never let a run hold more bytes than `limit_bytes`.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                open/close  begin/end  admit  complete  scratch
 *   begin/end        X          X         X       X         X
 *   all the others   X          X         -       -         -
 * (begin/end: the thread that runs, before the team enters and after it has left)
 * Order:     what a part wrote reaches its gather by other ways (promote.h); the lock orders only the
 *            window's own lists.
 * Progress:  a lock, held for a few list operations, and for one allocation while the engine is
 *            cold.
 * Memory:    blocks that are free stay with the window for the next part, but held and free ones
 *            together never exceed the limit either; close frees them. */
#ifndef WEIR_WINDOW_H
#define WEIR_WINDOW_H

#include <pthread.h>

#include "base/atomics.h"
#include "base/base.h"
#include "weir/status.h"

typedef struct weir__block weir__block; /* header of a piece of memory, in window.c */

/* Bytes that a block of `bytes` really takes, its header included. */
uint64_t weir__window_block_bytes(uint64_t bytes);

/* Invariant, under the lock: held_bytes + free_bytes <= limit_bytes, in_flight <= max_in_flight,
 * scratch_count >= min(team, 1 + in_flight) if scratch_bytes > 0. */
typedef struct weir__window {
    /* Written under the lock; in_flight and held_bytes are read without it as a hint. */
    alignas(WEIR_LINE) pthread_mutex_t lock;
    atomic_size_t in_flight; /* parts made and not complete */
    atomic_uint_least64_t held_bytes;
    uint64_t free_bytes;
    weir__block *free_blocks;
    weir__block *free_scratch; /* reserved for this run, not in use */
    unsigned scratch_count;    /* reserved for this run */
    uint64_t peak_bytes;
    size_t peak_in_flight;

    /* Read-only while a run is under way. */
    alignas(WEIR_LINE) unsigned team;
    size_t max_in_flight;
    uint64_t limit_bytes;
    uint64_t scratch_bytes;
} weir__window;

/* Limits of one run. */
typedef struct weir__limits {
    size_t max_in_flight;
    uint64_t limit_bytes;   /* the certificate */
    uint64_t scratch_bytes; /* one worker's; 0: none */
} weir__limits;

weir_status weir__window_open(weir__window *window) WEIR_MUST_CHECK;
void weir__window_close(weir__window *window);

/* Begins a run with one block of root_bytes (plus root_held declared bytes) and scratch for one
 * worker. Returns the block, or NULL if there is no memory. The caller has checked the limits. */
void *weir__window_begin(weir__window *window, const weir__limits *limits, uint64_t root_bytes,
                         uint64_t root_held) WEIR_MUST_CHECK;
/* How many threads the run got: fewer than asked for lower the limit of parts in flight. */
void weir__window_set_team(weir__window *window, unsigned team);
/* Ends it: every permit and byte must be back but root's. */
void weir__window_end(weir__window *window, void *root, uint64_t root_held);

/* Frees the blocks that are kept for the next run; no run may be under way. */
void weir__window_trim(weir__window *window);

/* Reserves a permit, a block of `bytes` and `held` declared bytes, and scratch if one more worker
 * may come to run; all or nothing. Returns the block; NULL: not now, run it in place. */
void *weir__window_admit(weir__window *window, uint64_t bytes, uint64_t held) WEIR_MUST_CHECK;
/* A part is complete: the permit, its block and its declared bytes come back. */
void weir__window_complete(weir__window *window, void *block, uint64_t held);

/* Scratch for a worker that begins to run, aligned to WEIR_LINE; NULL if the plan has none. */
void *weir__window_take_scratch(weir__window *window) WEIR_MUST_CHECK;
void weir__window_give_scratch(weir__window *window, void *scratch);

/* May one part more be in flight, as it looks now? */
static inline bool weir__window_has_permit(const weir__window *window)
{
    return load_relaxed(&window->in_flight) < window->max_in_flight;
}

#endif
