/* The engine: a team of pinned OpenMP threads, its limits, and the statistics of its last run.
 *
 * An engine holds no threads of its own between runs: a run opens one OpenMP parallel region on
 * the calling thread, whose pool the OpenMP runtime keeps warm.  Where runs of a plan were over in
 * less time than the region takes, the next begins on the calling thread alone, as it is bound, and
 * opens it only if it turns out to be longer. */
#ifndef WEIR_ENGINE_H
#define WEIR_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "weir/parse.h"
#include "weir/status.h"
#include "weir/topology.h"
#include "weir/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_engine weir_engine;

/* An engine beside the rest of the program:
 *
 *   - fork(). The child can go on with the engines that its parent had opened, and with its own.
 *     What was under way at the fork, a run or a started stream, is the parent's alone, as is its
 *     engine: calls give WEIR_ESYS, also to a child that is forked off inside an op, which must end
 *     with _exit() or exec() and not return from the op. Closing such an engine, or stream, frees
 *     nothing that its workers may have been changing. With libgomp, regions of the thread that
 *     forked are opened by another one in the child, since its own pool of threads stayed in the
 *     parent: ops of worker 0 do not see that thread's own thread-local variables then. A region of
 *     the program's own there waits for ever: libgomp has no way back, with weir or without.
 *   - Threads. Both runtimes end the process when they cannot make a thread. So weir tries before,
 *     with the stack size of the environment (OMP_STACKSIZE, …): when an engine is opened, before a
 *     host thread's first region and whenever its team grows, and before a stream starts. WEIR_ESYS
 *     says that they are refused, and the engine can be used again; a run that has begun alone ends
 *     alone then, without an error. Not caught are a limit that is
 *     reached between the trial and the region, threads that a region of the program's own has
 *     ended since, and limits that change what a thread may do later.
 *   - Signals. Threads of OpenMP's pool that have served a run, and those of streams, block all
 *     signals that are sent to the process (all but SIGSEGV and its like, SIGABRT, SIGPIPE, and the
 *     profilers' SIGPROF and SIGVTALRM): handlers run on the program's own threads. What such a
 *     thread starts inherits that, a program as well.
 *   - OpenMP regions of the program's own. With libgomp, regions of different size on one host
 *     thread, taking turns, end and start threads at each change, the larger one's surplus, at some
 *     ten microseconds a thread. Let them be of one size: set OMP_NUM_THREADS or num_threads to
 *     weir_engine_workers(), or open the engine with omp_get_max_threads() workers; then none is
 *     made. (Nor with libomp, nor with one worker, which opens no region.)
 *   - BLAS, FFT and other libraries that ops call and that have threads of their own: one for each
 *     op is enough. With OpenBLAS, set OPENBLAS_NUM_THREADS=1, or call openblas_set_num_threads(1)
 *     before the run; two workers that multiply matrices take up to twice as long without. What is
 *     to be set on each thread goes into weir_each_worker().
 *   - A crowded machine, where other processes want the same cores: threads that wait, spin, and
 *     keep those that work from running. Runs of some tens of microseconds soon do without their
 *     team there. For longer ones, set OMP_WAIT_POLICY=passive before the program starts: then
 *     neither OpenMP's threads nor weir's spin. */

/* The most workers of an engine. */
#define WEIR_MAX_WORKERS 4096

/* A field of 0 takes the environment variable, and without that the default.
 *
 * share, shares: the engine's part of the machine, for processes that divide it among them: the
 * share-th, from 0, of `shares` parts of the cores that this process may use, which are equal to
 * within one core. If shares is 0, WEIR_SHARE says it, like 1/4; and without that the launcher
 * (mpirun, srun, …): the rank's part among those of its node, unless the launcher has bound the
 * rank itself, which shows in an affinity mask smaller than its cgroup allows. Else it is the
 * whole. */
typedef struct weir_engine_options {
    unsigned workers;     /* WEIR_WORKERS, else OMP_NUM_THREADS; one per core of its part of the
                             machine, and never more than its part of the CPU quota */
    weir_bind bind;       /* WEIR_BIND: auto, core, spread, pu, none */
    size_t max_in_flight; /* WEIR_MAX_IN_FLIGHT; 4 * workers. Parts handed out and not complete */
    size_t max_bytes;     /* WEIR_MAX_BYTES, like 64M or 2G; no limit. Bytes of all runs together */
    unsigned share, shares; /* WEIR_SHARE, else the launcher's local rank */
    uint64_t reserved[8];   /* 0; see weir.h, "Structs that grow" */
} weir_engine_options;

/* Opens an engine.
 *
 * options:  NULL for the defaults; copied.
 * engine:   receives the engine; NULL after a failure.
 * Owns:     the caller closes it.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL    an option or an environment variable is out of range; `where` names it;
 *           WEIR_ENOMEM    no memory;
 *           WEIR_ESYS      the machine cannot be read, or the system refuses that many threads, or
 *                          their stacks (OMP_STACKSIZE);
 *           WEIR_ERUNTIME  weir was compiled by gcc, but this program runs LLVM's OpenMP runtime,
 *                          which would lose the completion of tasks: the text says how to relink.
 * Threads:  any; several engines may be open in one process.
 * Cost:     milliseconds (reads the machine's topology, and tries once whether the threads can be
 *           had). */
WEIR_API weir_status weir_engine_open(const weir_engine_options *options, weir_engine **engine);

/* Closes an engine; NULL is allowed. No run may be under way in this process.
 *
 * Owns:     the engine is gone; its threads are OpenMP's, and stay.
 * Threads:  any, once. */
WEIR_API void weir_engine_close(weir_engine *engine);

/* What an op learns about the call that it serves; valid only until the op returns. */
typedef struct weir_branch weir_branch;

