/* Pipelines: a chain of layers, compiled to a plan that knows its memory, run by an engine.
 *
 * A branch is one call of a layer on one input.  An inner layer splits its input into children for
 * the layer below, one at a time and on demand; when all have their results it gathers them into
 * one.  A leaf layer computes.  Results land in slots in child order, so a gather sees the same
 * operands in the same order whatever the schedule: with ops that are functions of their operands,
 * results are bit-identical for every number of workers, every limit and every OpenMP runtime. */
#ifndef WEIR_PIPELINE_H
#define WEIR_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include "weir/engine.h"
#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a layer's own loop works on; see weir/inline.h. */
typedef struct weir_loop weir_loop;

/* The description of one layer.  Ops return 0, or a code of the caller's own, which stops the run.
 * They run on any worker, at the same time as other calls of any op; records that they get are
 * theirs until they return.  Records are aligned for any standard C type (16 bytes) where their
 * size allows, and are not cleared.
 *
 * OpenMP inside an op: regions of its own are fine; they get the same with one worker as with many,
 * which is one thread unless OMP_MAX_ACTIVE_LEVELS is more than 1 (omp_get_level() is one less with
 * one). Tasks, taskloops, taskgroups and taskwait are fine too: an op's tasks run at once, on its
 * own worker, since the team's other threads have weir's work to do. What waits for the whole team
 * must not stand outside of a region of the op's own, or it waits for ever: barrier, for, sections,
 * single, and tasks with `detach`. With libgomp, a task reduction (task_reduction, or reduction at
 * a taskloop) had better not either: outside of all regions, as with one worker, it may leave
 * behind what makes a later region hang. A library that an op calls, like a BLAS, had better use
 * one thread (weir/engine.h, weir_each_worker()).
 *
 * Floating point: ops run in the mode of the thread that calls weir_run(), as it is then: rounding,
 * flush-to-zero, and which exceptions trap (MXCSR and the x87 control word, or FPCR; on other
 * machines the rounding alone). So it may be set before the run, and no result depends on the
 * worker. An op may set another mode, for itself and for runs that it starts; it puts the old one
 * back before it returns, or an unknown number of later ops have the new one. Neither the caller
 * nor any other thread keeps a mode from a run. Exception flags are not handed on: each thread has
 * those of what it has computed.
 *
 * An op must not wait for another op of its run: one worker may come to run them all, also where
 * there are more.
 *
 * An op must not end its thread, longjmp out of itself, or throw. An exception that leaves an op
 * ends the process (std::terminate), but for a run with one worker and no stream beside it: there it
 * leaves weir_run(), the run is over, and the engine can be used again. */
typedef struct weir_layer {
    const char *name;
    size_t in_bytes, out_bytes;     /* one branch's input and result; both may be 0 */
    size_t scratch_bytes;           /* per worker, while an op of this layer runs */
    size_t held_bytes;              /* most that its ops hold outside their slots while a branch of
                                   this layer is open; it counts against max_bytes */
    uint32_t fanout;                /* most children of a branch; 0: leaf layer */
    uint32_t max_depth;             /* for a layer below itself: most branches of it on one path;
                                   else 0 */
    const struct weir_layer *child; /* NULL for a leaf layer; the layer itself for recursion */

    /* Optional, once per branch, before its first split: *n children, at most fanout. It may
     * complete its own input record. Without it, every branch has fanout children. A branch with
     * 0 children is a leaf: `leaf` serves it, or without `leaf`, `gather` with no results. */
    int (*count)(weir_branch *b, void *in, uint32_t *n);
    /* Writes the input of child i. Any order of i, any worker, but each i once. */
    int (*split)(weir_branch *b, const void *in, uint32_t i, void *child_in);
    /* Folds the n results, contiguous and in child order, into one. */
    int (*gather)(weir_branch *b, const void *in, const void *results, uint32_t n, void *out);
    int (*leaf)(weir_branch *b, const void *in, void *out);
    /* Leaf layers only, instead of split and leaf: computes the children first … first+n-1 of the
     * branch above, whose input is parent_in; results has their n slots. The engine chooses n so
     * that a call takes about ten microseconds. A failure is that of the whole range, unless the op
     * returns it by way of weir_failed_child(). */
    int (*leaves)(weir_branch *b, const void *parent_in, uint32_t first, uint32_t n, void *results);
    /* Optional, for an inner layer whose children have no `leaves`: weir's loop over its children
     * with the ops inlined, for ops of some nanoseconds. It calls weir_loop_run() of weir/inline.h,
     * and nothing else. */
    void (*loop)(weir_loop *loop);

    /* Most bytes of a run that an op of this layer starts on the same engine: at least
     * weir_plan_serial_bytes() of its plan, and what is more lets others help. Runs are started one
     * after another. It counts for each worker, as scratch does, and bounds the nested run. 0: such a
     * run counts beside this plan, and is refused under max_bytes. */
    size_t nested_bytes;

    uint64_t reserved[15]; /* 0; see weir.h, "Structs that grow" */
} weir_layer;

