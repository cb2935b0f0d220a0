/* An execution: a graph under way, its packs of ready tasks, and what workers have learnt of its ops.
 *
 * run.c begins and ends it, pack.c runs packs, clump.c finds members of a family for one call,
 * share.c makes packs out of a worker's ready tasks when somebody wants work, body.c runs the
 * bodies of tasks.  A graph keeps its execution from run to run, so that a warm run allocates
 * nothing, and does what it has learnt to do.  It must never have two runs at once.
 *
 * A pack is an item (sched/item.h): tasks that are ready, and all that becomes ready when they have
 * finished, until somebody else gets some of it.  A task that is ready is in one pack.  So the run is at
 * its end when no pack is open.
 *
 * A body of a task is a graph with an execution of its own, in the run of the graph around it.  The worker
 * of the task runs it in place, and holds a count of it meanwhile.  Where others have packs of the body
 * then, the worker goes on with what it has besides, and the last of them goes on with the task: the task
 * alone is in the body's pack `after`, which is one of the execution around, open until it is done.
 *
 * Under a limit a root graph may come to wait for bytes that another graph on the engine has.  Then its last
 * pack leaves it parked (book.h), with one count open, and whoever gives those bytes back makes its first
 * pack anew, with the task that was granted, and posts that as an item of a new root.
 *
 * Who may call what at the same time ("-" free, "X" never):
 *                 begin/end   run, serve   take/give pack
 *   begin/end         X            X              X         by the thread that runs the graph
 *   run, serve        X            -              -         the worker that has the pack
 *   take, give        X            -              -         any worker
 * Order:     all that a task did happens before its successors: they are in the same pack, or their
 *            count was lowered by everybody whom they wait for (GR4), or a pack was handed over (M1, M2),
 *            or given back (GR3).
 * Progress:  nothing here waits but for the lock of the list of packs.
 * Memory:    the graph's; it grows with the first run on an engine with more workers. */
#ifndef WEIR_GRAPH_EXECUTION_H
#define WEIR_GRAPH_EXECUTION_H

#include <pthread.h>

#include "graph/book.h"
#include "graph/gain.h"
#include "graph/graph.h"
#include "graph/ready.h"
#include "graph/sample.h"
#include "sched/alone.h"
#include "sched/grain.h"
#include "sched/here.h"
#include "sched/item.h"
#include "sched/told.h"

enum { WEIR_SKILLS = 16, WEIR_CLUMP_MOST = 256 };

/* What a worker has learnt of one op. */
typedef struct weir__skill {
    weir__task_op op;    /* NULL: it is free */
    uint32_t short_runs; /* in a row took less than WEIR_LONG_NS */
    weir__grain grain;   /* members of a family in one call */
} weir__skill;

/* What one worker has learnt of a graph's ops, and its room for a clump: the members of a family that one
 * call is for. Written by that worker alone. */
typedef struct weir__craft {
    alignas(WEIR_LINE) weir__skill skill[WEIR_SKILLS]; /* by the op's address */
    weir__task_op known; /* what its last pack knew, and whether by more than not having to care */
    bool known_is_short;
    uint32_t members; /* in the clump */
    uint32_t index[WEIR_CLUMP_MOST];
} weir__craft;

/* Written by the worker that runs it; by the one that makes it before. */
typedef struct weir__pack {
    alignas(WEIR_LINE) weir__item item;
    weir__told told;  /* lent to the ops */
    weir__here *here; /* of the worker */
    struct weir__execution *of;
    bool posted;    /* it was made for others, with a permit */
    bool continues; /* its first task has a body under way, or which is at its end */

    /* While it runs. */
    weir__task_op
        known; /* an op that is not one of a family, nor long as far as is known, nor timed; or NULL */
    weir_task next;      /* which may start, and runs next; or WEIR_NO_TASK */
    bool is_careful;     /* others may come to want work: before long ops they get some */
    bool wants_team;     /* it waits for the team, for its run to be alone no more */
    bool is_shared;      /* others may have packs of the execution */
    bool gains;          /* the execution has a team, and asks whether it pays (gain.h) */
    const int *signal;   /* what others want of its worker */
    uint32_t polls;      /* until a request is handled, the one that fires included: at least 1 */
    uint32_t skip_polls; /* that go by a request after nothing could be handed out */
    uint64_t fired_at_ns, begun_at_fired; /* when a poll fired last, and how many tasks had begun */
    uint64_t begun;                       /* tasks */
    uint64_t told_begun, told_ns; /* as far as they have been counted (gain.h), and until when */
    weir__craft *craft;
    struct weir__pack *inner; /* of a body that its first task is to go on with; or NULL */
    struct weir__execution
        *left; /* of a body, which the worker is about to leave to others; or NULL */
    weir__ready ready;

    /* Where a plan is followed, in the place of tasks. */
    uint32_t lane;        /* that it has; or WEIR_NO_LANE */
    bool in_clump;        /* a clump of it is under way, */
    uint32_t call, entry; /* and goes on there in the plan */
    uint64_t waited_ns;   /* for other lanes */

    struct weir__pack *next_free;
} weir__pack;

