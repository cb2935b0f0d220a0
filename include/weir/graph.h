/* Task graphs: any directed acyclic graph of tasks, built once, run as often as wanted.
 *
 * A task is one call of an op. An edge says that a task has finished before another one begins. Tasks
 * and edges are added in any order, by one thread at a time; weir_graph_compile() checks the graph and
 * freezes it to a compact form. An edge is given by weir_graph_before(), or follows from what tasks do
 * with data, which weir_graph_touch() tells.
 *
 * Tasks have numbers, 0, 1, … in the order of their making. Errors name a task by its name, a member of
 * a family like rows[17], and a task without a name by its number, like #17. */
#ifndef WEIR_GRAPH_H
#define WEIR_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "weir/engine.h"
#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_graph weir_graph;
typedef uint32_t weir_task; /* a task of one graph: 0, 1, … in the order of their making */

/* What a task does with data. */
typedef enum weir_access { WEIR_READ = 1, WEIR_WRITE = 2, WEIR_READ_WRITE = 3 } weir_access;

/* Makes a graph without tasks.
 *
 * graph:    receives the graph; NULL after a failure.
 * Owns:     the caller destroys it.
 * Returns:  WEIR_OK, WEIR_EINVAL (NULL), or WEIR_ENOMEM.
 * Threads:  any; one thread at a time, which goes for all calls on the graph.
 * Cost:     one allocation. */
WEIR_API weir_status weir_graph_create(weir_graph **graph);

/* Frees a graph; NULL is allowed.
 *
 * Owns:     the graph is gone; what `arg` and `context` point to is the caller's, as ever.
 * Threads:  as weir_graph_create(), once, and not while the graph runs: so never in an op of its own. */
WEIR_API void weir_graph_destroy(weir_graph *graph);

/* Adds a task.
 *
 * name:     for errors and reports, copied; NULL or "" is none. Two tasks may have the same.
 * op:       returns 0, or a code of its own, which is a failure.
 * arg:      what op gets; may be NULL.
 * task:     receives the task's number; may not be NULL.
 * Owns:     arg stays the caller's; it must be there while the graph is used.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  an argument is NULL, the graph is compiled, or it has 2^30 tasks already,
 *                        which is the most;
 *           WEIR_ENOMEM  no memory; the graph is as it was, which goes for all calls on a graph.
 * Threads:  as weir_graph_create().
 * Cost:     some nanoseconds; 32 bytes and the name, until compile. */
WEIR_API weir_status weir_graph_add(weir_graph *graph, const char *name, int (*op)(void *arg),
                                    void *arg, weir_task *task);

/* Adds a family: n tasks with one op, which may run several of them in one call.
 *
 * name:     as weir_graph_add(); task first + i is called name[i].
 * n:        how many, at least 1.
 * op:       runs the tasks index[0 … count-1] of the family, counted from 0, in this order; their
 *           predecessors have finished, or stand before them in index. Else as weir_graph_add(); where
 *           task index[i] fails, `return weir_failed_child(weir_here(), index[i], code);` has the error
 *           name it (weir/pipeline.h).
 * first:    receives the number of the first of the n tasks, which have consecutive ones.
 * Owns, Returns, Threads:  as weir_graph_add().
 * Cost:     the same as one task, until compile. */
WEIR_API weir_status weir_graph_add_many(weir_graph *graph, const char *name, uint32_t n,
                                         int (*op)(void *arg, const uint32_t *index,
                                                   uint32_t count),
                                         void *arg, weir_task *first);

/* Adds an edge: `first` has finished before `then` begins. The same edge given twice is one edge.
 *
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  there is no such task, both are the same, the graph is compiled, or it is
 *                        NULL;
 *           WEIR_ENOMEM  no memory.
 * Threads:  as weir_graph_create().
 * Cost:     some nanoseconds; 8 bytes, until compile. */
WEIR_API weir_status weir_graph_before(weir_graph *graph, weir_task first, weir_task then);