/* What an op may ask of its weir_branch.
 *
 * Threads:  the op's, and those that work for it until it returns; weir_failed_child() its own.
 * Cost:     some loads each. */

/* The context given to weir_run(), or to weir_graph_context().
 *
 * Owns:     the program; ops that run at the same time share it. */
WEIR_API void *weir_context(const weir_branch *b);

/* The worker that runs this op.
 *
 * Returns:  0 … weir_engine_workers()-1. Two ops that run at the same time have different
 *           workers. */
WEIR_API unsigned weir_worker(const weir_branch *b);

/* The worker's scratch memory.
 *
 * Returns:  at least scratch_bytes of the op's layer, aligned to 64 bytes, with whatever the op
 *           before left in it; NULL if no layer of the plan asked for any, and in tasks of graphs.
 * Owns:     the op, until it returns. */
WEIR_API void *weir_scratch(weir_branch *b);

/* Is the run to end? An op of some length polls it and returns early; what it returns then does not
 * matter.
 *
 * Returns:  not 0 once the run has failed or was cancelled; it stays so. */
WEIR_API int weir_stopping(const weir_branch *b);

/* For a leaves op that fails, or one of a family of tasks: names the child that did, for `where` of the
 * failure.
 *
 * child:    one of first … first+n-1 of the call, or of the index array.
 * code:     what the op is going to return.
 * Returns:  code, so that the op can say `return weir_failed_child(b, child, code)`. */
WEIR_API int weir_failed_child(weir_branch *b, uint32_t child, int code);

/* A compiled pipeline: checked, sized, with its certificate. It never changes, but that it notes
 * how long its runs take (weir/engine.h). */
typedef struct weir_plan weir_plan;

/* Compiles the layers from top down.
 *
 * top:      the description; copied with its names, so it may go away.
 * plan:     receives the plan; NULL after a failure.
 * Owns:     the caller frees the plan, after the last run of it.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  the description is wrong: `where` is layer.field, the text says what is
 *                        right;
 *           WEIR_ENOMEM  no memory.
 * Threads:  any.
 * Cost:     some microseconds. */
WEIR_API weir_status weir_plan_compile(const weir_layer *top, weir_plan **plan);

/* Frees a plan; NULL is allowed.
 *
 * Owns:     the plan is gone, and with it the names that weir_plan_describe() gave.
 * Threads:  any, once, while no run of it is under way. */
WEIR_API void weir_plan_free(weir_plan *plan);

/* Bytes that a run by one worker needs: the smallest max_bytes that weir_run() takes.
 *
 * Returns:  them; UINT64_MAX if they do not fit, 0 for a plan that is NULL.
 * Threads:  any. */
WEIR_API uint64_t weir_plan_serial_bytes(const weir_plan *plan);

/* Bytes that no schedule of weir_run() exceeds with at most in_flight parts out and that many
 * workers: frames along one depth-first path, one part record and its frames for each part in
 * flight, scratch and nested_bytes for each worker, and the declared held_bytes of each. This is the space
 * bound of work stealing (Blumofe and Leiserson, JACM 46(5), 1999), with the constants of this plan. So
 * weir_plan_certified_bytes(plan, 1, 2) is the smallest max_bytes with which two workers can be busy at once,
 * and (plan, n - 1, n) that for n.
 *
 * Returns:  them; UINT64_MAX if they do not fit, 0 for a plan that is NULL.
 * Threads:  any. */
WEIR_API uint64_t weir_plan_certified_bytes(const weir_plan *plan, size_t in_flight,
                                            unsigned workers);

/* What the plan knows of one layer, for reports. */
typedef struct weir_plan_layer {
    const char *name;      /* the plan's own copy */
    uint32_t fanout;       /* 0: leaf layer */
    uint32_t max_depth;    /* 0: not recursive */
    uint64_t max_branches; /* most branches of one weir_run(); UINT64_MAX if it does not fit */
    uint64_t frame_bytes;  /* an open branch: record, slots, held bytes */
    uint64_t branch_bytes; /* a branch run depth first, with all below it */
    uint64_t part_bytes;   /* one part of its children, handed to another worker; 0 for a leaf */
    uint64_t scratch_bytes;
    uint64_t reserved[8]; /* 0; see weir.h, "Structs that grow" */
} weir_plan_layer;

