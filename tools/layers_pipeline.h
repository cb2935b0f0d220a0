/* The demonstration pipeline of `weir layers`: each level passes multiples or fractions of its
 * data down, sums what comes back, and takes its time over the sum.
 *
 * layers.c runs it, plan.c shows what it compiles to.  It must never depend on which worker runs
 * what: only the lines that it prints do. */
#ifndef WEIR_LAYERS_PIPELINE_H
#define WEIR_LAYERS_PIPELINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

enum {
    LAYERS_MOST_DEPTH = 26, /* named A to Z */
    LAYERS_MOST_FANOUT = 1000
};

/* One level's data on the way down. */
typedef struct layers_in {
    double data;
    uint32_t level;
} layers_in;

/* The pipeline, and the context of its run. */
typedef struct layers_demo {
    uint32_t depth, fanout;
    double seconds[LAYERS_MOST_DEPTH]; /* that an operation of each level takes */
    bool print;                        /* a line for each operation, on stdout */
    bool on_terminal;                  /* that is one: no line is to be longer than it is wide */
    char names[LAYERS_MOST_DEPTH][2];
    weir_layer layer[LAYERS_MOST_DEPTH]; /* top first */
    double began;                        /* set before the run: layers_now() */
    atomic_uint operations, running, most_running;
} layers_demo;

/* Fills in names, layers and, where seconds[0] is negative, the seconds depth, depth-1, …, 1.
 * depth and fanout are set already. demo must stay where it is until its plan is compiled. */
void layers_demo_init(layers_demo *demo);

/* Seconds of a clock that only goes forward. */
double layers_now(void);

#endif