/* What the op was told that runs on this thread: NULL outside of ops of pipelines and graphs, and in
 * threads that an op has made, or that an OpenMP region of its own has besides the op's.
 * Threads:  any. */
WEIR_API weir_branch *weir_here(void);

/* Stops the run that is under way, or all that are: no further op begins, ops that poll
 * weir_stopping() see it, and the run returns WEIR_ECANCEL. Without a run it does nothing.
 *
 * A stream stops with the pipelines in its calls, those as well that such a call is about to run.
 * One that has failed before, and would still deliver what comes before the failure, stops too:
 * weir_next() gives WEIR_ECANCEL from then on, weir_stream_close() the failure.
 *
 * Threads:  any, also from an op and from a signal handler; the engine must stay open.
 * Cost:     some stores for each worker; it does not wait for the run. */
WEIR_API void weir_engine_cancel(weir_engine *engine);

/* The limits in force.
 *
 * Returns:  workers: how many a run asks OpenMP for. max_in_flight: what was asked, or 4 for each
 *           worker. max_bytes: SIZE_MAX without a limit. 0 for an engine that is NULL.
 * Threads:  any. */
WEIR_API unsigned weir_engine_workers(const weir_engine *engine);
WEIR_API size_t weir_engine_max_in_flight(const weir_engine *engine);
WEIR_API size_t weir_engine_max_bytes(const weir_engine *engine);

/* What a run did; or a stream, from its start to its close. What a stream's members mean, where it is
 * not the same, stands below. */
typedef struct weir_stats {
    unsigned workers;          /* threads that OpenMP gave, or to a run that has not asked, gave
                                  the last time; 1 inside another parallel region */
    uint64_t branches;         /* branches begun, leaves included, and tasks of graphs */
    uint64_t promotions;       /* parts, or packs of ready tasks, handed out for other workers */
    uint64_t gathers_promoted; /* gathers that ran as OpenMP tasks of their own */
    uint64_t peak_in_flight;   /* most parts that were out at one time */
    uint64_t peak_bytes;       /* most bytes held at one time: frames, declared bytes, scratch; of a
                                  graph, what its tasks had, or all that they need, if that fits */
    uint64_t certified_bytes;  /* what peak_bytes could not exceed; known before the run */
    double seconds;            /* wall time of the run */

    /* Why workers had nothing to do. How often work was there that they could have had, but could
     * not be handed out: max_in_flight parts were out, or one more would have passed the bytes
     * (max_bytes; the smallest that lets two workers work is weir_plan_certified_bytes(plan, 1,
     * 2)). And the time that all of them together ran nothing, for these reasons or because there
     * was no work; the way into and out of the run counts, and with one worker it is 0. */
    uint64_t denied_permits;
    uint64_t denied_bytes;
    uint64_t idle_ns;

    uint64_t reserved[16]; /* 0; see weir.h, "Structs that grow" */
} weir_stats;

/* Of a stream:
 *
 * branches:        calls of its stages and sources that were made, also those that returned
 *                  WEIR_END or failed; and branches of pipelines that calls ran on this engine.
 * promotions, gathers_promoted: of those pipelines.
 * peak_in_flight:  0.
 * peak_bytes, certified_bytes: weir_stream_certified_bytes(), which it holds from start to close.
 * denied_permits:  how often a worker found nothing to do while a stage had inputs for a call, but
 *                  all of its jobs were at work: more jobs would help, if calls may run at once.
 * denied_bytes:    the same while a stage had inputs for a call, but no room in its buffer: who
 *                  takes its items is slower, or the buffer is too small for the ups and downs of
 *                  both.
 * idle_ns:         the time that all workers together made no call, with one worker as well.
 *
 * Of a run beside a stream: idle_ns is the time that the workers did not run it, whatever else they
 * did; with one worker as well. */

/* Copies the statistics of the last run that the calling thread started, or stream that it closed, if
 * that was on this engine; else those of the engine's last one.
 *
 * stats:    receives them; all zero before the first run, and for an engine that is NULL.
 * Threads:  the one that ran, or any while no run is under way. */
WEIR_API void weir_engine_stats(const weir_engine *engine, weir_stats *stats);

/* Calls f once on each worker, on the worker's own thread and bound as in a run, all at the same
 * time: to set the number of threads of a BLAS, make plans of an FFT, or touch memory first where
 * it will be used.
 *
 * f:        gets the context and the number of the worker, 0 … the workers that there are; returns
 *           0, or a code of its own.
 * Owns:     nothing is kept after the return.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  engine or f is NULL;
 *           WEIR_EOP     f returned non-zero: weir_last_error() has the code, and the worker in
 *                        `where`; f was called on all the same;
 *           WEIR_EBUSY   the engine is running: another thread's run, a stream, or the run of the
 *                        op which calls;
 *           WEIR_ESYS, WEIR_ENOMEM  as weir_run().
 * Threads:  any, as weir_run(). Later runs from the same host thread have the same threads, as long
 *           as no region of another size comes between (libgomp ends threads then). Another host
 *           thread, and each stream, has its own, but for worker 0's with weir_run(): that is the
 *           calling thread. With fewer threads than workers (OMP_THREAD_LIMIT), and inside a
 *           parallel region, f is called on those that a run would have.
 * Floating point: f begins in the calling thread's mode, on each worker. A mode that f sets is gone
 *           when it returns: what ops are to have, the thread sets that starts their run
 *           (weir/pipeline.h).
 * Cost:     one parallel region. */
WEIR_API weir_status weir_each_worker(weir_engine *engine, int (*f)(void *context, unsigned worker),
                                      void *context);

#ifdef __cplusplus
}
#endif
#endif
