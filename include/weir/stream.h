/* Streams: generators with read-ahead, several workers and several inputs, pulled by the consumer.
 *
 * A stream is a set of stages joined by bounded buffers.  Sources yield items, stages take items
 * from their inputs and yield items, an inlet is fed by the program, and the program pulls with
 * weir_next().  The engine's workers keep the buffers full while the consumer is busy with an item;
 * when the buffers are full they sleep.
 *
 *   - A stage with `buffer` N never holds N+1 items, finished or promised: the room for all that
 *     one call may yield is claimed before the call takes its input.
 *     What a call then does not yield is free again once the consumer comes by, and costs what one item
 *     costs.
 *   - At most `jobs` calls of a stage run at once.
 *   - Items leave a stage in the order of its inputs, whatever the number of jobs; with `unordered`
 *     as they are yielded.
 *   - A failed call ends the stream there: what comes before it in order is still delivered.
 *   - Short calls are claimed several at a time, so a stage may hold inputs of calls that have not
 *     begun, but of no more calls than its buffer has room for (buffer / max_yield).
 *   - Calls run in the floating-point mode that the thread had which started the stream, at the
 *     start (weir/pipeline.h). A call that sets another one puts the old one back.
 *   - A call may use OpenMP as an op of a pipeline may (weir/pipeline.h); an exception that leaves
 *     it ends the process. */
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
    unsigned jobs;      /* most calls at once; at least 1. More than workers cost nothing */
    unsigned buffer;    /* most items that it may be ahead; at least 1, and max_yield */
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
 * stream:   receives the stream.
 * Owns:     the caller closes it, before the engine.
 * Returns:  WEIR_OK, WEIR_EINVAL (NULL), or WEIR_ENOMEM.
 * Threads:  any; until the start one thread at a time, which goes for all calls on the stream.
 * Cost:     one allocation; the engine is not taken before the start. */
WEIR_API weir_status weir_stream_open(weir_engine *engine, weir_stream **stream);

/* Adds a source.
 *
 * next:     writes one item and returns WEIR_OK, or returns WEIR_END when there are no more, or a
 *           code of its own, which fails the stream. With jobs above 1 calls run at the same time,
 *           and items leave in the order in which calls began; after WEIR_END no call begins.
 * stage:    receives the number of the stage; may not be NULL.
 * Owns:     the options are copied with the name; `state` stays the caller's.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  jobs or buffer is 0, buffer is less than max_yield, there is no name, the
 *                        stream was started, or an argument is NULL; `where` is stage.field;
 *           WEIR_ENOMEM  no memory.
 * Threads:  as weir_stream_open(). next runs on the stream's workers.
 * Cost:     some allocations; the buffer comes with the start. */
WEIR_API weir_status weir_stream_source(weir_stream *s, const weir_stage_options *o,
                                        int (*next)(void *state, void *item), weir_stage *stage);

/* Adds an inlet: a source whose items come from weir_push(). `jobs` is not used, but at least 1.
 *
 * Owns, Returns, Threads, Cost:  as weir_stream_source(). */
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
 * Owns:     as weir_stream_source(); input is copied.
 * Returns:  as weir_stream_source(), or WEIR_EINVAL for inputs that are none.
 * Threads, Cost:  as weir_stream_source(). */
WEIR_API weir_status weir_stream_stage(weir_stream *s, const weir_stage_options *o,
                                       int (*work)(void *state, const void *const *items,
                                                   weir_yielder *y),
                                       unsigned inputs, const weir_stage *input, weir_stage *stage);

/* Inside work: yields one item.
 *
 * y:        that of this call; nothing after it returns.
 * item:     item_bytes of the stage, copied; may be NULL where that is 0.
 * Owns:     what the item refers to is the stream's from now on, and then whoever's takes it.
 * Returns:  WEIR_OK, or WEIR_EINVAL: more than max_yield items, or NULL with item_bytes above 0;
 *           the item stays the caller's, and the stream fails once work returns.
 * Threads:  the one that work was called on.
 * Cost:     a copy. It never waits, since the room was claimed before the call. */
WEIR_API weir_status weir_yield(weir_yielder *y, const void *item);

/* Inside work: which of the stage's jobs this call is.
 *
 * Returns:  0 … jobs-1; no two calls at one time have the same.
 * Threads:  as weir_yield(). */
WEIR_API unsigned weir_yielder_job(const weir_yielder *y);

/* Starts the stream: from now on the engine's workers fill the buffers. Until it is closed, other
 * threads may run pipelines beside it (weir/pipeline.h), but no second stream.
 *
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL   the stream has no stage, or was started already, or s is NULL;
 *           WEIR_EBUDGET  the bytes of its buffers are above max_bytes, or above what runs leave of it
 *                         that other threads have started;
 *           WEIR_EBUSY    another thread's run has the engine, or another stream, or an op of the
 *                         engine calls;
 *           WEIR_ENOMEM   no memory for the buffers;
 *           WEIR_ESYS     the system refuses the threads, or the engine was running when this
 *                         process was forked off.
 *           After a failure nothing runs; it may be tried again.
 * Threads:  as weir_stream_open(); any thread may have the stream afterwards.
 * Cost:     all memory is taken here; the engine's first stream makes a thread, and one parallel region
 *           is opened on it, unless there is one already. The thread sleeps when no stream is open,
 *           and ends when the engine is closed. */
WEIR_API weir_status weir_stream_start(weir_stream *s);