/* How many layers the plan has; 0 for a plan that is NULL.
 *
 * Threads:  any. */
WEIR_API uint32_t weir_plan_layers(const weir_plan *plan);

/* Describes one layer.
 *
 * i:        from 0, the top.
 * layer:    receives it; the name is the plan's and lives as long.
 * Returns:  WEIR_OK, or WEIR_EINVAL: there is no layer i, or an argument is NULL.
 * Threads:  any. */
WEIR_API weir_status weir_plan_describe(const weir_plan *plan, uint32_t i, weir_plan_layer *layer);

/* Runs the plan once on one input.
 *
 * context:  what weir_context() gives to the ops; may be NULL.
 * in, out:  one record each, of the top layer's in_bytes and out_bytes; may be NULL where that is
 *           0; may not overlap.
 * Owns:     nothing is kept after the return.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL   an argument is NULL, count gave more than fanout, or a branch is deeper
 *                         than max_depth;
 *           WEIR_EBUDGET  weir_plan_serial_bytes(plan) is above max_bytes or, in a call of a stream
 *                         or beside one, above what stream and other runs leave of it; nothing ran;
 *           WEIR_ENOMEM   no memory for a serial run; nothing ran;
 *           WEIR_EOP      an op returned non-zero: weir_last_error() has its code and the branch,
 *                         or of a leaves op the range, like A/B[0..63];
 *           WEIR_ECANCEL  weir_engine_cancel() was called, or the run stopped whose op has started
 *                         this one;
 *           WEIR_EBUSY    another thread's run has the engine, or an op of this engine, on another
 *                         thread, waits for the op that calls;
 *           WEIR_ESYS     the system refuses the threads that the run begins with, or the engine
 *                         was running when this process was forked off; nothing ran.
 *           After a failure out is unspecified; the engine can be used again at once.
 * Nested:   an op, or a call of a stream, may run a plan on the engine that it belongs to. Its worker
 *           begins, and idle ones help; until the run is over, the worker runs nothing else but what
 *           is nested in that run. It stops with the run around it, into whose statistics it counts,
 *           but for peaks and certificate. Under max_bytes its layer declares nested_bytes, or it is
 *           refused (WEIR_EBUDGET); in a call of a stream it takes its serial bytes of those that are
 *           left. No op may wait for a thread that starts a run on the op's engine.
 * Beside a stream: while a stream is open on the engine, its workers run this as well, and the calling
 *           thread sleeps; so may several threads do at once. A worker goes where the fewest are, and
 *           between two ops of a run it makes calls of the stream that nobody else does. So no call of
 *           a stream may wait for such a run, nor an op of one for the stream; and while a call sleeps, a
 *           part of a run may have to wait for it.
 *           Where max_bytes has no room for it now, but will have when other runs have ended, it waits,
 *           in the order of arrival.
 * Threads:  any; else one run at a time per engine, nested ones aside. Inside a parallel region of the
 *           caller's, where OpenMP gives no threads, it runs in place with one worker. With LLVM's OpenMP 19,
 *           a thread that has run an engine should live as long as others do: that runtime may abort when
 *           another thread opens a region after its end.
 * Cost:     one parallel region, or one of a single thread where runs of this plan were over in
 *           less time than that takes; no allocation of weir's once the engine is warm. A thread's
 *           first region makes its team's threads twice: once to try. */
WEIR_API weir_status weir_run(weir_engine *engine, const weir_plan *plan, void *context,
                              const void *in, void *out);

/* Runs the plan on n inputs, in one run.
 *
 * context:  as weir_run().
 * n:        how many; may be 0, and at most UINT32_MAX.
 * in, out:  n inputs and n results, each contiguous and in the same order; else as weir_run().
 * Owns:     nothing is kept after the return.
 * Returns:  as weir_run(); `where` of a failure begins with the number of the input, like
 *           A[7]/B[0]. After a failure all of out is unspecified.
 * Threads:  as weir_run().
 * Cost:     as one weir_run(). A part of the inputs may be handed to another worker, so the
 *           certificate is weir_plan_certified_bytes_many(). */
WEIR_API weir_status weir_run_many(weir_engine *engine, const weir_plan *plan, void *context,
                                   size_t n, const void *in, void *out);

/* The certificate of weir_run_many(), else as weir_plan_certified_bytes().
 *
 * Threads:  any. */
WEIR_API uint64_t weir_plan_certified_bytes_many(const weir_plan *plan, size_t in_flight,
                                                 unsigned workers);

#ifdef __cplusplus
}
#endif
#endif
