/* A task graph: under construction, and as it is frozen.
 *
 * build.c makes it and adds to it, freeze.c compiles it.  Whoever runs it changes the fields of a task
 * that say so, and nothing else.  It must never know what engine it runs on. */
#ifndef WEIR_GRAPH_INTERNAL_H
#define WEIR_GRAPH_INTERNAL_H

#include "base/atomics.h"
#include "base/base.h"
#include "graph/access.h"
#include "graph/list.h"
#include "weir/graph.h"

#define WEIR_TASKS_MOST (UINT32_C(1) << 30)
#define WEIR_EDGES_BITS 48      /* more than a memory has room for */
#define WEIR_NO_COST    (-1.0f) /* nothing was said */

/* Of a task with a name, or of a family. */
typedef struct weir__label {
    weir_task first; /* its first task */
    uint32_t n;      /* how many it has: 1, or a family's */
    bool family;
    char name[]; /* "": none */
} weir__label;

typedef enum weir__task_kind {
    WEIR_TASK_ONE,
    WEIR_TASK_MANY,   /* of a family */
    WEIR_TASK_CONTROL /* it runs graphs that it owns */
} weir__task_kind;

typedef union weir__task_op {
    int (*one)(void *arg);
    int (*many)(void *arg, const uint32_t *index, uint32_t count);
    struct weir__control *control;
} weir__task_op;

typedef enum weir__control_kind {
    WEIR_CONTROL_IF,
    WEIR_CONTROL_SWITCH,
    WEIR_CONTROL_WHILE
} weir__control_kind;

/* What a task decides that runs graphs: which of them, or how often. They are the task's graph's, and may
 * run in it only. */
typedef struct weir__control {
    weir__control_kind kind;
    int (*choose)(void *arg);
    weir_task task;
    struct weir__control *next; /* of the same graph */
    uint32_t n;                 /* bodies; 2 of an if, 1 of a while */
    weir_graph *body[];         /* NULL: nothing runs */
} weir__control;

/* Of a task of a compiled graph, what is looked at when a predecessor finishes, and what comes after it.
 * Where edges go far, these are the misses of a run, so they are small. Its successors are
 * successor[task[t].successors] up to successor[task[t + 1].successors], that one not included; task[n] is
 * there for its number alone.
 * Invariant, between runs: left == predecessors, unless the graph is torn. */
typedef struct weir__task {
    uint32_t
        left; /* predecessors that have not finished; from the last of them on until it begins, the
                      next ready task, or anything */
    float level; /* ns from its start to the end of the graph, along the longest path: urgency */
    union {
        struct {
            uint64_t kind : 4;    /* weir__task_kind */
            uint64_t flags : 4;   /* of ready.h, as is what follows, from the first run on */
            uint64_t urgency : 8; /* which list it goes into, from 1, the most urgent */
            uint64_t successors : WEIR_EDGES_BITS;
        };
        uint64_t word; /* all of these: written at once, which bit fields are not */
    };
} weir__task;

/* And the rest of it. Read-only after compile. */
typedef struct weir__fixed {
    weir__task_op op;
    void *arg;
    uint32_t predecessors; /* over the edges that are kept for order */
    uint32_t label;        /* its number from 1; 0: it is one task without a name */
} weir__fixed;
static_assert(sizeof(weir__task) == 16 && sizeof(weir__fixed) <= 24,
              "weir/graph.h promises 48 bytes, of which a label takes 8");

/* How many tasks have a task among their holders, and how many of them have not finished in this run.
 * Invariant, between runs: left == all, unless the graph is torn. */
typedef struct weir__users {
    uint32_t all;
    atomic_uint left;
} weir__users;

/* What the calls said, in their order. All tasks of a record have one op. */
typedef struct weir__record {
    weir__task_op op;
    void *arg;
    weir__label *label;
    uint32_t n; /* consecutive tasks; the first is the one after the record before */
    weir__task_kind kind;
} weir__record;

typedef struct weir__edge {
    weir_task first, then;
} weir__edge;

typedef enum weir__note_kind {
    WEIR_NOTE_HELD,
    WEIR_NOTE_SCRATCH,
    WEIR_NOTE_NESTED,
    WEIR_NOTE_RELEASE,
    WEIR_NOTE_COST,
    WEIR_NOTE_KINDS
} weir__note_kind;

typedef struct weir__note {
    weir_task task;
    weir__note_kind kind;
    union {
        uint64_t bytes;
        void (*release)(void *arg);
        float cost;
    } value;
} weir__note;

#define WEIR_RECENT_EDGES 16

/* A graph under construction; empty once it is compiled.
 * Invariant: the records' tasks add up to the graph's n; edges join two different ones of them; what stands
 * in recent is an edge of the list, or zeros. */
