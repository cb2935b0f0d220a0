/* The records of the benchmark suite: problems, contestants, entries and what they measured.
 *
 * Every file of the suite includes it; it includes none of them.  Nothing here may depend on how a
 * result is shown. */
#ifndef WEIR_BENCH_SUITE_H
#define WEIR_BENCH_SUITE_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/topology.h"

enum { MOST_ROUNDS = 101, MOST_ENTRIES = 256, MOST_CONTESTANTS = 32, MOST_MATRICES = 8 };

/* What is to be solved: the arguments of a contestant's program. */
typedef struct task {
    const char *problem;
    const char *matrix; /* a file, for the problems on matrices; NULL: none */
    const char *fasta;  /* two sequences; NULL: generated */
    uint64_t size, depth, steps, bytes;
    uint64_t warm_size, warm_depth; /* of the run before the timed ones; 0: as the timed one */
    uint64_t repeats;               /* runs a turn; its time is their median */
    uint64_t most_ms;               /* fewer, when the runs have taken so long; 0: no limit */
    uint64_t expected;              /* the known answer; 0: that of the sequential program */
} task;

typedef struct contestant {
    char name[32];
    char program[4096];
    const char *hint;    /* what to do to get it */
    bool present;        /* the program is there */
    bool wanted;         /* --only did not leave it out */
    char problems[1024]; /* the names it can solve, each between blanks */
    char about[128];     /* as it says of itself; empty before its first turn */
} contestant;

/* One contestant with one number of workers in one contest, and its turns. */
typedef struct entry {
    contestant *who;
    unsigned workers;
    uint64_t max_bytes;
    task task; /* of the contest, or larger when the work grows with the workers */
    double seconds[MOST_ROUNDS];
    unsigned turns;
    bool slow;    /* it gets no more turns */
    bool stopped; /* a turn took longer than the limit: no result */
    uint64_t answer;
    double median, best, worst;
    uint64_t resident, growth;        /* peak resident set; and over that before the timed runs */
    uint64_t peak, certified, serial; /* weir's own accounts; 0 for others */
    uint64_t promotions, gathers, branches;
    double gaps, gaps_ns, made, gather_ns; /* of the problem that watches promotions */
} entry;

/* All contestants on one problem, taking turns. Entry 0 is the sequential program, if there. */
typedef struct contest {
    const char *suite;
    char label[64];
    entry entries[MOST_ENTRIES];
    unsigned count;
} contest;

/* Of the sequential program; a step is a multiplication. */
enum { LEAF_SHORT = 20 };

typedef struct leaf_cost {
    double short_ns[LEAF_SHORT]; /* a leaf of 0, 1, 2, … steps, all that belongs to it counted in */
    double step_ns;              /* each step of a long one */
} leaf_cost;

typedef struct settings {
    weir_topology *topology; /* of this machine, for placing workers on it */
    unsigned rounds, workers;
    double turn_limit; /* seconds that a turn may take, warm-up included */
    bool quick;
    const char *fasta; /* for the wavefront, or NULL */
    contestant contestants[MOST_CONTESTANTS];
    unsigned contestants_count;
    const char *matrices[MOST_MATRICES]; /* files for the suites on matrices */
    unsigned matrices_count;
    leaf_cost leaf;
} settings;

#endif