/* Adds n edges, first[i] before then[i] each; or none, where one of them is wrong.
 *
 * n:        how many; may be 0.
 * Returns:  as weir_graph_before(); `where` names the element, like then[17].
 * Threads, Cost:  as weir_graph_before(), for each. */
WEIR_API weir_status weir_graph_before_many(weir_graph *graph, size_t n, const weir_task *first,
                                            const weir_task *then);

/* Says that a task reads or writes data. The order of the calls is the program's order: the task comes
 * after those that calls before have said to write the data; and one that writes comes also after those
 * that read it. So run in any order that the edges allow, tasks see what they would see one after another.
 *
 * data:     an address that stands for the data, and is never looked at. Only equal addresses are the same
 *           data: tasks that use parts of an array agree on an address for each part.
 * access:   WEIR_READ_WRITE gives the same edges as WEIR_WRITE.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  there is no such task, access is something else, the graph is compiled, or an
 *                        argument is NULL;
 *           WEIR_ENOMEM  no memory.
 * Threads:  as weir_graph_create().
 * Cost:     some tens of nanoseconds; 8 bytes for an edge, and some 20 to 50 for each address and 8 to 16
 *           for each reader since its last write, until compile. */
WEIR_API weir_status weir_graph_touch(weir_graph *graph, weir_task task, const void *data,
                                      weir_access access);

/* Says how many bytes a task holds: from its start until its last successor has finished, or until it
 * has finished itself, where it has none. The last call counts; without one, a task holds nothing.
 * They are only counted: the memory is the program's, which its ops take, and release gives back.
 *
 * Returns:  WEIR_OK, WEIR_EINVAL (no such task, the graph is compiled, or NULL), or WEIR_ENOMEM.
 * Threads:  as weir_graph_create().
 * Cost:     some nanoseconds; 16 bytes until compile, and 8 for each task of a graph afterwards, where
 *           any has been told. So do all the calls below. Where tasks need bytes, compile looks for an
 *           order that needs few, in one or two microseconds a task, and keeps it in 27 bytes a task. */
WEIR_API weir_status weir_graph_hold(weir_graph *graph, weir_task task, size_t bytes);

/* Says how many bytes a task needs only while it runs, beside those that it holds. They are only counted as
 * well: weir_scratch() is NULL in a graph's ops. Else as weir_graph_hold(). */
WEIR_API weir_status weir_graph_scratch(weir_graph *graph, weir_task task, size_t bytes);

/* Says how many bytes the runs may hold that the task's op starts on the same engine, as nested_bytes
 * of a layer does (weir/pipeline.h): without it they are refused under max_bytes, by a WEIR_EBUDGET to the
 * op. Tasks of a graph that runs there may have what is free besides. Else as weir_graph_hold(). */
WEIR_API weir_status weir_graph_nested(weir_graph *graph, weir_task task, size_t bytes);

/* Says what to call once, when the bytes that the task holds come back, or would, where it holds none;
 * after a failure it is called for each task that has begun.
 *
 * release:  gets the arg of the task, or of its family, but not which member it is: where each has memory of
 *           its own, add them one by one. NULL takes the call before back.
 * Else as weir_graph_hold(). */
WEIR_API weir_status weir_graph_release(weir_graph *graph, weir_task task,
                                        void (*release)(void *arg));

/* Says about how long the task runs: a hint, which decides what is urgent.
 *
 * ns:       a number that is not below 0, up to 3e38. Tasks that nothing, or 0, is said of count like the
 *           mean of the others.
 * Returns:  as weir_graph_hold(), or WEIR_EINVAL for another ns. Else as weir_graph_hold(). */
WEIR_API weir_status weir_graph_cost(weir_graph *graph, weir_task task, double ns);

