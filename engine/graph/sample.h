/* Samples: what a graph's tasks cost, and the plan that follows from it.
 *
 * A graph's first two runs note how long each of its tasks takes; so does a third where some seem to be long.
 * The next one begins with what follows: levels by these costs, where the program has hinted none, and a plan
 * where tasks are so short that to decide who runs which costs as much as they do.  Plans are tried before
 * one stays (below).  Later runs only say how long all tasks took together.  Where that has become
 * another time, or the team has become another one, all begins anew.  It must never be felt where it does not
 * help: memory that is not there is no error.
 *
 * Who may call what at the same time: weir__sample_note() and weir__sample_count() each worker of the
 * run; all others one thread, between runs, or between the turns of a body.
 * Memory:    4 bytes for each task in the first runs and while plans are tried; and the plans'. */
#ifndef WEIR_GRAPH_SAMPLE_H
#define WEIR_GRAPH_SAMPLE_H

#include "base/atomics.h"
#include "base/base.h"
#include "graph/graph.h"
#include "sched/alone.h"

#define WEIR_NO_SAMPLE 1e30F

/* Where the program allows both, a plan with one lane is tried first: what the tasks take one after another
 * corrects their costs, and a plan with several lanes has to be faster than that, by the clock.
 *
 * Invariant: full => ns is not NULL;  lanes is not NULL => settled;  settled and ns is not NULL: plans are on
 * trial, and lanes is not NULL;  one_lane is not NULL <=> several lanes are. */
typedef struct weir__sample {
    float *ns;      /* of each task, or what is to be; NULL: none is noted */
    unsigned noted; /* runs that have noted all of them, */
    bool full;      /* and are enough: then what does not belong to the tasks is out, */
    double mean_ns; /* and this is their mean; */
    bool settled;   /* and what follows from that is there */
    struct weir__lanes *one_lane;  /* while several are on trial; else NULL */
    unsigned tried;                /* runs of this trial, */
    unsigned in_vain;              /* the last of which did not better the least, */
    uint64_t tried_ns;             /* how long they took, */
    uint64_t began_ns, least_ns;   /* when one began, and what the fastest has taken */
    uint64_t one_lane_ns;          /* of the trial before */
    struct weir__lanes *lanes;     /* of the plan; NULL: runs decide as they go */
    unsigned workers;              /* for how many the plan is */
    unsigned again;                /* how often it has been made anew */
    unsigned runs;                 /* that the next is the least of */
    double total_ns;               /* that all tasks take */
    unsigned of_others;            /* runs in a row by another number of workers, */
    unsigned drifted;              /* and that have taken quite another time */
    atomic_uint_least64_t busy_ns; /* of this run's workers, in tasks */
} weir__sample;

/* A run of so many workers is to begin: is there a plan, or are costs to be noted? */
void weir__sample_prepare(weir__sample *s, weir_graph *graph, unsigned workers, weir__alone *alone);
/* It is at its end. noted: it was to note costs. */
void weir__sample_end(weir__sample *s, const weir_graph *graph, bool noted);
/* Forgets all; the graph's summary as well. */
void weir__sample_drop(weir__sample *s, weir_graph *graph);

/* The task has taken so long; the least counts. */
static inline void weir__sample_note(float *ns, weir_task task, float took_ns)
{
    ns[task] = took_ns < ns[task] ? took_ns : ns[task];
}

/* A worker was busy with tasks for so long. */
static inline void weir__sample_count(weir__sample *s, uint64_t busy_ns)
{
    add_relaxed(&s->busy_ns, busy_ns);
}

#endif
