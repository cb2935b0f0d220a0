/* Streams: generators with read-ahead, several workers and several inputs, pulled by the consumer.
 *
 * A stream is a set of stages joined by bounded buffers.  Sources yield items, stages take items
 * from their inputs and yield items, an inlet is fed by the program, and the program pulls with
 * weir_next().  The engine's workers keep the buffers full while the consumer is busy with an item;
 * when the buffers are full they sleep.
 *
 *   - A stage with `buffer` N never holds N+1 items, finished or promised: the room for all that
 *     one call may yield is claimed before the call takes its input.
 *     What a call then does not yield is free again once the consumer comes by.
 *   - At most `jobs` calls of a stage run at once.
 *   - Items leave a stage in the order of its inputs, whatever the number of jobs; with `unordered`
 *     as they are yielded.
 *   - A failed call ends the stream there: what comes before it in order is still delivered.
 *   - Short calls are claimed several at a time, so a stage may hold inputs of calls that have not
 *     begun, but of no more calls than its buffer has room for (buffer / max_yield).
 *   - A call may use OpenMP as an op of a pipeline may (weir/pipeline.h); an exception that leaves it
 *     ends the process. */
#ifndef WEIR_STREAM_H
#define WEIR_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "weir/engine.h"
#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_stream weir_stream;
typedef struct weir_yielder weir_yielder;
typedef int weir_stage; /* a stage of one stream: 0, 1, … in the order of their making */

typedef enum weir_join {
    WEIR_ZIP,  /* each call takes one item of every input, and the stage ends when one input ends */
    WEIR_MERGE /* each call takes one item of some input, and the stage ends when all have ended */
} weir_join;

typedef struct weir_stage_options {
    const char *name;
    size_t item_bytes;  /* one item that this stage yields; may be 0 */
    unsigned jobs;      /* most calls at once; at least 1 */
    unsigned buffer;    /* most items that it may be ahead; at least 1 and at least max_yield */
    unsigned max_yield; /* most items one call yields; 0 means 1 */
    int unordered;      /* 0: items leave in the order of their inputs */
    weir_join join;
    void *state; /* for the calls of this stage */
    /* Optional: frees what an item of this stage refers to, for an item that nobody will take: on
     * failure, cancel or close. Called on any thread, once per such item. */
    void (*destroy)(void *state, void *item);

    uint64_t reserved[16]; /* 0; see weir.h, "Structs that grow" */
} weir_stage_options;

/* Opens a stream that will run on this engine. Stages are added, then it is started.
 *
 * Owns:     the caller closes it, before the engine.
 * Returns:  WEIR_OK, WEIR_EINVAL (NULL), or WEIR_ENOMEM.
 * Threads:  any; until the start one thread at a time. */
WEIR_API weir_status weir_stream_open(weir_engine *engine, weir_stream **stream);

/* Adds a source.
 *
 * next:     writes one item and returns WEIR_OK, or returns WEIR_END when there are no more, or a
 *           code of its own, which fails the stream. With jobs above 1 calls run at the same time,
 *           and items leave in the order in which calls began; after WEIR_END no call begins.
 * stage:    receives the number of the stage; may not be NULL.
 * Owns:     the options are copied with the name; `state` stays the caller's.
 * Returns:  WEIR_OK, WEIR_EINVAL (jobs or buffer is 0, buffer is less than max_yield, no name, the
 *           stream was started; `where` is stage.field), or WEIR_ENOMEM. */
WEIR_API weir_status weir_stream_source(weir_stream *s, const weir_stage_options *o,
                                        int (*next)(void *state, void *item), weir_stage *stage);

/* Adds an inlet: a source whose items come from weir_push(). `jobs` is not used. */
WEIR_API weir_status weir_stream_inlet(weir_stream *s, const weir_stage_options *o,
                                       weir_stage *stage);