/* Adds a task that runs a graph, or none, as choose says.
 *
 * choose:   gets arg; returns 0, or more than 0, or less: a code of its own, which is a failure.
 * then, otherwise: run where choose returned more than 0, and where it returned 0. They are compiled, no
 *           two tasks have the same, and they run in this one only. otherwise may be NULL: nothing runs.
 * Owns:     the graph takes the bodies, and destroys them with itself; weir_graph_destroy() of one does
 *           nothing any more.
 * Returns:  as weir_graph_add(), or WEIR_EINVAL: a body is not compiled, or is one already.
 * Threads:  as weir_graph_create(), for the bodies as well.
 * Bytes:    the task needs those of its bodies, weir_graph_serial_bytes() of the largest;
 *           weir_graph_nested() may give them more, and then they have more tasks at work at a time.
 * A body that fails is named by its task: choice/inner. Where weir_graph_context() was not called for it,
 * its ops have the context of the graph around. */
WEIR_API weir_status weir_graph_if(weir_graph *graph, const char *name, int (*choose)(void *arg),
                                   void *arg, weir_graph *then, weir_graph *otherwise,
                                   weir_task *task);

/* Adds a task that runs one of n graphs: body[choose(arg)]. Another choice is a failure, with the choice
 * as code. A failure in a body is named like choice[2]/inner. Else as weir_graph_if().
 *
 * n:        how many, at least 1.
 * body:     the row is copied. A body that is NULL does nothing. */
WEIR_API weir_status weir_graph_switch(weir_graph *graph, const char *name,
                                       int (*choose)(void *arg), void *arg, unsigned n,
                                       weir_graph *const *body, weir_task *task);

/* Adds a task that runs a graph again and again, before each time asking `more`: 0 ends it, more than 0
 * goes on, less is a failure with that code. A failure in the body is named with how often it had run
 * before, like loop[17]/inner. Else as weir_graph_if().
 *
 * Cost:     below 100 ns each time, beside `more` and the body. */
WEIR_API weir_status weir_graph_while(weir_graph *graph, const char *name, int (*more)(void *arg),
                                      void *arg, weir_graph *body, weir_task *task);

/* Sets what weir_context() gives to the ops, before or after compile.
 *
 * context:  may be NULL, which it is without a call.
 * Owns:     the caller.
 * Returns:  WEIR_OK, or WEIR_EINVAL (NULL).
 * Threads:  as weir_graph_create(), while the graph does not run. */
WEIR_API weir_status weir_graph_context(weir_graph *graph, void *context);

/* How runs of a graph may be planned. */
enum {
    WEIR_PLAN_LANES = 1, /* tasks are divided among workers beforehand */
    WEIR_PLAN_SERIAL = 2 /* one worker runs all, in the program's order */
};

/* Says which plans a graph may have; without a call, both.
 *
 * Where tasks take a few microseconds or less, it costs as much to decide who runs which. So a graph's first
 * runs find out what its tasks take, and where that is little, all further ones follow a plan: a lane of
 * tasks for each worker, in a fixed order, that waits for others where edges say so; or one for all, where
 * more would gain nothing. It is made anew when tasks take quite another time than they did, or the
 * engine has another number of workers. A graph with bodies has none, but its bodies may, as was said of
 * them before they became bodies; nor has one of fewer than 32 tasks or more than four million; and runs
 * within fewer bytes than weir_graph_certified_bytes() follow none. Results are the same, in any case.
 *
 * allowed:  WEIR_PLAN_LANES, WEIR_PLAN_SERIAL, both or 0: then each run decides as it goes.
 * Returns:  WEIR_OK; WEIR_EINVAL: another bit, a body of another graph, or NULL; WEIR_EBUSY: the graph runs.
 * Threads:  as weir_graph_create(). A plan that there is, is forgotten. */
WEIR_API weir_status weir_graph_plan(weir_graph *graph, unsigned allowed);