/* Invariant (weir__execution_is_valid), while nobody is at work: fresh <= packs;  the packs in the list of
 * free ones are below fresh, each once;  a body is `up`'s, whose task up_task has it. */
typedef struct weir__execution {
    /* Read-only while the run is under way. */
    weir_graph *graph;
    weir__run *run;
    unsigned workers;   /* that there is a craft for */
    weir__craft *craft; /* by worker */
    unsigned packs;
    weir__pack *pack;
    bool has_levels;

    struct weir__execution *up; /* of one of whose tasks it is a body; NULL: it is the run's, */
    weir_task up_task;          /* that task, */
    uint64_t turn;              /* and what that chose, or how often it has been run before */
    weir__book *book;           /* of its bytes and releases in this run; NULL: there are none */
    bool parks;                 /* its book is shared with other roots' */
    struct weir__lanes *lanes;  /* of the plan that this run follows; NULL: it decides as it goes */
    float *cost;         /* of each task, that this run finds out: in ns; NULL: it does not */
    void *context;       /* the graph's, or that of the graph around */
    weir__pack first;    /* which it begins with */
    weir__pack after;    /* of `up`: goes on with up_task */
    weir__sample sample; /* what was learnt of its tasks, */
    weir__gain gain;     /* and of who is best to run them */

    weir__alone alone;
    alignas(WEIR_LINE) atomic_uint open; /* packs */
    alignas(WEIR_LINE) pthread_mutex_t lock;
    weir__pack *free; /* packs that were in use, */
    unsigned fresh;   /* and the number of the first that never was in this run */
} weir__execution;

/* Does the invariant hold? For asserts and tests. Threads: none is at work. */
bool weir__execution_is_valid(const weir__execution *e);

/* What a graph and its bodies have for their runs, for so many workers; NULL: no memory, and they are as
 * they were. */
weir__execution *weir__execution_prepare(weir_graph *graph, unsigned workers) WEIR_MUST_CHECK;
/* NULL is allowed. No run is under way. */
void weir__execution_free(weir__execution *e);

/* A run begins, of a graph and its bodies. */
void weir__execution_begin_run(weir__execution *e, weir__run *run);
/* And ends, with a failure maybe. Nobody is at work any more. */
void weir__execution_end_run(weir__execution *e, bool complete);
/* The execution has a book, if there is something to do for one, within so many bytes; and no more.
 * Of a graph of its own, not a body, that is on an engine with a limit: `terms` but for their counts. */
void weir__execution_open_book(weir__execution *e, uint64_t bytes, const weir__terms *terms);
void weir__execution_close_book(weir__execution *e, bool complete);
/* May tasks have to wait for bytes? */
static inline bool weir__execution_is_limited(const weir__execution *e)
{
    return e->book != NULL && e->book->books != NULL;
}
/* Brings the tasks of other books to their runs. */
void weir__execution_post_granted(const weir__granted *granted, const weir__book *own);
/* The execution begins, with one pack, which has all roots; returns that. `counts` of it are open, one of
 * them the pack's. */
weir__pack *weir__execution_begin(weir__execution *e, unsigned counts);

/* The pack that goes on with the task of which the execution is a body. Its run does not end before. */
weir__pack *weir__execution_begin_after(weir__execution *body);

/* A pack for others, without tasks, and the permit for it; NULL: there is none now. The run does not end
 * before it is given back. */
weir__pack *weir__execution_take_pack(weir__execution *e) WEIR_MUST_CHECK;
/* A pack is done: all its tasks have finished, or the run stops. If it was the last one, that ends the
 * run, or returns the item that goes on with the task of which this is a body. Nothing of the execution may
 * be touched afterwards, but for that item. */