/* The bytes that the stream asks of the allocator, all by the end of its start: its buffers, the calls'
 * inputs, its records. It holds them until it is closed, and never more. Items that only refer to something
 * count with their own bytes.
 *
 * Returns:  them; UINT64_MAX if they do not fit, 0 for a stream that is NULL.
 * Threads:  any, but not while stages are added.
 * Cost:     a sum over the stages. */
WEIR_API uint64_t weir_stream_certified_bytes(const weir_stream *s);

/* Takes the next item of a stage that no other stage takes from; waits for it, asleep.
 *
 * item:     receives item_bytes of the stage; may be NULL where that is 0.
 * Owns:     what the item refers to is the caller's from now on.
 * Returns:  WEIR_OK, and *item; or
 *           WEIR_END      there are no more;
 *           WEIR_EOP      a call of a stage failed: weir_last_error() has its code and the stage;
 *           WEIR_ECANCEL  weir_engine_cancel() was called;
 *           WEIR_EINVAL   there is no such stage, another stage takes from it, the stream was not
 *                         started, an argument is NULL, or a call of a stage yielded wrongly;
 *           WEIR_EBUSY    this is an op, or a call of a stage, on the same engine;
 *           WEIR_ESYS     the stream was started before this process was forked off.
 * Threads:  any but a worker of this stream; for each stage one at a time.
 * Cost:     a copy; while the buffer is empty, up to 20 microseconds of looking, then sleep. */
WEIR_API weir_status weir_next(weir_stream *s, weir_stage stage, void *item);

/* As weir_next(), but waits for so long at most.
 *
 * ns:       nanoseconds; 0: it does not wait.
 * Returns:  as weir_next(), or
 *           WEIR_ETIME    nothing came in that time; the stream is as it was.
 * Owns, Threads, Cost:  as weir_next(). */
WEIR_API weir_status weir_next_until(weir_stream *s, weir_stage stage, void *item, uint64_t ns);

/* Takes several items at once; waits, asleep, for the first only.
 *
 * items:    room for `most` items of item_bytes each, one right behind the other; may be NULL where that
 *           is 0.
 * most:     at least 1.
 * n:        receives how many there are: 1 to most with WEIR_OK, else 0. What comes behind them, the end
 *           or a failure, the next call returns.
 * Returns:  as weir_next(), or WEIR_EINVAL: most is 0, or n is NULL.
 * Owns, Threads:  as weir_next().
 * Cost:     a copy for each; the producers are told once. Their room is free when all have been copied. */
WEIR_API weir_status weir_next_many(weir_stream *s, weir_stage stage, void *items, size_t most,
                                    size_t *n);

/* Hands an item to an inlet; waits for room, asleep.
 *
 * item:     item_bytes of the inlet, copied; may be NULL where that is 0.
 * Owns:     with WEIR_OK the stream has what the item refers to; else it is still the caller's.
 * Returns:  WEIR_OK, or
 *           WEIR_END      after weir_push_end(), or nobody will take it (a zip has ended);
 *           WEIR_EINVAL   the stage is no inlet; else, and all others, as weir_next().
 * Threads:  as weir_next(). A program that pushes and pulls on one thread must not push more than
 *           the buffers take, or it waits for itself.
 * Cost:     as weir_next(), while the buffer is full. */
WEIR_API weir_status weir_push(weir_stream *s, weir_stage inlet, const void *item);

/* As weir_push(), but waits for so long at most.
 *
 * ns:       nanoseconds; 0: it does not wait.
 * Returns:  as weir_push(), or
 *           WEIR_ETIME    there was no room in that time; the item is still the caller's.
 * Owns, Threads, Cost:  as weir_push(). */
WEIR_API weir_status weir_push_until(weir_stream *s, weir_stage inlet, const void *item,
                                     uint64_t ns);

/* Says that no more items will come; again, it does nothing.
 *
 * Returns:  WEIR_OK, or WEIR_EINVAL, WEIR_EBUSY or WEIR_ESYS as weir_push(). A stream that has
 *           failed takes it as well.
 * Threads:  as weir_push(), not beside one of this inlet.
 * Cost:     it does not wait. */
WEIR_API weir_status weir_push_end(weir_stream *s, weir_stage inlet);

/* Is the stream coming to its end before its time: has a call failed, was it cancelled, or is it being closed?
 * For calls that wait for something outside or take long, which should return then: closing waits for them.
 * What comes before a failure in order is still delivered, so a call that yields what it can costs nothing.
 *
 * Returns:  non-zero if so, and then for good; 0 for a stream that is NULL or was not started.
 * Threads:  any, also calls of the stream's stages; not after weir_stream_close() has returned.
 * Cost:     some loads. */
WEIR_API int weir_stream_stopping(const weir_stream *s);

/* Stops whatever still runs, waits for calls under way, destroys the items that nobody took, and
 * frees the stream; NULL is allowed.
 *
 * Owns:     the stream is gone, unless WEIR_EBUSY is returned; the engine can be used again.
 * Returns:  WEIR_OK, or the stream's first failure, as weir_next() gives it, which closing before
 *           the end is not; or
 *           WEIR_ESYS   it was started before this process was forked off: no item is destroyed;
 *           WEIR_EBUSY  this is a call of one of its stages, or of `destroy`, which it would wait
 *                       for, or another op of the engine's: the stream is as it was.
 * Threads:  any that no call of the stream waits for; nothing else may be called on the stream at
 *           that time.
 * Cost:     it waits for calls under way, but not for runs beside it. */
WEIR_API weir_status weir_stream_close(weir_stream *s);

#ifdef __cplusplus
}
#endif
#endif