typedef struct weir__draft {
    weir__list record, edge, note;
    weir__accesses accesses;
    weir__edge recent[WEIR_RECENT_EDGES]; /* that accesses have made, by the low bits of `first` */
    bool noted[WEIR_NOTE_KINDS];          /* there are notes of this kind */
    bool backward;                        /* some edge goes to a task with a smaller number */
    uint32_t labels;                      /* records that have one, at most */
} weir__draft;

/* Invariant: in task[0 … n], `successors` goes up from 0 to `edges`; all numbers in successor, root and
 * holder are below n; predecessors add up to `edges`. Arrays by task have n elements, and behind the
 * first two are NULL where nothing was said of any task. */
struct weir_graph {
    uint32_t n;
    bool compiled;
    bool torn; /* a run did not reach its end, so that tasks have counts of it */
    atomic_bool running;
    void *context;
    weir__list labels;       /* their memory */
    weir__control *controls; /* of its tasks */
    const weir_graph *owner; /* of one of whose controls it is a body; NULL: it runs by itself */
    weir__draft draft;

    /* From compile on. */
    weir__task *task;
    weir__fixed *fixed;
    weir__label **label; /* by number from 1 */
    uint32_t *successor; /* those of each task in rising order */
    uint64_t edges;      /* that are kept for order */
    uint64_t redundant;  /* that others imply, and are not kept */
    uint64_t unsearched; /* of those that are kept: nobody has looked whether others imply them */
    uint32_t *root;      /* tasks without predecessors; see weir__graph_root() */
    uint32_t roots;
    uint32_t depth; /* most tasks on one path */
    bool forward;   /* each edge goes to a task with a larger number */

    uint64_t *held, *scratch, *nested;
    void (**release)(void *arg);
    float *cost;
    /* The holders of task t, holder[holders_at[t]] up to holder[holders_at[t + 1]], that one not
     * included: tasks with bytes or a release that may have t as the last of their successors to finish.
     * All edges that were given count, but for those to a task that another successor surely comes after.
     * NULL where no task has either. users counts the same edges from their other end. */
    uint64_t *holders_at;
    uint32_t *holder;
    weir__users *users;
    struct weir__order *order; /* a serial order with a low peak; NULL: no task needs bytes */
    struct weir__book *book;   /* NULL: no task needs bytes, and nothing is released */

    unsigned plans_allowed; /* WEIR_PLAN_… */
    /* For its summary, from its runs: */
    struct {
        uint32_t lanes, clumps;
        float gain;
    } planned; /* its plan; 0: it has none */
    struct {
        float work_ns, span_ns;
    } measured; /* what they have found; 0: nothing yet, and levels are not of that */
    struct weir__execution *execution; /* what its runs need; NULL before the first */
};

/* The roots are those of weir__graph_root(graph, i) for i below this that are not WEIR_NO_TASK: in
 * rising order, until level.c puts the most urgent first. A graph of roots, nearly, has no list of
 * them, which would be larger than all of its edges, unless costs were hinted that differ. */
static inline uint32_t weir__graph_roots_end(const weir_graph *graph)
{
    return graph->root != NULL ? graph->roots : graph->n;
}

static inline weir_task weir__graph_root(const weir_graph *graph, uint32_t i)
{
    if (graph->root != NULL)
        return graph->root[i];
    return graph->fixed[i].predecessors == 0 ? i : WEIR_NO_TASK;
}

/* NULL: it is one task without a name. */
static inline const weir__label *weir__graph_label(const weir_graph *graph, weir_task task)
{
    const uint32_t number = graph->fixed[task].label;
    return number == 0 ? NULL : graph->label[number];
}

/* Does something end when the task's last successor has finished? */
static inline bool weir__graph_holds(const weir_graph *graph, weir_task task)
{
    return (graph->held != NULL && graph->held[task] > 0) ||
           (graph->release != NULL && graph->release[task] != NULL);
}

/* The name of a task, as errors have it, cut to what fits; at any time. Returns its length without a
 * cut. */
size_t weir__graph_name(const weir_graph *graph, weir_task task, char *text, size_t bytes);

/* May something be said of the task, which is an argument called `task`? Else the error. */
weir_status weir__graph_check_task(const weir_graph *graph, weir_task task);
weir_status weir__graph_no_memory(void);
/* Adds the task or tasks of a record, whose label is to be made, and says the number of the first. */
weir_status weir__graph_add(weir_graph *graph, const char *name, const weir__record *what,
                            weir_task *first);
/* May something be added to it? */
weir_status weir__graph_check(const weir_graph *graph);
/* Frees a graph, a body as well; and all its bodies. */
void weir__graph_free(weir_graph *graph);
void weir__control_free(weir__control *first);

/* Frees what is there for the construction alone, or what compile has made. */
void weir__graph_drop_draft(weir_graph *graph);
void weir__graph_drop_frozen(weir_graph *graph);

/* Of a compiled graph that does not run. */
bool weir__graph_is_valid(const weir_graph *graph);

#endif