weir__item *weir__execution_give_pack(weir__pack *pack) WEIR_MUST_CHECK;
/* The same for a count that is no pack's. */
weir__item *weir__execution_leave(weir__execution *e) WEIR_MUST_CHECK;

/* Is the pack, which is under way, the only one? Then what all others did has happened before, and there are
 * no others until its worker hands something out. */
static inline bool weir__execution_is_sole(const weir__pack *pack)
{
    const weir__execution *e = pack->of;
    /* The worker of a body's first pack has the count beside it as well. */
    const unsigned own = e->up != NULL && pack == &e->first ? 2 : 1;
    /* GR3 as well. */
    return load_acquire(&e->open) == own;
}

/* ---- share.c ---- */

/* The word that the worker polls before each task says something: may it go on all the same? If not, the
 * poll fires. */
static inline bool weir__pack_may_go_on(weir__pack *p, int said)
{
    WEIR_ASSERT(p->polls > 0);
    if (said == WEIR__REQUEST && --p->polls > 0)
        return true;
    p->polls = 1;
    return false;
}

/* The pack begins now; and ends, or is left. */
void weir__share_begin(weir__pack *p, uint64_t now_ns);
void weir__share_end(weir__pack *p, uint64_t now_ns);

/* Called when the poll fires, before a task. Hands out packs as demand, credits and permits allow. False:
 * the run stops, or has been alone for long enough: then p->wants_team. */
bool weir__share_serve(weir__pack *p);

/* For the ops that a pack lends itself to (told.h). */
bool weir__share_around(weir__told *told);

/* Before an op that may be long, in a run that is alone: is it time for the team? Then p->wants_team. */
bool weir__share_needs_team(weir__pack *p);
/* Before such an op: puts all other ready tasks where others can take them. Returns the pack
 * with them, or NULL. */
weir__pack *weir__share_all(weir__pack *p) WEIR_MUST_CHECK;
/* After it: takes them back, if nobody else has. */
void weir__share_take_back(weir__pack *p, const weir__pack *shared);

/* ---- body.c ---- */

typedef enum weir__control_end {
    WEIR_CONTROL_DONE,  /* the task has finished */
    WEIR_CONTROL_LEFT,  /* others go on with it */
    WEIR_CONTROL_STOPS, /* the run stops, or the pack waits for its team, or leaves p->left */
} weir__control_end;

/* Runs a task that has bodies. */
weir__control_end weir__body_run_control(weir__pack *p, weir_task t) WEIR_MUST_CHECK;

/* ---- place.c ---- */

/* Stops the run for an op of the task that returned `code`. text: what it did; NULL: that. */
void weir__place_fail(weir__pack *p, weir_task t, int code, const char *text);
/* The same for a call for n tasks of the family, one of which the op may have named. */
void weir__place_fail_clump(weir__pack *p, const weir__label *label, const uint32_t *index,
                            uint32_t n, int code);

/* ---- follow.c ---- */

/* Runs lanes of the plan that the execution follows, as long as there is something to do; else waits for a
 * moment, and leaves. */
void weir__follow_run(weir__pack *p);

/* ---- clump.c ---- */

/* Fills in the worker's clump with t and others of its family that come next, up to `most`, which
 * begin now. In a run that is limited, all of them have their bytes. Returns how many. */
uint32_t weir__clump_collect(weir__pack *p, weir_task t, uint32_t most);
/* What runs may hold that a call for these n members starts, one after the other: as much as the member that
 * has declared most, since the bytes of all are there. */
uint64_t weir__clump_nested(const weir_graph *graph, const weir__label *label,
                            const uint32_t *index, uint32_t n);
/* The task has finished, and all of its clump, if it is of a family: as weir__book_finished(). */
bool weir__clump_finished(weir__pack *p, weir_task t, weir_task next, weir__granted *granted);

/* ---- pack.c ---- */

/* Readies a pack for a worker; told.around is the caller's to set. */
void weir__pack_begin(weir__pack *p, weir__worker *worker, weir__here *here);
/* Runs what is ready in it, and what becomes ready. */
void weir__pack_run_tasks(weir__pack *p);
/* Is a task ready that may start? Where the graph has a book, some come from there: one, and as many as other
 * workers miss. */
bool weir__pack_take(weir__pack *p);

/* The item of a pack: runs its tasks, and what becomes ready. */
weir__item *weir__pack_run(weir__worker *worker, weir__item *item);

#endif