/* Checks the graph and freezes it: nothing can be added afterwards. An edge is left out where another
 * predecessor of its end has its beginning among its own first 64 predecessors; it still counts for what
 * a task holds. In graphs of more than some thousand edges that is looked for as long as it pays: where it
 * finds hardly any such edges, most of the others are kept without a look. weir_graph_describe() says how
 * many.
 *
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  the edges have a cycle: `where` is the name of one of its tasks, and the text
 *                        has the names of all, or of the first and the last ones of a long cycle; the
 *                        graph is compiled already, or NULL;
 *           WEIR_ENOMEM  no memory.
 *           After a failure the graph is as it was: it can be added to, and compiled again.
 * Threads:  as weir_graph_create().
 * Cost:     some nanoseconds for each task and edge. A compiled graph has at most 48 bytes for each task
 *           and 8 for each edge, and what the calls above say; no more than twice that until then. */
WEIR_API weir_status weir_graph_compile(weir_graph *graph);

/* What a compiled graph consists of. */
typedef struct weir_graph_summary {
    uint64_t tasks;
    uint64_t edges;           /* that are kept for order */
    uint64_t redundant_edges; /* left out, since others imply them; no duplicates */
    uint64_t roots;           /* tasks without predecessors */
    uint64_t depth;           /* levels: most tasks on one path */
    uint64_t widest;       /* tasks of the widest level: those with equally many before them, on the
                                 longest path */
    double work_ns;        /* all tasks one after another; 0: it is not known */
    double span_ns;        /* those on the longest path: no number of workers is faster */
    uint64_t lanes;        /* of the plan that its runs follow; 0: they decide as they go */
    uint64_t clumps;       /* of all lanes: before each a lane may wait for others */
    double predicted_gain; /* all tasks' time, divided by the plan's; 0 without a plan */
    /* Of those that are kept: where hardly any are redundant, compile stops to look for them, and
     * has not looked at these. */
    uint64_t unsearched_edges;
    uint64_t reserved[9]; /* 0; see weir.h, "Structs that grow" */
} weir_graph_summary;

/* Describes a compiled graph. Costs are those that were hinted, where a task without one counts like the
 * mean of the others; or, where none were, those that its first runs have found, after three or four of them
 * (weir_graph_plan()); none are found where no plan may be made.
 *
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  the graph is not compiled, or an argument is NULL;
 *           WEIR_EBUSY   the graph runs, or one that it is a body of: runs find costs, and make plans;
 *           WEIR_ENOMEM  no memory.
 * Threads:  any, several at a time, once the graph is compiled and while it does not run.
 * Cost:     some nanoseconds for each task and edge, and up to 24 bytes a task meanwhile. */
WEIR_API weir_status weir_graph_describe(const weir_graph *graph, weir_graph_summary *summary);

/* The least bytes within which the graph can run: the most that its tasks hold and need at one time when
 * they run one after another, in the best of the orders that compile has tried. That is never more than
 * in the order of their numbers, where all edges go forward, and the least there is where each task has
 * one successor at most (a tree, or several).
 *
 * Returns:  them; UINT64_MAX if they do not fit, 0 where no task needs bytes, and for a graph that is
 *           NULL or not compiled. The engine's own memory is not counted, nor below.
 * Threads:  any, while nobody compiles or destroys the graph. */
WEIR_API uint64_t weir_graph_serial_bytes(const weir_graph *graph);

/* Bytes that no run of the graph exceeds: what all its tasks hold and need together. Within so many, no
 * task ever waits for bytes.
 *
 * Returns, Threads:  as weir_graph_serial_bytes(). */
WEIR_API uint64_t weir_graph_certified_bytes(const weir_graph *graph);