/* Adds a stage with inputs.
 *
 * work:     takes items[0 … inputs-1], one of each input, with WEIR_ZIP; items[0], of some input,
 *           with WEIR_MERGE. It yields 0 to max_yield items with weir_yield(), and returns 0, or a
 *           code of its own, which fails the stream. The items are its own then: it frees what they
 *           refer to, or yields it on, also when it fails. The records last until it returns.
 * inputs:   how many inputs, at least 1; input[i] are stages of this stream, each taken by one
 *           stage only.
 * Returns:  as weir_stream_source(). */
WEIR_API weir_status weir_stream_stage(weir_stream *s, const weir_stage_options *o,
                                       int (*work)(void *state, const void *const *items,
                                                   weir_yielder *y),
                                       unsigned inputs, const weir_stage *input, weir_stage *stage);

/* Inside work: yields one item, which is copied.
 * Returns:  WEIR_OK, or WEIR_EINVAL: more than max_yield items, or NULL with item_bytes above 0; the
 *           item stays the caller's, and the stream fails once work returns. */
WEIR_API weir_status weir_yield(weir_yielder *y, const void *item);
/* Which of the stage's jobs this call is: 0 … jobs-1; no two calls at one time have the same. */
WEIR_API unsigned weir_yielder_job(const weir_yielder *y);

/* Starts the stream: from now on its workers fill the buffers. It holds the engine until it is
 * closed.
 *
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL   the stream has no stage, or was started already;
 *           WEIR_EBUDGET  the engine's max_bytes is below the bytes of its buffers;
 *           WEIR_EBUSY    the engine is running something else;
 *           WEIR_ENOMEM, or
 *           WEIR_ESYS     the system refuses the threads, or the engine was running when this process
 *                         was forked off.
 * Cost:     one thread and one parallel region; all memory is taken here. */
WEIR_API weir_status weir_stream_start(weir_stream *s);

/* The bytes of all buffers and of the calls' inputs: what the stream holds from its start, and what
 * it will never exceed. Items that only refer to something count with their own bytes. */
WEIR_API uint64_t weir_stream_certified_bytes(const weir_stream *s);

/* Takes the next item of a stage that no other stage takes from; waits for it, asleep.
 *
 * Returns:  WEIR_OK and *item; WEIR_END once there are no more; or the failure: WEIR_EOP with the
 *           code and the stage in weir_last_error(), WEIR_ECANCEL, WEIR_EINVAL (no such stage, not
 *           started, taken by another stage), WEIR_EBUSY from inside a call of a stage on the same
 *           engine, or WEIR_ESYS: it was started before this process was forked off.
 * Threads:  any but a worker of this stream; for each stage one at a time. */
WEIR_API weir_status weir_next(weir_stream *s, weir_stage stage, void *item);

/* Hands an item to an inlet; it is copied. Waits for room, asleep.
 *
 * Returns:  WEIR_OK: the stream has the item now; otherwise it is still the caller's: WEIR_END after
 *           weir_push_end(), or when nobody will take it (a zip has ended), the failure, WEIR_EINVAL,
 *           WEIR_EBUSY or WEIR_ESYS, as weir_next().
 * Threads:  as weir_next(). A program that pushes and pulls on one thread must not push more than
 *           the buffers take, or it waits for itself. */
WEIR_API weir_status weir_push(weir_stream *s, weir_stage inlet, const void *item);
/* No more items will come. */
WEIR_API weir_status weir_push_end(weir_stream *s, weir_stage inlet);

/* Stops whatever still runs, waits for calls under way, destroys the items that nobody took, and
 * frees the stream; NULL is allowed. Nothing else may be called on it at the same time.
 *
 * Returns:  WEIR_OK, or the stream's first failure, which closing before the end is not; or WEIR_ESYS
 *           if it was started before this process was forked off: then no item is destroyed. Or
 *           WEIR_EBUSY from inside a call of one of its stages, or of `destroy`, which it would wait
 *           for: then the stream is as it was.
 * Threads:  any that no call of the stream waits for. */
WEIR_API weir_status weir_stream_close(weir_stream *s);

#ifdef __cplusplus
}
#endif
#endif