/* Says how many bytes are enough, on so many workers, for a share of the speed that the graph has
 * without a limit: a `max_bytes` that is worth having, between the two above.
 *
 * That is simulated: workers start tasks within the limit as those of a run do, the most urgent
 * first, and tasks take what weir_graph_describe() goes by, or all equally long, where nothing is
 * known. Nothing else takes time in there, neither starting a task, nor memory that several workers
 * read, nor other runs. So the answer is as good as the costs, and a real run may have more or less
 * of its speed.
 *
 * workers:  at least 1. Of 1 the answer is weir_graph_serial_bytes(), which costs it nothing.
 * speed:    above 0, up to 1: like 0.95.
 * bytes:    receives a limit with which the simulated time is at most 1 / speed of that without
 *           one; 1 % less was too little, or there is no less. Fewer still may be enough by chance.
 *           0: no task needs bytes.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL  the graph is not compiled, or an argument is NULL or not as above;
 *           WEIR_EBUSY   as weir_graph_describe();
 *           WEIR_ENOMEM  no memory.
 *           The same graph, costs and arguments always give the same answer.
 * Threads:  as weir_graph_describe().
 * Cost:     up to about 20 simulated runs, of up to 1 µs for each task and some ns for each edge,
 *           and 30 bytes a task meanwhile. From 10^6 tasks on there are fewer of them, and the
 *           answer may be too large; above 4 · 10^6 tasks there are none, and it is
 *           weir_graph_certified_bytes(). */
WEIR_API weir_status weir_graph_advise(const weir_graph *graph, unsigned workers, double speed,
                                       uint64_t *bytes);

/* Runs a compiled graph once: each task after all its predecessors.
 *
 * Of tasks that are ready a worker takes rather those from which the way to the end of the graph is
 * longest, by the costs that were hinted (weir_graph_cost()), or, where none were, by those that its first
 * runs have found. Ops ask what those of pipelines ask:
 * weir_here() is their weir_branch (weir/pipeline.h), with context, worker, and whether the run is to
 * end.
 *
 * Owns:     nothing is kept after the return, but what the engine's next run of the graph needs.
 * Returns:  WEIR_OK, or
 *           WEIR_EINVAL   an argument is NULL, or the graph is not compiled, or a body of another one, or
 *                         weir_graph_nested() of a task is less than its bodies need;
 *           WEIR_ENOMEM   no memory; nothing ran;
 *           WEIR_EBUDGET  max_bytes is, or open streams leave, less than weir_graph_serial_bytes(), or an op
 *                         around has declared less; nothing ran;
 *           WEIR_EOP      an op returned non-zero, or chose what is not there: weir_last_error() has its
 *                         code and names the task, or tasks of a family like rows[3..9]. Where a run
 *                         failed that the op had started, and the op returned its status or code, the
 *                         path goes on with where that one failed: outer > inner;
 *           WEIR_ECANCEL  weir_engine_cancel() was called, or the run stopped whose op has started
 *                         this one; a run that waits for another graph's bytes returns when that one
 *                         gives some back or ends;
 *           WEIR_EBUSY    the graph runs already, maybe around the op that calls; or as weir_run();
 *           WEIR_ESYS     as weir_run().
 *           After a failure no further task begins, and the graph can be run again at once.
 * Nested, beside a stream, Floating point: as weir_run().
 * Bytes:    a task starts when what it holds and needs is there, and in an order in which all can come to
 *           their end, also in graphs that run beside each other or in each other's ops: they share
 *           max_bytes. One that has no room beside the others waits before its first task, and later
 *           tasks may wait for another graph's bytes.
 * Threads:  any, one run of a graph at a time. Several graphs run on one engine at a time where
 *           weir_run() may run beside others.
 * Statistics: branches are tasks; promotions, how often ready tasks were put where other workers could
 *           take them, which is so before each op that is not known to be shorter than 2 µs.
 * Cost:     some nanoseconds for each task and edge. The first run takes memory for its workers, and
 *           finds what is urgent. The first two or three read the clock for each task; the one after them
 *           may make a plan, in some hundred nanoseconds and up to a hundred bytes for each task and edge.
 *           It has one lane, a later one several, and the faster one stays, after five runs of either or
 *           more, up to 16 as long as they become faster, or two of more than 10 ms (weir_graph_plan()).
 *           Later runs allocate nothing, unless the engine has more workers, or there is a new plan to be
 *           made. */
WEIR_API weir_status weir_graph_run(weir_engine *engine, weir_graph *graph);

#ifdef __cplusplus
}
#endif
#endif
